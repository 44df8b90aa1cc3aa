"""A victim or family that wants the review after all, at any time: on the record at once, and taken up by the case.

A case that had closed is opened again for it. Rule: facts.md 5.23 (opting back in at any time), 2.14, 5.25.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from starter.connections import Connection
from starter.judging import Rules
from starter.record import append_audit
from starter.rendition_files import released_last
from starter.reopening import TakenUp, take_up
from starter.reports import LockedCase, ReportRefusedError, court_of, locked_case, require_not_erased
from starter.requests import require_role
from workflows.contract.messages import OptInSignal
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import DutyKind, Ground, Role
from workflows.policy.answers import Problem, check_answer
from workflows.policy.authority import same_person
from workflows.policy.disclosure import is_open
from workflows.policy.due import on_in_london

OFFER, ACCEPTED = QUESTIONS["offer"], "accepted"
FOR_THE_OFFICER = (Role.SFO_TEAM, Role.SENIOR_LEAD, Role.NATIONAL_TEAM)
"""Who may record it beside the liaison officer of the leg."""

_WORDS = {
    "no_such_victim": "{reference} has no victim or family {victim}; it has {victims}",
    "not_reviewed": "no review is due in {reference}, so there is nothing to share",
    "not_convicted": "the court does not open disclosure in {reference}; a review is shared only after a conviction",
    "stopped": "the national SFO team has stopped disclosure in {reference}; nothing more may be promised",
    "answer_waits": "an answer about {victim} is still on its way to the case; try again in a minute",
    "given_already": "{victim} has been given version {given}, the latest that was released; nothing has changed",
    "wants_already": "{victim} wants the review already, recorded on {answered_on}; nothing has changed",
}


class OptInRefusedError(ReportRefusedError):
    """A rule stands against it, by its `code`; the text says which, and what follows."""

    def __init__(self, code: str, **words: object) -> None:
        super().__init__(_WORDS[code].format(**words))
        self.code = code


@dataclass(frozen=True, slots=True)
class Wish:
    """How the victim or family wants the review, as the answer `accepted` of the question `offer` asks for it."""

    wish: str
    language: str
    language_other: str | None = None


@dataclass(frozen=True, slots=True)
class LegNow:
    """How a leg stands: `given` is the rendition that they have, `refused` what stands against opting in."""

    victim: str
    answer: str | None
    answered_on: date | None
    wish: str | None
    language: str
    language_other: str | None
    given: int | None
    closed_because: str | None
    refused: OptInRefusedError | None


def wish_problems(fields: Mapping[str, Any]) -> list[Problem]:
    """What is missing or wrong, by the rules of the question `offer`."""
    return check_answer(OFFER, ACCEPTED, fields, None, {})


def wish_of(fields: Mapping[str, Any]) -> Wish:
    """The wish that complete fields hold; a language that was named beside English or Welsh is left out."""
    other = str(fields.get("language_other") or "").strip() if fields["language"] == "other" else ""
    return Wish(fields["wish"], fields["language"], other or None)


async def leg_now(connection: Connection, reference: str, victim: str) -> LegNow:
    """How the leg stands. Writes nothing. Raises OptInRefusedError `no_such_victim`."""
    async with connection.transaction():
        case = await locked_case(connection, reference)
        require_not_erased(case)
        row = await _leg(connection, case, victim)
        refused = await _refusal(connection, case, row)
    columns = ("answer", "answered_on", "wish", "language", "language_other", "given", "closed_because")
    return LegNow(victim=victim, refused=refused, **{column: row[column] for column in columns})


def require_officer(rules: Rules, case: LockedCase, officer: str, email: str) -> None:
    """Refuse whoever is neither the leg's liaison officer nor may record it for them. Raises ReportRefusedError."""
    if not same_person(officer, email):
        require_role(rules, case, FOR_THE_OFFICER, email, "records this for the liaison officer")


async def opt_in(
    connection: Connection,
    reference: str,
    victim: str,
    wish: Wish,
    reasons: str | None,
    email: str,
    rules: Rules | None = None,
) -> TakenUp:
    """The victim or family is owed the released version from now on. Raises ReportRefusedError.

    With rules the address is checked against the directory; without them the caller knows who it is. One transaction
    under the case's row, so that a case which is closing either sees what is owed or is opened again.
    """
    async with connection.transaction():
        case = await locked_case(connection, reference)
        require_not_erased(case)
        row = await _leg(connection, case, victim)
        if rules is not None:
            require_officer(rules, case, row["liaison_officer_email"], email)
        if refused := await _refusal(connection, case, row):
            raise refused
        request = uuid4()
        await _write(connection, case, victim, wish, request)
        message = OptInSignal(victim=victim, request=str(request))
        taken = await take_up(connection, case, message, reasons, email)
        detail = {"request": str(request), "wish": wish.wish, "language": wish.language}
        await append_audit(connection, case.now, reference, email, "opted_in", victim, detail)
        return taken


async def _leg(connection: Connection, case: LockedCase, victim: str) -> asyncpg.Record:
    row = await connection.fetchrow(_LEG, case.reference, victim)
    if row is None:
        known = await connection.fetch(
            "SELECT ref FROM sfo.victims WHERE reference = $1 ORDER BY length(ref), ref", case.reference
        )
        victims = ", ".join(one["ref"] for one in known) or "none"
        raise OptInRefusedError("no_such_victim", reference=case.reference, victim=victim[:20], victims=victims)
    return row


_LEG = """
    SELECT v.*,
        (SELECT max(r.rendition) FROM sfo.releases r
            WHERE r.reference = v.reference AND r.kind = 'victim_rendition' AND r.reader = v.ref) AS given,
        (SELECT d.state FROM sfo.duties d
            WHERE d.reference = v.reference AND d.subject = v.ref AND d.kind = 'victim_given') AS owed,
        EXISTS (SELECT FROM sfo.decisions d JOIN sfo.gates g USING (gate)
            WHERE g.reference = v.reference AND g.subject = v.ref AND d.applied_at IS NULL AND d.void_at IS NULL
                AND g.question IN ('refer', 'tell_family', 'offer', 'handover', 'tell_stopped')) AS answer_waits,
        EXISTS (SELECT FROM sfo.escalations s WHERE s.reference = v.reference AND s.kind = 'staff_safety'
            AND s.state = 'resolved' AND s.outcome = 'stop') AS stopped
    FROM sfo.victims v WHERE v.reference = $1 AND v.ref = $2
"""


async def _refusal(connection: Connection, case: LockedCase, row: asyncpg.Record) -> OptInRefusedError | None:
    """The first thing that stands against it, or nothing."""
    released = await released_last(connection, case.reference)
    has_latest = row["given"] is not None and row["given"] >= (released or 0)
    stands = {
        "not_reviewed": not Ground(case.row["ground"]).is_reviewed,
        "not_convicted": not is_open(await court_of(connection, case.reference)),
        "stopped": row["stopped"],
        "answer_waits": row["answer_waits"],
        "given_already": has_latest,
        "wants_already": row["answer"] == ACCEPTED and row["closed_because"] is None and row["owed"] != "closed",
    }
    code = next((code for code, is_so in stands.items() if is_so), None)
    if code is None:
        return None
    answered_on = row["answered_on"] or "an earlier day"
    return OptInRefusedError(
        code, reference=case.reference, victim=row["ref"], given=row["given"], answered_on=answered_on
    )


async def _write(connection: Connection, case: LockedCase, victim: str, wish: Wish, request: UUID) -> None:
    """The wish, and what is owed for it; what was arranged for another language counts no more."""
    await connection.execute(
        """
        UPDATE sfo.victims SET answer = 'accepted', wish = $3, answered_on = $6, ask_again_on = NULL,
            closed_because = NULL, language = $4, language_other = $5,
            language_arranged = CASE WHEN (language, language_other) IS NOT DISTINCT FROM ($4, $5)
                THEN language_arranged END,
            language_arranged_on = CASE WHEN (language, language_other) IS NOT DISTINCT FROM ($4, $5)
                THEN language_arranged_on END
        WHERE reference = $1 AND ref = $2
        """,
        case.reference,
        victim,
        wish.wish,
        wish.language,
        wish.language_other,
        on_in_london(case.now),
    )
    await connection.executemany(
        """
        INSERT INTO sfo.duties (reference, kind, subject, state, decision, at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (reference, kind, subject)
        DO UPDATE SET state = excluded.state, decision = excluded.decision, at = excluded.at
        """,
        [
            (case.reference, str(DutyKind.VICTIM_ANSWERED), victim, "met", request, case.now),
            (case.reference, str(DutyKind.VICTIM_GIVEN), victim, "owed", None, case.now),
        ],
    )
