"""What can be sent to and asked of a workflow that asks people: sync, never raising, never waiting."""

from collections import defaultdict

from temporalio import workflow
from temporalio.common import RawValue

from workflows.contract import search
from workflows.contract.messages import (
    CalendarSignal,
    CaseNews,
    DecideSignal,
    ReassignSignal,
    Receipt,
    UndeliverableSignal,
)
from workflows.contract.vocabulary import DateCause

from .gate import Gate
from .inbox import DeadLetters, one_input


class AskingSignals:
    """Its state exists before the first signal, so no early answer is lost."""

    def __init__(self) -> None:
        self.gates: dict[str, Gate] = {}
        self.early: defaultdict[str, list[DecideSignal]] = defaultdict(list)
        self.receipts: dict[str, Receipt] = {}
        self.dead_letters = DeadLetters()

    @workflow.signal(description="Answer a gate: {gate, decision} from a link, {gate, answer, reason} by hand")
    @one_input
    def decide(self, raw: RawValue) -> None:
        """An answer has been given to one of this stage's gates."""
        self._offer("decide", raw)

    @workflow.signal(description="Ask another person: {gate, to, reason}; `to` is a directory key or staff number")
    @one_input
    def reassign(self, raw: RawValue) -> None:
        """A gate is to be given to another person."""
        signal = self.dead_letters.read("reassign", raw, ReassignSignal)
        if signal and (gate := self._standing("reassign", signal.gate)):
            gate.reassignments.append(signal)

    @workflow.signal(description="The letter of a gate was refused for good: {gate}")
    @one_input
    def undeliverable(self, raw: RawValue) -> None:
        """The mail server refused a gate's letter, so the ladder is climbed at once."""
        signal = self.dead_letters.read("undeliverable", raw, UndeliverableSignal)
        if signal and (gate := self._standing("undeliverable", signal.gate)):
            gate.undeliverable = True

    @workflow.signal(description="A bank holiday was announced: {holiday}; open questions that span it move")
    @one_input
    def calendar(self, raw: RawValue) -> None:
        """The calendar changed; every open gate's date is counted again."""
        if signal := self.dead_letters.read("calendar", raw, CalendarSignal):
            for gate in self.gates.values():
                gate.changes.append((DateCause.CALENDAR, signal.holiday))
            self.calendar_changed()

    @workflow.signal(description="What changed elsewhere in the case; sent by the case itself")
    @one_input
    def case_news(self, raw: RawValue) -> None:
        """Something changed elsewhere in the case."""
        if news := self.dead_letters.read("case_news", raw, CaseNews):
            self.heard(news)

    @workflow.query(description="What became of a decision: applied, or refused with a code; empty while waiting")
    def receipt(self, decision: str) -> Receipt | None:
        """What became of this decision."""
        return self.receipts.get(decision)

    def _offer(self, name: str, raw: RawValue) -> None:
        signal = self.dead_letters.read(name, raw, DecideSignal)
        if signal is None:
            return
        if gate := self.gates.get(signal.gate):
            gate.offers.append(signal)
        elif signal.decision is None:
            self.dead_letters.keep(name, "no such open gate")
        elif signal.decision not in self.receipts:
            # After a reset an answer can arrive before its gate stands again: keep it until the gate opens.
            self.early[signal.gate].append(signal)

    def _standing(self, name: str, gate: str) -> Gate | None:
        if gate not in self.gates:
            self.dead_letters.keep(name, "no such open gate")
        return self.gates.get(gate)

    def begin(self) -> None:
        """Called once the brief is there and before anything is asked."""

    def calendar_changed(self) -> None:
        """Called when a bank holiday was announced. Sync, as every handler."""

    def heard(self, news: CaseNews) -> None:
        """Take what changed elsewhere; a case that moved is found in its new place. Sync, as every handler."""
        if news.region and news.pdu:
            workflow.upsert_search_attributes([search.REGION.value_set(news.region), search.PDU.value_set(news.pdu)])
