"""What people ask of a running case beyond an answer: to stop its clock, to move it, to give its review to another.

Each is one row of `requests` and one audit row in one transaction; `Delivery` signals the workflow. Only codes, dates
and keys go along; the reasons stay in the row. Who may ask is read from the directory, by address. The case itself
checks once more when it carries a request out.
"""

from collections.abc import Sequence
from uuid import UUID, uuid4

from starter.connections import Connection
from starter.judging import Rules
from starter.record import append_audit
from starter.reports import LockedCase, ReportRefusedError, court_of, open_case_of
from starter.ties import ties_of
from workflows.contract import ids
from workflows.contract.messages import PauseSignal, ReplaceSignal, ResumeSignal, TransferSignal
from workflows.contract.vocabulary import ReasonCode, Role
from workflows.policy.authority import IN_WORDS, holds, same_person, why_not_appoint
from workflows.policy.court import ends_the_review
from workflows.policy.due import on_in_london

TRANSFERRING = (Role.SFO_TEAM, Role.SENIOR_LEAD, Role.NATIONAL_TEAM)
REPLACING = (Role.SENIOR_LEAD, Role.NATIONAL_TEAM)

_SIGNALS = {PauseSignal: "pause", ResumeSignal: "resume", TransferSignal: "transfer", ReplaceSignal: "replace_manager"}
_Message = PauseSignal | ResumeSignal | TransferSignal | ReplaceSignal


async def request_pause(
    connection: Connection, rules: Rules, reference: str, code: ReasonCode, reasons: str | None, email: str
) -> UUID:
    """Ask that the clock of the review stand still. Raises ReportRefusedError.

    Rule: design.md 3.12; who may ask stands in the rulebook that the case is pinned to.
    """
    async with connection.transaction():
        case = await open_case_of(connection, reference)
        require_role(rules, case, rules.pinned(case.row["rulebook"]).pause_deciders.value, email, "stops its clock")
        if case.row["paused_at"] is not None:
            since = on_in_london(case.row["paused_at"])
            raise ReportRefusedError(f"the clock of {reference} stands still since {since}; `sfo resume` lets it run")
        if case.row["review_due"] is None:
            raise ReportRefusedError(f"{reference} has no review date yet; there is no clock to stop")
        if case.row["accepted_version"] is not None:
            raise ReportRefusedError(f"the review of {reference} is finished; there is no clock to stop")
        if ends_the_review(await court_of(connection, reference)):
            raise ReportRefusedError(f"the court has ended the review of {reference}; there is no clock to stop")
        await _require_nothing_waits(connection, case, "pause", "resume")
        return await _ask(connection, case, PauseSignal(reason=code, request=str(uuid4())), reasons, email)


async def request_resume(
    connection: Connection, rules: Rules, reference: str, code: ReasonCode, reasons: str | None, email: str
) -> UUID:
    """Ask that the clock of the review run again, its working days given back. Raises ReportRefusedError."""
    async with connection.transaction():
        case = await open_case_of(connection, reference)
        require_role(rules, case, rules.pinned(case.row["rulebook"]).pause_deciders.value, email, "lets its clock run")
        await _require_nothing_waits(connection, case, "pause", "resume")
        if case.row["paused_at"] is None:
            raise ReportRefusedError(f"the clock of {reference} is running; only one that was paused is resumed")
        return await _ask(connection, case, ResumeSignal(reason=code, request=str(uuid4())), reasons, email)


async def request_transfer(
    connection: Connection,
    rules: Rules,
    reference: str,
    region: str,
    pdu: str,
    code: ReasonCode,
    reasons: str | None,
    email: str,
) -> UUID:
    """Ask that the case move to where supervision is now. Raises ReportRefusedError. Rule: facts.md 8.2.10."""
    async with connection.transaction():
        case = await open_case_of(connection, reference)
        require_role(rules, case, TRANSFERRING, email, "moves it")
        place = rules.directory.region(region)
        if place is None:
            raise ReportRefusedError(f"there is no region {region}; the codes are {', '.join(rules.directory.regions)}")
        if pdu not in place.pdus:
            raise ReportRefusedError(f"{region} has no delivery unit {pdu}; its codes are {', '.join(place.pdus)}")
        if (case.row["region"], case.row["pdu"]) == (region, pdu):
            raise ReportRefusedError(f"{reference} is in {region} {pdu} already")
        await _require_nothing_waits(connection, case, "transfer")
        message = TransferSignal(region=region, pdu=pdu, reason=code, request=str(uuid4()))
        return await _ask(connection, case, message, reasons, email)


async def request_replacement(
    connection: Connection,
    rules: Rules,
    reference: str,
    role: Role,
    to_key: str,
    code: ReasonCode,
    reasons: str | None,
    email: str,
) -> UUID:
    """Ask that another person review or countersign, by directory key. Raises ReportRefusedError.

    Rule: Annex J (who reviews): the same independence as for an appointment.
    """
    async with connection.transaction():
        case = await open_case_of(connection, reference)
        require_role(rules, case, REPLACING, email, "replaces a manager")
        await _require_eligible(connection, rules, case, role, to_key)
        await _require_nothing_waits(connection, case, "replace_manager")
        message = ReplaceSignal(role=role, to=to_key, reason=code, request=str(uuid4()))
        return await _ask(connection, case, message, reasons, email)


async def _require_eligible(connection: Connection, rules: Rules, case: LockedCase, role: Role, to_key: str) -> None:
    person = rules.directory.person(to_key)
    if person is None:
        raise ReportRefusedError(f"nobody in the directory has the key {to_key}; it looks like n53.reviewer.2")
    appointed = {
        row["role"]: row["email"]
        for row in await connection.fetch("SELECT * FROM sfo.appointments WHERE reference = $1", case.reference)
    }
    if role not in appointed:
        raise ReportRefusedError(f"{case.reference} has no {_words(role)} yet; the commission appoints one")
    if same_person(appointed[role], person.email):
        raise ReportRefusedError(f"{to_key} is the {_words(role)} of {case.reference} already")
    ties = (await ties_of(connection, (case.reference,)))[case.reference]
    if why := why_not_appoint(role, person, ties, on_in_london(case.now)):
        words = IN_WORDS.get(why, why).lower()
        raise ReportRefusedError(f"{to_key} may not be the {_words(role)}: {words}; name somebody else")


def require_role(rules: Rules, case: LockedCase, roles: Sequence[Role], email: str, what: str) -> None:
    """Refuse whoever holds none of these roles for the case's place and is no deputy. Raises ReportRefusedError.

    `what` ends the sentence "only the senior lead for N53, or a recorded deputy, ...".
    """
    if not holds(email, roles, rules.directory, case.row["region"], case.row["pdu"]):
        *some, last = [_words(role) for role in roles]
        who = f"{', '.join(some)} or {last}" if some else last
        raise ReportRefusedError(
            f"only the {who} for {case.row['region']}, or a recorded deputy, {what}; give their address"
        )


def _words(role: Role) -> str:
    return {Role.NATIONAL_TEAM: "national SFO team", Role.SFO_TEAM: "SFO Team"}.get(role, role.replace("_", " "))


async def _require_nothing_waits(connection: Connection, case: LockedCase, *signals: str) -> None:
    waits = await connection.fetchval(
        """SELECT EXISTS (SELECT FROM sfo.requests
               WHERE reference = $1 AND signal = ANY($2) AND delivered_at_wall IS NULL)""",
        case.reference,
        list(signals),
    )
    if waits:
        raise ReportRefusedError("an earlier request is still on its way to the case; wait until it has arrived")


async def _ask(connection: Connection, case: LockedCase, message: _Message, reasons: str | None, email: str) -> UUID:
    request, signal = UUID(str(message.request)), _SIGNALS[type(message)]
    content = message.model_dump(mode="json")
    await connection.execute(
        """INSERT INTO sfo.requests (request, reference, workflow, signal, message, reasons, asked_by, at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        request,
        case.reference,
        ids.case_id(case.reference),
        signal,
        content,
        reasons,
        email,
        case.now,
    )
    detail = {name: value for name, value in content.items() if name != "request"}
    await append_audit(connection, case.now, case.reference, email, f"{signal}_requested", str(request), detail)
    return request
