"""The moves made to the model: many thousand steps in seconds."""

from datetime import date, timedelta
from typing import Any

from starter.script import USUAL
from tests.invariants.changing import ENQUIRIES, PLACES
from tests.invariants.kinds import CONCERNS, COURT, KIDNAPPING, MURDER, REASSIGNED_TO, UNLISTED, Counts
from tests.invariants.model import Model
from tests.invariants.model_stages import STAFF_REFS
from tests.invariants.moves import Moves
from tests.invariants.observed import Breach, Observed
from tests.invariants.rules import breaches_in
from workflows.contract.cover import Cover
from workflows.contract.messages import OffenceRef
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import CourtEventKind, Rosh
from workflows.policy.calendar import working_day_on_or_before
from workflows.policy.care import looked_after
from workflows.policy.court import ends_the_case

STRANGER = "stranger@elsewhere.example.test"
_FINISHES_WITHIN = 150
_ON_ITS_WAY = 4


def offence(code: str) -> OffenceRef:
    """An offence with this code in the week before the charge."""
    return OffenceRef(code=code, offence_on=date(2026, 10, 26), victim_age=34)


def fields_for(model: Model, gate: dict[str, Any], answer: str, how: int = 0) -> dict[str, Any]:
    """What is filled in; `how` chooses among people, ratings and dates."""
    people, marks = (
        (("n53.reviewer.1", "n53.countersigner.1"), ("n53.reviewer.2", "n53.director")),
        ("good", "inadequate"),
    )
    match gate["question"], answer:
        case "commission", "appoint":
            reviewer, countersigner = people[how % 2]
            return {"reviewer": reviewer, "countersigner": countersigner}
        case "commission", "another_region":
            return {"region": "N56"}
        case "draft", _:
            return {"actions": [{"what": "Invented."}] * (how % 3)}
        case "welfare", _:
            reached = ("made", "not_wanted", "not_possible")[how % 3]
            members = looked_after(STAFF_REFS, gate["subject"])
            return {"contacts": [{"member": ref, "contact": reached} for ref in members]}
        case "enquiry_prevention", "more_time":
            return {"new_on": (model.record.today + timedelta(days=60)).isoformat()}
        case "quality", _:
            return {"composite": marks[how % 2]}
        case "notification", _:
            return {"sent_on": model.record.today.isoformat()}
        case "extension", "granted":
            return {"new_on": gate["subject"]}
        case "early_look", "actions":
            return {"actions": [{"what": "Invented."}]}
        case _:
            return {}


class ModelMachine(Moves):
    """The moves on a model. `model` can be another class, in which a fault is planted."""

    counts = Counts()
    model_class: type[Model] = Model

    def begin(self, charge: dict[str, Any]) -> None:
        """A case in memory."""
        self.model = self.model_class(appeared=charge["appeared"])
        rosh = Rosh(charge["rosh"])
        self.model.open(offence(charge["code"]), rosh=rosh, is_proposed=charge["interest"])
        self.seen: Observed | None = None
        self.waiting: list[str] = []
        self.is_begun = True

    def look(self, *, is_due_to_close: bool = False) -> tuple[Observed, list[Breach]]:
        """Every row of it."""
        self.seen = self.model.observe(self.seen, is_due_to_close=is_due_to_close)
        return self.seen, breaches_in(self.seen)

    def make(self, move: str, number: int = 0, more: int = 0) -> bool:
        """Each move by its name."""
        record = self.model.record
        is_open = record.case["closed_on"] is None
        match move:
            case "usual" | "page":
                return self._answer(number)
            case "everybody":
                return sum(self._round() for _ in range(number)) > 0
            case "otherwise":
                return self._otherwise(number, more)
            case "return":
                return self._return()
            case "again" | "too late":
                states = ("decided",) if move == "again" else ("withdrawn", "lapsed")
                return self._not_open(number, states)
            case "silence":
                self.model.wait(number)
                return True
            case "court" if is_open:
                self.model.hear_court(CourtEventKind(COURT[number]))
                return True
            case "amend" if is_open:
                self.model.hear_court(CourtEventKind.AMENDED, (offence((KIDNAPPING, MURDER, UNLISTED)[number]),))
                return True
            case "concern" if is_open:
                self.model.concern(CONCERNS[number])
                return True
            case "more time":
                return self.model.more_time(number * 7)
            case "clock":
                return self.model.resume() or self.model.pause()
            case "holiday" | "away" | "back" | "transfer" | "enquiry" | "opt in" | "correct":
                return self._change(move, number)
            case "unasked":
                return self._unasked(number)
            case "reassign":
                gate = self._one(number)
                return bool(gate) and self.model.reassign(gate["gate"], REASSIGNED_TO[more])
            case "undeliverable":
                gate = self._one(number)
                if gate:
                    record.ask_deputy(gate)
                return bool(gate)
            case "repeat":
                rows = record.rows("decisions")
                if rows:
                    self.model.deliver(str(rows[number % len(rows)]["decision"]))
                return bool(rows)
            case "rubbish":
                self.model.deliver("no such decision")
                return True
            case "restart" | "upgrade":  # what was on its way is delivered late, by the relay
                self.model.relay()
                return True
        return False

    def _change(self, move: str, number: int) -> bool:
        """What changes about the case, beside its questions."""
        record, is_open = self.model.record, self.model.record.case["closed_on"] is None
        match move:
            case "holiday":
                return self._announce(number)
            case "away":
                return self._go_away(number)
            case "back":
                return bool(record.covers) and record.covers.pop(number % len(record.covers)) is not None
            case "transfer" if is_open:
                return self.model.transfer(*PLACES[number % len(PLACES)])
            case "enquiry" if is_open:
                self.model.enquire(ENQUIRIES[number % len(ENQUIRIES)], record.today)
                return True
            case "opt in":
                return self.model.opt_in(f"v{number % 2 + 1}", "cy" if number % 5 == 0 else "en")
            case "correct":
                return self.model.correct()
        return False

    def _announce(self, number: int) -> bool:
        """A working day that an open question counts."""
        record = self.model.record
        counted = [row for row in record.rows("gates", state="open") if row["counted_days"]]
        if not counted:
            return False
        row = counted[number % len(counted)]
        on = working_day_on_or_before(row["due_on"] - timedelta(days=number % 3), record.holidays)
        if on <= row["counted_from"]:
            return False
        self.model.announce(on)
        return True

    def _go_away(self, number: int) -> bool:
        """Whoever is asked is away for a while; whom the directory names stands in, or nobody."""
        record, gate = self.model.record, self._one(number)
        person = record.directory.person(gate["person_key"]) if gate else None
        if person is None or person.is_away(record.today) or QUESTIONS[gate["question"]].role is None:
            return False
        until = record.today + timedelta(days=30)
        record.covers.append(Cover(person=person.key, from_on=record.today, to_on=until))
        record.ask_deputy(gate)
        return True

    def finish(self, interruptions: tuple[str, ...] = ()) -> None:
        """The court convicts, unless the prosecution has ended; concerns are resolved; everybody answers."""
        for turn in range(_FINISHES_WITHIN):
            if self.model.record.case["closed_on"]:
                return
            self.model.resume()
            self.model.relay()
            if turn < len(interruptions):
                self.make(interruptions[turn])
            if not self._round() and not ends_the_case(self.model.court):
                self.model.hear_court(CourtEventKind.CONVICTED)
            self.model.wait(1)

    # --- answers -----------------------------------------------------------------------------------

    def _one(self, number: int) -> dict[str, Any]:
        rows = self.model.record.rows("gates", state="open")
        rows = [row for row in rows if not self.model.record.rows("decisions", gate=row["gate"], void_at=None)]
        return rows[number % len(rows)] if rows else {}

    def _answer(self, number: int) -> bool:
        gate = self._one(number)
        # Every fifth is recorded and on its way for a while.
        return bool(gate) and self._usually(gate, is_delivered=number % 5 != _ON_ITS_WAY)

    def _usually(self, gate: dict[str, Any], *, is_delivered: bool = True) -> bool:
        if gate["state"] != "open":
            return False
        answers = QUESTIONS[gate["question"]].answers
        answer = USUAL[gate["question"]].answer if gate["question"] in USUAL else answers[0].value
        if refused := len(self.model.record.rows("decisions", gate=gate["gate"])):
            answer = answers[refused % len(answers)].value  # a rule stood against it before
        fields = fields_for(self.model, gate, answer)
        return self.model.answer(gate["gate"], answer, fields, is_delivered=is_delivered).is_new

    def _round(self) -> bool:
        self.model.relay()
        return sum(self._usually(row) for row in [*self.model.record.rows("gates", state="open")]) > 0

    def _otherwise(self, number: int, how: int) -> bool:
        gate = self._one(number)
        if not gate:
            return False
        answers = QUESTIONS[gate["question"]].answers
        answer = answers[how % len(answers)].value
        by = gate["deputy_email"] if how % 2 else None
        return self.model.answer(gate["gate"], answer, fields_for(self.model, gate, answer, how), by).is_new

    def _return(self) -> bool:
        for gate in self.model.record.rows("gates", state="open"):
            if gate["question"] == "countersign":
                return self.model.answer(gate["gate"], "returned").is_new
            if gate["question"] == "quality":
                return self.model.answer(gate["gate"], "rated", {"composite": "inadequate"}).is_new
        return False

    def _not_open(self, number: int, states: tuple[str, ...]) -> bool:
        rows = [row for row in self.model.record.rows("gates") if row["state"] in states]
        if rows:
            gate = rows[number % len(rows)]
            self.model.answer(gate["gate"], QUESTIONS[gate["question"]].answers[-1].value)
        return bool(rows)

    def _unasked(self, number: int) -> bool:
        gate = self._one(number)
        if gate:
            self.model.answer(gate["gate"], QUESTIONS[gate["question"]].answers[0].value, by=STRANGER)
        return bool(gate)
