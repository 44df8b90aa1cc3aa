"""Several letters to one person in one: what comes after the first few of a day waits a while for others.

Which may wait at all: `workflows/policy/gathering.py`. Letters of a rehearsed case go singly: its days pass in seconds.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from activities.composition import message_id
from activities.record import Connection, Row
from workflows.contract.rulebook import DigestRule
from workflows.contract.vocabulary import GateState

DIGEST = "digest"
ASKING = frozenset({"asked", "reassigned", "reminder"})
"""Letters with a question; once it is answered or another's, they say nothing any more."""

_LONGEST = 50  # letters in one
_BATCH = 20


async def had_enough(connection: Connection, rule: DigestRule, email: str, reference: str | None) -> bool:
    """Whether this person has had as many letters of the last 24 hours as come singly, by cases in real time."""
    return bool(
        await connection.fetchval(
            """
            SELECT (SELECT count(*) FROM outbox WHERE lower(to_email) = lower($1)
                        AND recorded_at > clock_timestamp() - interval '24 hours') >= $2
                AND EXISTS (SELECT FROM cases WHERE reference = $3 AND (clock ->> 'speed')::numeric = 1)
            """,
            email,
            rule.after.value,
            reference,
        )
    )


async def waited_enough(connection: Connection, rule: DigestRule) -> Sequence[str]:
    """The addresses whose oldest letter has waited as long as the rulebook lets it."""
    rows = await connection.fetch(
        """
        SELECT to_email FROM outbox WHERE state = 'held' GROUP BY to_email
        HAVING min(recorded_at) NOT BETWEEN clock_timestamp() - $1::interval AND clock_timestamp()
        ORDER BY min(recorded_at) LIMIT $2
        """,
        timedelta(minutes=rule.wait_minutes.value),
        _BATCH,
    )
    return [row["to_email"] for row in rows]


async def gather(connection: Connection, email: str, domain: str) -> None:
    """What waits for this address is in one queued letter; one alone goes as it is, what was answered not at all."""
    rows = await connection.fetch(
        """
        SELECT o.*, g.state AS gate_state, l.revoked_at FROM outbox o
            LEFT JOIN gates g ON g.gate = o.gate LEFT JOIN links l ON l.link = o.link
        WHERE o.state = 'held' AND o.to_email = $1 ORDER BY o.recorded_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED
        """,
        email,
        _LONGEST,
    )
    live = [row for row in rows if not _is_past(row)]
    await _set(connection, [row for row in rows if _is_past(row)], "gathered")
    if len(live) < 2:
        await _set(connection, live, "queued")
        return
    event = f"digest/{live[0]['letter_id']}"
    into = await connection.fetchval(
        """
        INSERT INTO outbox (event, letter, to_name, to_email, context, message_id, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING letter_id
        """,
        event,
        DIGEST,
        live[0]["to_name"],
        email,
        {"letters": [_line(row) for row in live]},
        message_id(event, email, domain),
        max(row["at"] for row in live),
    )
    await _set(connection, live, "gathered", into)


def _is_past(row: Row) -> bool:
    """Whether the letter asks what is no longer asked of this person."""
    return row["letter"] in ASKING and (row["gate_state"] != GateState.OPEN or row["revoked_at"] is not None)


def _line(row: Row) -> dict[str, object]:
    link = str(row["link"]) if row["link"] else None
    return {"letter": row["letter"], "words": row["context"], "link": link}


async def _set(connection: Connection, rows: Sequence[Row], state: str, into: UUID | None = None) -> None:
    await connection.execute(
        "UPDATE outbox SET state = $2, gathered_in = $3 WHERE letter_id = ANY($1)",
        [row["letter_id"] for row in rows],
        state,
        into,
    )
