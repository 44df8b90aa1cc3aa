"""Opening a gate: who is asked, until when, with which schedule, page, link and letter, all in one transaction."""

import re
from dataclasses import dataclass
from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from temporalio.exceptions import ApplicationError

from activities.asked import Asking
from activities.correspondence import Letter
from activities.dating import Dated, dated, deadline_of, first_steps
from activities.escalations import Concern, named, raise_escalation
from activities.means import Means
from activities.measures import GATES_OPENED, known
from activities.measures import note as count
from activities.pages import page_of
from activities.people import Place, stored_key
from activities.record import Connection, Row, audit, lock_case, remembered
from activities.redacting import carry_over
from activities.shortage import nobody_left
from workflows.contract import ids
from workflows.contract.directory import Person
from workflows.contract.messages import Due, EscalationRef, GateOpened, GateRequest
from workflows.contract.questions import QUESTIONS, Question
from workflows.contract.vocabulary import EscalationKind, ReasonCode, Role, Stage
from workflows.policy import deadlines
from workflows.policy import due as moments
from workflows.policy.authority import who_answers
from workflows.policy.climbing import standing_in
from workflows.policy.pausing import was_late
from workflows.policy.stages import OF_THE_REVIEW

# Whom a question goes to when nobody who holds its role can take it. Rule: design.md 3.13 and 4.
_RUNGS = (Role.SENIOR_LEAD, Role.REGIONAL_DIRECTOR, Role.NATIONAL_TEAM)
_ROUND = re.compile(r"-(\d+)$")


@dataclass(frozen=True)
class Chosen:
    """Who is asked, in which role, who stands in, and whether nobody of the role itself was left."""

    person: Person
    role: Role
    deputy: Person | None
    is_fallback: bool


async def open_gate(connection: Connection, means: Means, request: GateRequest) -> GateOpened:
    """The gate stands in the record with its link and its letter. Errors: `UnknownQuestion`, `UnknownCase`."""
    question = question_of(request.question)
    case = await lock_case(connection, ids.reference_of(request.gate))
    place = Place(connection, await means.directory(connection, request.at), case)
    means = await means.with_calendar(connection)
    asking = Asking(place, question, request, means.rulebook(request.rulebook, request.at), means.holidays, means)
    chosen = await _chosen(asking)
    date_ = await dated(asking)
    due, steps = date_.due, first_steps(asking, date_.due, chosen.role)
    if await remembered(connection, withdrawn_key(request.gate)):
        # The stage was cancelled while this call was on its way: nobody waits, so nobody is asked.
        return GateOpened(gate=request.gate, role=chosen.role, due=due, steps=steps, is_withdrawn=True)
    if request.question == "commission":
        await _notice_shortage(asking)
    if request.question == "extension":
        await _note_request(asking)
    if request.question == "redactions":
        await carry_over(asking)
    await _insert(asking, chosen, date_)
    link = await link_for(place, request.gate, chosen.person)
    await means.letters.queue(connection, _letter(asking, chosen.person, due, link))
    # An escalation of an escalation would go to the team that is away, and so on without an end.
    is_told = chosen.is_fallback and not ids.is_escalation(stage_of(request.gate)[0])
    escalation = await _missing(asking) if is_told else None
    await _show_stage(connection, case["reference"], request.gate)
    await audit(
        connection,
        request.at,
        case["reference"],
        "system",
        "gate_opened",
        request.gate,
        question=request.question,
        role=chosen.role,
        due_on=due.on,
        asked=stored_key(chosen.person),
        escalation=named(escalation),
    )
    count(GATES_OPENED, question=known(request.question), role=chosen.role)
    return GateOpened(gate=request.gate, role=chosen.role, due=due, steps=steps, escalation=escalation)


def withdrawn_key(gate: str) -> str:
    """Under this key stands that a gate was withdrawn before it was opened."""
    return f"{gate}/withdrawn-unopened"


def question_of(key: str) -> Question:
    """The question with this key. Errors: ApplicationError `UnknownQuestion`, final."""
    if key not in QUESTIONS:
        raise ApplicationError("no such question", type="UnknownQuestion", non_retryable=True)
    return QUESTIONS[key]


def stage_of(gate: str) -> tuple[str, int]:
    """The id part of the stage that asks, and its round; escalations and enquiries have one round."""
    part = ids.workflow_of_gate(gate).partition("/")[2].partition("/")[2]
    found = _ROUND.search(part)
    is_round = found is not None and part[: found.start()] in set(Stage)
    return part, int(found[1]) if found and is_round else 1


def is_on_the_clock(part: str) -> bool:
    """Whether the stage with this id part stands still while the clock of the review does. Rule: design.md 3.12."""
    return _kind(part) in OF_THE_REVIEW


def is_review(part: str) -> bool:
    """Whether this id part is a round of the review itself."""
    return _kind(part) == Stage.REVIEW


def _kind(part: str) -> str:
    return _ROUND.sub("", part)


async def link_for(place: Place, gate: str, person: Person, rung: str = "asked") -> UUID:
    """The one link of this person to this gate, alive again if it had been revoked.

    That of an address which a team shares knows who they are, so that whoever decides can say which of them.
    """
    team = [{"key": p.key, "name": p.name, "email": p.email} for p in place.directory.team_of(person.key)]
    link: UUID = await place.connection.fetchval(
        """
        INSERT INTO links (link, gate, email, name, rung, team) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (gate, email) DO UPDATE SET revoked_at = NULL, rung = excluded.rung, team = excluded.team
        RETURNING link
        """,
        uuid4(),
        gate,
        person.email,
        person.name,
        rung,
        team if person.shared else None,
    )
    return link


def role_in_words(role: str) -> str:
    """A role as letters name it: the reviewing manager."""
    called = {
        "spoc": "the single point of contact",
        "sfo_team": "the SFO Team",
        "national_team": "the national SFO team",
    }
    return called.get(role, f"the {role.replace('_', ' ')}").replace("pdu", "PDU")


async def _chosen(asking: Asking) -> Chosen:
    return await choose(asking.place, asking.question, await _role(asking), asking.request.subject, asking.opened_on)


async def choose(place: Place, question: Question, role: Role | None, subject: str | None, on: date) -> Chosen:
    """The first eligible holder of the role or deputy; else the next rung, which is escalated. Rule: design.md 3.13."""
    ties = await place.ties(subject)
    holders = await place.holders(role, subject)
    if question.role is None and holders:
        # A question about oneself: nobody can stand in and being away does not pass it on.
        return Chosen(holders[0], holders[0].roles[0] if holders[0].roles else Role.OTHER, None, False)
    found = who_answers(question.key, holders, place.directory, ties, on).eligible
    is_fallback = not found
    # What is asked of another region climbs there, never in the region that asks.
    region = subject if role is Role.OTHER_REGION_LEAD else None
    for rung in _RUNGS if is_fallback else ():
        if found := who_answers(question.key, place.listed(rung, region), place.directory, ties, on).eligible:
            role = rung
            break
    person = found[0] if found else place.listed(Role.NATIONAL_TEAM)[0]
    role = role if found else Role.NATIONAL_TEAM
    return Chosen(person, role or Role.OTHER, standing_in(question.key, person, place.directory, ties, on), is_fallback)


async def _role(asking: Asking) -> Role | None:
    """The role asked; for an extension the one that the rulebook names for this date. Rule: facts.md 2.6."""
    case, subject = asking.place.case, asking.request.subject
    if asking.question.key == "extension" and subject and case["original_review_due"]:
        return deadlines.extension_decider(case["original_review_due"], date.fromisoformat(subject), asking.rulebook)
    return asking.question.role if asking.question.role is None else asking.request.role or asking.question.role


async def _note_request(asking: Asking) -> None:
    """What operations typed stands among the requests for more time like any other, with its code for reasons."""
    place, request = asking.place, asking.request
    case = place.case
    if case["review_due"] is None:
        return
    await place.connection.execute(
        """
        INSERT INTO extension_requests (request, reference, new_on, reason_code, late, at, delivered_at_wall)
        SELECT $1, $2, $3, $4, $5, $6, clock_timestamp() WHERE NOT EXISTS (SELECT FROM extension_requests
            WHERE reference = $2 AND new_on = $3 AND granted IS NULL AND void_at IS NULL)
        ON CONFLICT DO NOTHING
        """,
        uuid5(NAMESPACE_URL, f"{request.gate}/request"),
        place.reference,
        date.fromisoformat(request.subject or ""),
        str(request.reason or ReasonCode.OTHER),
        was_late(request.at, moments.due_moment(case["review_due"]), case["paused_at"]),
        request.at,
    )


async def _notice_shortage(asking: Asking) -> None:
    """Nobody eligible is left in the region: it stands in the audit from the moment of asking. Rule: design.md 3.13."""
    if missing := await nobody_left(asking):
        place, request = asking.place, asking.request
        await audit(
            place.connection,
            request.at,
            place.reference,
            "system",
            "nobody_eligible",
            request.gate,
            missing=list(missing),
            region=place.case["region"],
        )


async def _insert(asking: Asking, chosen: Chosen, date_: Dated) -> None:
    stage, round_ = stage_of(asking.request.gate)
    await asking.place.connection.execute(
        """
        INSERT INTO gates (gate, reference, stage, round, question, subject, role, person_key, person_name,
            person_email, deputy_key, deputy_name, page, due_on, due_at, original_due_on, rulebook, deadline, opened_at,
            counted_from, counted_days, paused_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $14, $16, $17, $18, $19, $20, $21)
        """,
        asking.request.gate,
        asking.place.reference,
        stage,
        round_,
        asking.question.key,
        asking.request.subject,
        str(chosen.role),
        stored_key(chosen.person),
        chosen.person.name,
        chosen.person.email,
        chosen.deputy.key if chosen.deputy else None,
        chosen.deputy.name if chosen.deputy else None,
        await page_of(asking),
        date_.due.on,
        date_.due.at,
        asking.rulebook.version,
        deadline_of(asking),
        asking.request.at,
        date_.counted_from,
        date_.counted_days,
        # Asked in the moment in which the clock was stopped: it waits with the others.
        asking.request.at if asking.place.case["paused_at"] and is_on_the_clock(stage) else None,
    )


def _letter(asking: Asking, person: Person, due: Due, link: UUID) -> Letter:
    words = {
        "title": asking.question.title,
        "due": due.on.isoformat(),
        "if_silent": asking.question.if_silent,
        "for_staff": asking.question.role is None,
    }
    gate, at = asking.request.gate, asking.request.at
    return Letter(f"{gate}/asked", "asked", person.name, person.email, asking.place.reference, at, gate, link, words)


async def _missing(asking: Asking) -> EscalationRef:
    """Nobody eligible was left: the national team hears of it now, not when it is overdue."""
    concern = Concern(EscalationKind.REVIEWER, asking.request.at, about=asking.request.gate)
    return await raise_escalation(asking.place.connection, asking.place.reference, concern)


async def _show_stage(connection: Connection, reference: str, gate: str) -> None:
    """The read model shows the stage that asked last; escalations and enquiries run beside the stages."""
    part, _ = stage_of(gate)
    if _kind(part) in set(Stage):
        await connection.execute("UPDATE cases SET stage = $2 WHERE reference = $1", reference, part)


async def stands_still(connection: Connection, gate: str) -> bool:
    """Whether the clock of this open question was stopped before its period ended."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM gates WHERE gate = $1 AND state = 'open' AND paused_at <= due_at)", gate
        )
    )


async def waiting_decision(connection: Connection, gate: str) -> Row | None:
    """The answer that the record holds for this gate, if it is not void."""
    return await connection.fetchrow("SELECT * FROM decisions WHERE gate = $1 AND void_at IS NULL", gate)
