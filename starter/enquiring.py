"""Logging a request from outside, and what the person who logs it is told: who is asked, and until when.

One transaction with its audit row; `Delivery` tells Temporal. A closed case takes none.
"""

from dataclasses import dataclass
from datetime import date

from starter.connections import Connection
from starter.judging import Rules
from starter.record import announced_holidays, append_audit
from starter.reports import LockedCase, ReportRefusedError, open_case_of
from workflows.contract.rulebook import DeadlineRule
from workflows.contract.vocabulary import EnquiryKind, Role
from workflows.policy.deadlines import due_on
from workflows.policy.due import on_in_london
from workflows.policy.enquiries import ROUTES, why_not_received

ASKED = {
    Role.NATIONAL_TEAM: "the national SFO team",
    Role.SENIOR_LEAD: "the region's senior lead",
    Role.SFO_TEAM: "the regional SFO Team",
}
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Enquiry:
    """What came in. `asked` is a person's words, `asked_by` the body or person who asks; both stay in the record."""

    kind: EnquiryKind
    received_on: date
    asked: str | None = None
    asked_by: str | None = None


class LoggedAlreadyError(ReportRefusedError):
    """One of this kind, of this day and from this asker, is on the record; the text asks whether this is another."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Who is asked, in words, until when, and the rule that this was counted by."""

    asked: str
    due_on: date
    rule: DeadlineRule

    @property
    def period(self) -> str:
        """How long that is, `20 working days`."""
        unit = self.rule.unit.replace("_", " ")
        return f"{self.rule.amount} {unit if self.rule.amount > 1 else unit.removesuffix('s')}"


async def log_enquiry(
    connection: Connection, reference: str, enquiry: Enquiry, actor: str, *, is_another: bool = False
) -> int:
    """Put an enquiry on the record and return its number. Raises ReportRefusedError.

    The same kind on the same day from the same asker is refused once, with LoggedAlreadyError, unless `is_another`.
    """
    async with connection.transaction():
        case = await open_case_of(connection, reference)
        _check(case, enquiry)
        if not is_another:
            await _require_new(connection, case, enquiry)
        number: int = await connection.fetchval(
            """INSERT INTO sfo.enquiries (reference, number, kind, received_on, asked, asked_by, at)
               SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6
               FROM sfo.enquiries WHERE reference = $1 RETURNING number""",
            reference,
            str(enquiry.kind),
            enquiry.received_on,
            enquiry.asked,
            enquiry.asked_by,
            case.now,
        )
        detail = {"kind": str(enquiry.kind), "received_on": enquiry.received_on.isoformat()}
        subject = f"{reference}/enquiry/{number}"
        await append_audit(connection, case.now, reference, actor, "enquiry_received", subject, detail)
        return number


async def clock_of(connection: Connection, rules: Rules, reference: str, enquiry: Enquiry) -> Clock:
    """Who is asked and until when, as the case itself counts it. Raises RulesError."""
    route = ROUTES[enquiry.kind]
    pinned = await connection.fetchval("SELECT rulebook FROM sfo.cases WHERE reference = $1", reference)
    rule = rules.pinned(pinned).deadlines[route.first.deadline]
    holidays = rules.holidays | await announced_holidays(connection)
    return Clock(ASKED[route.role], due_on(rule, enquiry.received_on, holidays), rule)


def _check(case: LockedCase, enquiry: Enquiry) -> None:
    on = enquiry.received_on
    today = max(on_in_london(case.now), on_in_london(case.wall))
    match why_not_received(on, case.row["charged_on"], today):
        case "in_the_future":
            raise ReportRefusedError(f"{on} lies in the future; give the day on which it was received")
        case "long_before":
            charged_on = case.row["charged_on"]
            raise ReportRefusedError(f"{on} is more than a year before the charge of {charged_on}; correct the date")
    if len(enquiry.asked_by or "") > LONGEST_NAME:
        raise ReportRefusedError(f"who asks is longer than {LONGEST_NAME} characters; name the body or the person")


async def _require_new(connection: Connection, case: LockedCase, enquiry: Enquiry) -> None:
    number = await connection.fetchval(
        """SELECT max(number) FROM sfo.enquiries WHERE reference = $1 AND kind = $2 AND received_on = $3
               AND lower(btrim(coalesce(asked_by, ''))) = lower(btrim(coalesce($4, '')))""",
        case.reference,
        str(enquiry.kind),
        enquiry.received_on,
        enquiry.asked_by,
    )
    if number is not None:
        whom = "the same asker" if enquiry.asked_by else "nobody named"
        raise LoggedAlreadyError(
            f"enquiry {number} of {case.reference} is of this kind, of {enquiry.received_on} and from {whom}"
        )
