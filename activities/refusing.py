"""What was asked of a running case and the record does not allow: said in the audit, and to whoever asked."""

from dataclasses import dataclass
from datetime import datetime

from activities.correspondence import Letter
from activities.handing_over import request_of
from activities.means import Means
from activities.people import by_address
from activities.record import Connection, audit
from activities.refusals import because

_ASKED_FOR = {
    "pause": "the clock of a review to stand still",
    "transfer": "a case to be moved to another place",
    "replacement": "another person to review or to countersign",
}


@dataclass(frozen=True)
class Refusal:
    """Why a request was not carried out. `what` is pause, transfer or replacement; `why` a code."""

    reference: str
    event: str
    at: datetime
    what: str
    why: str


async def tell_refused(connection: Connection, means: Means, refusal: Refusal) -> None:
    """The refusal stands in the audit; a person who asked has a letter, operations see a dead letter instead."""
    request = await request_of(connection, refusal.event)
    asked_by = request["asked_by"] if request else None
    if asked_by:
        person = by_address(asked_by, await means.directory(connection, refusal.at))
        words = {"what": _ASKED_FOR[refusal.what], "because": because(refusal.why)}
        name = person.name if person else ""
        letter = Letter(
            refusal.event, "request_refused", name, asked_by, refusal.reference, refusal.at, words=words
        )  # fmt: skip
        await means.letters.queue(connection, letter)
    await audit(
        connection,
        refusal.at,
        refusal.reference,
        asked_by or "operations",
        f"{refusal.what}_refused",
        refusal.event,
        why=refusal.why,
    )
