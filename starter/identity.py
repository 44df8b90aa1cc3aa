"""Who is at the door: one-time codes to the address that a link is bound to, and the session after one.

Real time throughout, since people live in it. Neither a code nor a session id is stored, only what proves it.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from uuid import UUID

import asyncpg

from starter.connections import Connection
from workflows.policy.authority import same_person

CODE_LASTS = timedelta(minutes=10)
TRIES = 5
CODES = 3
CODES_WITHIN = timedelta(hours=24)
"""A link gets three codes in this time; signing in with one starts the count anew."""
CODES_A_PERSON = 12
"""How many an address gets in that time, whichever of its links are opened; counted in the record, like those."""
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
PUT_BACK = timedelta(minutes=1)
"""A session seen later than this from now is of before the record's clock was put back: nobody knows how long ago."""

RECENT = "{0}expires_at BETWEEN clock_timestamp() - $2::interval AND clock_timestamp() + $3::interval"
"""Sent within the time; one that lasts longer than any may is of before the record's clock was put back."""

_DIGITS = 6
_PURPOSE = b"sfo-code-1\0"


class Check(Enum):
    """What became of a code that was typed."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who proved that mail to `email` reaches them. `csrf` must come back with every form.

    `member`: the directory key of whoever signed in as themselves, where a team shares the address.
    """

    email: str
    csrf: str
    member: str | None = None

    def is_of(self, email: str) -> bool:
        """Whether the session is this person's."""
        return same_person(self.email, email)


async def issue_code(connection: Connection, link: UUID, key: bytes) -> str | None:
    """Make a fresh code for a link, which replaces an earlier one; None: as many as there may be were sent already.

    `key` is a secret of ours: without it, six digits could be found from their hash.
    """
    async with connection.transaction():
        row = await connection.fetchrow(
            f"""SELECT l.email, l.codes_sent, (SELECT {RECENT.format("c.")} FROM sfo.codes c
                    WHERE c.link = l.link) AS is_recent
                FROM sfo.links l WHERE l.link = $1 FOR UPDATE""",
            link,
            CODES_WITHIN - CODE_LASTS,
            CODE_LASTS,
        )
        count = await count_with_another(connection, row) if row else None
        if count is None:
            return None
        code = fresh_code()
        await connection.execute(
            """INSERT INTO sfo.codes (link, code_hash, expires_at) VALUES ($1, $2, clock_timestamp() + $3)
               ON CONFLICT (link) DO UPDATE
               SET code_hash = excluded.code_hash, expires_at = excluded.expires_at, tries = 0""",
            link,
            proof(link.bytes, code, key),
            CODE_LASTS,
        )
        await connection.execute("UPDATE sfo.links SET codes_sent = $2 WHERE link = $1", link, count)
        return code


async def count_with_another(connection: Connection, row: asyncpg.Record) -> int | None:
    """How many codes count as sent with one more; None: there may be no more for now.

    `row` says where it would go, how many were sent there, and whether the newest was sent within the time.
    """
    is_full = row["codes_sent"] >= CODES
    if (is_full and row["is_recent"]) or await _sent_to_the_person(connection, row["email"]) >= CODES_A_PERSON:
        return None
    return 1 if is_full else int(row["codes_sent"]) + 1


async def _sent_to_the_person(connection: Connection, email: str) -> int:
    """How many codes went to this address within the time, by all of its links and without one."""
    sent = await connection.fetchval(
        f"""SELECT (SELECT coalesce(sum(l.codes_sent), 0) FROM sfo.links l JOIN sfo.codes c USING (link)
                    WHERE lower(btrim(l.email)) = lower(btrim($1)) AND {RECENT.format("c.")})
                 + (SELECT coalesce(sum(codes_sent), 0) FROM sfo.address_codes
                    WHERE email = lower(btrim($1)) AND {RECENT.format("")})""",
        email,
        CODES_WITHIN - CODE_LASTS,
        CODE_LASTS,
    )
    return int(sent)


async def check_code(connection: Connection, link: UUID, typed: str, key: bytes) -> Check:
    """Count one try and compare. A right code is used up; after five wrong ones it is spent."""
    async with connection.transaction():
        row = await connection.fetchrow(
            """UPDATE sfo.codes SET tries = tries + 1
               WHERE link = $1 AND expires_at > clock_timestamp() AND expires_at <= clock_timestamp() + $3::interval
                 AND tries < $2 RETURNING code_hash, tries""",
            link,
            TRIES,
            CODE_LASTS,
        )
        check = judged(row, link.bytes, typed, key)
        if check is Check.RIGHT:
            await connection.execute("DELETE FROM sfo.codes WHERE link = $1", link)
            await count_anew(connection, await connection.fetchval("SELECT email FROM sfo.links WHERE link = $1", link))
        return check


def judged(row: asyncpg.Record | None, bound_to: bytes, typed: str, key: bytes) -> Check:
    """What a try comes to. `row`: the code that could still be tried, with this try; None: there is none."""
    if row is None:
        return Check.SPENT
    if hmac.compare_digest(row["code_hash"], proof(bound_to, typed, key)):
        return Check.RIGHT
    return Check.WRONG if row["tries"] < TRIES else Check.SPENT


async def count_anew(connection: Connection, email: str) -> None:
    """Somebody who signed in may have as many codes again, whichever way they come."""
    await connection.execute(
        "UPDATE sfo.links SET codes_sent = 0 WHERE lower(btrim(email)) = lower(btrim($1::text))", email
    )
    await connection.execute("UPDATE sfo.address_codes SET codes_sent = 0 WHERE email = lower(btrim($1::text))", email)


async def open_session(connection: Connection, email: str, member: str | None = None) -> tuple[str, Session]:
    """Start a session under a fresh id, which is the cookie, and clear away those that ended."""
    cookie, session = secrets.token_urlsafe(32), Session(email, secrets.token_urlsafe(32), member)
    async with connection.transaction():
        await connection.execute(
            """DELETE FROM sfo.sessions
               WHERE expires_at < clock_timestamp() OR seen_at < clock_timestamp() - $1::interval""",
            IDLE,
        )
        await connection.execute(
            """INSERT INTO sfo.sessions (session_hash, email, csrf, expires_at, member)
               VALUES ($1, $2, $3, clock_timestamp() + $4, $5)""",
            _digest(cookie),
            email,
            session.csrf,
            LONGEST,
            member,
        )
    return cookie, session


async def read_session(connection: Connection, cookie: str | None, *, in_use: bool = True) -> Session | None:
    """Return the session of this cookie; None when it ended or never was. That it is in use is noted, unless told not.

    `in_use` False: asked by a program that goes on asking when nobody is there.
    """
    if not cookie:
        return None
    row = await connection.fetchrow(
        f"""{_NOTED if in_use else _FOUND} session_hash = $1 AND expires_at > clock_timestamp()
             AND seen_at BETWEEN clock_timestamp() - $2::interval AND clock_timestamp() + $3::interval
             {_SHOWN if in_use else ""}""",
        _digest(cookie),
        IDLE,
        PUT_BACK,
    )
    return Session(row["email"], row["csrf"], row["member"]) if row else None


_SHOWN = "RETURNING email, csrf, member"
_NOTED = "UPDATE sfo.sessions SET seen_at = clock_timestamp() WHERE"
_FOUND = "SELECT email, csrf, member FROM sfo.sessions WHERE"


async def name_member(connection: Connection, cookie: str | None, member: str) -> None:
    """Whoever of a team reads the shared address says who they are, for the rest of the session."""
    if cookie:
        await connection.execute("UPDATE sfo.sessions SET member = $2 WHERE session_hash = $1", _digest(cookie), member)


async def end_session(connection: Connection, cookie: str | None) -> None:
    """Forget the session of this cookie, if there is one."""
    if cookie:
        await connection.execute("DELETE FROM sfo.sessions WHERE session_hash = $1", _digest(cookie))


def fresh_code() -> str:
    """Six digits that nobody can foresee."""
    return f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"


def proof(bound_to: bytes, code: str, key: bytes) -> bytes:
    """What is stored of a code: it proves the code for what it is bound to, a link or an address."""
    return hmac.new(key, _PURPOSE + bound_to + code.encode(), hashlib.sha256).digest()


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
