"""Whether the model, told what the record says happened, asks the same questions as the service, until the same dates.

The model hears every applied answer, every question that lapsed, whatever the court did and whatever changed about the
case, in the order of the chain, and when each question was asked. What it would then be asking, until when, and what it
would owe to whom is compared with what stands. Where an answer and a reason to take its question back come at the same
time, the record says which came first. When contact with staff falls due again is worked out from the days that the
rulebook gives (`contact_again`), since there a moment decides. Left out: whether something leaves a hold early, and who
is asked, since rules 2, 3 and 13 see to that.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from tests.invariants.contact_again import contact_differences
from tests.invariants.model import Model
from tests.invariants.model_asking import Told, of_its_own
from tests.invariants.model_record import stem
from tests.invariants.observed import Observed, Row
from workflows.contract.messages import OffenceRef
from workflows.contract.vocabulary import CourtEventKind, EnquiryKind, Rosh


def disagreements(seen: Observed, charge: dict[str, Any]) -> list[str]:
    """What stands otherwise in the service than in the model; nothing where the two agree."""
    try:
        model = retold(seen, charge)
    except (KeyError, StopIteration, ValueError) as error:
        return [f"the model cannot follow: {error!r}"]
    return list(_differences(seen, model))


def _differences(seen: Observed, model: Model) -> Iterator[str]:
    asked, expected = _open(seen["gates"]), _open(model.record.rows("gates"))
    if seen.case["closed_on"] is None:
        if asked.keys() != expected.keys():
            more, less = sorted(asked.keys() - expected.keys()), sorted(expected.keys() - asked.keys())
            yield f"asked though the model does not: {more}, or not asked: {less}"
        for name in asked.keys() & expected.keys():
            yield from _dates(asked[name], expected[name])
    elif model.record.case["closed_on"] is None:
        yield f"closed though in the model {sorted(expected)} stand open and {_owed(model)} is owed"
    # A review that has ended has no clock: on which of two days it was let run says nothing.
    is_counting = model.is_wanted and seen.case["accepted_version"] is None
    dates = ("review_due", "original_review_due") if is_counting else ()
    for column in ("ground", "accepted_version", *dates):
        if seen.case[column] != model.record.case[column]:
            yield f"{column} is {seen.case[column]}, in the model {model.record.case[column]}"
    ours, theirs = _duties(model.record.rows("duties")), _duties(seen["duties"])
    if ours != theirs:
        yield f"duties stand otherwise: {sorted(set(theirs.items()) - set(ours.items()))}, in the model " + str(
            sorted(set(ours.items()) - set(theirs.items()))
        )
    yield from contact_differences(seen, model)


def _dates(gate: Row, expected: Row) -> Iterator[str]:
    """Whether a question stands until the date that the rulebook's days lead to; at rest where the clock stands."""
    is_still = gate["paused_at"] is not None or expected["paused_at"] is not None
    if not is_still and gate["due_on"] != expected["due_on"]:
        yield f"{gate['gate']} stands until {gate['due_on']}, in the model until {expected['due_on']}"


def _open(gates: list[Row] | list[dict[str, Any]]) -> dict[str, Row]:
    return {stem(row["gate"]): row for row in gates if row["state"] == "open" and not _is_again(row["gate"])}


def _is_again(gate: str) -> bool:
    """Whether contact with staff is asked about again."""
    return "/staff-care" in gate and "#" in gate


def _duties(rows: list[Row] | list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    return {(row["kind"], row["subject"]): row["state"] for row in rows}


def _owed(model: Model) -> list[tuple[str, str]]:
    return [(row["kind"], row["subject"]) for row in model.record.rows("duties", state="owed")]


def retold(seen: Observed, charge: dict[str, Any]) -> Model:
    """A model to which everything has happened that the chain holds."""
    chain = seen["audit"]
    model = Model(seen.reference, appeared=charge["appeared"], start=chain[0]["at"])
    leaky = [row for row in seen["gates"] if row["question"] == "internal_leaks"]
    model.leaky = set(range(1, 100)) if leaky else set()
    offence_on = date.fromordinal(seen.case["charged_on"].toordinal() - 7)
    model.record.case.update(region=_first_place(seen)[0], pdu=_first_place(seen)[1])
    appeared_on = seen.case["appeared_on"] if charge["appeared"] else None
    model.record.case.update(
        review_required_on=seen.case["review_required_on"], charged_on=seen.case["charged_on"], appeared_on=appeared_on
    )
    model.told = _told(seen)
    first = OffenceRef(code=charge["code"], offence_on=offence_on, victim_age=34)
    model.open(first, rosh=Rosh(charge["rosh"]), is_proposed=charge["interest"])
    story = Story(seen, model)
    for row in chain:
        story.go_on_until(row)
        story.tell(row)
    model.go_on()
    return model


def _first_place(seen: Observed) -> tuple[str, str]:
    """Where the case was opened."""
    moved = seen.audited("case_transferred")
    region, pdu = str(moved[0]["detail"]["before"]).split() if moved else (seen.case["region"], seen.case["pdu"])
    return region, pdu


def _told(seen: Observed) -> Told:
    asked: dict[str, list[Any]] = {}
    for gate in seen["gates"]:
        asked.setdefault(stem(gate["gate"]), []).append(gate["opened_at"])
    counted = {of_its_own(gate["gate"]) for gate in seen["gates"] if gate["state"] in ("decided", "lapsed")}
    escalations = [dict(row) for row in sorted(seen["escalations"], key=lambda row: row["raised_at"])]
    return Told(asked, counted, escalations)


class Story:
    """What the chain holds, told to a model row by row."""

    def __init__(self, seen: Observed, model: Model) -> None:
        self.seen, self.model = seen, model
        self.decisions = {str(row["decision"]): row for row in seen["decisions"]}
        self.events = {row["event"]: row for row in seen["court_events"]}
        self.latest = model.record.now
        self.holidays = sorted(seen.announced.items(), key=lambda item: item[1])

    def go_on_until(self, row: Row) -> None:
        """Time goes by, holidays are announced, and concerns are raised that nothing in the model raises itself."""
        model = self.model
        while self.holidays and self.holidays[0][1] <= row["at"]:
            on, at = self.holidays.pop(0)
            self.latest = model.record.now = max(self.latest, at)
            model.announce(on)
        # Rows of things that happened side by side do not stand in the order of their moments; each counts at its own.
        self.latest = max(self.latest, row["at"])
        model.record.now = row["at"]
        if row["action"] != "gate_opened" or "/escalation/" not in row["subject"]:
            return
        kind, _, number = row["subject"].rpartition("/")[0].rpartition("/")[2].rpartition("-")
        assert model.told is not None
        for raised in [one for one in model.told.escalations if (one["kind"], str(one["number"])) == (kind, number)]:
            model.told.escalations.remove(raised)
            model.begin_escalation(kind, raised["number"], raised["about"])

    def tell(self, row: Row) -> None:
        """One row."""
        model, subject, detail = self.model, row["subject"], row["detail"]
        match row["action"]:
            case "decision_applied":
                self.answer(self.decisions[detail["decision"]])
            case "gate_lapsed":
                self.lapse(subject)
            case "stage_ended" if self.is_closing(row):
                assert model.told is not None
                model.told.is_closing = True
            case "court_event":
                event = self.events[subject]
                model.hear_court(CourtEventKind(event["kind"]), event=subject, on=event["on_date"])
            case "charge_amended":
                offences = tuple(OffenceRef.model_validate(one) for one in self.events[subject]["offences"])
                model.hear_court(CourtEventKind.AMENDED, offences, subject)
            case "extension_requested":
                _asked_for_time(model, row)
            case "clock_paused":
                model.pause()
            case "clock_resumed":
                model.resume()
            case "enquiry_received":
                self.enquire(int(subject.rpartition("/")[2]))
            case "case_transferred":
                region, pdu = subject.split()
                model.record.case.update(region=region, pdu=pdu)
            case "opted_in":
                model.record_wish(subject, detail["language"])
            case "correction_asked":
                model.correct()
            case "case_closed" if model.record.case["closed_on"] is None:
                model.go_on()
                if model.record.case["closed_on"] is None:
                    raise ValueError(f"closed though {sorted(_open(model.record.rows('gates')))} stand open and "
                                     f"{_owed(model)} is owed in the model")  # fmt: skip
        model.go_on()
        model.record.now = self.latest

    def is_closing(self, row: Row) -> bool:
        """Whether this says that staff care has heard that nothing else is open: it ended."""
        return str(row["subject"]).startswith("staff-care")

    def answer(self, decision: Row) -> None:
        """It counted: whether it came in time, and who may give it, is not the model's to say here."""
        if _is_again(decision["gate"]):
            self.care(decision)
            return
        gate = self.standing(decision["gate"])
        gate.update(paused_at=None, due_at=self.model.record.now)
        self.model.answer(gate["gate"], decision["answer"], decision["fields"])
        if gate["state"] == "open":
            raise ValueError(f"{decision['gate']} was answered {decision['answer']} and the model refuses that")

    def care(self, decision: Row) -> None:
        """Contact was made again, whether or not the model asked about it yet: whoever was reached is owed none."""
        for contact in decision["fields"].get("contacts") or ():
            if contact["contact"] != "not_possible":
                self.model.meet("cared_for", contact["member"], decision=decision["decision"])

    def lapse(self, name: str) -> None:
        """Nobody answered in time."""
        self.model.lapse(self.standing(name))

    def standing(self, name: str) -> dict[str, Any]:
        """The model's own question of this name."""
        found = [one for one in self.model.record.rows("gates", state="open") if stem(one["gate"]) == stem(name)]
        if not found:
            raise ValueError(f"{name} was answered or lapsed and the model does not ask it")
        return found[0]

    def enquire(self, number: int) -> None:
        """As it was logged."""
        row = next(one for one in self.seen["enquiries"] if one["number"] == number)
        self.model.enquire(EnquiryKind(row["kind"]), row["received_on"])


def _asked_for_time(model: Model, row: Row) -> None:
    new_on = date.fromisoformat(row["detail"]["new_on"])
    model.requests.append(
        model.record.add("extension_requests", new_on=new_on, late=row["detail"]["late"], granted=None, decision=None,
                         at=row["at"], requested_by=row["actor"])
    )  # fmt: skip
    model.go_on()
