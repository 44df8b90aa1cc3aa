"""The reconciliation: the record is compared with Temporal, both ways, and what is stranded is found and raised.

The two are never read in the same moment, so whatever does not agree is looked at a second time: the workflow by its
own description, which is never behind, and the record anew.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from temporalio.client import Client

from starter.absences import covered
from starter.comparing import Limits, apart_from_what_halts, mismatches, resets, stuck
from starter.connections import Connection, Pool
from starter.delivery import Delivery
from starter.findings import Kept, compared, keep, open_findings
from starter.judging import rules_in_force
from starter.record_state import Expected, expected, written_at
from starter.settings import Settings
from starter.signals import NoSuchWorkflowError, TemporalAwayError
from starter.stranded import MISMATCHES, Stranded
from starter.temporal_state import Described, Listed, described, in_turn, running, terminated_since
from workflows.contract import ids
from workflows.contract.directory import Directory
from workflows.contract.vocabulary import EscalationKind
from workflows.policy.due import on_in_london

_LOG = logging.getLogger(__name__)

EVERY = timedelta(minutes=10)
_DESCRIBED = 5_000
"""Workflows that one round describes. With more they take turns, so that each is described within the hour."""
_RESETS_OF = timedelta(days=1)
_AT_MOST = 2_000

People = Callable[[Connection], Awaitable[Directory]]
Say = Callable[[str], None]


async def directory_today(settings: Settings, connection: Connection) -> Directory:
    """Who holds which role today, with whoever stands in. Raises RulesError."""
    today = on_in_london(datetime.now(UTC))
    rules = await asyncio.to_thread(rules_in_force, settings, today)
    return (await covered(connection, rules, today)).directory


def _silent(_line: str) -> None:
    """Nobody watches."""


@dataclass
class Reconciliation:
    """Compares, keeps and raises. `everything`: every workflow is described, whatever their number."""

    delivery: Delivery
    pool: Pool
    people: People
    limits: Limits = field(default_factory=lambda: Limits())
    everything: bool = False
    say: Say = _silent
    _turn: int = field(default=0, init=False)

    @classmethod
    def of(cls, settings: Settings, delivery: Delivery, pool: Pool) -> "Reconciliation":
        """That of a service, with its own directory."""
        return cls(delivery, pool, partial(directory_today, settings))

    async def round(self) -> Kept:
        """Look once, keep what was found and raise what is new. Raises TemporalAwayError: then nothing is a finding."""
        found = await self.look()
        async with self.pool.acquire() as connection:
            kept = await keep(connection, found, await self.people(connection))
        for reference, number in kept.escalated:
            await self._hand_on(reference, number)
        return kept

    async def rehearse(self) -> Kept:
        """What a round would find, with nothing written. Raises TemporalAwayError."""
        found = await self.look()
        async with self.pool.acquire() as connection:
            return await compared(connection, found)

    async def look(self) -> list[Stranded]:
        """What is stranded now, in the order of kinds and ids; nothing is written. Raises TemporalAwayError."""
        client, now = self.delivery.client, datetime.now(UTC)
        self.say("reading the record and what Temporal runs")
        async with self.pool.acquire() as connection:
            record = await expected(connection)
            known = [one.stranded for one in await open_findings(connection)]
        runs = await running(client)
        self.say(f"{len(record.cases)} open cases, {len(runs)} running workflows")
        apart = await self._twice(client, record, runs, known)
        seen = await self._described(client, runs, [one.workflow for one in known])
        reset = await self._reset(client, record, seen, now)
        # Of a case that the record does not know only that is said.
        still = [
            one
            for one in stuck(runs.values(), seen, now, self.limits)
            if one.reference is None or record.knows(one.reference)
        ]
        return sorted([*apart_from_what_halts(apart, still), *still, *reset], key=lambda one: (one.kind, one.workflow))

    async def _twice(
        self, client: Client, record: Expected, runs: dict[str, Listed], known: list[Stranded]
    ) -> list[Stranded]:
        """Where the two disagree, and still do when each is looked at again. `runs` is put right by it.

        What is known not to agree is looked at as well, so that a list that is behind does not end a finding.
        """
        first = {one.workflow for one in mismatches(record, runs, {})}
        first |= {one.workflow for one in known if one.kind in MISMATCHES}
        if not first:
            return []
        self.say(f"looking again at {len(first)} workflows")
        ended: dict[str, Listed | None] = {}
        # A case that has ended may have been closed by it: its parts are judged by it, so it is looked at as well.
        wanted = first | {ids.case_id(ids.reference_of(workflow)) for workflow in first}
        seen = await self._seen(client, wanted)
        for workflow in wanted:
            found = seen.get(workflow)
            if found and found.listed.is_open:
                runs[workflow] = found.listed
            else:
                runs.pop(workflow, None)
                ended[workflow] = found.listed if found else None
        async with self.pool.acquire() as connection:
            again = await expected(connection)
            found_again = [one for one in mismatches(again, runs, ended) if one.workflow in wanted]
            written = await written_at(connection, {one.reference for one in found_again if one.reference})
        return [self._settled(one, written, ended, runs) for one in found_again]

    def _settled(
        self,
        one: Stranded,
        written: Mapping[str, datetime],
        ended: Mapping[str, Listed | None],
        runs: Mapping[str, Listed],
    ) -> Stranded:
        """Whether nothing has just been written about it on either side, and since when it is so."""
        last, before = ended.get(one.workflow), runs.get(one.workflow)
        moments = [
            written.get(one.reference or ""),
            last.closed_at if last else None,
            before.started_at if before else None,
        ]
        latest = max((moment for moment in moments if moment), default=None)
        is_settled = latest is None or datetime.now(UTC) - latest >= self.limits.grace
        since = one.since if last else written.get(one.reference or "") or one.since
        return Stranded(one.kind, one.workflow, one.reference, one.state, since, is_settled=is_settled)

    async def _described(self, client: Client, runs: Mapping[str, Listed], known: list[str]) -> dict[str, Described]:
        """Describe what runs, or the part whose turn it is, and always what is known to be wrong."""
        most = len(runs) or 1 if self.everything else _DESCRIBED
        chosen = {one.workflow for one in in_turn(runs.values(), most, self._turn)}
        chosen |= {workflow for workflow in known if workflow in runs}
        self._turn += 1
        self.say(f"describing {len(chosen)} workflows")
        return await self._seen(client, chosen)

    async def _seen(self, client: Client, workflows: set[str]) -> dict[str, Described]:
        latest = [(workflow, "") for workflow in sorted(workflows)]
        return {one.listed.workflow: one for one in await described(client, latest, self.limits.attempts)}

    async def _reset(
        self, client: Client, record: Expected, seen: Mapping[str, Described], now: datetime
    ) -> list[Stranded]:
        """Resets of the last day whose run has ended since, and of whatever runs."""
        ended = (await terminated_since(client, now - _RESETS_OF))[:_AT_MOST]
        runs = await described(client, [(one.workflow, one.run) for one in ended], self.limits.attempts)
        by_run = {one.run: one for one in resets([*seen.values(), *runs])}
        return [one for one in by_run.values() if record.knows(one.reference or "")]

    async def _hand_on(self, reference: str, number: int) -> None:
        """The escalation that was raised is started now; the relay tries again where that fails."""
        try:
            await self.delivery.deliver_concern(reference, EscalationKind.OTHER, number)
        except (TemporalAwayError, NoSuchWorkflowError) as error:
            _LOG.warning("an escalation of %s waits for the relay: %s", reference, type(error).__name__)
