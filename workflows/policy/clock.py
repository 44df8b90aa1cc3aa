"""The case's own clock: real at speed 1, faster in a rehearsal. Whole microseconds, so no rounding drifts.

Rule: design.md 6, rehearsal. Every stage converts here and nowhere else.
"""

from datetime import datetime, timedelta

from workflows.contract.messages import CaseClock

_MICROSECOND = timedelta(microseconds=1)


def case_time(clock: CaseClock, wall: datetime) -> datetime:
    """The case time at this wall time; the wall time itself at speed 1 with equal anchors."""
    fast, slow = clock.speed.as_integer_ratio()
    elapsed = (wall - clock.wall_anchor) // _MICROSECOND
    return clock.case_anchor + elapsed * fast // slow * _MICROSECOND


def is_rehearsed(clock: CaseClock) -> bool:
    """Whether a case lives on days of its own: faster or slower than real time, or on other dates."""
    return clock.speed != 1 or clock.case_anchor != clock.wall_anchor


def wall_time(clock: CaseClock, case: datetime) -> datetime:
    """The earliest wall time at which the case has reached this case time."""
    return clock.wall_anchor + _wall_span(clock, case - clock.case_anchor)


def wall_delay(clock: CaseClock, from_case: datetime, to_case: datetime) -> timedelta:
    """How long to wait in wall time between two case times; nothing when the second is already past."""
    return max(timedelta(0), _wall_span(clock, to_case - from_case))


def _wall_span(clock: CaseClock, span: timedelta) -> timedelta:
    """A case span in wall time, rounded up: a timer that fires early would find its moment not yet come."""
    fast, slow = clock.speed.as_integer_ratio()
    return -(-(span // _MICROSECOND) * slow // fast) * _MICROSECOND
