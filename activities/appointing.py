"""Who writes and who countersigns: the answers to the commission, to another region, to the inspectorate's part."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from activities.answered import Answered, AnswerRefusedError, Effect
from activities.escalations import Concern, raise_escalation
from activities.people import HMIP, HMIP_KEY, Place, stored_key
from workflows.contract.directory import Person
from workflows.contract.vocabulary import EscalationKind, Role
from workflows.policy.authority import Ties, why_not_appoint
from workflows.policy.due import on_in_london


async def commission(answered: Answered) -> Effect:
    """Two independent managers, or the countersigning one while a reviewer is looked for elsewhere, or nobody.

    Nobody: the national team is asked to find a reviewer. Rule: Annex J (who reviews), facts.md 5.1, 5.2.
    """
    if answered.answer == "nobody":
        concern = Concern(
            EscalationKind.REVIEWER, answered.at, about=answered.gate["gate"], words=answered.reasons,
            raised_by=answered.by_email,
        )  # fmt: skip
        return Effect(escalation=await raise_escalation(answered.connection, answered.reference, concern))
    countersigner = _listed(answered, "countersigner")
    ties = replace(await answered.place.ties(), author=None, countersigner=None)  # both are chosen anew
    if answered.answer == "appoint":
        reviewer = _listed(answered, "reviewer")
        _require(answered, Role.REVIEWING_MANAGER, reviewer, replace(ties, countersigner=countersigner.email))
        ties = replace(ties, author=reviewer.email)
        await _appoint(answered, Role.REVIEWING_MANAGER, reviewer)
    elif answered.answer == "another_region":
        _require_another_region(answered)
    _require(answered, Role.COUNTERSIGNING_MANAGER, countersigner, ties)
    await _appoint(answered, Role.COUNTERSIGNING_MANAGER, countersigner)
    return Effect()


async def lend(answered: Answered) -> Effect:
    """A manager of the region that was asked reviews, lent by it; it may decline. Rule: facts.md 5.1."""
    if answered.answer != "accepted":
        return Effect()
    reviewer = _listed(answered, "reviewer")
    if answered.place.directory.region_of(reviewer.key) != answered.subject:
        raise AnswerRefusedError("unknown_person")
    _require(answered, Role.REVIEWING_MANAGER, reviewer, await answered.place.ties())
    await _appoint(answered, Role.REVIEWING_MANAGER, reviewer)
    return Effect()


async def hmip(answered: Answered) -> Effect:
    """The inspectorate's reviewer reviews, known by name and address alone. Rule: facts.md 5.2."""
    if answered.answer != "recorded":
        return Effect()
    reviewer = answered.place.known(
        answered.fields["reviewer_email"].strip().lower(),
        answered.fields["reviewer_name"],
        HMIP_KEY,
        Role.REVIEWING_MANAGER,
    )
    _require(answered, Role.REVIEWING_MANAGER, reviewer, await answered.place.ties())
    await set_appointment(
        answered.place, Role.REVIEWING_MANAGER, reviewer, answered.at, answered.decision, organisation=HMIP
    )
    return Effect()


def _listed(answered: Answered, name: str) -> Person:
    person = answered.place.directory.person(answered.fields[name])
    if person is None:
        raise AnswerRefusedError("unknown_person")
    return person


def _require_another_region(answered: Answered) -> None:
    region = answered.fields["region"]
    if region == answered.place.case["region"] or answered.place.directory.region(region) is None:
        raise AnswerRefusedError("unknown_region")


def _require(answered: Answered, role: Role, person: Person, ties: Ties) -> None:
    """Judged on the day on which the answer was given. Raises AnswerRefusedError."""
    if code := why_not_appoint(role, person, ties, on_in_london(answered.received_at)):
        raise AnswerRefusedError(code)


async def _appoint(answered: Answered, role: Role, person: Person) -> None:
    organisation = answered.place.lender_of(person)
    await set_appointment(answered.place, role, person, answered.at, answered.decision, organisation=organisation)


async def set_appointment(
    place: Place, role: Role, person: Person, at: datetime, decision: UUID | None, *, organisation: str | None
) -> None:
    """The person holds the role in this case from now on, sent by `organisation`: a region's code, `hmip`, or none.

    Who held the role before stands in the audit and in the decisions, not here.
    """
    await place.connection.execute(
        """
        INSERT INTO appointments (reference, role, person_key, name, email, at, decision, organisation)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (reference, role) DO UPDATE SET person_key = excluded.person_key, name = excluded.name,
            email = excluded.email, at = excluded.at, decision = excluded.decision,
            organisation = excluded.organisation
        """,
        place.reference,
        str(role),
        stored_key(person),
        person.name,
        person.email,
        at,
        str(decision) if decision else None,
        organisation,
    )


COMMISSION_EFFECTS: dict[str, Callable[[Answered], Awaitable[Effect]]] = {
    "commission": commission,
    "lend": lend,
    "hmip": hmip,
}
