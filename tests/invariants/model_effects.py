"""What an answer does to the record of the model, question by question."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from tests.invariants.model_asking import Answered
from tests.invariants.model_record import STAFF, VICTIMS, known
from tests.invariants.model_stages import STAFF_REFS, Stages
from workflows.contract.vocabulary import CourtEventKind, Ground, Role
from workflows.policy import deadlines
from workflows.policy.authority import why_not_appoint
from workflows.policy.care import again_on, looked_after, rest_until
from workflows.policy.court import ends_the_review
from workflows.policy.disclosure import is_open
from workflows.policy.due import moment_at
from workflows.policy.duties import owed_to_staff, owed_to_victims
from workflows.policy.quality import is_accepted

MORNING = 9
OWNER = "head.lei@n53.example.test"
ROLES = {"reviewer": Role.REVIEWING_MANAGER, "countersigner": Role.COUNTERSIGNING_MANAGER}


class Effects(Stages):
    """What is owed, and who may give an answer that changes who acts."""

    def bring_in_line(self, court: list[CourtEventKind], ground: Ground) -> None:
        """A review owes its staff, a conviction the families; a review that the court has ended owes nobody more."""
        if not ground.is_reviewed:
            return
        if is_open(court) and not self.is_stopped:
            wanting = [row["ref"] for row in self.record.rows("victims", answer="accepted")]
            self.owe(owed_to_victims(VICTIMS, is_convicted=True, wanting=wanting))
        elif CourtEventKind.QUASHED in court and not is_open(court):
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
                rows[0].update(state="owed", decision=None)

    def close_duties(self, *kinds: str) -> None:
        """Closed by what the court did."""
        for row in self.record.rows("duties", state="owed"):
            if row["kind"] in kinds:
                row.update(state="closed", decision=None)

    def why_not(self, gate: Mapping[str, Any], row: Mapping[str, Any]) -> str | None:
        """Why the record refuses an answer by what it holds now."""
        fields, today = row["fields"], self.record.today
        match gate["question"], row["answer"]:
            case "commission", "appoint":
                people = {role: self.record.directory.person(fields.get(name, "")) for name, role in ROLES.items()}
                if any(person is None for person in people.values()) or len({p.key for p in people.values() if p}) < 2:
                    return "incomplete"
                ties = self.record.ties()
                return next((why for r, p in people.items() if p and (why := why_not_appoint(r, p, ties, today))), None)
            case "extension", "granted":
                case = self.record.case
                return deadlines.extended(
                    case["original_review_due"], date.fromisoformat(fields["new_on"]), self.record.rulebook,
                    current_on=case["review_due"], by=Role(gate["role"]), today=today,
                    asked_on=date.fromisoformat(gate["subject"]),
                )  # fmt: skip
            case ("handover", "handed_over") | ("release" | "release_public", "released") if self.is_held:
                return "held"
            case "enquiry_review", "given" if self.is_held or self.record.case["accepted_version"] is None:
                return "not_accepted"
            case "enquiry_publication", "publish" if self.record.case["accepted_version"] is None:
                return "not_accepted"
            case "language", "translated":
                return "translation_missing"
            case _:
                return None


Effect = Callable[[Effects, dict[str, Any], Mapping[str, Any]], Answered]


def answered_of(row: Mapping[str, Any], refs: tuple[str, ...] = (), **facts: Any) -> Answered:
    """What the question returns: what was filled in, and more."""
    return Answered(row["answer"], {**row["fields"], **facts, "decision": row["decision"]}, refs)


def _rosh(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    case.record.case["rosh"] = row["answer"]
    return answered_of(row)


def _offence_class(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    case.record.case["offence_class"] = row["answer"]
    return answered_of(row)


def _interest(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    case.record.case["interest_answer"] = row["answer"]
    return answered_of(row)


def _notification(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    sent_on = row["fields"].get("sent_on")
    case.record.case["notified_on"] = date.fromisoformat(sent_on) if sent_on else case.record.today
    return answered_of(row)


def _early_look(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    return answered_of(row, _actions(case, "management", row))


def _actions(case: Effects, kind: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    refs = []
    for given in row["fields"].get("actions") or ():
        refs.append(f"a{len(case.record.rows('actions')) + 1}")
        case.record.add("actions", ref=refs[-1], kind=kind, what=given.get("what"), state="open", decision=None,
                        owner_email=OWNER, due_on=_due_on(case, given))  # fmt: skip
    return tuple(refs)


def _due_on(case: Effects, given: Mapping[str, Any]) -> date:
    return date.fromisoformat(given["due_on"]) if "due_on" in given else case.record.today + timedelta(days=60)


def _action(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    is_withdrawn = (gate["question"], row["answer"]) in (
        ("withdraw_action", "agreed"),
        ("management_action", "withdrawn"),
    )
    if row["answer"] == "done" or is_withdrawn:
        for action in case.record.rows("actions", ref=gate["subject"]):
            action.update(state="withdrawn" if is_withdrawn else "done", decision=row["decision"])
    return answered_of(row)


def _commission(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    if row["answer"] == "nobody":
        case.escalate("reviewer", gate["gate"])
    for name, role in ROLES.items() if row["answer"] == "appoint" else ():
        person = case.record.directory.person(row["fields"][name])
        assert person is not None
        _appoint(case, role, person.email, person.name)
    return answered_of(row)


def _lent(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    """Another region, or the inspectorate, names whoever reviews; the region's own countersigns."""
    for name, role in ROLES.items() if row["answer"] in ("accepted", "recorded") else ():
        person = case.record.directory.person(row["fields"].get(name) or "")
        email = person.email if person else row["fields"].get("reviewer_email", f"{name}@elsewhere.example.test")
        _appoint(case, role, email, known(email, role).name)
    return answered_of(row)


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
    return answered_of(row)


def _draft(case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    number = len(case.record.rows("documents", kind="review")) + 1
    case.record.add("documents", kind="review", version=number, author_email=row["by_email"], sha256=f"text {number}",
                    at=case.record.now, actions=row["fields"].get("actions") or ())  # fmt: skip
    return answered_of(row, version=str(number))


def _facts(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    for ref, role, _ in STAFF:
        if role is Role.HEAD_OF_PDU:
            case.meet("facts_offered", ref)
    return answered_of(row)


def _quality(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    accepted = is_accepted(row["fields"].get("composite", "good"), case.record.rulebook)
    if accepted:
        document = case.record.rows("documents", kind="review")[-1]
        case.record.case["accepted_version"] = document["version"]
        case.record.audit("system", "stage_ended", gate["stage"], outcome="accepted")
        known = {row["what"] for row in case.record.rows("actions", kind="plan")}  # they go on as they stand
        new = [given for given in document["actions"] if given.get("what") not in known]
        case.plan = _actions(case, "plan", {"fields": {"actions": new}})
    return answered_of(row, accepted="yes" if accepted else "no")


def _feedback(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    if gate["question"] == "give_feedback" and row["answer"] != "given":
        case.meet("fed_back", gate["subject"], "closed", row["decision"])
    if gate["question"] == "feedback" and row["answer"] != "not_yet":
        case.meet("fed_back", gate["subject"])
    return answered_of(row)


def _welfare(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    """Who was reached; when contact is due again, and whether anybody is still owed one."""
    members = looked_after(STAFF_REFS, gate["subject"])
    contacts = row["fields"].get("contacts") or [{"member": ref, "contact": "made"} for ref in members]
    reached = [contact["member"] for contact in contacts if contact["contact"] != "not_possible"]
    for ref in reached:
        case.meet("cared_for", ref, decision=row["decision"])
    owed = {duty["subject"] for duty in case.record.rows("duties", kind="cared_for", state="owed")}
    today, book, holidays = case.record.today, case.record.rulebook, case.record.holidays
    again = again_on(today, book, holidays, is_everybody_reached=len(reached) == len(contacts))
    return answered_of(
        row, owed=bool(owed & {contact["member"] for contact in contacts}), again_at=moment_at(again, MORNING),
        rest_until=moment_at(rest_until(today, book, holidays), MORNING),
    )  # fmt: skip


def _impact(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    answered = answered_of(row)
    if row["answer"] == "exceptional":
        answered.escalation = case.escalate("staff_safety", gate["subject"])
    return answered


def _request(case: Effects, gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    """Decided at once, so that another one may be asked for."""
    for request in case.record.rows("extension_requests", granted=None):
        if request["new_on"] == date.fromisoformat(gate["subject"]):
            request["granted"] = row["answer"] == "granted"
            break
    return answered_of(row)


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
    "extension": _request,
    "quality": _quality,
    "give_feedback": _feedback,
    "feedback": _feedback,
    "welfare": _welfare,
    "staff_impact": _impact,
    "resolve": lambda _case, _gate, row: answered_of(row),
}
