"""What a comparison found, kept in the record: raised once, seen again, gone again; and who is written to.

Nothing here names a person: references, workflow ids and codes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from starter.connections import Connection
from starter.notices import Notice, queue_notice
from starter.record import append_audit
from starter.reports import locked_case, report_failure
from starter.stranded import NOTICES, Kind, Stranded
from workflows.contract import ids
from workflows.contract.directory import Directory, Person
from workflows.contract.messages import CaseClock
from workflows.contract.vocabulary import Role
from workflows.policy.clock import case_time

LISTED = 20
"""Findings that one letter lists, and cases for which one round raises an escalation: more is one incident."""

_ACTOR = "system"
_WITHOUT_ESCALATION = frozenset(
    {
        *NOTICES,
        Kind.CASE_RUNS_ON,  # a closed case can have none
        Kind.STAGE_RUNS_ON,
        Kind.CASE_UNKNOWN,
        Kind.ESCALATION_GONE,  # the team's own row is what is missing: another would be missing as well
        Kind.NOT_TAKEN,  # where no worker takes a step, an escalation takes none either
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of what was found. `is_new`: by this very round."""

    stranded: Stranded
    first_seen: datetime
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What a round did: what is open or was told now, how many are gone again, and where an escalation was raised."""

    findings: tuple[Finding, ...]
    gone: int = 0
    escalated: tuple[tuple[str, int], ...] = ()


async def open_findings(connection: Connection) -> list[Finding]:
    """What is known to be wrong, oldest first."""
    rows = await connection.fetch("SELECT * FROM sfo.stranded WHERE resolved_at IS NULL ORDER BY first_seen, workflow")
    return [_finding(row) for row in rows]


async def _known_resets(connection: Connection, runs: Iterable[str]) -> set[str]:
    """Which of these resets were told already, by the run that each made."""
    rows = await connection.fetch("SELECT run FROM sfo.stranded WHERE kind = 'reset' AND run = ANY($1)", list(runs))
    return {row["run"] for row in rows}


async def keep(connection: Connection, found: Sequence[Stranded], directory: Directory) -> Kept:
    """The record holds what was found, each once; what is new is written to operations, what is gone has its moment.

    One transaction of its own; two rounds at once make one of it. What is not settled counts only where it is open
    already. Letters go to whoever holds the role of operations, else to the national team.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('sfo.stranded'))")
        sides = await _sides(connection, found)
        await _see_again(connection, sides.again)
        added = [await _add(connection, one) for one in sides.new]
        for one in sides.gone:
            await _resolve(connection, one)
        escalated = await _escalate(connection, sides.new, sides.here)
        if sides.new:
            await _write(connection, sides.new, added[0], directory)
        for one in sides.new:
            await _audit(connection, one, is_gone=False)
        for one in sides.gone:
            await _audit(connection, one, is_gone=True)
    return sides.kept(tuple(escalated))


async def compared(connection: Connection, found: Sequence[Stranded]) -> Kept:
    """What `keep` would say, with nothing written."""
    return (await _sides(connection, found)).kept(())


@dataclass(frozen=True, slots=True)
class _Sides:
    """What was found against what is known: new, still so, and gone again."""

    before: Mapping[tuple[str, str, str], Finding]
    here: Sequence[Stranded]

    @property
    def new(self) -> list[Stranded]:
        return [one for one in self.here if one.key not in self.before]

    @property
    def again(self) -> list[Stranded]:
        return [one for one in self.here if one.key in self.before]

    @property
    def gone(self) -> list[Stranded]:
        here = {one.key for one in self.here}
        return [one.stranded for key, one in self.before.items() if key not in here]

    def kept(self, escalated: tuple[tuple[str, int], ...]) -> Kept:
        at = datetime.now(UTC)
        findings = (self.before.get(one.key) or Finding(one, at, is_new=True) for one in self.here)
        return Kept(tuple(findings), len(self.gone), escalated)


async def _sides(connection: Connection, found: Sequence[Stranded]) -> _Sides:
    before = {one.stranded.key: one for one in await open_findings(connection)}
    told = await _known_resets(connection, [one.run for one in found if one.run])
    here = [one for one in found if one.key in before or (one.is_settled and one.run not in told)]
    return _Sides(before, here)


async def _see_again(connection: Connection, again: Sequence[Stranded]) -> None:
    await connection.executemany(
        """UPDATE sfo.stranded SET last_seen = clock_timestamp()
           WHERE kind = $1 AND workflow = $2 AND resolved_at IS NULL""",
        [(str(one.kind), one.workflow) for one in again],
    )


async def _add(connection: Connection, one: Stranded) -> UUID:
    finding: UUID = await connection.fetchval(
        """INSERT INTO sfo.stranded (kind, workflow, run, reference, state, since, resolved_at)
           VALUES ($1, $2, $3, $4, $5, coalesce($6, clock_timestamp()), CASE WHEN $7 THEN clock_timestamp() END)
           RETURNING finding""",
        str(one.kind),
        one.workflow,
        one.run,
        one.reference,
        one.state,
        one.since,
        one.kind in NOTICES,
    )
    return finding


async def _resolve(connection: Connection, one: Stranded) -> None:
    await connection.execute(
        """UPDATE sfo.stranded SET resolved_at = clock_timestamp()
           WHERE kind = $1 AND workflow = $2 AND resolved_at IS NULL""",
        str(one.kind),
        one.workflow,
    )


async def _escalate(connection: Connection, new: Sequence[Stranded], here: Sequence[Stranded]) -> list[tuple[str, int]]:
    """An escalation for each case concerned, where it can run: at most one unresolved a case, and not for hundreds.

    A case whose own workflow is paused, fails or is not taken up could not start it. Where that workflow is gone the
    escalation runs by itself: `Delivery.deliver_concern`.
    """
    still = {Kind.PAUSED, Kind.CODE_FAILING, Kind.NOT_TAKEN}
    halted = {one.reference for one in here if one.kind in still and one.workflow == _case_of(one)}
    about = {
        one.reference: one.workflow.removeprefix("sfo/")
        for one in reversed(new)
        if one.reference and one.kind not in _WITHOUT_ESCALATION and one.reference not in halted
        and "/escalation/" not in one.workflow
    }  # fmt: skip
    # Every case is held before the first row of the chain is written: whoever holds one waits for the chain.
    cases = [await locked_case(connection, reference) for reference in sorted(about)[:LISTED]]
    numbers = [(case.reference, await report_failure(connection, case, about[case.reference])) for case in cases]
    return [(reference, number) for reference, number in numbers if number]


def _case_of(one: Stranded) -> str | None:
    return ids.case_id(one.reference) if one.reference else None


async def _write(connection: Connection, new: Sequence[Stranded], first: UUID, directory: Directory) -> None:
    """One letter a round: what is new, each with what to do."""
    lines = [
        {"about": one.workflow.removeprefix("sfo/"), "what": one.meaning.what, "do": one.do.replace("`", "")}
        for one in new[:LISTED]
    ]
    words = {"stranded": lines, "more": max(len(new) - LISTED, 0), "count": len(new)}
    at = datetime.now(UTC)
    for person in _operations(directory):
        notice = Notice(f"stranded/{first}", "stranded", None, person.name, person.email, at, words=words)
        await queue_notice(connection, notice)


def _operations(directory: Directory) -> tuple[Person, ...]:
    """The shared mailbox of operations, or the first who holds the role; where nobody does, the national team."""
    found = directory.people_for(Role.OPERATIONS, "", "") or directory.people_for(Role.NATIONAL_TEAM, "", "")
    shared = tuple(person for person in found if person.shared)
    return shared or found[:1]


async def _audit(connection: Connection, one: Stranded, *, is_gone: bool) -> None:
    """A row of the chain, at the case's time; under the case where the record holds it."""
    clock = await connection.fetchval("SELECT clock FROM sfo.cases WHERE reference = $1", one.reference)
    now = datetime.now(UTC)
    at = case_time(CaseClock.model_validate(clock), now) if clock else now
    detail = {"kind": str(one.kind), "state": one.state}
    await append_audit(
        connection,
        at,
        one.reference if clock else None,
        _ACTOR,
        "workflow_unstranded" if is_gone else "workflow_stranded",
        one.workflow,
        detail,
    )


def _finding(row: asyncpg.Record) -> Finding:
    stranded = Stranded(Kind(row["kind"]), row["workflow"], row["reference"], row["state"], row["since"], row["run"])
    return Finding(stranded, row["first_seen"])


def as_json(one: Finding) -> dict[str, Any]:
    """One finding as `sfo reconcile --json` prints it."""
    found, meaning = one.stranded, one.stranded.meaning
    since = found.since or one.first_seen
    return {
        "kind": str(found.kind),
        "workflow": found.workflow,
        "reference": found.reference,
        "state": found.state,
        "since": since.isoformat(timespec="seconds"),
        "new": one.is_new,
        "what": meaning.what,
        "what_to_do": found.do,
        "runbook": f"docs/operations.md#{meaning.anchor}",
    }
