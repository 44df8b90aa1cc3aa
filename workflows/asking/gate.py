"""A gate: one question standing open, its schedule, and what has been offered to it."""

from collections import deque
from contextlib import AbstractContextManager
from datetime import date, datetime

from temporalio import workflow

from workflows.contract.messages import (
    Chased,
    DecideSignal,
    Due,
    GateOpened,
    GateRequest,
    Rearmed,
    ReassignSignal,
    Reschedule,
    Step,
)
from workflows.contract.vocabulary import DateCause, Role, Rung, StepKind


class Gate:
    """One asking. It knows its next moment; the stage carries out what is due and takes the answer."""

    def __init__(self, request: GateRequest) -> None:
        self.request = request
        self.role: Role | None = request.role
        self.due: Due | None = None
        self.steps: list[Step] = []
        self.overdue = False
        self.rung = Rung.ASKED
        self.rearmed = False
        self.undeliverable = False
        self.offers: deque[DecideSignal] = deque()
        self.reassignments: deque[ReassignSignal] = deque()
        self.changes: deque[tuple[DateCause, date | None]] = deque()
        self.times_reassigned = 0
        self.is_reported = False

    @property
    def id(self) -> str:
        """The gate's id, the same in the record, the links and the signals."""
        return self.request.gate

    @property
    def name(self) -> str:
        """The gate's name within its workflow, `facts:v1`."""
        return self.id.rpartition("/")[2]

    def events(self) -> AbstractContextManager[None]:
        """What is done within belongs to this gate: the Temporal UI shows its steps and timers together."""
        return workflow.create_event_group(self.name).scope()

    @property
    def is_stirred(self) -> bool:
        """Whether something arrived that the stage must look at before the next step's moment."""
        return bool(self.offers or self.reassignments or self.undeliverable or self.rearmed or self.changes)

    @property
    def next_at(self) -> datetime | None:
        """The moment of the next step, or none when nothing more happens by itself."""
        return self.steps[0].at if self.steps else None

    def open(self, opened: GateOpened) -> None:
        """Take the schedule that the record fixed; an answer that the record already holds is offered."""
        self.role = opened.role
        if self.due is None:  # a date that moved while the gate was being opened is newer
            self.due, self.steps = opened.due, list(opened.steps)
        if opened.decision and all(o.decision != opened.decision for o in self.offers):
            self.offers.append(DecideSignal(gate=self.id, decision=opened.decision))

    def rearm(self, rearmed: Rearmed) -> None:
        """Take a new schedule after a recorded decision moved the date; what already fired is not in it."""
        self.due, self.steps, self.overdue = rearmed.due, list(rearmed.steps), rearmed.overdue
        self.rearmed = True

    def change_of_dates(self, at: datetime) -> Reschedule:
        """Ask for the schedule anew, for the oldest change of dates that has not been taken yet."""
        cause, holiday = self.changes.popleft()
        return Reschedule(gate=self.id, at=at, cause=cause, holiday=holiday)

    def take_due(self, now: datetime) -> tuple[Step, ...]:
        """The steps whose moment has come, taken off the schedule."""
        due = tuple(step for step in self.steps if step.at <= now)
        self.steps = self.steps[len(due) :]
        return due

    def take_climb(self) -> tuple[Step, ...]:
        """The next rung before its time, because the letter cannot be delivered; empty when none is left."""
        self.undeliverable = False
        climb = next((s for s in self.steps if s.kind is StepKind.CLIMB), None)
        if climb is None:
            return ()
        self.steps.remove(climb)
        return (climb,)

    def chased(self, steps: tuple[Step, ...], chased: Chased) -> None:
        """Note how far the ladder was climbed, and the further steps."""
        self.overdue = self.overdue or chased.overdue
        for step in steps:
            if step.kind is StepKind.CLIMB:
                self.rung = step.rung
        if not self.steps:
            self.steps = list(chased.further)
