"""Telling people something that asks nothing: a letter each, once, and the duty that it meets."""

from temporalio.exceptions import ApplicationError

from activities.composition import is_letter
from activities.correspondence import Letter
from activities.means import Means
from activities.people import Place
from activities.record import Connection, audit, lock_case
from workflows.contract.messages import Notice
from workflows.contract.vocabulary import DutyKind


async def tell(connection: Connection, means: Means, notice: Notice) -> None:
    """Every recipient's letter is queued and the duty met. Errors: `UnknownLetter` for a letter without words."""
    if not is_letter(notice.letter):
        raise ApplicationError("no such letter", type="UnknownLetter")
    case = await lock_case(connection, notice.reference)
    place = Place(connection, await means.directory(connection, notice.at), case)
    to = await _told(connection, notice) if notice.only_told else notice.to
    for person in await place.recipients(to):
        letter = Letter(notice.event, notice.letter, person.name, person.email, notice.reference, notice.at)
        await means.letters.queue(connection, letter)
    if notice.duty:
        await _meet(connection, notice, to)
    await audit(
        connection,
        notice.at,
        notice.reference,
        "system",
        "told",
        notice.event,
        letter=notice.letter,
        to=to,
        duty=notice.duty,
    )


async def _told(connection: Connection, notice: Notice) -> tuple[str, ...]:
    """The staff among the recipients who have been told of the review; nobody hears of the end of what is unknown."""
    rows = await connection.fetch(
        "SELECT subject FROM duties WHERE reference = $1 AND kind = $2 AND state = 'met'",
        notice.reference,
        str(DutyKind.TOLD),
    )
    told = {row["subject"] for row in rows}
    return tuple(name for name in notice.to if name in told)


async def _meet(connection: Connection, notice: Notice, to: tuple[str, ...]) -> None:
    """The duty towards each person by number is met, also where nobody had noted it."""
    await connection.executemany(
        """
        INSERT INTO duties (reference, kind, subject, state, at) VALUES ($1, $2, $3, 'met', $4)
        ON CONFLICT (reference, kind, subject) DO UPDATE SET state = 'met', at = excluded.at
        WHERE duties.state = 'owed'
        """,
        [(notice.reference, str(notice.duty), subject, notice.at) for subject in to],
    )
