"""What answers do to the legs of the families in the model, and to what may leave."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from tests.invariants.model_asking import Answered
from tests.invariants.model_effects import Effect, Effects, answered_of


def _leg(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    """What is recorded about one family."""
    ref, fields, today = gate["subject"], row["fields"], case.record.today
    victim = case.victim(ref)
    match gate["question"], row["answer"]:
        case ("refer", "nobody") | ("tell_family", "no_contact"):
            victim["closed_because"] = row["answer"]
            for kind in ("victim_told", "victim_answered"):
                case.meet(kind, ref, "closed", row["decision"])
            _close_owed(case, ref, row["decision"])
        case "refer", _:
            victim["referred_on"] = _day(fields, "referred_on", today)
        case "tell_family", _:
            victim["told_on"] = _day(fields, "told_on", today)
            case.meet("victim_told", ref, decision=row["decision"])
        case "offer", ("later" | "not_answered") if victim["answer"] != "accepted":
            named = fields.get("ask_again_on")
            victim.update(answer=row["answer"], ask_again_on=date.fromisoformat(named) if named else None)
        case "offer", "accepted" | "declined":
            _offered(case, victim, row)
        case "language", _:
            victim["language_arranged"] = row["answer"]
        case "tell_stopped", _:
            victim["stopped_told_on"] = today
        case "handover", "declined":
            victim["answer"] = "declined"
            case.meet("victim_given", ref, "closed", row["decision"])
        case "handover", _:
            _handed_over(case, victim, row)
    return answered_of(row)


def _offered(case: Effects, victim: dict[str, Any], row: Mapping[str, Any]) -> None:
    """A yes or a no; whoever says yes is owed the released version."""
    victim.update(answer=row["answer"], ask_again_on=None)
    case.meet("victim_answered", victim["ref"], decision=row["decision"])
    if row["answer"] == "declined":
        _close_owed(case, victim["ref"], row["decision"])
        return
    victim["language"] = row["fields"].get("language", "en")
    case.meet("victim_given", victim["ref"], "closed" if case.is_stopped else "owed", row["decision"])


def _handed_over(case: Effects, victim: dict[str, Any], row: Mapping[str, Any]) -> None:
    """The released version, and no other."""
    document, ref = case.record.rows("documents", kind="victim_rendition")[-1], victim["ref"]
    victim.update(given_on=case.record.today, given=document["version"])
    case.meet("victim_given", ref, decision=row["decision"])
    case.record.add("releases", kind="victim_rendition", rendition=document["version"], reader=ref,
                    sha256=document["sha256"], at=case.record.now)  # fmt: skip
    case.record.audit(row["by_email"], "rendition_handed_over", f"r{document['version']}", to=ref)


def _close_owed(case: Effects, ref: str, decision: Any) -> None:
    for duty in case.record.rows("duties", kind="victim_given", subject=ref, state="owed"):
        duty.update(state="closed", decision=decision)


def _release(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    """It may leave; whoever wants it, or has an earlier one, is owed it."""
    if row["answer"] != "released":
        return answered_of(row)
    kind = "victim_rendition" if gate["question"] == "release" else "public_rendition"
    number = len(case.record.rows("documents", kind=kind)) + 1
    accepted, text = case.record.case["accepted_version"], f"released text {number}"
    case.record.add("documents", kind=kind, version=number, of=accepted, author_email=None, sha256=text,
                    at=case.record.now)  # fmt: skip
    case.record.audit(row["by_email"], "rendition_released", gate["subject"], sha256=text)
    if kind == "victim_rendition":
        for victim in case.record.rows("victims", answer="accepted", closed_because=None):
            victim["language_arranged"] = None
            case.meet("victim_given", victim["ref"], "owed", row["decision"])
    return answered_of(row)


def _day(fields: Mapping[str, Any], name: str, otherwise: date) -> date:
    return date.fromisoformat(fields[name]) if fields.get(name) else otherwise


LEG_EFFECTS: Mapping[str, Effect] = {
    **dict.fromkeys(("refer", "tell_family", "offer", "language", "tell_stopped", "handover"), _leg),
    "release": _release,
    "release_public": _release,
}
