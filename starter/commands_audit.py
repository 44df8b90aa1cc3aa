"""`sfo audit`: the chain told as a story, proved, held against Temporal, and exported for somebody else to verify."""

import asyncio
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import click
from temporalio.service import RPCError

from starter.audit import HEADS_FILE, Head, HeadsError, export_head, read_heads, verify
from starter.audit_bundle import Exported, export
from starter.audit_completeness import REMEDIES, Report, completeness
from starter.audit_signing import new_key, public_keys
from starter.audit_story import as_text, story_of
from starter.command import (
    BAD_INPUT,
    OUT_OF_REACH,
    REFUSED,
    CommandError,
    Services,
    example,
    rules_today,
    services,
    settings_here,
    wait_for,
)
from starter.connections import temporal_client
from starter.keys import KeyRing
from starter.payload_readings import Recorded, readings_of
from starter.register import View
from starter.settings import Settings
from starter.signals import TemporalAwayError

_HEADS = click.option("--heads", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Exported heads.")
_NO_KEY = """\
there is no key to sign with. Make one once, keep it where nobody but you can read it, and set it before you export:
  export SFO_AUDIT_KEY="$(sfo audit key --new)"
then give the public half, which `sfo audit key` prints, to whoever verifies, by another way than the bundle"""


@click.group()
def audit() -> None:
    """Tell what the audit chain says, prove that it is whole, and export it."""


@audit.command("show", epilog=example("sfo audit show SFO-2026-00042", "sfo audit show SFO-2026-00042 --json"))
@click.argument("reference", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--names", is_flag=True, help="Show who it was by name, from the record and the directory.")
@_HEADS
def audit_show(reference: str | None, as_json: bool, names: bool, heads: Path | None) -> None:
    """Tell every row of the chain about a case, in its order, each as one plain sentence; then whether it verifies.

    Times are the case's, in London. People are roles and numbers; --names adds the names, never an address. Without
    a reference: the rows that belong to no case, such as absences and bank holidays.
    """
    story = wait_for(_story(reference, names, heads))
    if story is None:
        raise _no_such_case(reference)
    click.echo(json.dumps(story, indent=2, ensure_ascii=False) if as_json else as_text(story))


async def _story(reference: str | None, names: bool, path: Path | None) -> View | None:
    async with services() as reached:
        directory = (await rules_today(reached)).directory
        heads = await asyncio.to_thread(_heads, path or reached.settings.data_dir / HEADS_FILE)
        async with reached.pool.acquire() as connection:
            return await story_of(connection, reference, directory, heads, with_names=names)


def _no_such_case(reference: str | None) -> CommandError:
    return CommandError(BAD_INPUT, f"there is no case {reference}; `sfo cases` lists them")


@audit.command("verify", epilog=example("sfo audit verify --heads /mnt/elsewhere/audit-heads.jsonl"))
@_HEADS
def audit_verify(heads: Path | None) -> None:
    """Check every row of the chain, and that nothing was cut off after an exported head.

    Without --heads, those in the data folder are used. Keep a copy of them where nobody who owns the database
    can write.
    """
    wait_for(_verify(heads))


async def _verify(path: Path | None) -> None:
    async with services() as reached:
        path = path or reached.settings.data_dir / HEADS_FILE
        heads = await asyncio.to_thread(_heads, path)
        async with reached.pool.acquire() as connection:
            problems = await verify(connection, heads)
            count = await connection.fetchval("SELECT count(*) FROM sfo.audit")
    if problems:
        raise _broken(problems)
    click.echo(f"{count} rows, whole; {f'{len(heads)} exported heads agree' if heads else _not_checked(path)}")


def _broken(problems: list[str]) -> CommandError:
    listed = "\n".join(f"  {problem}" for problem in problems)
    return CommandError(
        REFUSED, f"the audit chain is broken; keep everything as it is and tell your security team:\n{listed}"
    )


def _not_checked(path: Path) -> str:
    """Say what a chain alone cannot show, and how it is shown."""
    return (
        f"whether its end was cut off was NOT checked, for there is no exported head in {path}.\n"
        "To check it: sfo audit verify --heads FILE, with a file that the gateway or `sfo audit head` wrote earlier."
    )


def _heads(path: Path) -> list[Head]:
    try:
        return read_heads(path) if path.exists() else []
    except (HeadsError, OSError) as error:
        raise CommandError(BAD_INPUT, str(error)) from None


@audit.command("head", epilog=example("sfo audit head >> /mnt/elsewhere/audit-heads.jsonl"))
def audit_head() -> None:
    """Export the chain's head: printed here, and added to the heads in the data folder."""
    wait_for(_head())


async def _head() -> None:
    async with services() as reached:
        try:
            head = await export_head(reached.pool, reached.settings.data_dir)
        except HeadsError as error:
            raise CommandError(BAD_INPUT, str(error)) from None
    click.echo(head.as_line() if head else "")


@audit.command("complete", epilog=example("sfo audit complete SFO-2026-00042", "sfo audit complete --json"))
@click.argument("references", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def audit_complete(references: tuple[str, ...], as_json: bool) -> None:
    """Compare the decisions of the record with Temporal's own histories, both ways; of these cases, or of all.

    Every decision that the record applied must stand in a history, and every decision that a history applied must
    stand in the record as applied and in the chain. Each difference is said with what to do, and the command then
    ends with 1. What Temporal has forgotten after its retention, and what a restore parted, is said and is no fault.
    """
    report = wait_for(_complete(list(references) or None))
    click.echo(json.dumps(_as_json(report), indent=2) if as_json else "\n".join(_said(report)))
    if report.differences:
        count = len(report.differences)
        raise CommandError(REFUSED, f"{count} difference{'s' if count > 1 else ''} between the record and Temporal")


async def _complete(references: list[str] | None) -> Report:
    async with services() as reached:
        await _require_cases(reached, references or [])
        client = await temporal_client(reached.settings, attempts=1)
        try:
            return await completeness(reached.pool, client, references)
        except (RPCError, TemporalAwayError) as error:
            cause = error.status.name if isinstance(error, RPCError) else error
            raise CommandError(OUT_OF_REACH, f"Temporal does not answer ({cause})") from None


async def _require_cases(reached: Services, references: list[str]) -> None:
    rows = await reached.pool.fetch("SELECT reference FROM sfo.cases WHERE reference = ANY($1)", references)
    known = {row["reference"] for row in rows}
    for reference in references:
        if reference not in known:
            raise _no_such_case(reference)


def _as_json(report: Report) -> View:
    differences = [
        {"kind": one.kind, "reference": one.reference, "subject": one.subject, "decision": one.decision or None}
        | {"what_to_do": REMEDIES[one.kind]}
        for one in report.differences
    ]
    counts = {
        name: getattr(report, name)
        for name in ("cases", "decisions", "histories", "under_way", "forgotten", "begun_anew", "lost", "erased")
    }
    return {**counts, "differences": differences}


def _said(report: Report) -> list[str]:
    lines = [
        f"cases {report.cases}, applied decisions {report.decisions}, workflows read {report.histories}, "
        f"answers still on their way {report.under_way}"
    ]
    if report.forgotten:
        lines.append(
            f"Temporal has forgotten {len(report.forgotten)} workflows after its retention, which is no fault:"
        )
        lines += [f"  {workflow}" for workflow in report.forgotten]
    if report.begun_anew:
        lines.append(
            f"the histories of {len(report.begun_anew)} workflows are gone, as the chain says since a restore or since "
            "their case was started again from its record:"
        )
        lines += [f"  {workflow}" for workflow in report.begun_anew]
    if report.lost:
        lines.append(f"lost when a backup was restored, as the chain says: {len(report.lost)} answers or cases:")
        lines += [f"  {one}" for one in report.lost]
    if report.erased:
        lines.append(f"erased, so that no history can be read: {', '.join(report.erased)}")
    for one in report.differences:
        which = f", decision {one.decision}" if one.decision else ""
        lines += [f"{one.kind.replace('_', ' ').upper()}: {one.subject or one.reference}{which}"]
        lines += [f"  {REMEDIES[one.kind]}"]
    if not report.differences:
        lines.append("complete: each decision of the one stands in the other")
    return lines


@audit.command("decoded", epilog=example("sfo audit decoded SFO-2026-00042", "sfo audit decoded --json"))
@click.argument("reference", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def audit_decoded(reference: str | None, as_json: bool) -> None:
    """Tell who had payloads of a case read or sealed for the Temporal UI, when, and by which key.

    Without a case: every request, those that were refused among them. People are directory keys and roles. It is a
    record of its own beside the chain, to which the service can only add.
    """
    found = wait_for(_decoded(reference))
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], indent=2))
    else:
        click.echo("\n".join(one.as_line() for one in found) or "nothing was read or sealed, and nothing refused")


async def _decoded(reference: str | None) -> Sequence[Recorded]:
    async with services() as reached:
        await _require_cases(reached, [reference] if reference else [])
        async with reached.pool.acquire() as connection:
            return await readings_of(connection, reference)


@audit.command("key", epilog=example("sfo audit key", 'export SFO_AUDIT_KEY="$(sfo audit key --new)"'))
@click.option("--new", is_flag=True, help="Make a fresh key and print it instead, as SFO_AUDIT_KEY takes it. Secret.")
def audit_key(new: bool) -> None:
    """Print the public key by which an export is verified, kid:base64url. Each, where SFO_AUDIT_KEY holds several."""
    click.echo(new_key() if new else "\n".join(public_keys(_signing_key(settings_here()))))


def _signing_key(settings: Settings) -> KeyRing:
    if settings.audit_key is None:
        raise CommandError(BAD_INPUT, f"SFO_AUDIT_KEY is not set: {_NO_KEY}")
    return settings.audit_key


@audit.command(
    "export",
    epilog=example(
        "sfo audit export SFO-2026-00042 --output audit.zip",
        "sfo audit export --all --heads /mnt/elsewhere/audit-heads.jsonl --output audit.zip",
    ),
)
@click.argument("references", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every row of every case, and those of no case.")
@click.option("--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The zip to write.")
@_HEADS
def audit_export(references: tuple[str, ...], everything: bool, output: Path, heads: Path | None) -> None:
    """Write the chain's rows of these cases as a signed bundle, for `deploy/verify_audit.py` to verify anywhere.

    The rows hold the addresses of those who acted: hand it over as you would the record. Of the rows of other cases
    only the number and two hashes are in it. Without --heads, the exported heads in the data folder go with it.
    """
    if bool(references) is everything:
        raise CommandError(BAD_INPUT, "name the cases to export, or give --all")
    exported, problems = wait_for(_export(sorted(set(references)) if references else None, output, heads))
    click.echo(f"{output}: {exported.rows} rows in full, {exported.links} as links")
    if problems:
        raise _broken(problems)


async def _export(references: list[str] | None, output: Path, path: Path | None) -> tuple[Exported, list[str]]:
    async with services() as reached:
        ring = _signing_key(reached.settings)
        await _require_cases(reached, references or [])
        path = path or reached.settings.data_dir / HEADS_FILE
        heads = await asyncio.to_thread(_heads, path)
        as_they_are = await asyncio.to_thread(path.read_bytes) if heads else b""
        async with reached.pool.acquire() as connection:
            problems = await verify(connection, heads)
            try:
                return await export(connection, references, as_they_are, ring, output), problems
            except (OSError, zipfile.LargeZipFile) as error:
                raise CommandError(BAD_INPUT, f"{output}: cannot be written, {error}") from None
