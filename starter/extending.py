"""More time for a review: asked by its reviewing manager, one request at a time, decided by the rulebook's role."""

from datetime import date
from uuid import UUID, uuid4

from starter.connections import Connection
from starter.judging import Rules
from starter.record import append_audit
from starter.reports import LockedCase, ReportRefusedError, locked_case, open_case_of
from workflows.contract.vocabulary import ReasonCode, Role
from workflows.policy.authority import same_person
from workflows.policy.deadlines import extension_decider, proposed
from workflows.policy.due import due_moment, on_in_london


async def request_extension(
    connection: Connection, reference: str, new_on: date, code: ReasonCode, reasons: str | None, email: str
) -> UUID:
    """Put the reviewing manager's request for a later date on the record; one waits at a time.

    Raises ReportRefusedError. Whoever asks never decides it. Rule: design.md 2, review: asked with a reason and a
    date; the original date is never forgotten.
    """
    async with connection.transaction():
        case = await open_case_of(connection, reference)
        await _check_extension(connection, case, new_on, email)
        request, late = uuid4(), case.now > due_moment(case.row["review_due"])
        await connection.execute(
            """INSERT INTO sfo.extension_requests
                   (request, reference, new_on, reason_code, reasons, late, at, requested_by)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
            request,
            reference,
            new_on,
            str(code),
            reasons,
            late,
            case.now,
            email,
        )
        detail = {"new_on": new_on.isoformat(), "reason": str(code), "late": late}
        await append_audit(connection, case.now, reference, email, "extension_requested", str(request), detail)
        return request


async def later_by(connection: Connection, reference: str, *, months: int = 0, weeks: int = 0) -> date:
    """The date this far after the review's date as it stands. Raises ReportRefusedError."""
    async with connection.transaction():
        case = await open_case_of(connection, reference)
        due_on = _review_due(case)
        try:
            return proposed(due_on, months=months, weeks=weeks, original_on=case.row["original_review_due"])
        except ValueError as error:
            raise ReportRefusedError(str(error)) from None


async def extension_decided_by(connection: Connection, rules: Rules, reference: str, new_on: date) -> Role:
    """Whom the rulebook of the case asks to decide on this date."""
    case = await locked_case(connection, reference)
    return extension_decider(case.row["original_review_due"], new_on, rules.pinned(case.row["rulebook"]))


def _review_due(case: LockedCase) -> date:
    due_on: date | None = case.row["review_due"]
    if due_on is None:
        raise ReportRefusedError(f"{case.reference} has no review date yet; nothing can be extended")
    return due_on


async def _check_extension(connection: Connection, case: LockedCase, new_on: date, email: str) -> None:
    due_on = _review_due(case)
    today = on_in_london(case.now)
    if new_on < today:
        raise ReportRefusedError(f"{new_on} lies in the past; today is {today} in this case, ask for a later date")
    if new_on <= due_on:
        raise ReportRefusedError(f"the review is due on {due_on} already; ask for a later date")
    author = await connection.fetchval(
        "SELECT email FROM sfo.appointments WHERE reference = $1 AND role = $2",
        case.reference,
        str(Role.REVIEWING_MANAGER),
    )
    if not same_person(author, email):
        raise ReportRefusedError("only the reviewing manager of the case asks for more time; give their address")
    waiting = await connection.fetchval(
        "SELECT count(*) FROM sfo.extension_requests WHERE reference = $1 AND granted IS NULL", case.reference
    )
    if waiting:
        raise ReportRefusedError("an earlier request is still waiting for its decision; wait for that")
