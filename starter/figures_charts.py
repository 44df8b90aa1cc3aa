"""Each figure as a chart: regions beneath each other on one scale, or stages, reasons, standards of all of them."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from starter.charts import BLUE, GREY, MID_BLUE, ORANGE, PALETTE, STEPS, TURQUOISE, Bar, Chart, Part, bars, legend
from starter.figures_tables import (
    LEVEL_WORDS,
    MARK,
    REASON_WORDS,
    SHORT_THEMES,
    STANDARD_WORDS,
    STATE_WORDS,
    Told,
    plainly,
    words,
)
from workflows.policy.figure import NUMBER, SHARE, SMALL, Measure
from workflows.policy.figures_of_reviews import BANDS, MOST_ROUNDS, REASONS
from workflows.policy.figures_of_work import ACTION_STATES, LEVEL_CODES, NO_LEVEL, NO_THEME, STANDARDS, THEME_CODES
from workflows.policy.stages import ORDER

Kinds = Sequence[tuple[str, str, str]]
"""A measure, its colour, its words."""

_BAND_WORDS = ("Up to 3 months", "3 to 6 months", "6 to 12 months", "Over 12 months")
_AGES: Kinds = [(name, colour, said) for (name, _), colour, said in zip(BANDS, STEPS, _BAND_WORDS, strict=True)]
_STANDING: Kinds = (
    ("before_the_date", TURQUOISE, "Before the date"),
    ("handed_in", BLUE, "Handed in"),
    ("overdue", ORANGE, "Overdue"),
)
_ROUNDS: Kinds = [
    *((f"rounds_{n}", STEPS[n - 1], f"{n} round{'s' if n > 1 else ''}") for n in range(1, MOST_ROUNDS)),
    (f"rounds_{MOST_ROUNDS}_or_more", STEPS[3], f"{MOST_ROUNDS} or more"),
]
_LEVELS: Kinds = [
    (f"deficiencies_{level}", colour, LEVEL_WORDS[level])
    for level, colour in zip((*LEVEL_CODES, NO_LEVEL), PALETTE, strict=True)
]
_STATES = tuple(zip(ACTION_STATES, (TURQUOISE, ORANGE, GREY), strict=True))


_BY_REGION: dict[str, tuple[tuple[str, str], ...]] = {
    "reviews": (
        ("begun", "Reviews begun"),
        ("submitted", "Reviews submitted"),
        ("accepted", "Reviews accepted"),
    ),
    "extended": (("extended", "Share with more time"), ("median", "More time given, median days")),
    "late": (("after_the_date", "Share submitted after the date"),),
    "notification": (("in_time", "Share notified in time"),),
    "disclosure": (
        ("conviction_to_told_median", "From conviction until told, median days"),
        ("conviction_to_given_median", "From conviction until given, median days"),
    ),
}
"""Measures that are a bar for each region, with their captions."""
_IN_PARTS: dict[str, tuple[Kinds, str]] = {
    "open_age": (_AGES, "Open reviews by age"),
    "open_standing": (_STANDING, "Open reviews and their dates"),
    "rounds": (_ROUNDS, "Reviews accepted, by rounds"),
    "causes": (_LEVELS, "Deficiencies by level"),
}
"""Figures that are a bar of several parts for each region."""
_SIDE_BY_SIDE: dict[str, tuple[list[tuple[str, str]], str]] = {
    "stages": ([(f"{one.replace('-', '_')}_median", words(one)) for one in ORDER], "Median days for each stage"),
    "reasons": ([(one, REASON_WORDS[one]) for one in REASONS], "Requests granted, by reason"),
    "causes": ([(f"theme_{one}", SHORT_THEMES[one]) for one in (*THEME_CODES, NO_THEME)], "Deficiencies by theme"),
    "standards": (
        [(f"{one}_below", STANDARD_WORDS[one]) for one in STANDARDS],
        "Share of ratings below what is accepted",
    ),
}
"""Figures whose measures stand beneath each other, for all regions together."""


def charts(told: Told, key: str, said: str) -> list[Chart]:
    """The charts of a figure that show something; `said` describes them to whoever does not see them."""
    drawn = [_flat(told, key, measure, caption, said) for measure, caption in _BY_REGION.get(key, ())]
    if key in _IN_PARTS:
        drawn.append(_stacked(told, key, *_IN_PARTS[key], said))
    if key in _SIDE_BY_SIDE:
        drawn.append(_listed(told, key, *_SIDE_BY_SIDE[key], said))
    if key == "actions":
        drawn.append(_by_level(told, said))
    return [one for one in drawn if not one.is_empty]


def _flat(told: Told, key: str, measure: str, caption: str, said: str) -> Chart:
    """One bar for each region; all of them together stand first in dark, unless their sum would dwarf each."""
    found = [(place, told.measures[place][key][measure]) for place in told.places]
    is_sum = found[0][1].unit == NUMBER and len(found) > 1
    rows = [
        (told.places[place], one, BLUE if place == told.whole else MID_BLUE)
        for place, one in (found[1:] if is_sum else found)
    ]
    picture = _bars(f"{key}-{measure}", caption, said, rows)
    return Chart(caption, picture, _is_empty(one for _, one in found))


def _is_empty(measures: Iterable[Measure]) -> bool:
    return not any(measure.n for measure in measures)


def _listed(told: Told, key: str, named: Sequence[tuple[str, str]], caption: str, said: str) -> Chart:
    rows = [(name, told.measures[told.whole][key][measure], MID_BLUE) for measure, name in named]
    return Chart(caption, _bars(f"{key}-listed", caption, said, rows), _is_empty(one for _, one, _ in rows))


def _bars(name: str, caption: str, said: str, rows: Sequence[tuple[str, Measure, str]]) -> Markup:
    """One bar for each measure, with its label and colour; shares on a scale of 0 to 100%."""
    most = 1 if rows[0][1].unit == SHARE else None
    return bars(name, caption, said, [_bar(*row) for row in rows], most)


def _bar(label: str, measure: Measure, colour: str) -> Bar:
    is_count = measure.unit == NUMBER
    of = "" if is_count or measure.value is None else f" (n={measure.n})"
    return Bar(
        label,
        f"{_short(measure)}{of}{MARK if measure.is_small else ''}",
        (Part(measure.value or 0, colour),),
        measure.is_small,
    )


def _short(measure: Measure) -> str:
    """A value without its unit, which the caption says: on a phone there is room for one line."""
    return plainly(measure).partition(" ")[0]


def _stacked(told: Told, key: str, kinds: Kinds, caption: str, said: str) -> Chart:
    """Each place as a whole bar of its parts, so that places of any size can be compared; how many stands beside."""
    rows = [_stack(name, [told.measures[place][key][measure] for measure, _, _ in kinds], kinds)
            for place, name in told.places.items()]  # fmt: skip
    picture = bars(key, caption, said, rows, 1)
    whole = (told.measures[told.whole][key][measure] for measure, _, _ in kinds)
    return Chart(caption, picture, _is_empty(whole), legend([(colour, name) for _, colour, name in kinds]))


def _stack(label: str, measures: Sequence[Measure], kinds: Kinds) -> Bar:
    total = sum(one.value or 0 for one in measures)
    parts = [
        Part((one.value or 0) / total if total else 0, colour, plainly(one))
        for one, (_, colour, _) in zip(measures, kinds, strict=True)
    ]
    return Bar(label, f"n={total:g}{MARK if total < SMALL else ''}" if total else "none", tuple(parts))


def _by_level(told: Told, said: str) -> Chart:
    found = told.measures[told.whole]["actions"]
    kinds: Kinds = [(state, colour, STATE_WORDS[state]) for state, colour in _STATES]
    rows = [
        _stack(LEVEL_WORDS[level], [found[f"{level}_{state}"] for state in ACTION_STATES], kinds)
        for level in (*LEVEL_CODES, NO_LEVEL)
    ]
    caption = "Actions by the level that they answer"
    picture = bars("actions", caption, said, rows, 1)
    is_empty = _is_empty(found[state] for state in ACTION_STATES)
    return Chart(caption, picture, is_empty, legend([(colour, name) for _, colour, name in kinds]))
