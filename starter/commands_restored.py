"""`sfo restored`: after the record or Temporal came back from a backup, both are brought together again."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from starter.audit import HEADS_FILE, Head, HeadsError, lost_heads, note_restored, read_heads
from starter.columns import in_columns
from starter.command import BAD_INPUT, REFUSED, CommandError, Services, example, services, wait_for
from starter.connections import Connection
from starter.keys import PayloadKeyError
from starter.progress import Progress
from starter.reports import ReportRefusedError
from starter.restored import WAYS, Lost, Stands, Way, look_at_each, references
from starter.restored_mending import given_back, mend
from workflows.contract.questions import QUESTIONS

_WORKING = "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database() AND {} ORDER BY 1"
_AGAIN = {
    "case": "report its charge again: `sfo charge`",
    "court_event": "report it again once the case stands: `sfo court-event`",
    "escalation": "one that a stage raised is raised again by itself; one of a person: `sfo concern`",
    "enquiry": "log it again: `sfo enquiry`",
    "request": "ask the region whether it is still wanted, and type it again",
}


@click.command(
    epilog=example(
        "sfo restored --dry-run", "sfo restored --heads /mnt/elsewhere/audit-heads.jsonl", "sfo restored --json"
    )
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--dry-run", is_flag=True, help="Only look: nothing is written, told or ended.")
@click.option("--heads", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Exported audit heads.")
def restored(as_json: bool, dry_run: bool, heads: Path | None) -> None:
    """Bring the record and Temporal together after one of them, or both, came back from a backup.

    For when every worker and gateway is stopped. Each case is compared both ways, by what its workflows have carried
    out and heard. Where the record is behind, workflows are begun anew from it; where Temporal is behind, it is told
    again what it has not heard; what neither can give back is listed, with who must be asked again, and stands in the
    audit chain. With exported heads it says from which row on the chain has lost its end. Safe to repeat.

    Ends with 1 where a case needs an engineer.
    """
    found = wait_for(_restored(dry_run=dry_run, heads=heads))
    click.echo(json.dumps(found.as_json(), indent=2) if as_json else "\n".join(found.as_lines()))
    if found.engineer:
        raise CommandError(REFUSED, f"{len(found.engineer)} cases need an engineer: {', '.join(found.engineer)}")


class _Found:
    """What was found of every case, and what is done about it."""

    def __init__(self, heads: Sequence[Head], last: int, *, is_rehearsal: bool) -> None:
        self.heads, self.last, self.is_rehearsal = heads, last, is_rehearsal
        self.ways: Counter[Way] = Counter()
        self.cases: list[Stands] = []

    @property
    def engineer(self) -> list[str]:
        return [one.reference for one in self.cases if one.way is Way.ENGINEER]

    def add(self, stands: Stands) -> None:
        """Keep what is not as it should be; of the others only the number."""
        self.ways[stands.way] += 1
        if stands.way is not Way.AGREES or stands.lost:
            self.cases.append(stands)

    def as_json(self) -> dict[str, Any]:
        return {
            "dry_run": self.is_rehearsal,
            "audit": {"last": self.last, "lost_heads": [{"seq": one.seq, "hash": one.hash} for one in self.heads]},
            "ways": {str(way): self.ways[way] for way in Way},
            "cases": [_as_json(one) for one in self.cases],
        }

    def as_lines(self) -> list[str]:
        lines = [line for one in self.cases for line in _lines(one)]
        if self.heads:
            first, last = self.last + 1, self.heads[-1].seq
            lines.append(f"the audit chain ends at row {self.last}; rows {first} to {last} at least are lost")
        counted = [(str(self.ways[way]), WAYS[way]) for way in Way if self.ways[way]]
        would = ["nothing was changed: this was a rehearsal"] if self.is_rehearsal else []
        return [*lines, *(in_columns(counted, numbers={0}) if counted else ["there is no case"]), *would]


async def _restored(*, dry_run: bool, heads: Path | None) -> _Found:
    async with services() as reached:
        exported = await asyncio.to_thread(_read, heads or reached.settings.data_dir / HEADS_FILE)
        async with reached.pool.acquire() as connection:
            if not dry_run:
                await _refuse_while_at_work(connection)
            last = await connection.fetchval("SELECT coalesce(max(seq), 0) FROM sfo.audit")
            lost = await (lost_heads if dry_run else note_restored)(connection, exported)
        found = _Found(lost, last, is_rehearsal=dry_run)
        await _each(reached, found, dry_run=dry_run, say=lambda line: click.echo(f"… {line}", err=True))
        return found


async def _each(reached: Services, found: _Found, *, dry_run: bool, say: Callable[[str], None]) -> None:
    client, progress = reached.delivery.client, Progress(say)
    try:
        every = await references(client, reached.pool)
        if every and not dry_run:
            await _number_past(reached, every)
        async for stands in look_at_each(client, reached.pool, every):
            if not dry_run:
                try:
                    await mend(reached.delivery, reached.pool, stands)
                except ReportRefusedError as error:
                    stands.way, stands.why = Way.ENGINEER, str(error)
            found.add(stands)
            progress(f"{sum(found.ways.values())} of {len(every)} cases")
    except PayloadKeyError as error:
        raise CommandError(BAD_INPUT, f"{error}; put the key into SFO_PAYLOAD_KEYS and repeat") from None


async def _refuse_while_at_work(connection: Connection) -> None:
    condition = "application_name ~ '^sfo-(worker|gateway)'"
    at_work = [row["application_name"] for row in await connection.fetch(_WORKING.format(condition))]
    if at_work:
        named = ", ".join(at_work)
        raise CommandError(
            REFUSED, f"{named} still use the record; stop every worker and gateway first. Nothing was done"
        )


async def _number_past(reached: Services, every: Sequence[str]) -> None:
    """No new case gets the reference of one that the record has lost: Temporal would take it for that one."""
    highest = max(int(reference.rpartition("-")[2]) for reference in every)
    await reached.pool.execute(
        """SELECT nextval('sfo.case_number') FROM generate_series(1, $1 - (
               SELECT coalesce(last_value, 0) FROM pg_sequences
               WHERE schemaname = 'sfo' AND sequencename = 'case_number'
           ))""",
        highest,
    )


def _read(path: Path) -> list[Head]:
    try:
        return read_heads(path) if path.exists() else []
    except (HeadsError, OSError) as error:
        raise CommandError(BAD_INPUT, str(error)) from None


def _as_json(one: Stands) -> dict[str, Any]:
    return {
        "reference": one.reference,
        "way": str(one.way),
        "what": WAYS[one.way],
        "why": one.why,
        "begun_anew": [each.workflow for each in one.anew] if one.way is not Way.ENGINEER else [],
        "told_again": [{"kind": kind, "id": name} for kind, name in one.untold],
        "steps_lost": one.steps,
        "steps_with_letters": one.letters,
        "lost": [
            {
                "kind": each.kind,
                "id": each.id,
                "about": each.about,
                "answer": each.answer,
                "what_to_do": _again(one, each),
            }
            for each in one.lost
        ],
    }


def _lines(one: Stands) -> list[str]:
    told = [f"    told again: {kind} {name}" for kind, name in one.untold]
    begun = [f"    begun anew: {each.workflow}" for each in one.anew] if one.way is not Way.ENGINEER else []
    lost = [
        f"    LOST  {each.kind} {each.answer or each.id}, about {each.about}: {_again(one, each)}" for each in one.lost
    ]
    wrote = f"{one.letters} of them wrote to people, who may get the same letter a second time"
    steps = [f"    {one.steps} steps are lost; {wrote}"] if one.steps else []
    why = f", {one.why}" if one.why else ""
    return [f"{one.reference}  {WAYS[one.way]}{why}", *begun, *told, *lost, *steps]


def _again(stands: Stands, lost: Lost) -> str:
    """Who must be asked again, or how it comes back."""
    if lost.kind == "decision":
        question = QUESTIONS.get(lost.about.rpartition("/")[2].partition(":")[0].partition("#")[0])
        who = str(question.role or "whoever it is about").replace("_", " ") if question else "whoever was asked"
        return f"ask again: {who}" + ("" if stands.way is Way.ENGINEER else ", who get a new letter by themselves")
    if lost.kind == "court_event" and given_back(stands.carried.values(), [lost]):
        return "given back from Temporal's history"
    return _AGAIN[lost.kind]
