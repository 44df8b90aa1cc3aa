"""How a stage of the model asks: one question, until it is answered or no longer to be asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.invariants.model_record import ModelRecord, stem
from tests.invariants.trampoline import Task, Tasks, until
from workflows.contract import ids
from workflows.contract.vocabulary import Role

ON_THE_CLOCK = ("review", "countersign", "quality-assurance")
_ON_ITS_WAY = timedelta(days=5)


@dataclass
class Answered:
    """What a question returned to the stage that asked it. `escalation`: what the answer itself raised."""

    answer: str
    fields: dict[str, Any] = field(default_factory=dict)
    refs: tuple[str, ...] = ()
    escalation: dict[str, Any] | None = None


@dataclass
class Told:
    """What a case under way is believed of, where a record tells the model what happened, and when.

    `asked`: when each question was asked, by its stem. `answered`: whose answer counted: no wish to take the question
    back came first. `escalations`: those that are on the record and that nothing in the model has raised so far.
    `is_closing`: whether staff care has heard that nothing else is open.
    """

    asked: dict[str, list[datetime]] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    escalations: list[dict[str, Any]] = field(default_factory=list)
    is_closing: bool = False

    def when(self, gate: str, now: datetime) -> datetime:
        """When the question was asked that the model asks now."""
        return min(self.asked.get(stem(gate), [now]), key=lambda at: abs(at - now))

    def has_hurried(self, gate: str, paused_at: datetime) -> bool:
        """Whether it was on its way already when the clock stopped."""
        return any(paused_at <= at <= paused_at + _ON_ITS_WAY for at in self.asked.get(stem(gate), ()))


class Asking:
    """A case that asks people. `told`: what is believed of it; nothing where the model goes on by itself."""

    def __init__(self, record: ModelRecord) -> None:
        self.record = record
        self.tasks = Tasks()
        self.answers: dict[str, Answered] = {}
        self.told: Told | None = None

    async def ask(self, part: str, question: str, subject: str | None = None, **about: Any) -> Answered:
        """Ask and wait; a stage that is stopped takes its question back."""
        answered = await self.ask_until(lambda: False, part, question, subject, **about)
        assert answered is not None
        return answered

    async def ask_until(
        self,
        is_over: Callable[[], bool],
        part: str,
        question: str,
        subject: str | None = None,
        *,
        role: Role | None = None,
        due: date | None = None,
        deadline: str | None = None,
        counted_from: date | None = None,
    ) -> Answered | None:
        """Ask until it is over; then none. While the clock of the review stands still nothing of it is asked."""
        if is_over():
            return None
        name = self.record.next_gate(part, question, subject)
        await until(lambda: self.may_ask(part, name))
        when = self.told.when(name, self.record.now) if self.told else self.record.now
        gate, is_fallback = self.record.open_gate(
            part, question, subject, role, due, deadline=deadline, counted_from=counted_from, when=when
        )
        if is_fallback and not ids.is_escalation(part):
            self.escalate("reviewer", gate["gate"])
        name = gate["gate"]
        try:
            await until(lambda: name in self.answers or (is_over() and not self.is_foretold(name)))
        except GeneratorExit:
            self.withdraw(gate)
            raise
        if name not in self.answers:
            self.withdraw(gate)
        return self.answers.get(name)

    def may_ask(self, part: str, gate: str) -> bool:
        """Whether the clock runs, or this is none of its questions, or it was on its way when the clock stopped."""
        paused_at = self.record.case["paused_at"]
        if paused_at is None or part.rstrip("-0123456789") not in ON_THE_CLOCK:
            return True
        return self.told is not None and self.told.has_hurried(gate, paused_at)

    def is_foretold(self, gate: str) -> bool:
        """Whether the record says that an answer counted, whatever else came at the same time."""
        return self.told is not None and of_its_own(gate) in self.told.answered

    def withdraw(self, gate: dict[str, Any]) -> None:
        """It is no longer asked; an answer on its way counts for nothing, and its author hears so."""
        if gate["state"] != "open":
            return
        name = gate["gate"]
        for row in self.record.rows("decisions", gate=name, applied_at=None, void_at=None):
            row["void_at"] = self.record.now
            self.record.letter(f"{name}/void", "decision_void", row["by_email"], name)
            self.record.audit(row["by_email"], "decision_void", name, decision=row["decision"])
        self.record.close_gate(gate, "withdrawn")
        self.record.letter(f"{name}/withdrawn", "withdrawn", gate["person_email"], name)
        self.record.audit("system", "gate_withdrawn", name)

    # --- escalations -------------------------------------------------------------------------------

    def escalate(self, kind: str, about: str | None = None) -> dict[str, Any]:
        """The national team has it, acknowledges it and resolves it; the one on the record where that tells of it."""
        waiting = [row for row in self.told.escalations if row["kind"] == kind] if self.told else []
        waiting.sort(key=lambda row: row["about"] != about)
        if self.told and waiting:
            self.told.escalations.remove(waiting[0])
            return self.begin_escalation(kind, waiting[0]["number"], about)
        numbers = [row["number"] for row in self.record.rows("escalations", kind=kind)]
        return self.begin_escalation(kind, max(numbers, default=0) + 1, about)

    def begin_escalation(self, kind: str, number: int, about: str | None) -> dict[str, Any]:
        """It stands raised under this number."""
        row = self.record.add(
            "escalations", kind=kind, number=number, state="raised", about=about, outcome=None,
            raised_at=self.record.now, resolved_at=None,
        )  # fmt: skip
        self.tasks.start(self.escalation(row))
        return row

    async def escalation(self, row: dict[str, Any]) -> None:
        """Acknowledged, then resolved; a hold keeps it open."""
        part, subject = f"escalation/{row['kind']}-{row['number']}", f"{row['kind']}-{row['number']}"
        await self.ask(part, "acknowledge", subject)
        row["state"] = "acknowledged"
        while (resolved := await self.ask(part, "resolve", subject)).answer == "hold":
            row["outcome"] = "hold"
        row.update(state="resolved", outcome=resolved.answer, resolved_at=self.record.now)
        for duty in self.record.rows("duties", state="owed") if self.is_stopped else ():
            if duty["kind"].startswith("victim_"):
                duty.update(state="closed", decision=resolved.fields.get("decision"))

    @property
    def is_held(self) -> bool:
        """Whether the safety of staff keeps everything back."""
        return any(r["state"] != "resolved" for r in self.record.rows("escalations", kind="staff_safety"))

    @property
    def is_stopped(self) -> bool:
        """Whether the national team has ended disclosure for good."""
        return any(row["outcome"] == "stop" for row in self.record.rows("escalations", kind="staff_safety"))

    # --- duties ------------------------------------------------------------------------------------

    def meet(self, kind: str, subject: str, state: str = "met", decision: Any = None) -> None:
        """What was owed is met, or closed by this decision."""
        rows = self.record.rows("duties", kind=kind, subject=subject)
        row = rows[0] if rows else self.record.add("duties", kind=kind, subject=subject, state="owed", decision=None)
        row.update(state=state, decision=decision)


def of_its_own(gate: str) -> str:
    """By what an answer belongs to a question: contact with staff is asked about again and again, under each number."""
    return gate if "/staff-care" in gate else stem(gate)


def ended(task: Task[Any] | None) -> bool:
    """Whether it has run and ended."""
    return task is not None and task.is_done
