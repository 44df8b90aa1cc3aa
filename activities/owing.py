"""What a case owes, in the record: brought in line with its ground and its court events whenever either changes.

In whatever order a verdict, a conviction or an amendment arrives, the same duties stand at the end.
"""

from datetime import datetime

from activities.escalations import is_stopped
from activities.means import Means
from activities.record import Connection, Row, lock_case
from workflows.contract.messages import StaffRef
from workflows.contract.vocabulary import CourtEventKind, DutyKind, Ground, Role
from workflows.policy.court import ends_the_review
from workflows.policy.disclosure import is_open
from workflows.policy.duties import Owed, owed_to_staff, owed_to_victims

# What a review owes to staff; closed together when the review is stopped for good.
STAFF_DUTIES = (
    DutyKind.TOLD,
    DutyKind.INTERVIEWED,
    DutyKind.FACTS_OFFERED,
    DutyKind.FED_BACK,
    DutyKind.CARED_FOR,
)

# What a conviction owes to victims and families; closed together when a reduced charge ends the review.
VICTIM_DUTIES = (DutyKind.VICTIM_TOLD, DutyKind.VICTIM_ANSWERED, DutyKind.VICTIM_GIVEN)


async def bring_in_line(connection: Connection, means: Means, reference: str, at: datetime) -> None:
    """A review owes its staff, a conviction the victims; a review that the court has ended owes staff nothing more.

    Where the national team has stopped disclosure a conviction owes the families nothing. Rule: facts.md 5.18.
    """
    case = await lock_case(connection, reference)
    if not Ground(case["ground"]).is_reviewed:
        return
    court = await court_of(connection, reference)
    if is_open(court):
        if not await is_stopped(connection, reference):
            await _owe(connection, reference, await _victims(connection, reference), at)
    elif CourtEventKind.QUASHED in court:  # what has not left does not leave; a new conviction owes it again
        await _close(connection, reference, at, VICTIM_DUTIES)
    if case["accepted_version"] is None and is_ended(means, case, court, at):
        await _close(connection, reference, at, STAFF_DUTIES)
    else:
        await _owe(connection, reference, owed_to_staff(await staff_of(connection, reference), is_reviewed=True), at)


def is_ended(means: Means, case: Row, court: list[CourtEventKind], at: datetime) -> bool:
    """Whether a review under way is not completed; after an acquittal the rulebook says. Rule: facts.md 5.3, 5.4."""
    rulebook = means.rulebook(case["rulebook"], at)
    return ends_the_review(court, acquittal_ends_it=not rulebook.review_continues_after_acquittal.value)


async def court_of(connection: Connection, reference: str) -> list[CourtEventKind]:
    """What the court has done in this case so far, in the order in which the case heard of it."""
    rows = await connection.fetch(
        "SELECT kind FROM court_events WHERE reference = $1 AND applied_at IS NOT NULL ORDER BY applied_at, on_date",
        reference,
    )
    return [CourtEventKind(row["kind"]) for row in rows]


async def _victims(connection: Connection, reference: str) -> tuple[Owed, ...]:
    """What the families are owed; whoever had said yes before a review was stopped is still waiting for it."""
    rows = await connection.fetch("SELECT ref, answer FROM victims WHERE reference = $1", reference)
    wanting = [row["ref"] for row in rows if row["answer"] == "accepted"]
    return owed_to_victims([row["ref"] for row in rows], is_convicted=True, wanting=wanting)


async def staff_of(connection: Connection, reference: str) -> list[StaffRef]:
    """The staff of the case by number and role, as policy takes them."""
    rows = await connection.fetch("SELECT ref, role, in_line FROM staff WHERE reference = $1", reference)
    return [StaffRef(ref=row["ref"], role=Role(row["role"]), in_line=row["in_line"]) for row in rows]


async def _owe(connection: Connection, reference: str, duties: tuple[Owed, ...], at: datetime) -> None:
    """Owed once. What closed only because an earlier review was stopped is owed again by a later one."""
    await connection.executemany(
        """
        INSERT INTO duties (reference, kind, subject, at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (reference, kind, subject) DO UPDATE SET state = 'owed', decision = NULL, at = excluded.at
        WHERE duties.state = 'closed' AND (duties.decision IS NULL OR EXISTS (
            SELECT FROM decisions d JOIN gates g USING (gate)
            WHERE d.decision = duties.decision AND g.question = 'reduced_charge'))
        """,
        [(reference, str(owed.kind), owed.subject, at) for owed in duties],
    )


async def _close(connection: Connection, reference: str, at: datetime, kinds: tuple[DutyKind, ...]) -> None:
    """Closed by the recorded event, which stands in the audit under its own name, and by no decision of a person.

    Whatever decision had made it owed: a later event may owe it again. Rule: facts.md 5.3.
    """
    await connection.execute(
        """
        UPDATE duties SET state = 'closed', decision = NULL, at = $3
        WHERE reference = $1 AND kind = ANY($2) AND state = 'owed'
        """,
        reference,
        [str(kind) for kind in kinds],
        at,
    )
