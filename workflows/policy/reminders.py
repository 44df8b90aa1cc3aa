"""When an unanswered question reminds, becomes overdue, climbs the ladder or lapses. Rule: design.md 4 and 6.

Reminders and climbs go out at 09:00 London on working days: a reminder that would fall on a day off goes out on the
working day before, or after it once the date has passed. A question that opens after its date is overdue at once and
its ladder counts from the opening, so that nobody's director hears of it before the person asked.

A schedule is made anew when more time was given, a pause ended or the calendar changed. A rung that has been told of
a question is not told again, whatever its date; a rung not told yet is told when the new date's ladder reaches it. A
new date that is missed is a new lateness and marks the question as overdue once more; the same date never does.
"""

import math
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from itertools import count, islice

from workflows.contract.messages import Step
from workflows.contract.rulebook import RUNGS, ReminderRule, Rulebook
from workflows.contract.vocabulary import Role, Rung, StepKind

from .calendar import add_working_days, working_day_on_or_after, working_day_on_or_before
from .due import due_moment, moment_at, on_in_london

SENDING_HOUR = 9
_SECOND = timedelta(seconds=1)

# Who asks at which rung: the ladder never climbs to someone's own level or below it.
_STANDING = {
    Role.SENIOR_LEAD: Rung.SENIOR_LEAD,
    Role.REGIONAL_DIRECTOR: Rung.REGIONAL_DIRECTOR,
    Role.NATIONAL_TEAM: Rung.NATIONAL_TEAM,
}


def schedule(
    rulebook: Rulebook,
    deadline_key: str,
    opened_on: date,
    due_on: date,
    holidays: Collection[date],
    *,
    lapses: bool,
    role: Role,
    after: datetime | None = None,
    ladder_from: date | None = None,
    fired: Collection[tuple[StepKind, Rung]] | None = None,
) -> tuple[Step, ...]:
    """Every step of a question, in order of time, none twice, all strictly after `after`.

    `after` is the moment of opening, or of re-arming when a date has moved; the end of the opening day if not given.
    With `lapses` the period ends in LAPSE one second after the due moment, otherwise in OVERDUE, climbs and reminders.
    `ladder_from` is the date from which climbs count after a pause; unless given the due date, or the opening if later.

    `fired` is given on re-arming, also when empty: the rungs climbed for this question, and OVERDUE while it is marked
    as overdue. Those do not come again; LAPSE, OVERDUE and climbs that were missed come at once, or at the next 09:00.
    """
    opening = _opening(opened_on, after)
    start = after or opening
    ends = Step(at=max(due_moment(due_on), opening) + _SECOND, kind=StepKind.LAPSE if lapses else StepKind.OVERDUE)
    steps = {Step(at=at, kind=StepKind.REMIND) for at in _before(rulebook, deadline_key, opened_on, due_on, holidays)}
    once = {ends}
    if not lapses:
        once.update(_climbs(rulebook, deadline_key, ladder_from or max(opened_on, due_on), holidays, role))
    if fired is not None:
        once = set(_owed(once, fired, start, holidays))
    kept = [step for step in steps | once if step.at > start]
    if not lapses:
        kept += further(rulebook, deadline_key, opened_on, due_on, holidays, after=start)
    return tuple(sorted(kept, key=_order))


def further(
    rulebook: Rulebook,
    deadline_key: str,
    opened_on: date,
    due_on: date,
    holidays: Collection[date],
    *,
    after: datetime,
) -> tuple[Step, ...]:
    """The next reminders past the due date, strictly after `after`, as many as the rule plans at a time."""
    rule = _rule(rulebook, deadline_key)
    if rule.then_every_days is None:
        return ()
    moments = _repeats(rule.then_every_days, max(opened_on, due_on), holidays, after)
    return tuple(Step(at=at, kind=StepKind.REMIND) for at in islice(moments, rule.at_most))


def rungs_above(role: Role) -> tuple[Rung, ...]:
    """The rungs that a question to this role may climb: its deputy, then those who stand above it."""
    standing = _STANDING.get(role, Rung.DEPUTY)
    return (Rung.DEPUTY, *RUNGS[RUNGS.index(standing) + 1 :])


def _opening(opened_on: date, after: datetime | None) -> datetime:
    return after if after is not None and on_in_london(after) == opened_on else due_moment(opened_on)


def _rule(rulebook: Rulebook, deadline_key: str) -> ReminderRule:
    return rulebook.reminders[rulebook.deadlines[deadline_key].reminders]


def _before(
    rulebook: Rulebook, deadline_key: str, opened_on: date, due_on: date, holidays: Collection[date]
) -> Iterator[datetime]:
    """The reminders up to and on the due date; none for a question that opens after it."""
    rule, period = _rule(rulebook, deadline_key), (due_on - opened_on).days
    days = [opened_on + timedelta(days=math.floor(period * share)) for share in rule.fractions]
    days += [due_on - timedelta(days=early) for early in rule.days_before]
    days += [due_on] if rule.on_the_day else []
    for day in days:
        sent_on = working_day_on_or_before(day, holidays)
        if opened_on < sent_on <= due_on:
            yield moment_at(sent_on, SENDING_HOUR)


def _repeats(every: int, past_on: date, holidays: Collection[date], after: datetime) -> Iterator[datetime]:
    """Endless reminders after the date, each later than the one before and than `after`."""
    # Start near `after`, two periods early for the days off, instead of walking years of weeks.
    start = max(1, (on_in_london(after) - past_on).days // every - 2)
    latest = after
    for number in count(start):
        at = moment_at(working_day_on_or_after(past_on + timedelta(days=every * number), holidays), SENDING_HOUR)
        if at > latest:
            latest = at
            yield at


def _climbs(
    rulebook: Rulebook, deadline_key: str, past_on: date, holidays: Collection[date], role: Role
) -> Iterator[Step]:
    allowed = rungs_above(role)
    for rung, days in rulebook.ladders[rulebook.deadlines[deadline_key].ladder].climbs():
        if rung in allowed:
            at = moment_at(add_working_days(past_on, days, holidays), SENDING_HOUR)
            yield Step(at=at, kind=StepKind.CLIMB, rung=rung)


def _owed(
    steps: Collection[Step], fired: Collection[tuple[StepKind, Rung]], start: datetime, holidays: Collection[date]
) -> Iterator[Step]:
    """What has not fired yet; what is past although nobody was told, brought to the first moment that is left."""
    for step in steps:
        if step.kind is not StepKind.CLIMB and step.at > start:
            yield step  # The date has not passed, so nothing has been said about it, whatever was said of another.
        elif (step.kind, step.rung) in fired:
            continue
        elif step.kind is not StepKind.CLIMB:
            yield step.model_copy(update={"at": start + _SECOND})
        else:
            yield step.model_copy(update={"at": max(step.at, _next_sending(start, holidays))})


def _next_sending(after: datetime, holidays: Collection[date]) -> datetime:
    """The first 09:00 of a working day strictly after this moment."""
    on = working_day_on_or_after(on_in_london(after), holidays)
    at = moment_at(on, SENDING_HOUR)
    return at if at > after else moment_at(add_working_days(on, 1, holidays), SENDING_HOUR)


def _order(step: Step) -> tuple[datetime, int, int]:
    return step.at, tuple(StepKind).index(step.kind), tuple(Rung).index(step.rung)
