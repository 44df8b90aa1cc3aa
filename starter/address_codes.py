"""One-time codes to an address, for whoever comes without a link. The rules are those of a link's codes."""

from starter.connections import Connection
from starter.identity import (
    CODE_LASTS,
    CODES_WITHIN,
    RECENT,
    TRIES,
    Check,
    count_anew,
    count_with_another,
    fresh_code,
    judged,
    proof,
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
            f"""SELECT email, codes_sent, {RECENT.format("")} AS is_recent
                FROM sfo.address_codes WHERE email = $1 FOR UPDATE""",
            email,
            CODES_WITHIN - CODE_LASTS,
            CODE_LASTS,
        )
        assert row is not None  # noqa: S101  # it was put there above
        count = await count_with_another(connection, row)
        if count is None:
            return None
        code = fresh_code()
        await connection.execute(
            """UPDATE sfo.address_codes
               SET code_hash = $2, expires_at = clock_timestamp() + $3, tries = 0, codes_sent = $4 WHERE email = $1""",
            email,
            proof(_bound(email), code, key),
            CODE_LASTS,
            count,
        )
        return code


async def check_code_to(connection: Connection, email: str, typed: str, key: bytes) -> Check:
    """Count one try and compare. A right code is used up; after five wrong ones it is spent."""
    async with connection.transaction():
        row = await connection.fetchrow(
            """UPDATE sfo.address_codes SET tries = tries + 1
               WHERE email = $1 AND code_hash IS NOT NULL AND tries < $2
                 AND expires_at > clock_timestamp() AND expires_at <= clock_timestamp() + $3::interval
               RETURNING code_hash, tries""",
            email,
            TRIES,
            CODE_LASTS,
        )
        check = judged(row, _bound(email), typed, key)
        if check is Check.RIGHT:
            await connection.execute("UPDATE sfo.address_codes SET code_hash = NULL WHERE email = $1", email)
            await count_anew(connection, email)
        return check


def _bound(email: str) -> bytes:
    return b"address\0" + email.encode() + b"\0"
