"""A drill: record and Temporal come back from backups of different moments, and every case finishes as it should.

A real base backup with its archive, carried on to a moment; a copy of Temporal's own database; cases in flight. `-s`
prints what was counted.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest

from starter.audit import HEADS_FILE, export_head, read_heads, verify
from starter.audit_completeness import Report, completeness
from starter.delivery import Delivery
from starter.reconciling import Reconciliation
from starter.script import DRAFT, Ahead, Line
from tests.conftest import MailServer
from tests.drills.harm import put_down
from tests.workflows.conftest import Office
from tests.workflows.reconciled import AT_ONCE, people
from tests.workflows.site import SPEED, Held, Site, a_site, report, unlisted
from workflows.contract.vocabulary import CourtEventKind

# Three services with their own servers, backed up, lost and restored: a minute each.
pytestmark = pytest.mark.drill

BACKED_UP_AT = ("notification", "commission", "draft", "countersign", "give_feedback", "offence_class")
THEN = ("commission", "draft", "countersign", "quality", "feedback", "nothing")
"""Where each case waits when the backup is made, and where when it is lost."""
# At this speed a date of the demo would soon have passed.
_LATER = [{**action, "due_on": Ahead(300)} for action in DRAFT.fields["actions"]]
LINES = {
    "offence_class": [Line("not_sfo")],
    "draft": [Line("draft_ready", {**DRAFT.fields, "actions": _LATER})],
}


@pytest.fixture
async def site(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    async with a_site(mail_server, monkeypatch=monkeypatch) as site:
        yield site


class Flight:
    """The cases, who answers in them, and what was counted."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.references: list[str] = []
        self.held: dict[str, set[str]] = {}
        self.at: datetime
        self.told: dict[str, Any] = {}
        self.late = ""

    @asynccontextmanager
    async def answering(self, office: Office) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(Held(office, one, self.held[one], LINES).run()) for one in self.references]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def open(self, office: Office, held: str, **charge: Any) -> str:
        opening = await office.report(speed=SPEED, **charge)
        self.references.append(opening.reference)
        self.held[opening.reference] = {held}
        return opening.reference

    async def waits(self, office: Office, questions: tuple[str, ...]) -> None:
        """Each case has come to the question that is held back in it, waits for the court, or has closed."""

        async def look() -> bool:
            found = await office.record.rows(
                """SELECT c.reference FROM cases c WHERE c.closed_on IS NOT NULL
                   OR EXISTS (SELECT FROM transitions WHERE key = c.reference || '/ended/staff-feedback') OR EXISTS (
                       SELECT FROM gates g
                       WHERE g.reference = c.reference AND g.state = 'open' AND g.question = ANY($1))
                   """,
                list(questions),
            )
            # What only the record knows when it is lost, nobody can name.
            under_way = "SELECT count(*) FROM decisions WHERE applied_at IS NULL AND void_at IS NULL"
            is_there = {str(row["reference"]) for row in found} >= set(self.references)
            return is_there and await office.record.value(under_way) == 0

        try:
            await office.until(look)
        except TimeoutError:
            pytest.fail(await _standing(office))


async def in_flight(site: Site) -> Flight:
    """Six cases at their questions; the backups of this moment; then they go on, and a seventh is opened."""
    flight = Flight(site)
    await site.back_up_the_record()
    async with site.at_work() as office:
        for held in BACKED_UP_AT:
            await flight.open(office, held, **(unlisted() if held == "offence_class" else {}))
        async with flight.answering(office):
            await flight.waits(office, BACKED_UP_AT)
        flight.at = await site.value("SELECT clock_timestamp()")
        await export_head(office.record.pool, site.heads)
        site.back_up_temporal()
        await asyncio.sleep(0.2)
        for reference, held in zip(flight.references, THEN, strict=True):
            flight.held[reference] = {held}
        flight.late = await flight.open(office, "commission")
        await report(office, flight.references[2], CourtEventKind.CONVICTED)
        async with flight.answering(office):
            await flight.waits(office, THEN)
        await flight.waits(office, THEN)
        await export_head(office.record.pool, site.heads)
        flight.told = {
            "outbox": {(r["event"], r["to_email"]) for r in await office.record.rows("SELECT * FROM outbox")},
            "decisions": {str(r["decision"]): r["gate"] for r in await office.record.rows("SELECT * FROM decisions")},
            "gates": {r["gate"] for r in await office.record.rows("SELECT gate FROM gates")},
            "mails": len(site.mail.messages),
        }
    return flight


async def finish(flight: Flight, office: Office) -> None:
    """Nothing is held back any more, the court convicts, and every case closes."""
    for held in flight.held.values():
        held.clear()
    async with flight.answering(office):
        for reference in flight.references:
            if not await office.record.value("SELECT closed_on FROM cases WHERE reference = $1", reference):
                await report(office, reference, CourtEventKind.CONVICTED)

        async def closed() -> bool:
            left = await office.record.value(
                "SELECT count(*) FROM cases WHERE reference = ANY($1) AND closed_on IS NULL", flight.references
            )
            return left == 0

        try:
            async with asyncio.timeout(60):
                await office.until(closed)
        except TimeoutError:
            pytest.fail(await _standing(office))


async def _standing(office: Office) -> str:
    """What does not move, for whoever reads a failure."""
    gates = await office.record.rows(
        """SELECT c.reference, gate, g.state, d.applied_at, d.void_at FROM cases c LEFT JOIN gates g
               ON g.reference = c.reference AND g.state = 'open' LEFT JOIN decisions d USING (gate)
           WHERE c.closed_on IS NULL"""
    )
    runs = [one.id async for one in office.client.list_workflows("ExecutionStatus = 'Running'")]
    return "\n".join([*map(str, gates), *sorted(runs)])


async def is_sound(flight: Flight, office: Office) -> None:
    """The chain is whole against every exported head, nothing is stranded, no question was answered twice."""
    pool = office.record.pool
    async with pool.acquire() as connection:
        assert await verify(connection, read_heads(flight.site.heads / HEADS_FILE)) == []
    doubled = await office.record.rows(
        "SELECT gate FROM decisions WHERE applied_at IS NOT NULL GROUP BY gate HAVING count(*) > 1"
    )
    assert doubled == []
    outcomes = {str(r["reference"]): r["outcome"] for r in await office.record.rows("SELECT * FROM cases")}
    expected = ["completed"] * 5 + ["not_reviewed"] + ["completed"] * (len(flight.references) - 6)
    assert [outcomes[one] for one in flight.references] == expected

    async def agrees() -> bool:
        found = await Reconciliation(Delivery(office.client, pool), pool, people, AT_ONCE).look()
        return not [one for one in found if one.kind != "reset"]

    await office.until(agrees)


async def complete(office: Office) -> Report:
    """Record and histories agree but for what the restore has parted."""
    report = await completeness(office.record.pool, office.client, None)
    assert [(one.kind, one.subject) for one in report.differences] == []
    return report


async def restored(site: Site, capsys: Any, patch: Any, *more: str) -> dict[str, Any]:
    code, said = await site.command("restored", "--json", *more, capsys=capsys, patch=patch)
    assert code == 0, said
    result: dict[str, Any] = said
    return result


def table(name: str, rows: dict[str, object]) -> None:
    sys.stderr.write("".join(f"\n{name:>16}  {what:<44} {count}" for what, count in rows.items()) + "\n")


@pytest.mark.usefixtures("plain_files")
async def test_temporal_is_ahead(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is carried on to the moment of its backup; Temporal ran on."""
    flight = await in_flight(site)
    await site.stop()
    site.restore_the_record(flight.at)
    await site.start()
    async with site.office() as office:
        rows = await office.record.rows("SELECT decision FROM decisions")
        gone = flight.told["decisions"].keys() - {str(row["decision"]) for row in rows}
        sent = {(r["event"], r["to_email"]) for r in await office.record.rows("SELECT * FROM outbox")}
    assert gone
    before = await restored(site, capsys, monkeypatch, "--dry-run")
    assert before == await restored(site, capsys, monkeypatch, "--dry-run")
    done = await restored(site, capsys, monkeypatch)
    assert {**before, "dry_run": False} == done
    again = await restored(site, capsys, monkeypatch)
    assert again["ways"]["agrees"] + again["ways"]["start"] == again["ways"]["agrees"] == 7, again
    listed = {one["id"] for case in done["cases"] for one in case["lost"] if one["kind"] == "decision"}
    assert listed == gone  # none is lost without being named
    by_reference = {case["reference"]: case for case in done["cases"]}
    late = by_reference[flight.late]
    assert (late["way"], late["lost"][0]["kind"]) == ("stop", "case")
    flight.references.remove(flight.late)
    async with site.at_work() as office:
        await finish(flight, office)
        await is_sound(flight, office)
        of_late = {one for one in gone if flight.told["decisions"][one].startswith(flight.late)}
        assert set((await complete(office)).lost) == (gone - of_late) | {flight.late}
        now = {(r["event"], r["to_email"]) for r in await office.record.rows("SELECT * FROM outbox")}
        events = await office.record.rows("SELECT reference FROM court_events WHERE kind = 'convicted'")
        assert [row["reference"] for row in events].count(flight.references[2]) == 1
        twice = (flight.told["outbox"] - sent) & now
        what = f"Temporal ahead; {len(gone)} answers of the lost minute, each named"
        await put_down(office.record.pool, "restored", what, gone=len(gone), twice=len(twice))
        # A new case is not taken for the one that was lost.
        assert (await flight.open(office, "nothing")) > flight.late
    writing = sum(case["steps_with_letters"] for case in done["cases"])
    assert 0 < writing <= sum(case["steps_lost"] for case in done["cases"])
    table("Temporal ahead", {
        "cases": 7, "ways": {k: v for k, v in done["ways"].items() if v}, "decisions lost, all listed": len(gone),
        "steps lost": sum(case["steps_lost"] for case in done["cases"]),
        "of them that wrote to people": writing,
        "letters": len(now), "letters that went out twice": len(twice),
    })  # fmt: skip


@pytest.mark.usefixtures("plain_files")
@pytest.mark.parametrize("is_lost", [False, True], ids=["behind", "lost"])
async def test_temporal_is_behind_or_lost(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_lost: bool
) -> None:
    """The record is whole; Temporal comes back as it was at its backup, or empty."""
    flight = await in_flight(site)
    await site.stop()
    (site.lose_temporal if is_lost else site.restore_temporal)()
    await site.start()
    before = await restored(site, capsys, monkeypatch, "--dry-run")
    done = await restored(site, capsys, monkeypatch)
    assert {**before, "dry_run": False} == done
    again = await restored(site, capsys, monkeypatch)
    assert again["ways"]["agrees"] == 7, again
    assert [case["lost"] for case in done["cases"] if case["lost"]] == []
    async with site.at_work() as office:
        await finish(flight, office)
        await is_sound(flight, office)
        kept = {str(r["decision"]): r["gate"] for r in await office.record.rows("SELECT * FROM decisions")}
        assert flight.told["decisions"].items() <= kept.items()
        assert flight.told["gates"] <= {r["gate"] for r in await office.record.rows("SELECT gate FROM gates")}
        report_ = await complete(office)
        rows = await office.record.rows("SELECT message_id FROM outbox WHERE state = 'sent'")
        mails = [str(m["Message-ID"]) for m in site.mail.messages]
        what = "Temporal lost" if is_lost else "Temporal behind"
        row = await put_down(office.record.pool, "restored", what, twice=len(mails) - len(set(mails)))
    assert row.lost == 0
    assert len(mails) == len(set(mails))  # no letter went out twice
    table("Temporal lost" if is_lost else "Temporal behind", {
        "cases": 7, "ways": {k: v for k, v in done["ways"].items() if v},
        "told again": sum(len(case["told_again"]) for case in done["cases"]),
        "letters": len(rows), "letters that went out twice": len(mails) - len(set(mails)),
        "workflows whose histories are gone, as the chain says": len(report_.begun_anew),
    })  # fmt: skip
