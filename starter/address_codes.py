"""One-time codes to an address, for whoever comes without a link. The limits are those of a link's codes."""

import hmac

from starter.connections import Connection
from starter.identity import (
    CODE_LASTS,
    CODES,
    CODES_A_PERSON,
    CODES_WITHIN,
    TRIES,
    count_anew,
    fresh_code,
    proof,
    sent_to_the_person,
)


async def issue_code_to(connection: Connection, email: str, key: bytes) -> str | None:
    """Make a fresh code for an address of the directory; None: as many as there may be were sent already.

    It replaces an earlier one. `key` is a secret of ours, as for a link's code.
    """
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO sfo.address_codes (email, expires_at) VALUES ($1, clock_timestamp()) ON CONFLICT DO NOTHING",
            email,
        )
        row = await connection.fetchrow(
            """SELECT codes_sent, expires_at > clock_timestamp() - $2::interval AS is_recent
               FROM sfo.address_codes WHERE email = $1 FOR UPDATE""",
            email,
            CODES_WITHIN - CODE_LASTS,
        )
        assert row is not None  # noqa: S101  # it was put there above
        is_full = row["codes_sent"] >= CODES
        if (is_full and row["is_recent"]) or await sent_to_the_person(connection, email) >= CODES_A_PERSON:
            return None
        code = fresh_code()
        await connection.execute(
            """UPDATE sfo.address_codes
               SET code_hash = $2, expires_at = clock_timestamp() + $3, tries = 0, codes_sent = $4 WHERE email = $1""",
            email,
            proof(_bound(email), code, key),
            CODE_LASTS,
            1 if is_full else row["codes_sent"] + 1,
        )
        return code


async def is_right_code(connection: Connection, email: str, typed: str, key: bytes) -> bool:
    """Count one try and compare. A right code is used up; after five wrong ones it is spent."""
    async with connection.transaction():
        row = await connection.fetchrow(
            """UPDATE sfo.address_codes SET tries = tries + 1
               WHERE email = $1 AND code_hash IS NOT NULL AND expires_at > clock_timestamp() AND tries < $2
               RETURNING code_hash""",
            email,
            TRIES,
        )
        if row is None or not hmac.compare_digest(row["code_hash"], proof(_bound(email), typed, key)):
            return False
        await connection.execute("UPDATE sfo.address_codes SET code_hash = NULL WHERE email = $1", email)
        await count_anew(connection, email)
        return True


def _bound(email: str) -> bytes:
    return b"address\0" + email.encode() + b"\0"
