"""Ordering an erasure: one person proposes it, another confirms it; at both moments nothing may stand against it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import asyncpg

from starter.connections import Connection
from starter.holds import one_person
from starter.judging import Rules
from starter.record import append_audit
from starter.reports import LockedCase, ReportRefusedError, locked_case
from workflows.contract.messages import CaseClock
from workflows.contract.vocabulary import Role
from workflows.policy.clock import case_time
from workflows.policy.due import on_in_london
from workflows.policy.keeping import Kept, why_not_erase

PROPOSING = (Role.OPERATIONS, Role.NATIONAL_TEAM)
CONFIRMING = (Role.NATIONAL_TEAM,)


class ErasureReason(StrEnum):
    """Why a case is erased; only an order needs no date to have come."""

    RETENTION_OVER = "retention_over"
    COURT_ORDER = "court_order"
    COMMISSIONER_ORDER = "commissioner_order"

    @property
    def is_order(self) -> bool:
        """Whether a court or the Information Commissioner ordered it."""
        return self is not ErasureReason.RETENTION_OVER


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What an erasure would do now: rows by table, and everything that stands against it."""

    counts: Mapping[str, int]
    against: tuple[str, ...]


async def rehearse(connection: Connection, rules: Rules, reference: str, reason: ErasureReason) -> Rehearsed:
    """Count what would go, and change nothing. Raises ReportRefusedError where there is no such case."""
    async with connection.transaction():
        case = await locked_case(connection, reference)
        counts = await connection.fetchval("SELECT sfo.erase_case($1, true)", reference)
        return Rehearsed(counts, tuple(await _against(connection, rules, case, reason)))


async def propose(connection: Connection, rules: Rules, reference: str, reason: ErasureReason, email: str) -> None:
    """The erasure is proposed and waits for another person. One transaction. Raises ReportRefusedError."""
    async with connection.transaction():
        case = await locked_case(connection, reference)
        person = one_person(rules.directory, case, PROPOSING, email, "proposes an erasure")
        standing = await _erasure(connection, reference)
        if standing and standing["confirmed_by"]:
            raise ReportRefusedError(f"the erasure of {reference} is ordered already; --confirm carries on with it")
        await _require_nothing_against(connection, rules, case, reason)
        if standing:
            raise ReportRefusedError(
                f"the erasure of {reference} was proposed by {standing['proposed_by']}; another person confirms it: "
                f"sfo erase {reference} --confirm --as ADDRESS"
            )
        await connection.execute(
            "INSERT INTO sfo.erasures (reference, reason_code, proposed_by) VALUES ($1, $2, $3)",
            reference,
            str(reason),
            person.key,
        )
        detail = {"reason": str(reason)}
        await append_audit(connection, case.now, reference, email, "erasure_proposed", reference, detail)


async def confirm(
    connection: Connection, rules: Rules, reference: str, email: str, running: Callable[[], Awaitable[tuple[str, ...]]]
) -> None:
    """The proposed erasure is ordered. One transaction; safe to repeat. Raises ReportRefusedError.

    `running` finds the workflows of the case that have not ended; what it raises, nothing is ordered by.
    """
    async with connection.transaction():
        case = await locked_case(connection, reference)
        person = one_person(rules.directory, case, CONFIRMING, email, "confirms an erasure")
        standing = await _erasure(connection, reference)
        if standing is None:
            raise ReportRefusedError(f"nobody has proposed to erase {reference}; somebody else proposes it first")
        if standing["confirmed_by"]:
            return
        if standing["proposed_by"] == person.key:
            raise ReportRefusedError(f"{email} proposed it; another person confirms it")
        reason = ErasureReason(standing["reason_code"])
        await _require_nothing_against(connection, rules, case, reason, await running())
        await connection.execute(
            """UPDATE sfo.erasures SET confirmed_by = $2, confirmed_at = clock_timestamp()
               WHERE reference = $1 AND confirmed_by IS NULL""",
            reference,
            person.key,
        )
        detail = {"reason": str(reason), "proposed_by": standing["proposed_by"]}
        await append_audit(connection, case.now, reference, email, "erasure_confirmed", reference, detail)


async def _require_nothing_against(
    connection: Connection, rules: Rules, case: LockedCase, reason: ErasureReason, running: tuple[str, ...] = ()
) -> None:
    against = await _against(connection, rules, case, reason, running)
    if against:
        raise ReportRefusedError(f"{case.reference} cannot be erased: {'; '.join(against)}")


async def _against(
    connection: Connection, rules: Rules, case: LockedCase, reason: ErasureReason, running: tuple[str, ...] = ()
) -> list[str]:
    kept = await kept_of(connection, case.row, running)
    return [*why_not_erase(kept, rules.rulebook.retention, is_ordered=reason.is_order)]


async def kept_of(connection: Connection, row: asyncpg.Record, running: tuple[str, ...] = ()) -> Kept:
    """Return what decides whether a case may be erased."""
    found = await connection.fetchrow(_KEPT, row["reference"])
    assert found is not None  # noqa: S101  # it selects without a table
    now = case_time(CaseClock.model_validate(row["clock"]), found["wall"])
    return Kept(row["closed_on"], row["outcome"] or "", on_in_london(now), found["holds"], found["related"], running)


async def _erasure(connection: Connection, reference: str) -> asyncpg.Record | None:
    return await connection.fetchrow("SELECT * FROM sfo.erasures WHERE reference = $1", reference)


_KEPT = """
    SELECT clock_timestamp() AS wall,
        ARRAY(SELECT reason_code FROM sfo.holds WHERE reference = $1 AND lifted_at IS NULL ORDER BY hold) AS holds,
        ARRAY(SELECT c.reference FROM sfo.relations r
            JOIN sfo.cases c ON c.reference = CASE WHEN r.reference = $1 THEN r.other ELSE r.reference END
            WHERE $1 IN (r.reference, r.other) AND c.erased_at IS NULL AND (c.closed_on IS NULL OR r.kind = 'joint'
                AND EXISTS (SELECT FROM sfo.holds h WHERE h.reference = c.reference AND h.lifted_at IS NULL))
            ORDER BY 1) AS related
"""
