"""What Temporal starts by itself: the weekday digest. Made as it should be, and put right where it is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from starter.signals import NoSuchWorkflowError, reach
from workflows.contract import ids
from workflows.contract.messages import DigestOrder

DIGEST = "sfo/weekday-digest"
"""The id of the schedule, and what the ids of its workflows begin with."""

_ZONE = "Europe/London"
_CATCH_UP = timedelta(hours=3)
_STALE = timedelta(hours=6)
"""A morning's digest that no worker took up by then is not written any more."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a schedule stands. `change`: made, put right or nothing; `paused`: somebody stopped it, and it stays so."""

    schedule: str
    change: str
    paused: bool
    note: str
    next_runs: tuple[datetime, ...]


async def put_right(client: Client) -> Standing:
    """The schedule is there as it should be; a pause and its note stay. Safe to repeat, and at once.

    Raises TemporalAwayError.
    """
    handle = client.get_schedule_handle(DIGEST)
    try:
        found = await reach(handle.describe())
    except NoSuchWorkflowError:
        return await _made(client)
    if _is_right(found):
        return _standing(found, "nothing")
    await reach(handle.update(_update))
    return _standing(await reach(handle.describe()), "put right")


async def _made(client: Client) -> Standing:
    change = "made"
    try:
        handle = await reach(client.create_schedule(DIGEST, _wanted()))
    except ScheduleAlreadyRunningError:  # another process was quicker
        handle, change = client.get_schedule_handle(DIGEST), "nothing"
    return _standing(await reach(handle.describe()), change)


def _wanted(state: ScheduleState | None = None) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            "weekday-digest",
            DigestOrder(),
            id=DIGEST,
            task_queue=ids.CASEWORK_QUEUE,
            execution_timeout=_STALE,
            static_summary="The weekday digest",
        ),
        spec=ScheduleSpec(
            calendars=[
                ScheduleCalendarSpec(
                    hour=[ScheduleRange(7)],
                    minute=[ScheduleRange(30)],
                    day_of_week=[ScheduleRange(1, 5)],
                    comment="Monday to Friday at 07:30 in London",
                )
            ],
            time_zone_name=_ZONE,
            jitter=timedelta(minutes=1),
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
        state=state or ScheduleState(note="Made by the service; sfo schedules puts it right"),
    )


def _update(current: ScheduleUpdateInput) -> ScheduleUpdate:
    """As it should be, and paused where somebody paused it."""
    return ScheduleUpdate(schedule=_wanted(current.description.schedule.state))


def _is_right(found: ScheduleDescription) -> bool:
    """The input is left out: it is encrypted, so it reads differently each time."""
    wanted, is_ = _wanted(), found.schedule
    return _essence(is_) == _essence(wanted) and is_.policy == wanted.policy


def _essence(schedule: Schedule) -> Sequence[object]:
    action, spec = schedule.action, schedule.spec
    if not isinstance(action, ScheduleActionStartWorkflow):
        return ()
    calendars = [
        (tuple(_whole(one.hour)), tuple(_whole(one.minute)), tuple(_whole(one.day_of_week))) for one in spec.calendars
    ]
    return (
        (action.workflow, action.id, action.task_queue, action.execution_timeout),
        (
            calendars,
            spec.time_zone_name,
            spec.jitter,
            list(spec.intervals),
            list(spec.skip),
            list(spec.cron_expressions),
        ),
    )


def _whole(ranges: Sequence[ScheduleRange]) -> list[tuple[int, int]]:
    """The server writes the end of a range of one as it is or leaves it nought."""
    return [(one.start, max(one.start, one.end)) for one in ranges]


def _standing(found: ScheduleDescription, change: str) -> Standing:
    state = found.schedule.state
    return Standing(DIGEST, change, state.paused, state.note or "", tuple(found.info.next_action_times[:5]))
