"""How far one member of staff has come on the way to an interview, as the record holds it."""

from activities.people import Place
from activities.record import Row
from workflows.contract.vocabulary import DutyKind
from workflows.policy.due import on_in_london
from workflows.policy.interviewing import Progress


async def interview_of(place: Place, ref: str | None) -> Row | None:
    """The row of this person's interview, or none before the first invitation."""
    return await place.connection.fetchrow(
        "SELECT * FROM interviews WHERE reference = $1 AND ref = $2", place.reference, ref
    )


async def progress_of(place: Place, ref: str | None) -> Progress:
    """When this person was told, invited and interviewed, by the dates in London."""
    told_at = await place.connection.fetchval(
        "SELECT at FROM duties WHERE reference = $1 AND kind = $2 AND subject = $3 AND state = 'met'",
        place.reference,
        str(DutyKind.TOLD),
        ref,
    )
    row = await interview_of(place, ref)
    invited_at = row["invited_at"] if row else None
    return Progress(
        told_on=on_in_london(told_at) if told_at else None,
        invited_on=on_in_london(invited_at) if invited_at else None,
        held_on=row["held_on"] if row else None,
    )
