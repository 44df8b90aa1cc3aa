"""Letters that the way in writes itself: the row only, the worker's sweep sends it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from starter.connections import Connection


@dataclass(frozen=True, slots=True)
class Notice:
    """One letter to one person about one business event. `words` is what its template shows beside the reference.

    `reference` None: it is about no case.
    """

    event: str
    letter: str
    reference: str | None
    name: str
    email: str
    at: datetime
    gate: str | None = None
    words: Mapping[str, Any] = field(default_factory=dict)


async def queue_notice(connection: Connection, notice: Notice) -> None:
    """The letter's row stands in the record; a row for the same event and person stays as it is."""
    await connection.execute(
        """
        INSERT INTO sfo.outbox (event, reference, gate, letter, to_name, to_email, context, message_id, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING
        """,
        notice.event,
        notice.reference,
        notice.gate,
        notice.letter,
        notice.name,
        notice.email,
        {"reference": notice.reference, **notice.words},
        _message_id(notice),
        notice.at,
    )


def _message_id(notice: Notice) -> str:
    """The same id for the same event and person, so that a receiver may drop a letter that came twice."""
    return f"<{uuid5(NAMESPACE_URL, f'{notice.event}/{notice.email.lower()}')}@sfo.invalid>"
