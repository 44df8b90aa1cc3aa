"""Who writes and who countersigns: the commission's answer and the appointments that follow from it."""

from datetime import datetime
from uuid import UUID

from activities.answered import Answered, AnswerRefusedError, Effect
from activities.escalations import Concern, raise_escalation
from activities.people import stored_key
from activities.record import Connection
from workflows.contract.directory import Person
from workflows.contract.vocabulary import EscalationKind, Role
from workflows.policy.authority import Ties, why_not_countersign, why_not_review


async def commission(answered: Answered) -> Effect:
    """Two independent managers are appointed; or nobody is left and the national team is asked to find one."""
    if answered.answer == "nobody":
        concern = Concern(
            EscalationKind.REVIEWER, answered.at, about=answered.gate["gate"], words=answered.reasons,
            raised_by=answered.by_email,
        )  # fmt: skip
        return Effect(escalation=await raise_escalation(answered.connection, answered.reference, concern))
    reviewer = _listed(answered, "reviewer")
    countersigner = _listed(answered, "countersigner")
    ties = await answered.place.ties()
    pair = Ties(ties.pdu, ties.roster, author=reviewer.email, countersigner=countersigner.email)
    if code := why_not_review(reviewer, pair) or why_not_countersign(countersigner, pair):
        raise AnswerRefusedError(code)
    await appoint(answered, Role.REVIEWING_MANAGER, reviewer)
    await appoint(answered, Role.COUNTERSIGNING_MANAGER, countersigner)
    return Effect()


def _listed(answered: Answered, name: str) -> Person:
    person = answered.place.directory.person(answered.fields[name])
    if person is None:
        raise AnswerRefusedError("unknown_person")
    return person


async def appoint(answered: Answered, role: Role, person: Person) -> None:
    """The person holds the role in this case from now on."""
    await set_appointment(answered.connection, answered.reference, role, person, answered.at, answered.decision)


async def set_appointment(
    connection: Connection, reference: str, role: Role, person: Person, at: datetime, decision: UUID | None
) -> None:
    """Who held the role before stands in the audit and in the decisions, not here."""
    await connection.execute(
        """
        INSERT INTO appointments (reference, role, person_key, name, email, at, decision)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (reference, role) DO UPDATE SET person_key = excluded.person_key, name = excluded.name,
            email = excluded.email, at = excluded.at, decision = excluded.decision
        """,
        reference,
        str(role),
        stored_key(person),
        person.name,
        person.email,
        at,
        str(decision) if decision else None,
    )
