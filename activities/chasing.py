"""Chasing an open gate: reminders, the climb up the ladder, overdue; each step once, one letter per recipient."""

from collections.abc import Sequence
from uuid import UUID

from activities.correspondence import Letter
from activities.escalations import Concern, named, raise_escalation
from activities.hearing import Hearing, hearing_of
from activities.means import Means
from activities.opening import deputy_for, link_for, role_in_words
from activities.people import by_address
from activities.record import Connection, audit, fingerprint, plain
from workflows.contract.directory import Person
from workflows.contract.messages import Chase, Chased, EscalationRef, Step
from workflows.contract.questions import Silence
from workflows.contract.vocabulary import EscalationKind, GateState, Role, Rung, StepKind
from workflows.policy.due import on_in_london
from workflows.policy.reminders import further, schedule

_NOTICED = {Rung.SENIOR_LEAD: Role.SENIOR_LEAD, Rung.REGIONAL_DIRECTOR: Role.REGIONAL_DIRECTOR}


def chasing_key(chase: Chase) -> str:
    """The same steps of the same gate are the same call."""
    return f"{chase.gate}/chase/{fingerprint([plain(step) for step in chase.steps])[:32]}"


async def chase_gate(connection: Connection, means: Means, chase: Chase) -> Chased:
    """The steps that have not been made yet are made; a gate that is no longer open is left alone."""
    hearing = await hearing_of(connection, means, chase.gate, chase.at)
    if hearing is None or hearing.gate["state"] != GateState.OPEN:
        return Chased()
    fresh = [step for step in chase.steps if await _is_new(hearing, step)]
    escalation = await _climb(hearing, fresh, chasing_key(chase))
    overdue = bool(hearing.gate["overdue"]) or any(step.kind is StepKind.OVERDUE for step in fresh)
    await _mark_overdue(hearing, overdue)
    if any(step.kind is StepKind.REMIND for step in fresh):
        await _remind(hearing, chasing_key(chase), overdue)
    await _note(hearing, fresh, escalation)
    return Chased(overdue=overdue, escalation=escalation, further=_further(hearing, chase.steps))


async def _is_new(hearing: Hearing, step: Step) -> bool:
    """Note the step as made; false when an earlier call made it."""
    key = f"{hearing.name}/step/{step.kind}-{step.rung}/{step.at.isoformat()}"
    made = await hearing.connection.fetchval(
        "INSERT INTO transitions (key, result) VALUES ($1, 'true') ON CONFLICT DO NOTHING RETURNING key", key
    )
    return made is not None


async def _climb(hearing: Hearing, steps: Sequence[Step], event: str) -> EscalationRef | None:
    """Each rung in its order. The letters of a climb go before reminders: one person gets one letter a call."""
    escalation = None
    for step in steps:
        if step.kind is not StepKind.CLIMB:
            continue
        if step.rung is Rung.NATIONAL_TEAM:
            concern = Concern(EscalationKind.OVERDUE, hearing.at, about=hearing.name)
            escalation = await raise_escalation(hearing.connection, hearing.place.reference, concern)
        elif step.rung is not Rung.DEPUTY or not await _ask_deputy(hearing, event):
            await _notify(hearing, _NOTICED.get(step.rung, Role.SENIOR_LEAD), event)
        await hearing.connection.execute("UPDATE gates SET rung = $2 WHERE gate = $1", hearing.name, str(step.rung))
    return escalation


async def _ask_deputy(hearing: Hearing, event: str) -> bool:
    """The recorded deputy has a link and a letter; false where there is none whom independence allows."""
    asked = by_address(hearing.gate["person_email"], hearing.place.directory)
    if asked is None or hearing.question.role is None:
        return False
    ties, on = await hearing.place.ties(), on_in_london(hearing.at)
    deputy = deputy_for(hearing.place, hearing.question.key, asked, ties, on)
    if deputy is None:
        return False
    link = await link_for(hearing.connection, hearing.name, deputy, Rung.DEPUTY)
    await hearing.connection.execute(
        "UPDATE gates SET deputy_key = $2, deputy_name = $3, deputy_email = $4 WHERE gate = $1",
        hearing.name,
        deputy.key,
        deputy.name,
        deputy.email,
    )
    await _queue(hearing, event, "deputy", deputy.name, deputy.email, link)
    return True


async def _notify(hearing: Hearing, role: Role, event: str) -> None:
    """Whoever stands at this rung is told, without a link: the question stays with the person asked."""
    people: tuple[Person, ...] = hearing.place.listed(role)
    if people and people[0].email.lower() != hearing.gate["person_email"].lower():
        await _queue(hearing, event, "overdue_notice", people[0].name, people[0].email)


async def _remind(hearing: Hearing, event: str, overdue: bool) -> None:
    """The person asked and, once asked as well, the deputy."""
    gate = await hearing.connection.fetchrow("SELECT * FROM gates WHERE gate = $1", hearing.name)
    if gate is None:
        return
    for who in ("person", "deputy"):
        email = gate[f"{who}_email"]
        link = await hearing.connection.fetchval(
            "SELECT link FROM links WHERE gate = $1 AND email = $2 AND revoked_at IS NULL", hearing.name, email
        )
        if link:
            await _queue(hearing, event, "reminder", gate[f"{who}_name"], email, link, overdue=overdue)


async def _queue(
    hearing: Hearing, event: str, letter: str, name: str, email: str, link: UUID | None = None, overdue: bool = False
) -> None:
    words = {
        "title": hearing.question.title,
        "due": hearing.gate["due_on"].isoformat(),
        "if_silent": hearing.question.if_silent,
        "role": role_in_words(hearing.gate["role"]),
        "overdue": overdue,
    }
    reference, at = hearing.place.reference, hearing.at
    await hearing.means.letters.queue(
        hearing.connection, Letter(event, letter, name, email, reference, at, hearing.name, link, words)
    )


async def _mark_overdue(hearing: Hearing, overdue: bool) -> None:
    if not overdue or hearing.gate["overdue"]:
        return
    await hearing.connection.execute("UPDATE gates SET overdue = true WHERE gate = $1", hearing.name)
    if hearing.gate["deadline"] == "review":
        await hearing.connection.execute(
            "UPDATE cases SET review_overdue = true WHERE reference = $1", hearing.place.reference
        )


def _further(hearing: Hearing, steps: Sequence[Step]) -> tuple[Step, ...]:
    """The reminders after those planned so far; none while planned ones are left or the gate lapses."""
    if not steps or hearing.question.silence is Silence.LAPSE:
        return ()
    gate, last = hearing.gate, max(step.at for step in steps)
    rulebook = hearing.means.rulebook(gate["rulebook"], hearing.at)
    holidays, opened_on = hearing.means.holidays, on_in_london(gate["opened_at"])
    planned = schedule(
        rulebook,
        gate["deadline"],
        opened_on,
        gate["due_on"],
        holidays,
        lapses=False,
        role=Role(gate["role"]),
        after=gate["opened_at"],
    )
    if any(step.at > last for step in planned):
        return ()
    return further(rulebook, gate["deadline"], opened_on, gate["due_on"], holidays, after=last)


async def _note(hearing: Hearing, steps: Sequence[Step], escalation: EscalationRef | None) -> None:
    if steps:
        await audit(
            hearing.connection,
            hearing.at,
            hearing.place.reference,
            "system",
            "gate_chased",
            hearing.name,
            steps=[f"{step.kind}:{step.rung}" for step in steps],
            escalation=named(escalation),
        )
