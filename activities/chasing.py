"""Chasing an open gate: reminders, the climb up the ladder, overdue; each step once, one letter per recipient."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from activities.correspondence import Letter
from activities.escalations import Concern, named, raise_escalation
from activities.forecasting import in_lines, outlook_of
from activities.hearing import Hearing, hearing_of
from activities.means import Means
from activities.measures import STEPS
from activities.measures import note as count
from activities.opening import link_for, role_in_words
from activities.people import APPOINTED
from activities.record import Connection, audit, fingerprint, plain
from activities.scheduling import REVIEW, further_steps
from workflows.contract.directory import Person
from workflows.contract.messages import Chase, Chased, EscalationRef, Step
from workflows.contract.vocabulary import EscalationKind, GateState, Rung, StepKind
from workflows.policy.authority import Ties
from workflows.policy.climbing import Place, climb
from workflows.policy.due import on_in_london

Words: TypeAlias = Mapping[str, Any]

# Questions that look for somebody to write the review. Rule: design.md 3.13, facts.md 5.1.
_SEARCHES = ("commission", "lend")


def chasing_key(chase: Chase) -> str:
    """The same steps of the same gate are the same call."""
    return f"{chase.gate}/chase/{fingerprint([plain(step) for step in chase.steps])[:32]}"


async def chase_gate(connection: Connection, means: Means, chase: Chase) -> Chased:
    """The steps that have not been made yet are made; a gate that is no longer open is left alone.

    So is one whose clock stands still: it gets new steps when it runs again. Rule: design.md 3.12.
    """
    hearing = await hearing_of(connection, means, chase.gate, chase.at)
    if hearing is None or hearing.gate["state"] != GateState.OPEN:
        return Chased()
    if hearing.gate["paused_at"] is not None:
        return Chased(overdue=hearing.gate["overdue"])
    fresh = [step for step in chase.steps if await _is_new(hearing, step)]
    words = await _words(hearing)
    escalation = await _climb(hearing, fresh, words, chasing_key(chase))
    overdue = bool(hearing.gate["overdue"]) or any(step.kind is StepKind.OVERDUE for step in fresh)
    await _mark_overdue(hearing, overdue)
    if any(step.kind is StepKind.REMIND for step in fresh):
        await _remind(hearing, {**words, "overdue": overdue}, chasing_key(chase))
    await _note(hearing, fresh, escalation)
    return Chased(
        overdue=overdue,
        escalation=escalation,
        further=further_steps(hearing.means, hearing.gate, max(s.at for s in chase.steps), hearing.at)
        if chase.steps
        else (),
    )


async def _words(hearing: Hearing) -> dict[str, Any]:
    """What the letters of a chase show; on the review's date also what remains and how long there is."""
    lines: list[str] = []
    if hearing.gate["deadline"] == REVIEW:
        lines = in_lines(await outlook_of(hearing.connection, hearing.means, hearing.place.case, hearing.at))
    return {
        "title": hearing.question.title,
        "due": hearing.gate["due_on"].isoformat(),
        "if_silent": hearing.question.if_silent,
        "role": role_in_words(hearing.gate["role"]),
        "overdue": False,
        "lines": lines,
        "for_staff": hearing.question.role is None,
    }


async def _is_new(hearing: Hearing, step: Step) -> bool:
    """Note the step as made; false when an earlier call made it."""
    key = f"{hearing.name}/step/{step.kind}-{step.rung}/{step.at.isoformat()}"
    made = await hearing.connection.fetchval(
        "INSERT INTO transitions (key, result) VALUES ($1, 'true') ON CONFLICT DO NOTHING RETURNING key", key
    )
    return made is not None


async def _climb(hearing: Hearing, steps: Sequence[Step], words: Words, event: str) -> EscalationRef | None:
    """Each rung in its order. The letters of a climb go before reminders: one person gets one letter a call."""
    escalation = None
    for step in steps:
        if step.kind is not StepKind.CLIMB:
            continue
        found = climb(step.rung, hearing.question.key, hearing.gate["person_email"], *await _whereabouts(hearing))
        if found.escalates:
            concern = Concern(_kind_of(hearing), hearing.at, about=hearing.name)
            escalation = await raise_escalation(hearing.connection, hearing.place.reference, concern)
        elif found.deputy:
            await _ask_deputy(hearing, found.deputy, words, event)
        elif found.told:  # without a link: the question stays with the person asked
            await _queue(hearing, event, "overdue_notice", found.told.name, found.told.email, words)
        await hearing.connection.execute(
            "UPDATE gates SET rung = $2, climbed = array_append(array_remove(climbed, $2), $2) WHERE gate = $1",
            hearing.name,
            str(step.rung),
        )
    return escalation


async def _whereabouts(hearing: Hearing) -> tuple[Place, Ties]:
    place = hearing.place
    here = Place(place.directory, place.case["region"], place.case["pdu"], on_in_london(hearing.at))
    return here, await place.ties(hearing.gate["subject"])


def _kind_of(hearing: Hearing) -> EscalationKind:
    """What the national team hears of: a review without anybody to write or countersign it, or a date gone by."""
    meant = hearing.question.role
    is_fallback = meant in APPOINTED and hearing.gate["role"] != meant
    is_search = hearing.question.key in _SEARCHES
    return EscalationKind.REVIEWER if is_search or is_fallback else EscalationKind.OVERDUE


async def _ask_deputy(hearing: Hearing, deputy: Person, words: Words, event: str) -> None:
    """The deputy has a link and a letter."""
    link = await link_for(hearing.place, hearing.name, deputy, Rung.DEPUTY)
    await hearing.connection.execute(
        "UPDATE gates SET deputy_key = $2, deputy_name = $3, deputy_email = $4 WHERE gate = $1",
        hearing.name,
        deputy.key,
        deputy.name,
        deputy.email,
    )
    await _queue(hearing, event, "deputy", deputy.name, deputy.email, words, link)


async def _remind(hearing: Hearing, words: Words, event: str) -> None:
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
            await _queue(hearing, event, "reminder", gate[f"{who}_name"], email, words, link)


async def _queue(
    hearing: Hearing, event: str, letter: str, name: str, email: str, words: Words, link: UUID | None = None
) -> None:
    reference, at = hearing.place.reference, hearing.at
    await hearing.means.letters.queue(
        hearing.connection, Letter(event, letter, name, email, reference, at, hearing.name, link, words)
    )


async def _mark_overdue(hearing: Hearing, overdue: bool) -> None:
    if overdue and not hearing.gate["overdue"]:
        await hearing.connection.execute("UPDATE gates SET overdue = true WHERE gate = $1", hearing.name)


async def _note(hearing: Hearing, steps: Sequence[Step], escalation: EscalationRef | None) -> None:
    for step in steps:
        count(STEPS, step=step.kind, rung=step.rung)
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
