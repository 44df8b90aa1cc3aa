"""What an answer does to the record of the model, question by question."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from tests.invariants.model_record import STAFF, VICTIMS, directory, known
from tests.invariants.model_stages import STAFF_REFS, Answered, Stages
from workflows.contract.vocabulary import CourtEventKind, Ground, Role
from workflows.policy import deadlines
from workflows.policy.authority import why_not_appoint
from workflows.policy.care import looked_after
from workflows.policy.court import ends_the_review
from workflows.policy.disclosure import is_open
from workflows.policy.duties import owed_to_staff, owed_to_victims
from workflows.policy.quality import is_accepted

OWNER = "head.lei@n53.example.test"
ROLES = {"reviewer": Role.REVIEWING_MANAGER, "countersigner": Role.COUNTERSIGNING_MANAGER}


class Effects(Stages):
    """What is owed, and who may give an answer that changes who acts."""

    def bring_in_line(self, court: list[CourtEventKind], ground: Ground) -> None:
        """A review owes its staff, a conviction the families; a review that the court has ended owes nobody more."""
        if not ground.is_reviewed:
            return
        if is_open(court):
            wanting = [row["ref"] for row in self.record.rows("victims", answer="accepted")]
            self.owe(owed_to_victims(VICTIMS, is_convicted=True, wanting=wanting))
        elif CourtEventKind.QUASHED in court:
            self.close_duties("victim_told", "victim_answered", "victim_given")
        if self.record.case["accepted_version"] is None and ends_the_review(court):
            self.close_duties("told", "interviewed", "facts_offered", "fed_back", "cared_for")
        else:
            self.owe(owed_to_staff(STAFF_REFS, is_reviewed=True))

    def owe(self, duties: Any) -> None:
        """Each once; what only the court had closed is owed again."""
        for duty in duties:
            rows = self.record.rows("duties", kind=str(duty.kind), subject=duty.subject)
            if not rows:
                self.record.add("duties", kind=str(duty.kind), subject=duty.subject, state="owed", decision=None)
            elif rows[0]["state"] == "closed" and rows[0]["decision"] is None:
                rows[0]["state"] = "owed"

    def close_duties(self, *kinds: str) -> None:
        """Closed by what the court did."""
        for row in self.record.rows("duties", state="owed"):
            if row["kind"] in kinds:
                row["state"] = "closed"

    def why_not(self, gate: Mapping[str, Any], row: Mapping[str, Any]) -> str | None:
        """Why the record refuses an answer by what it holds now."""
        fields, today = row["fields"], self.record.today
        match gate["question"], row["answer"]:
            case "commission", "appoint":
                people = {role: directory().person(fields.get(name, "")) for name, role in ROLES.items()}
                if any(person is None for person in people.values()) or len({p.key for p in people.values() if p}) < 2:
                    return "incomplete"
                ties = self.record.ties()
                return next((why for r, p in people.items() if p and (why := why_not_appoint(r, p, ties, today))), None)
            case "extension", "granted":
                case = self.record.case
                return deadlines.extended(
                    case["original_review_due"], date.fromisoformat(fields["new_on"]), self.record.rulebook,
                    current_on=case["review_due"], by=Role.NATIONAL_TEAM, today=today,
                    asked_on=date.fromisoformat(gate["subject"]),
                )  # fmt: skip
            case ("handover", "handed_over") | ("release", "released") if self.is_held:
                return "held"
            case _:
                return None


Effect = Callable[[Effects, dict[str, Any], Mapping[str, Any]], Answered]


def _answered(row: Mapping[str, Any], refs: tuple[str, ...] = (), **facts: Any) -> Answered:
    return Answered(row["answer"], {**row["fields"], **facts, "decision": row["decision"]}, refs)


def _rosh(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    case.record.case["rosh"] = row["answer"]
    return _answered(row)


def _offence_class(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    case.record.case["offence_class"] = row["answer"]
    return _answered(row)


def _interest(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    case.record.case["interest_answer"] = row["answer"]
    return _answered(row)


def _notification(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    sent_on = row["fields"].get("sent_on")
    case.record.case["notified_on"] = date.fromisoformat(sent_on) if sent_on else case.record.today
    return _answered(row)


def _early_look(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    return _answered(row, _actions(case, "management", row))


def _actions(case: Effects, kind: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    refs = []
    for _ in row["fields"].get("actions") or ():
        refs.append(f"a{len(case.record.rows('actions')) + 1}")
        case.record.add("actions", ref=refs[-1], kind=kind, state="open", decision=None,
                        owner_email=OWNER, due_on=case.record.today + timedelta(days=60))  # fmt: skip
    return tuple(refs)


def _action(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    is_withdrawn = (gate["question"], row["answer"]) in (
        ("withdraw_action", "agreed"),
        ("management_action", "withdrawn"),
    )
    if row["answer"] == "done" or is_withdrawn:
        for action in case.record.rows("actions", ref=gate["subject"]):
            action.update(state="withdrawn" if is_withdrawn else "done", decision=row["decision"])
    return _answered(row)


def _commission(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    if row["answer"] == "nobody":
        case.escalate("reviewer", gate["gate"])
    for name, role in ROLES.items() if row["answer"] == "appoint" else ():
        person = directory().person(row["fields"][name])
        assert person is not None
        _appoint(case, role, person.email, person.name)
    return _answered(row)


def _lent(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    """Another region, or the inspectorate, names whoever reviews; the region's own countersigns."""
    for name, role in ROLES.items() if row["answer"] in ("accepted", "recorded") else ():
        person = directory().person(row["fields"].get(name) or "")
        email = person.email if person else row["fields"].get("reviewer_email", f"{name}@elsewhere.example.test")
        _appoint(case, role, email, known(email, role).name)
    return _answered(row)


def _appoint(case: Effects, role: Role, email: str, name: str) -> None:
    for old in case.record.rows("appointments", role=role):
        case.record.tables["appointments"].remove(old)
    case.record.add("appointments", role=role, email=email, name=name)


def _interview(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    if row["answer"] == "held":
        case.record.add("interviews", ref=gate["subject"], held_on=case.record.today)
        case.meet("interviewed", gate["subject"])
    elif row["answer"] == "not_possible":
        case.meet("interviewed", gate["subject"], "closed", row["decision"])
    return _answered(row)


def _draft(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    number = len(case.record.rows("documents", kind="review")) + 1
    case.record.add("documents", kind="review", version=number, author_email=row["by_email"], sha256=f"text {number}",
                    actions=row["fields"].get("actions") or ())  # fmt: skip
    return _answered(row, version=str(number))


def _facts(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    for ref, role, _ in STAFF:
        if role is Role.HEAD_OF_PDU:
            case.meet("facts_offered", ref)
    return _answered(row)


def _quality(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    accepted = is_accepted(row["fields"].get("composite", "good"), case.record.rulebook)
    if accepted:
        document = case.record.rows("documents", kind="review")[-1]
        case.record.case["accepted_version"] = document["version"]
        case.plan = _actions(case, "plan", {"fields": {"actions": document["actions"]}})
    return _answered(row, accepted="yes" if accepted else "no")


def _feedback(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    if gate["question"] == "give_feedback" and row["answer"] != "given":
        case.meet("fed_back", gate["subject"], "closed", row["decision"])
    if gate["question"] == "feedback" and row["answer"] != "not_yet":
        case.meet("fed_back", gate["subject"])
    return _answered(row)


def _welfare(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    for ref in looked_after(STAFF_REFS, gate["subject"]):
        case.meet("cared_for", ref)
    return _answered(row)


def _leg(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    """What a liaison officer records about one family."""
    ref, answer = gate["subject"], row["answer"]
    victim = case.record.rows("victims", ref=ref)[0]
    match gate["question"], answer:
        case ("refer", "nobody") | ("tell_family", "no_contact"):
            for kind in ("victim_told", "victim_answered"):
                case.meet(kind, ref, "closed", row["decision"])
        case "tell_family", "told":
            victim["told_on"] = case.record.today
            case.meet("victim_told", ref)
        case "offer", "accepted" | "declined":
            victim["answer"] = answer
            case.meet("victim_answered", ref)
            if answer == "accepted":
                case.meet("victim_given", ref, "closed" if case.is_stopped else "owed", row["decision"])
        case "handover", "declined":
            case.meet("victim_given", ref, "closed", row["decision"])
        case "handover", _:
            victim["given_on"] = case.record.today
            case.meet("victim_given", ref)
            case.record.add("releases", kind="victim_rendition", rendition=1, reader=ref, sha256="released text",
                            at=case.record.now)  # fmt: skip
            case.record.audit(row["by_email"], "rendition_handed_over", "r1", to=ref)
    return _answered(row)


def _release(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    if row["answer"] == "released":
        case.record.add("documents", kind="victim_rendition", version=1, author_email=None, sha256="released text")
        case.record.audit(row["by_email"], "rendition_released", "r1", sha256="released text")
    return _answered(row)


EFFECTS: Mapping[str, Effect] = {
    "rosh": _rosh,
    "offence_class": _offence_class,
    "public_interest": _interest,
    "notification": _notification,
    "early_look": _early_look,
    "management_action": _action,
    "action": _action,
    "withdraw_action": _action,
    "commission": _commission,
    "lend": _lent,
    "hmip": _lent,
    "interview": _interview,
    "invite": _interview,
    "draft": _draft,
    "facts": _facts,
    "extension": lambda _case, _gate, row: _answered(row),
    "quality": _quality,
    "give_feedback": _feedback,
    "feedback": _feedback,
    "welfare": _welfare,
    "refer": _leg,
    "tell_family": _leg,
    "offer": _leg,
    "handover": _leg,
    "release": _release,
    "resolve": lambda _case, _gate, row: _answered(row),
}
