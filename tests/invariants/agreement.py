"""Whether the model, told what the record says happened, asks the same questions as the service.

The model hears every applied answer, every question that lapsed and everything that the court did, in the order of the
chain, and nothing else. What it would then be asking is compared with what stands open. Left out: staff care,
disclosure, enquiries and escalations, of which the model keeps an easier kind of its own.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from tests.invariants.model import Model
from tests.invariants.observed import Observed, Row
from workflows.contract.messages import OffenceRef
from workflows.contract.vocabulary import CourtEventKind, Rosh

COMPARED = (
    "charge", "notification", "early-look", "review", "countersign", "quality-assurance", "staff-feedback",
    "action-plan",
)  # fmt: skip
DUTIES = ("told", "interviewed", "facts_offered")


def disagreements(seen: Observed, charge: dict[str, Any]) -> list[str]:
    """What stands otherwise in the service than in the model; nothing where the two agree."""
    try:
        model = retold(seen, charge)
    except (KeyError, StopIteration, ValueError) as error:
        return [f"the model cannot follow: {error!r}"]
    return list(_differences(seen, model))


def _differences(seen: Observed, model: Model) -> Iterator[str]:
    asked, expected = _open(seen["gates"]), _open(model.record.rows("gates"))
    if seen.case["closed_on"] is None and asked != expected:
        yield f"asked though the model does not: {sorted(asked - expected)}, or not asked: {sorted(expected - asked)}"
    for column in ("ground", "accepted_version"):
        if seen.case[column] != model.record.case[column]:
            yield f"{column} is {seen.case[column]}, in the model {model.record.case[column]}"
    ours = {(r["kind"], r["subject"]): r["state"] for r in model.record.rows("duties") if r["kind"] in DUTIES}
    theirs = {(row["kind"], row["subject"]): row["state"] for row in seen["duties"] if row["kind"] in DUTIES}
    if ours != theirs:
        yield f"duties stand otherwise: {sorted(set(ours.items()) ^ set(theirs.items()))}"


def _open(gates: list[Row] | list[dict[str, Any]]) -> set[str]:
    return {row["gate"] for row in gates if row["state"] == "open" and _is_compared(str(row["stage"]))}


def _is_compared(stage: str) -> bool:
    return stage.rstrip("-0123456789") in COMPARED


def retold(seen: Observed, charge: dict[str, Any]) -> Model:
    """A model to which everything has happened that the chain holds."""
    chain = seen["audit"]
    model = Model(seen.reference, appeared=charge["appeared"], start=chain[0]["at"])
    leaky = [row for row in seen["gates"] if row["question"] == "internal_leaks"]
    model.leaky = set(range(1, 100)) if leaky else set()
    offence_on = date.fromordinal(seen.case["charged_on"].toordinal() - 7)
    first = OffenceRef(code=charge["code"], offence_on=offence_on, victim_age=34)
    model.open(first, rosh=Rosh(charge["rosh"]), is_proposed=charge["interest"])
    decisions = {str(row["decision"]): row for row in seen["decisions"]}
    events = {row["event"]: row for row in seen["court_events"]}
    for row in chain:
        model.record.now = max(model.record.now, row["at"])
        _retell(model, row, decisions, events)
    model.go_on()
    return model


def _retell(model: Model, row: Row, decisions: dict[str, Row], events: dict[str, Row]) -> None:
    match row["action"]:
        case "decision_applied":
            _answered(model, decisions[row["detail"]["decision"]])
        case "gate_lapsed":
            for gate in model.record.rows("gates", gate=row["subject"], state="open"):
                model.lapse(gate)
            model.go_on()
        case "court_event":
            model.hear_court(CourtEventKind(events[row["subject"]]["kind"]), event=row["subject"])
        case "charge_amended":
            offences = tuple(OffenceRef.model_validate(one) for one in events[row["subject"]]["offences"])
            model.hear_court(CourtEventKind.AMENDED, offences, row["subject"])
        case "extension_requested":
            _asked_for_time(model, row)
        case "clock_paused":
            model.record.case["paused_at"] = row["at"]
            model.record.add("pauses", number=1, paused_at=row["at"], resumed_at=None, review_due=None, new_due=None)
            model.go_on()
        case "clock_resumed":
            model.record.case["paused_at"] = None
            model.go_on()


def _answered(model: Model, decision: Row) -> None:
    name = decision["gate"]
    if not model.record.rows("gates", gate=name, state="open"):
        stage = name.split("/")[1]
        if _is_compared(stage):
            raise ValueError(f"{name} was answered and the model did not ask it")
        if "/resolve:" in name and decision["answer"] != "hold":
            kind = name.rpartition(":")[2].rpartition("-")[0]
            now = model.record.now
            model.record.add("escalations", kind=kind, number=0, state="resolved", about=None, raised_at=now,
                             outcome=decision["answer"], resolved_at=now)  # fmt: skip
            model.go_on()
        return
    # Whether it came in time is told by the record: dates are not compared here, and the model counts its own.
    model.record.gate(name).update(paused_at=None, due_at=model.record.now)
    model.answer(name, decision["answer"], decision["fields"])
    if model.record.gate(name)["state"] == "open" and _is_compared(name.split("/")[1]):
        raise ValueError(f"{name} was answered {decision['answer']} and the model refuses that")


def _asked_for_time(model: Model, row: Row) -> None:
    new_on = date.fromisoformat(row["detail"]["new_on"])
    model.requests.append(
        model.record.add("extension_requests", new_on=new_on, late=row["detail"]["late"], granted=None, decision=None,
                         at=row["at"], requested_by=row["actor"])
    )  # fmt: skip
    model.go_on()
