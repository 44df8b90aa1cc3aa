"""The case's clock as a workflow reads it. At speed 1 it is the workflow's own time."""

from datetime import datetime, timedelta

from temporalio import workflow

from workflows.contract.messages import CaseClock
from workflows.policy.clock import case_time, wall_delay

# Timers have a resolution of a millisecond; one more and the step is due when the timer fires.
RESOLUTION = timedelta(milliseconds=1)


def now(clock: CaseClock) -> datetime:
    """The case's time now, UTC."""
    return case_time(clock, workflow.now())


def delay_until(clock: CaseClock, moment: datetime) -> timedelta:
    """Real time from now until the case's clock shows `moment`; never negative."""
    left = wall_delay(clock, now(clock), moment)
    return left + RESOLUTION if left > timedelta(0) else timedelta(0)
