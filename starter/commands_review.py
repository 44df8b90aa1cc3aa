"""`sfo review`: a review out as JSON or Word, back in as the answer to its draft, and the rounds it went through."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from starter.command import BAD_INPUT, REFUSED, CommandError, Services, example, services, wait_for, written
from starter.commands_decide import asked_of, give, listed
from starter.record import Gate, Offer
from starter.versions import View, latest, rounds_of, version_of
from starter.word import LARGEST_FILE, WordError, blank
from starter.word_in import from_word
from starter.word_out import to_word
from workflows.contract.vocabulary import Channel

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


@click.group(
    epilog=example(
        "sfo review export SFO-2026-00042 --output review.docx",
        "sfo review import SFO-2026-00042 review.docx --as manager@example.test",
        "sfo review rounds SFO-2026-00042",
    )
)
def review() -> None:
    """Take a review along as a file, hand it in, and see what each round changed."""


@review.command(
    epilog=example(
        "sfo review export SFO-2026-00042 --output review.docx",
        "sfo review export SFO-2026-00042 --version 1 > version-1.json",
    )
)
@click.argument("reference")
@click.option("--version", type=click.IntRange(min=1), help="Which version; otherwise the latest.")
@click.option("--format", "as_", type=click.Choice(["json", "docx"]), help="Otherwise as the file is named, or JSON.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to; otherwise standard output.")
def export(reference: str, version: int | None, as_: str | None, output: Path | None) -> None:
    """Write a version of the review of case REFERENCE. While there is none it is the empty form."""
    is_word = as_ == "docx" or (as_ is None and output is not None and output.suffix.lower() == ".docx")
    if is_word and output is None and sys.stdout.isatty():
        raise CommandError(BAD_INPUT, "a Word file cannot be shown here; say where to with --output review.docx")
    number, document = wait_for(_version(reference, version))
    if number == 0:
        click.echo(f"{reference} has no version of a review yet; this is the empty form", err=True)
    if is_word:
        data = to_word(document, reference=reference, version=number)
    else:
        data = f"{json.dumps(document or blank(), indent=2, ensure_ascii=False)}\n".encode()
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    written(output, data)
    click.echo(f"{reference}: {f'version {number}' if number else 'the empty form'} written to {output}")


async def _version(reference: str, version: int | None) -> tuple[int, Mapping[str, Any]]:
    async with services() as reached, reached.pool.acquire() as connection:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM sfo.cases WHERE reference = $1)", reference):
            raise _no_such_case(reference)
        if version is None:
            return await latest(connection, reference)
        found = await version_of(connection, reference, version)
        if found is None:
            newest, _ = await latest(connection, reference)
            known = f"its latest version is {newest}" if newest else "it has none yet"
            raise CommandError(BAD_INPUT, f"{reference} has no version {version} of a review; {known}")
        return version, found


def _no_such_case(reference: str) -> CommandError:
    return CommandError(BAD_INPUT, f"there is no case {reference}; `sfo cases` lists them")


@review.command(
    "import", epilog=example("sfo review import SFO-2026-00042 review.docx --as reviewing.manager@example.test")
)
@click.argument("reference")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--as", "email", required=True, help="The address of the person who is asked for the draft.")
@click.option("--older", is_flag=True, help="Take a Word file that was made from an older version than the latest.")
def import_(reference: str, file: Path, email: str, older: bool) -> None:
    """Hand in the draft of case REFERENCE from FILE, JSON or Word.

    It answers the open question for the draft, as the page does. Whatever is wrong is listed with its place, and
    nothing is recorded.
    """
    wait_for(_import(reference, file, email, older=older))


async def _import(reference: str, file: Path, email: str, *, older: bool) -> None:
    data = _read(file)
    async with services() as reached:
        gate, by, _ = await asked_of(reached, await _draft(reached, reference), email)
        if _is_json(data):
            fields = _from_json(file, data)
            click.echo(f"{file}: JSON does not say of which case and version it is; see that it is this one", err=True)
        else:
            fields = await _from_word(reached, gate, file, data, older=older)
        click.echo(await give(reached, gate, by, Offer(uuid4(), "draft_ready", fields, None, Channel.COMMAND)))


async def _draft(reached: Services, reference: str) -> str:
    gates = await reached.pool.fetch(
        "SELECT gate FROM sfo.gates WHERE reference = $1 AND question = 'draft' ORDER BY opened_at DESC, gate DESC",
        reference,
    )
    if gates:
        return str(gates[0]["gate"])
    if not await reached.pool.fetchval("SELECT EXISTS (SELECT FROM sfo.cases WHERE reference = $1)", reference):
        raise _no_such_case(reference)
    raise CommandError(REFUSED, f"{reference}: nobody is asked for a draft; `sfo case {reference}` shows what is")


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise CommandError(BAD_INPUT, f"{file}: cannot be read, {error.strerror}; check its name") from None
    if len(data) > LARGEST_FILE:
        raise CommandError(BAD_INPUT, f"{file}: larger than {LARGEST_FILE // 1_000_000} MB; shorten it")
    return data


def _is_json(data: bytes) -> bool:
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[", b"")


def _from_json(file: Path, data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data.decode("utf-8-sig"), object_pairs_hook=partial(_each_once, file))
        json.dumps(found, ensure_ascii=False).encode()  # an escape may stand for half of a character, which is none
    except (ValueError, RecursionError):
        raise CommandError(BAD_INPUT, f"{file}: is no JSON in UTF-8; see `sfo review export` for its form") from None
    if not isinstance(found, dict):
        raise CommandError(BAD_INPUT, f"{file}: a review is one JSON object; see `sfo review export` for its form")
    return {name: part for name, part in found.items() if part not in (None, "", [])}


def _each_once(file: Path, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice: one of the two texts would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise CommandError(BAD_INPUT, f"{file}: {twice[:60]!a} stands twice in one object; keep one of the two")
    return found


async def _from_word(reached: Services, gate: Gate, file: Path, data: bytes, *, older: bool) -> dict[str, Any]:
    try:
        paper = from_word(data, reference=gate.reference, options=gate.page.get("options", {}))
    except WordError as error:
        raise CommandError(BAD_INPUT, f"{file} cannot be taken:\n{listed(error.problems)}") from None
    async with reached.pool.acquire() as connection:
        newest, _ = await latest(connection, gate.reference)
    if paper.version != newest and not older:
        made = f"version {paper.version}" if paper.version else "the empty form"
        raise CommandError(
            BAD_INPUT, f"{file} was made from {made}, and version {newest} is the latest; export that, or give --older"
        )
    for remark in paper.remarks:
        click.echo(f"{file}: {remark}", err=True)
    return paper.document


@review.command(epilog=example("sfo review rounds SFO-2026-00042", "sfo review rounds SFO-2026-00042 --json"))
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the words before and after each change.")
def rounds(reference: str, as_json: bool) -> None:
    """Show each version: drafted, submitted, sent back or accepted by which role, in how many days, what changed."""
    found = wait_for(_rounds(reference))
    if found is None:
        raise _no_such_case(reference)
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(line for one in found for line in _lines(one)) or f"{reference}: no version of a review yet")


async def _rounds(reference: str) -> list[View] | None:
    async with services() as reached, reached.pool.acquire() as connection:
        return await rounds_of(connection, reference)


def _lines(one: View) -> Iterator[str]:
    submitted = f", submitted {one['submitted_on']}" if one["submitted_on"] else ""
    by = f" by {one['by']} on {one['ended_on']}" if one["by"] else ""
    rated = f", rated {one['composite'].replace('_', ' ')}" if one["composite"] else ""
    days = f"{one['days']} day{'' if one['days'] == 1 else 's'}"
    yield f"version {one['version']}  drafted {one['drafted_on']}{submitted}, {one['outcome']}{by}{rated}, {days}"
    for step in one["steps"]:
        stands = f"{step['answer']} by {step['by']}" if step["by"] else step["answer"] or "waits for an answer"
        late = ", after the date" if step["late"] else ""
        yield f"    {step['question']}  {(stands).replace('_', ' ')}, {step['on'] or 'since ' + step['asked_on']}{late}"
    for change in one["changes"]:
        yield f"    {_SIGNS[change['kind']]} {change['label']}"
