"""The written record of rollouts: each change of who gets work as a row of the audit chain, and the way back in it.

The rows belong to no case, hold build ids and numbers, and are read by `sfo audit show`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starter.connections import OUT_OF_REACH, Pool
from starter.deployment_state import Routing
from starter.record import append_audit
from starter.replaying import Fate, Foreseen

OPERATOR = "operations"
"""Who made a build current without saying who they are."""

_PAUSES = (0.5, 2.0, 5.0)  # seconds


class NotOnRecordError(Exception):
    """Something was changed and the record did not take it; the text says what and what to do."""


def as_counts(found: Foreseen | None) -> Mapping[str, int]:
    """What a check found, for a row: how many would go on, break, and could not be read."""
    return {} if found is None else {str(fate): found.number(fate) for fate in Fate}


@dataclass(frozen=True, slots=True)
class Ledger:
    """Writes what `by` has done, each row after the change that it tells."""

    pool: Pool
    by: str

    async def ramped(self, build: str, before: Routing, percentage: int, checked: Mapping[str, int]) -> None:
        """The build gets so many of a hundred workflows now."""
        was = before.percentage if before.ramping == build else 0
        detail = {"current": before.current, "was": int(was), "percentage": percentage, "checked": dict(checked)}
        await _write(self.pool, self.by, "build_ramped", build, detail)

    async def made_current(self, build: str, before: str, checked: Mapping[str, int]) -> None:
        """The build gets all of them now, instead of the one before."""
        await _write(self.pool, self.by, "build_made_current", build, {"before": before, "checked": dict(checked)})

    async def went_back(self, build: str, to: str, percentage: int, why: str) -> None:
        """The build, which got so many of a hundred, gets none any more. `why`: in our own words, of no case."""
        detail = {"to": to, "percentage": percentage, "why": why}
        await _write(self.pool, self.by, "build_taken_back", build, detail)

    async def kept(self, build: str, workflows: int) -> None:
        """So many workflows that no other build can carry stay with this one."""
        await _write(self.pool, self.by, "build_kept", build, {"workflows": workflows})

    async def freed(self, build: str, workflows: int) -> None:
        """So many of those go on elsewhere."""
        await _write(self.pool, self.by, "build_freed", build, {"workflows": workflows})

    async def drained(self, build: str, current: str) -> None:
        """Nothing needs the build any more, so its workers may be stopped."""
        await _write(self.pool, self.by, "build_drained", build, {"current": current})


async def why_taken_back(pool: Pool, build: str) -> str | None:
    """Why this build was taken back when it was last shipped; none: it never was."""
    why: str | None = await pool.fetchval(
        """SELECT detail ->> 'why' FROM sfo.audit
           WHERE reference IS NULL AND action = 'build_taken_back' AND subject = $1 ORDER BY seq DESC LIMIT 1""",
        build,
    )
    return why


async def way_back(pool: Pool, routes: Routing) -> str:
    """The build that was current before the one that is, by the record, else by Temporal; empty: neither knows one.

    One that was taken back is never the way back, unless it has become current since.
    """
    recorded = await pool.fetchval(
        """SELECT detail ->> 'before' FROM sfo.audit
           WHERE reference IS NULL AND action = 'build_made_current' AND subject = $1 ORDER BY seq DESC LIMIT 1""",
        routes.current,
    )
    if recorded and recorded != routes.current and routes.knows(recorded):
        return str(recorded)
    taken = await pool.fetch(
        """SELECT DISTINCT ON (subject) subject, action FROM sfo.audit
           WHERE reference IS NULL AND action IN ('build_made_current', 'build_taken_back')
           ORDER BY subject, seq DESC"""
    )
    left = {routes.current} | {row["subject"] for row in taken if row["action"] == "build_taken_back"}
    earlier = sorted((one.last_current, one.build) for one in routes.builds if one.last_current)
    return next((build for _, build in reversed(earlier) if build not in left), "")


async def _write(pool: Pool, by: str, action: str, build: str, detail: Mapping[str, Any]) -> None:
    """Written as soon as the record answers: what it tells has happened. Raises NotOnRecordError after some tries."""
    for pause in (*_PAUSES, None):
        try:
            async with pool.acquire() as connection, connection.transaction():
                await append_audit(connection, datetime.now(UTC), None, by, action, build, detail)
        except OUT_OF_REACH as error:
            if pause is None:
                raise NotOnRecordError(
                    f"{action.replace('_', ' ')}: {build} is done in Temporal and could not be written into the "
                    "record; note it by hand, and see `sfo doctor`"
                ) from error
            await asyncio.sleep(pause)
        else:
            return
