"""The figures about the work around a review: stages, notification, families, what was found, what is done about it."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date
from fractions import Fraction
from itertools import chain

from workflows.contract.choices import LEVELS, THEMES, YES_NO

from .calendar import working_days_of_each
from .figure import DAYS, WORKING_DAYS, Figure, Measure, Measured, number, share_of
from .figure_rows import Deficiency, Period, Row
from .spread import longest, median, within
from .stages import ORDER

MOST = Fraction(4, 5)
"""The high mark: four of five are done within it."""

LEVEL_CODES = tuple(str(level.value) for level in LEVELS)
NO_LEVEL = "no_level"
THEME_CODES = tuple(str(theme.value) for theme in THEMES)
NO_THEME = "no_theme"
JUDGEMENTS = (*(str(choice.value) for choice in YES_NO), "partly")
ACTION_STATES = ("done", "open", "withdrawn")
STANDARDS = ("analysis_of_practice", "overall_judgements", "learning", "victims")


def _stages(rows: Sequence[Row], period: Period, holidays: Collection[date]) -> Measured:
    carried = [one for row in rows for one in row.stages if period.holds(one.ended_on)]
    for stage in ORDER:
        spans = [(one.began_on, one.ended_on) for one in carried if one.stage is stage]
        days = [(end - begin).days for begin, end in spans]
        name = stage.replace("-", "_")
        yield Measure(f"{name}_median", median(days), DAYS, len(days))
        yield Measure(f"{name}_4_of_5_within", within(days, MOST), DAYS, len(days))
        worked = working_days_of_each(spans, holidays)
        yield Measure(f"{name}_working_median", median(worked), WORKING_DAYS, len(worked))


def _notification(rows: Sequence[Row], period: Period, holidays: Collection[date]) -> Measured:
    told = [(row, row.notified_on) for row in rows if row.notified_on and period.holds(row.notified_on)]
    days = [(on - row.charged_on).days for row, on in told]
    yield Measure("charge_to_notification_median", median(days), DAYS, len(days))
    yield Measure("charge_to_notification_4_of_5_within", within(days, MOST), DAYS, len(days))
    appeared = [(row.appeared_on, on) for row, on in told if row.appeared_on and row.appeared_on <= on]
    worked = working_days_of_each(appeared, holidays)
    yield Measure("appearance_to_notification_working_median", median(worked), WORKING_DAYS, len(worked))
    due = [on <= row.notify_by for row, on in told if row.notify_by]
    yield share_of("in_time", sum(due), len(due))


def _disclosure(rows: Sequence[Row], period: Period, _holidays: Collection[date]) -> Measured:
    legs = [(row.convicted_on, leg) for row in rows if row.convicted_on for leg in row.legs]
    told = [(leg.told_on - on).days for on, leg in legs if leg.told_on and period.holds(leg.told_on)]
    given = [(leg.given_on - on).days for on, leg in legs if leg.given_on and period.holds(leg.given_on)]
    for name, days in (("told", told), ("given", given)):
        yield number(name, len(days), len(days))
        yield Measure(f"conviction_to_{name}_median", median(days), DAYS, len(days))
        yield Measure(f"conviction_to_{name}_longest", longest(days), DAYS, len(days))
    end = period.to_on
    waiting = [
        leg for on, leg in legs if on <= end and not leg.is_closed and (leg.told_on is None or leg.told_on > end)
    ]
    yield number("not_told_at_the_end", len(waiting), len(waiting))


def _causes(rows: Sequence[Row], period: Period, _holidays: Collection[date]) -> Measured:
    found = [row.findings for row in rows if row.findings and period.holds(row.accepted_on)]
    coded = [[_coded(deficiency) for deficiency in one.deficiencies] for one in found]
    both = Counter(chain.from_iterable(coded))
    for level in (*LEVEL_CODES, NO_LEVEL):
        yield number(f"deficiencies_{level}", sum(n for (at, _), n in both.items() if at == level), both.total())
    for theme in (*THEME_CODES, NO_THEME):
        yield number(f"theme_{theme}", sum(n for (_, of), n in both.items() if of == theme), both.total())
        yield share_of(f"reviews_with_{theme}", sum(any(of == theme for _, of in one) for one in coded), len(found))
        for level in (*LEVEL_CODES, NO_LEVEL):
            yield number(f"{level}_{theme}", both[level, theme], both.total())
    strengths = sum(one.strengths for one in found)
    yield number("strengths", strengths, strengths)
    judged = Counter(one.judgement for one in found if one.judgement in JUDGEMENTS)
    for judgement in JUDGEMENTS:
        yield number(f"all_reasonable_steps_{judgement}", judged[judgement], judged.total())


def _coded(deficiency: Deficiency) -> tuple[str, str]:
    """Its level and its theme, each by a code that is counted."""
    level = deficiency.level if deficiency.level in LEVEL_CODES else NO_LEVEL
    return level, deficiency.theme if deficiency.theme in THEME_CODES else NO_THEME


def _standards(rows: Sequence[Row], period: Period, _holidays: Collection[date]) -> Measured:
    rated = [one for row in rows for one in row.ratings if period.holds(one.on)]
    for standard in STANDARDS:
        yield share_of(f"{standard}_below", sum(standard in one.below for one in rated), len(rated))


def _actions(rows: Sequence[Row], period: Period, _holidays: Collection[date]) -> Measured:
    plan = [action for row in rows if period.holds(row.accepted_on) for action in row.actions]
    for state in ACTION_STATES:
        yield number(state, sum(action.state == state for action in plan), len(plan))
    late = sum(action.state == "open" and action.due_on < period.to_on for action in plan)
    yield number("open_and_overdue", late, len(plan))
    for level in (*LEVEL_CODES, NO_LEVEL):
        of = [action for action in plan if (action.level or NO_LEVEL) == level]
        for state in ACTION_STATES:
            yield number(f"{level}_{state}", sum(action.state == state for action in of), len(of))


WORK = (
    Figure(
        "stages",
        "Time for each stage",
        "Stages that ended in the period, each round by itself: calendar days from its first question to its end. "
        "Four of five took no longer than the second number. Stages that were stopped do not count. "
        "Working days leave out weekends and bank holidays.",
        _stages,
    ),
    Figure(
        "notification",
        "Time to notify the national team",
        "Notifications sent in the period. Days run from the charge. "
        "In time: sent by the first date that was set, which the rulebook counts from the first court appearance.",
        _notification,
    ),
    Figure(
        "disclosure",
        "Time to tell families and to give them the review",
        "Each victim or family by itself. Calendar days run from the conviction until they were told that the case "
        "was supervised, and until they were given the review. Counted where that happened in the period. "
        "Not told: convicted by the last day of the period, and not told by then.",
        _disclosure,
    ),
    Figure(
        "causes",
        "What the reviews found",
        "Findings of the reviews first accepted in the period, in their accepted version. "
        "The author codes each deficiency by level (individual, team, organisational, or a mix) "
        "and by its theme, from a list. In how many reviews: those with at least one deficiency of the theme. "
        "Nothing is guessed from the text.",
        _causes,
    ),
    Figure(
        "standards",
        "Quality below what is accepted, by standard",
        "Ratings given in the period, each round by itself: the share in which a standard was rated below "
        "the rating that is accepted.",
        _standards,
    ),
    Figure(
        "actions",
        "What is done about it",
        "Actions in the plans of the reviews first accepted in the period, as they stand today, "
        "by the level of the deficiency that each answers. "
        "Overdue: open, and its date is before the last day of the period.",
        _actions,
    ),
)
