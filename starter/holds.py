"""Legal holds: while one stands a case is not erased, whatever its date. The region sets, the national team lifts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from starter.connections import Connection
from starter.record import append_audit
from starter.reports import LockedCase, ReportRefusedError, locked_case
from starter.views import role as in_words
from workflows.contract.directory import Directory, Person
from workflows.contract.vocabulary import Role
from workflows.policy.authority import holds

SETTING = (Role.SFO_TEAM, Role.SENIOR_LEAD, Role.REGIONAL_DIRECTOR, Role.NATIONAL_TEAM)
LIFTING = (Role.NATIONAL_TEAM,)


class HoldReason(StrEnum):
    """Why a case must be kept."""

    INQUEST = "inquest"
    PUBLIC_INQUIRY = "public_inquiry"
    LITIGATION = "litigation"
    POLICE_INVESTIGATION = "police_investigation"
    PARALLEL_REVIEW = "parallel_review"
    COMPLAINT = "complaint"
    INFORMATION_REQUEST = "information_request"


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as it stands or stood; people are keys of the directory."""

    reference: str
    reason: str
    set_by: str
    set_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None


async def set_hold(
    connection: Connection, directory: Directory, reference: str, reason: HoldReason, email: str
) -> bool:
    """The case is held for this reason; False: it was already. One transaction. Raises ReportRefusedError."""
    async with connection.transaction():
        case = await locked_case(connection, reference)
        person = one_person(directory, case, SETTING, email, "sets a hold")
        if case.row["erased_at"] is not None:
            raise ReportRefusedError(f"{reference} was erased; there is nothing left to hold")
        added = await connection.fetchval(
            """INSERT INTO sfo.holds (reference, reason_code, set_by) VALUES ($1, $2, $3)
               ON CONFLICT DO NOTHING RETURNING hold""",
            reference,
            str(reason),
            person.key,
        )
        if added:
            detail = {"reason": str(reason)}
            await append_audit(connection, case.now, reference, email, "hold_set", reference, detail)
        return bool(added)


async def lift_hold(
    connection: Connection, directory: Directory, reference: str, reason: HoldReason, email: str
) -> None:
    """The case is not held for this reason any more. One transaction. Raises ReportRefusedError."""
    async with connection.transaction():
        case = await locked_case(connection, reference)
        person = one_person(directory, case, LIFTING, email, "lifts a hold")
        lifted = await connection.fetchval(
            """UPDATE sfo.holds SET lifted_by = $3, lifted_at = clock_timestamp()
               WHERE reference = $1 AND reason_code = $2 AND lifted_at IS NULL RETURNING hold""",
            reference,
            str(reason),
            person.key,
        )
        if lifted is None:
            raise ReportRefusedError(f"{reference} is not held for {reason}; `sfo hold list {reference}` says for what")
        await append_audit(connection, case.now, reference, email, "hold_lifted", reference, {"reason": str(reason)})


async def holds_of(connection: Connection, reference: str | None, *, standing: bool = False) -> Sequence[Hold]:
    """Return the holds of a case, or of all, the oldest first; `standing`: only those that were not lifted."""
    rows = await connection.fetch(
        """SELECT reference, reason_code, set_by, set_at, lifted_by, lifted_at FROM sfo.holds
           WHERE ($1::text IS NULL OR reference = $1) AND (NOT $2 OR lifted_at IS NULL) ORDER BY hold""",
        reference,
        standing,
    )
    return [Hold(*row) for row in rows]


def one_person(directory: Directory, case: LockedCase, roles: Sequence[Role], email: str, does: str) -> Person:
    """Return who this is: somebody of the directory with one of these roles, by an address of their own.

    Raises ReportRefusedError.
    """
    place = case.row["region"], case.row["pdu"]
    named = " or ".join(in_words(str(role)) for role in roles)
    person = directory.person_by_email(email)
    if person is None or not holds(email, roles, directory, *place):
        raise ReportRefusedError(f"only {named}, or a deputy, {does}; give the address of one of them")
    if person.shared:
        raise ReportRefusedError(f"{email} is read by several people; give your own address")
    return person
