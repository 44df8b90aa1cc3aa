"""`sfo opt-in`, `correct`, `readers`, `give`, `disclosure`: what is shared with victims, corrected, read and traced."""

import json
from datetime import date
from pathlib import Path

import click

from starter.command import (
    BAD_INPUT,
    DAY,
    CommandError,
    Services,
    deliver,
    example,
    rules_today,
    services,
    text_given,
    wait_for,
    written,
)
from starter.correcting import request_correction
from starter.disclosure_story import disclosure_of
from starter.disclosure_text import as_text
from starter.opting_in import opt_in as record_opt_in
from starter.opting_in import wish_of, wish_problems
from starter.register import INTERNAL, Given, Giving, View, as_table, readers
from starter.register import give as record_giving
from starter.reopening import TakenUp, hand_on
from workflows.contract.choices import LANGUAGES, WAYS, WISHES
from workflows.contract.rendition import FileFormat
from workflows.contract.vocabulary import ReasonCode

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_BY = click.option("--as", "by", required=True, help="The email address of whoever records it.")
_LONGEST = 5_000  # characters of reasons
_LONGEST_NAME = 200


def _no_such_case(reference: str) -> CommandError:
    return CommandError(BAD_INPUT, f"there is no case {reference}; `sfo cases` lists them")


def _words(text: str | None, file: Path | None, what: str, *, required: bool = False) -> str | None:
    words = text_given(text, file, what, required=required)
    if words and len(words) > _LONGEST:
        raise CommandError(BAD_INPUT, f"{what}: shorten it to {_LONGEST} characters; it has {len(words)}")
    return words


@click.command(
    "opt-in",
    epilog=example(
        'sfo opt-in SFO-2026-00042 v1 --wish copy --language en --reasons "They rang on Monday" '
        "--as liaison.officer@example.test"
    ),
)
@click.argument("reference")
@click.argument("victim")
@click.option("--wish", required=True, type=click.Choice([one.value for one in WISHES]), help="How they want it.")
@click.option("--language", required=True, type=click.Choice([one.value for one in LANGUAGES]))
@click.option("--language-other", help="Which other language, for --language other.")
@click.option("--reasons", help="What they said, in words. It stays in the record.")
@click.option("--reasons-file", type=_FILE, help="The same from a UTF-8 file.")
@_BY
def opt_in(
    reference: str,
    victim: str,
    wish: str,
    language: str,
    language_other: str | None,
    reasons: str | None,
    reasons_file: Path | None,
    by: str,
) -> None:
    """Record that VICTIM, such as v1, wants the review after all.

    A victim or family may change their mind at any time, also after the case has closed: it is then opened again.
    They are given the released version as soon as there is one, and nobody offers it to them a second time. The
    liaison officer of the leg may record it, the SFO Team, the senior lead or the national SFO team. The page of an
    answered question of the leg does the same.
    """
    fields = {"wish": wish, "language": language, "language_other": language_other or ""}
    if problems := wish_problems({name: value for name, value in fields.items() if value}):
        listed = "\n".join(f"  --{one.field.replace('_', '-')}: {one.message}" for one in problems)
        raise CommandError(BAD_INPUT, f"the wish is not complete:\n{listed}")
    words = _words(reasons, reasons_file, "the reasons")

    async def work() -> None:
        async with services() as reached:
            rules = await rules_today(reached)
            async with reached.pool.acquire() as connection:
                taken = await record_opt_in(connection, reference, victim, wish_of(fields), words, by, rules)
            await _take_up(reached, taken, f"{victim} wants the review")

    wait_for(work())


async def _take_up(reached: Services, taken: TakenUp, what: str) -> None:
    await deliver(hand_on(reached.delivery, taken))
    follows = "the case is opened again" if taken.is_reopened else "taken up as soon as the case's process hears of it"
    click.echo(f"{taken.reference}: {what}; {follows}")


@click.command(
    epilog=example(
        "sfo correct SFO-2026-00042 --reason-code error_found --reasons-file wrong.txt --as senior.lead@example.test"
    )
)
@click.argument("reference")
@click.option(
    "--reason-code",
    "code",
    required=True,
    type=click.Choice([str(code) for code in ReasonCode], case_sensitive=False),
    help="Why, as a code: error_found, where something in it is wrong.",
)
@click.option("--reasons", help="What is wrong, in words. They stay in the record.")
@click.option("--reasons-file", type=_FILE, help="The same from a UTF-8 file.")
@_BY
def correct(reference: str, code: str, reasons: str | None, reasons_file: Path | None, by: str) -> None:
    """Have the accepted review corrected: it is written, checked and signed once more.

    From this moment nothing of it leaves. Every earlier version stays as it is, and whoever was given one is told
    what differs in the new one. A case that has closed is opened again. The senior lead, the regional director or
    the national SFO team may, and their deputies.
    """
    given = _words(reasons, reasons_file, "what is wrong", required=True) or ""

    async def work() -> None:
        async with services() as reached:
            rules = await rules_today(reached)
            async with reached.pool.acquire() as connection:
                taken = await request_correction(connection, rules, reference, ReasonCode(code), given, by)
            await _take_up(reached, taken, "the review is being corrected")

    wait_for(work())


@click.command("readers", epilog=example("sfo readers SFO-2026-00042", "sfo readers SFO-2026-00042 --json"))
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def readers_(reference: str, as_json: bool) -> None:
    """List every reader of every version of the review: given by whom, how and when, and each download.

    A family stands there by its number, an internal or outside reader as the register names them.
    """
    found = wait_for(_readers(reference))
    if found is None:
        raise _no_such_case(reference)
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        click.echo(as_table(found) if found else f"{reference}: nobody has been given a version of the review yet")


async def _readers(reference: str) -> list[View] | None:
    async with services() as reached, reached.pool.acquire() as connection:
        return await readers(connection, reference)


@click.command(
    epilog=example(
        "sfo give SFO-2026-00042 --to regional_director --version 2 --how secure_email --on 2027-03-12 "
        "--as sfo.team@example.test",
        'sfo give SFO-2026-00042 --to designated --name "Example Reader" --version 2 --how in_person '
        "--on 2027-03-12 --output review.docx --as sfo.team@example.test",
    )
)
@click.argument("reference")
@click.option("--to", required=True, type=click.Choice(list(INTERNAL)), help="Who was given it.")
@click.option("--name", help="Who a designated reader is. It stands in the register.")
@click.option("--version", required=True, type=click.IntRange(min=1), help="The version of the review: the accepted.")
@click.option("--how", required=True, type=click.Choice([way.value for way in WAYS]))
@click.option("--on", required=True, type=DAY, help="The date on which it was given.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the internal version here, to be given: review.html, review.docx or review.pdf.",
)
@_BY
def give(
    reference: str, to: str, name: str | None, version: int, how: str, on: date, output: Path | None, by: str
) -> None:
    """Put into the register that an internal reader is given the accepted review, and write its file.

    The review is written for the Regional Probation Director, the Chief Probation Officer and designated others;
    everybody who reads it stands in the register. It sends nothing. The same twice is recorded once; each file that
    is written is noted. Victims are given their own version by the question `handover`, outside readers theirs by an
    enquiry.
    """
    as_file = _format_of(output) if output else None
    who = (name or "").strip()
    if (to == "designated") is not bool(who):
        raise CommandError(BAD_INPUT, "--name: give it for a designated reader, and for nobody else")
    if len(who) > _LONGEST_NAME or not who.isprintable():
        raise CommandError(BAD_INPUT, f"--name: write it in one line of at most {_LONGEST_NAME} characters")

    async def work() -> Given:
        async with services() as reached:
            rules = await rules_today(reached)
            async with reached.pool.acquire() as connection:
                giving = Giving(to, version, how, on, who or None)
                return await record_giving(connection, rules, reference, giving, by, as_file)

    given = wait_for(work())
    if output and given.file:
        written(output, given.file.data)
        click.echo(f"{reference}: the internal version {version} written to {output}")
    recorded = "recorded" if given.is_new else "recorded already"
    click.echo(f"{reference}: version {version} given to the {INTERNAL[to]}, {recorded}")


def _format_of(output: Path) -> FileFormat:
    try:
        return FileFormat(output.suffix.lower().removeprefix("."))
    except ValueError:
        endings = ", ".join(f".{format_}" for format_ in FileFormat)
        raise CommandError(BAD_INPUT, f"--output: name a file that ends in one of {endings}") from None


@click.command(epilog=example("sfo disclosure SFO-2026-00042", "sfo disclosure SFO-2026-00042 --json"))
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--names", is_flag=True, help="Show the names of families, their officers and readers, from the record.")
def disclosure(reference: str, as_json: bool, names: bool) -> None:
    """Tell the disclosure of a case: each victim or family, the release, the impact on staff, who has read what.

    Then the audit trail, row by row as sentences with their numbers, and whether the chain verifies. Nobody is named
    without --names, and then only where the names are kept: never in the trail.
    """
    story = wait_for(_story(reference, names))
    if story is None:
        raise _no_such_case(reference)
    click.echo(json.dumps(story, indent=2, ensure_ascii=False) if as_json else as_text(story))


async def _story(reference: str, names: bool) -> View | None:
    async with services() as reached, reached.pool.acquire() as connection:
        return await disclosure_of(connection, reference, (await rules_today(reached)).directory, with_names=names)
