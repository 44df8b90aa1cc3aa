"""What the court does, in the record: its events, what they close, what they open, an amended charge."""

from activities.means import Means
from activities.owing import bring_in_line, court_of
from activities.record import Connection, audit, lock_case
from workflows.contract.messages import AmendmentRecord, CourtRecord
from workflows.policy.court import has_appeared
from workflows.policy.disclosure import is_open


async def record_court_event(connection: Connection, means: Means, record: CourtRecord) -> None:
    """The event stands applied; a review that it ends owes nothing more, a conviction owes the victims."""
    await lock_case(connection, record.reference)
    was_open = is_open(await court_of(connection, record.reference))
    await _insert(connection, record)
    if has_appeared([record.kind]):
        await connection.execute(
            "UPDATE cases SET appeared_on = coalesce(appeared_on, $2) WHERE reference = $1", record.reference, record.on
        )
    if not was_open and is_open(await court_of(connection, record.reference)):
        # Whoever had been told that nothing will be shared is told anew, should it come to that.
        await connection.execute("UPDATE victims SET stopped_told_on = NULL WHERE reference = $1", record.reference)
    await bring_in_line(connection, means, record.reference, record.at)
    await audit(
        connection,
        record.at,
        record.reference,
        "court",
        "court_event",
        record.event,
        kind=record.kind,
        on=record.on,
    )


async def _insert(connection: Connection, record: CourtRecord) -> None:
    """What the gateway has written already is only marked as applied."""
    await connection.execute(
        """
        INSERT INTO court_events (event, reference, kind, on_date, delivered_at_wall, applied_at, at)
        VALUES ($1, $2, $3, $4, clock_timestamp(), $5, $5)
        ON CONFLICT (event) DO UPDATE SET applied_at = coalesce(court_events.applied_at, excluded.applied_at)
        """,
        record.event,
        record.reference,
        str(record.kind),
        record.on,
        record.at,
    )


async def record_amendment(connection: Connection, record: AmendmentRecord) -> None:
    """The charge as it now stands is the next round of offences; answers about the old one no longer count."""
    await lock_case(connection, record.reference)
    offences = [offence.model_dump(mode="json") for offence in record.offences]
    wordings = await _insert_amendment(connection, record, offences)
    round_ = await connection.fetchval(
        "SELECT coalesce(max(round), 0) + 1 FROM offences WHERE reference = $1", record.reference
    )
    await connection.executemany(
        """
        INSERT INTO offences (reference, round, number, code, offence_on, victim_age, wording)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        [
            (record.reference, round_, number, o.code, o.offence_on, o.victim_age, wordings.get(o.code))
            for number, o in enumerate(record.offences, start=1)
        ],
    )
    # A "no review" held unless the charge changed; how an unlisted code stands was said about the old one.
    await connection.execute(
        """
        UPDATE cases SET offence_class = NULL, interest_answer = nullif(interest_answer, 'no_review')
        WHERE reference = $1
        """,
        record.reference,
    )
    await audit(
        connection, record.at, record.reference, "court", "charge_amended", record.event, round=round_,
        on=record.amended_on, codes=[o.code for o in record.offences],
    )  # fmt: skip


async def _insert_amendment(
    connection: Connection, record: AmendmentRecord, offences: list[dict[str, object]]
) -> dict[str, str]:
    """The event stands applied; the wordings that the gateway may have stored with it, by code."""
    stored = await connection.fetchval(
        """
        INSERT INTO court_events (event, reference, kind, on_date, offences, delivered_at_wall, applied_at, at)
        VALUES ($1, $2, 'amended', $3, $4, clock_timestamp(), $5, $5)
        ON CONFLICT (event) DO UPDATE SET applied_at = coalesce(court_events.applied_at, excluded.applied_at)
        RETURNING offences
        """,
        record.event,
        record.reference,
        record.amended_on,
        offences,
        record.at,
    )
    return {o["code"]: o["wording"] for o in stored or () if o.get("wording")}
