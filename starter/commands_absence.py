"""`sfo absence`: who is away and who stands in, set for oneself or for somebody of one's region."""

from datetime import UTC, date, datetime
from uuid import uuid4

import click

from starter.absences import Wanted, absences_from, absences_of, end_absence, gaps_of, set_absence
from starter.command import BAD_INPUT, DAY, CommandError, example, rules_today, services, wait_for
from workflows.contract.directory import Directory, Person
from workflows.contract.questions import QUESTIONS
from workflows.policy.authority import IN_WORDS
from workflows.policy.cover import Gap, candidates
from workflows.policy.due import on_in_london

_BY = click.option("--as", "by", required=True, help="The email address of whoever says so.")


@click.group()
def absence() -> None:
    """Say who is away and who stands in, or list it. People set their own on the page /my/absence."""


@absence.command(
    "set",
    epilog=example(
        "sfo absence set n53.reviewer.1 --from 2027-08-02 --to 2027-08-13 --deputy n53.reviewer.2 "
        "--as senior.lead@example.test"
    ),
)
@click.argument("key")
@click.option("--from", "from_on", required=True, type=DAY, help="The first day away.")
@click.option("--to", "to_on", required=True, type=DAY, help="The last day away.")
@click.option("--deputy", required=True, help="The directory key of whoever stands in.")
@click.option("--dry-run", is_flag=True, help="Only say where the deputy may not answer; nothing is recorded.")
@_BY
def set_(key: str, from_on: date, to_on: date, deputy: str, dry_run: bool, by: str) -> None:  # a flag
    """Say that the person with this directory KEY is away, and who stands in.

    They themselves, the senior lead or SFO Team of their region, or the national SFO team may. It is checked at once
    in which cases the deputy may not answer; there a question goes up instead.
    """
    wait_for(_set(key, from_on, to_on, deputy, by, is_trial=dry_run))


async def _set(key: str, from_on: date, to_on: date, deputy: str, by: str, *, is_trial: bool) -> None:
    async with services() as reached:
        directory = (await rules_today(reached)).directory
        person = _person(directory, key)
        wanted = Wanted(uuid4(), person, from_on, to_on, _person(directory, deputy, _keys(person, directory)))
        async with reached.pool.acquire() as connection:
            if is_trial:
                found = await gaps_of(connection, directory, wanted)
            else:
                found = await set_absence(connection, directory, wanted, by, _today())
    for gap in found:
        click.echo(_said(gap, deputy))
    if not found:
        click.echo(f"{deputy} may answer in every open case of {key}")
    if not is_trial:
        click.echo(f"{key} is away from {from_on} to {to_on}; {deputy} stands in")


@absence.command("end", epilog=example("sfo absence end n53.reviewer.1 --as senior.lead@example.test"))
@click.argument("key")
@_BY
def end(key: str, by: str) -> None:
    """End the absence of the person with this directory KEY that runs now, or else the next one."""
    wait_for(_end(key, by))


async def _end(key: str, by: str) -> None:
    async with services() as reached:
        directory = (await rules_today(reached)).directory
        async with reached.pool.acquire() as connection:
            own = await absences_of(connection, _person(directory, key).key, _today())
            if not own or not await end_absence(connection, directory, own[0].absence, by):
                raise CommandError(BAD_INPUT, f"no absence of {key} stands; `sfo absence list` shows those that do")
    click.echo(f"{key}: the absence from {own[0].from_on} to {own[0].to_on} has ended")


@absence.command("list", epilog=example("sfo absence list"))
def list_() -> None:
    """List who is away now or later, and who stands in, by directory key."""
    wait_for(_list())


async def _list() -> None:
    async with services() as reached, reached.pool.acquire() as connection:
        found = await absences_from(connection, _today())
    for one in found:
        click.echo(f"{one.from_on} to {one.to_on}  {one.person_key}, {one.deputy_key or 'nobody'} stands in")
    if not found:
        click.echo("Nobody is away.")


def _person(directory: Directory, key: str, known: str = "it looks like n53.reviewer.1") -> Person:
    person = directory.person(key)
    if person is None:
        raise CommandError(BAD_INPUT, f"nobody in the directory has the key {key}; {known}")
    return person


def _keys(person: Person, directory: Directory) -> str:
    return f"those who can stand in are {', '.join(one.key for one in candidates(person, directory)) or 'none'}"


def _said(gap: Gap, deputy: str) -> str:
    why = IN_WORDS.get(gap.code, gap.code).lower()
    return f"{gap.reference}: {deputy} may not “{QUESTIONS[gap.question].title}” ({why}); it goes up instead"


def _today() -> date:
    return on_in_london(datetime.now(UTC))
