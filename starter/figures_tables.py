"""The figures as tables: regions side by side, the same cells on the terminal and on the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workflows.contract.choices import LEVELS, THEMES
from workflows.policy.figure import SHARE, SMALL, WORKING_DAYS, Figure, Measure
from workflows.policy.figure_rows import Period
from workflows.policy.figures import Measures
from workflows.policy.figures_of_reviews import AWAY, REASONS
from workflows.policy.figures_of_work import ACTION_STATES, LEVEL_CODES, NO_LEVEL, NO_THEME, THEME_CODES
from workflows.policy.stages import ORDER

NOTHING, MARK = "\u2013", "*"
FEW = f"{MARK} marks what rests on fewer than {SMALL}, {NOTHING} that there is nothing to measure"

REASON_WORDS = {
    "trial": "A trial stands in the way",
    "waiting_for_information": "Waiting for information",
    AWAY: "Somebody is away or ill",
    "workload": "Too much other work",
    "other": "Another reason",
}
"""Shorter than on the page where they are chosen, so that they stand on one line of a phone."""
LEVEL_WORDS = {str(one.value): one.label for one in LEVELS} | {NO_LEVEL: "No level"}
THEME_WORDS = {str(one.value): one.label for one in THEMES} | {NO_THEME: "No theme"}
SHORT_THEMES = THEME_WORDS | {
    "risk_assessment": "Assessing risk",
    "risk_management": "Managing risk",
    "information": "Information",
    "safeguarding": "Keeping safe",
    "contact": "Contact",
    "enforcement": "Enforcement",
    "advice": "Advice",
    "handover": "Handover",
    "supervision": "Supervision",
    "workload": "Workload",
    "training": "Training",
}
"""For the head of a column, and for a line of a phone."""
STANDARD_WORDS = {
    "analysis_of_practice": "Analysis of practice",
    "overall_judgements": "Overall judgements",
    "learning": "Learning",
    "victims": "Victims and their families",
}
STATE_WORDS = {"done": "Done", "open": "Open", "withdrawn": "Withdrawn"}


@dataclass(frozen=True, slots=True)
class Told:
    """The figures of a period as people asked for them. `places`: region codes with their names, all regions first."""

    period: Period
    places: Mapping[str, str]
    measures: Mapping[str, Measures]
    with_rehearsed: bool = False

    @property
    def whole(self) -> str:
        """The place that a single number is about: all regions, or the one that was asked for."""
        return next(iter(self.places))


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as people read them; the first of each row says what the row is about."""

    caption: str
    columns: tuple[str, ...]
    rows: list[list[str]] = field(default_factory=list)


Columns = tuple[tuple[str, str], ...]

_BY_REGION: dict[str, Columns] = {
    "reviews": (
        ("Begun", "begun"),
        ("Submitted", "submitted"),
        ("Accepted", "accepted"),
        ("Stopped", "stopped"),
        ("Open at the end", "open_at_the_end"),
    ),
    "extended": (
        ("More time", "extended"),
        ("Asked after the date", "extended_after_the_date"),
        ("Median", "median"),
        ("Mean", "mean"),
        ("Longest", "longest"),
        ("Open and extended", "open_and_extended"),
    ),
    "moved_otherwise": (
        ("Moved by a pause", "moved_by_a_pause"),
        ("Median", "pause_median"),
        ("Longest", "pause_longest"),
        ("Question dates moved by a bank holiday", "question_dates_moved_by_a_bank_holiday"),
    ),
    "reasons": tuple((REASON_WORDS[reason], reason) for reason in REASONS),
    "open_age": (
        ("Up to 3 months", "up_to_3_months"),
        ("3 to 6 months", "3_to_6_months"),
        ("6 to 12 months", "6_to_12_months"),
        ("Over 12 months", "over_12_months"),
        ("Median", "median"),
        ("Oldest", "oldest"),
    ),
    "open_standing": (
        ("Before the date", "before_the_date"),
        ("Overdue", "overdue"),
        ("Handed in", "handed_in"),
        ("Share overdue", "overdue_share"),
        ("Overdue by, median", "overdue_median"),
        ("Longest", "overdue_longest"),
    ),
    "late": (
        ("After the date", "after_the_date"),
        ("Late by, median", "late_median"),
        ("Longest", "late_longest"),
        ("After the first date", "after_the_first_date"),
    ),
    "rounds": (
        ("1 round", "rounds_1"),
        ("2 rounds", "rounds_2"),
        ("3 rounds", "rounds_3"),
        ("4 or more", "rounds_4_or_more"),
        ("Returned", "returned"),
        ("Returns by the countersigning manager", "returns_by_countersigning_manager"),
        ("Returns by the national team", "returns_by_national_team"),
    ),
    "notification": (
        ("From charge, median", "charge_to_notification_median"),
        ("4 of 5 within", "charge_to_notification_4_of_5_within"),
        ("From first appearance, median", "appearance_to_notification_working_median"),
        ("In time", "in_time"),
    ),
    "disclosure": (
        ("Told", "told"),
        ("Until told, median", "conviction_to_told_median"),
        ("Longest", "conviction_to_told_longest"),
        ("Given", "given"),
        ("Until given, median", "conviction_to_given_median"),
        ("Longest ", "conviction_to_given_longest"),
        ("Not told at the end", "not_told_at_the_end"),
    ),
    "causes": (
        *((LEVEL_WORDS[level], f"deficiencies_{level}") for level in (*LEVEL_CODES, NO_LEVEL)),
        ("Strengths", "strengths"),
        ("All reasonable steps: yes", "all_reasonable_steps_yes"),
        ("In part", "all_reasonable_steps_partly"),
        ("No", "all_reasonable_steps_no"),
    ),
    "standards": tuple((said, f"{standard}_below") for standard, said in STANDARD_WORDS.items()),
    "actions": (
        *((STATE_WORDS[state], state) for state in ACTION_STATES),
        ("Open and overdue", "open_and_overdue"),
    ),
}


def shown(measure: Measure) -> str:
    """A value as people read it: 77%, 42 days, 3; with the mark of few."""
    if measure.value is None:
        return NOTHING
    return plainly(measure) + (MARK if measure.is_small else "")


def plainly(measure: Measure) -> str:
    """The same without a mark."""
    if measure.value is None:
        return NOTHING
    if measure.unit == SHARE:
        return f"{measure.value:.0%}"
    rounded = round(measure.value, 1)
    amount = f"{rounded:g}"
    one = "" if rounded == 1 else "s"
    words = {"days": f" day{one}", WORKING_DAYS: f" working day{one}"}
    return amount + words.get(measure.unit, "")


def words(code: str) -> str:
    """A code as people read it: quality-assurance is Quality assurance."""
    return code.replace("_", " ").replace("-", " ").capitalize()


def tables(told: Told, figure: Figure) -> list[Table]:
    """The tables of one figure; only stages, causes and actions have more than one."""
    return [made(told, figure) for made in _TABLES.get(figure.key, (_by_region,))]


def _by_region(told: Told, figure: Figure) -> Table:
    return _table(told, figure.key, f"{figure.name}, by region", _BY_REGION[figure.key])


def _table(told: Told, key: str, caption: str, columns: Columns) -> Table:
    rows = [
        [name, *(shown(told.measures[place][key][measure]) for _, measure in columns)]
        for place, name in told.places.items()
    ]
    return Table(caption, ("Region", *(label.strip() for label, _ in columns)), rows)


def _stages(told: Told, figure: Figure) -> Table:
    found = told.measures[told.whole][figure.key]
    table = Table(
        f"{figure.name}, {told.places[told.whole]}",
        ("Stage", "Median", "4 of 5 within", "Median in working days", "Stages ended"),
    )
    for stage in ORDER:
        key = stage.replace("-", "_")
        parts = [found[f"{key}_{end}"] for end in ("median", "4_of_5_within", "working_median")]
        table.rows.append([words(stage), *map(shown, parts), str(parts[0].n)])
    return table


def _stages_by_region(told: Told, figure: Figure) -> Table:
    columns = tuple((words(stage), f"{stage.replace('-', '_')}_median") for stage in ORDER)
    return _table(told, figure.key, f"{figure.name}, median, by region", columns)


def _themes_by_level(told: Told, figure: Figure) -> Table:
    found = told.measures[told.whole][figure.key]
    levels = (*LEVEL_CODES, NO_LEVEL)
    table = Table(
        f"{figure.name}, by theme and level, {told.places[told.whole]}",
        ("Theme", "Deficiencies", *(LEVEL_WORDS[level] for level in levels), "In so many reviews", "Share of reviews"),
    )
    for theme, name in THEME_WORDS.items():
        counts = [found[f"theme_{theme}"], *(found[f"{level}_{theme}"] for level in levels)]
        reviews = found[f"reviews_with_{theme}"]
        table.rows.append([name, *map(shown, counts), str(reviews.part), shown(reviews)])
    return table


def _themes_by_region(told: Told, figure: Figure) -> Table:
    columns = tuple((SHORT_THEMES[theme], f"theme_{theme}") for theme in (*THEME_CODES, NO_THEME))
    return _table(told, figure.key, f"{figure.name}, deficiencies by theme, by region", columns)


def _actions_by_level(told: Told, figure: Figure) -> Table:
    found = told.measures[told.whole][figure.key]
    table = Table(f"{figure.name}, by level, {told.places[told.whole]}", ("Level", *STATE_WORDS.values()))
    for level in (*LEVEL_CODES, NO_LEVEL):
        table.rows.append([LEVEL_WORDS[level], *(shown(found[f"{level}_{state}"]) for state in ACTION_STATES)])
    return table


_TABLES: dict[str, tuple[Callable[[Told, Figure], Table], ...]] = {
    "stages": (_stages, _stages_by_region),
    "causes": (_themes_by_level, _themes_by_region, _by_region),
    "actions": (_actions_by_level, _by_region),
}
