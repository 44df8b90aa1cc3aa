"""`sfo figures`: what the ministry asks of every region, counted from the record."""

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import click
from dateutil.relativedelta import relativedelta

from starter.command import BAD_INPUT, DAY, CommandError, Services, example, rules_today, services, wait_for, written
from starter.figures import Asked, last_day, read_rows
from starter.figures_page import as_page
from starter.figures_sentences import sentences
from starter.figures_tables import Told
from starter.figures_told import as_csv, as_data, as_text
from starter.judging import Rules
from starter.record import announced_holidays
from workflows.contract.directory import Directory
from workflows.policy.due import on_in_london
from workflows.policy.figure_rows import Period
from workflows.policy.figures import EVERYWHERE, FIGURES, figures

ALL_REGIONS = "All regions"
_FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


def _definitions() -> str:
    """How each figure is counted, a paragraph each, for the help."""
    return "\n\n".join(["How each figure is counted:", *(f"{one.name}. {one.definition}" for one in FIGURES)])


@click.command(
    "figures",
    epilog=example(
        "sfo figures",
        "sfo figures --from 2026-04-01 --to 2026-09-30 --html figures.html",
        "sfo figures --region N53 --csv -",
    )
    + "\n\n"
    + _definitions(),
)
@click.option("--from", "from_on", type=DAY, help="The first day. Default: the first of the month a year before --to.")
@click.option("--to", "to_on", type=DAY, help="The last day, included. Default: today.")
@click.option("--region", help="Only this region, by its Delius code, such as N53.")
@click.option("--csv", "csv_file", type=_FILE, metavar="FILE", help="Write one line a measure to FILE; - prints it.")
@click.option(
    "--html", "html_file", type=_FILE, metavar="FILE", help="Write one page with charts to FILE; - prints it."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--rehearsed", is_flag=True, help="With rehearsed cases, on their own dates; --to is their last by default."
)
def figures_(
    from_on: date | None,
    to_on: date | None,
    region: str | None,
    csv_file: Path | None,
    html_file: Path | None,
    as_json: bool,
    rehearsed: bool,
) -> None:
    """Count more time, ages, stages, rounds and causes of a period, for each region.

    Dates are London's. Whatever rests on fewer than five is marked. Nobody is named, and no case.
    """
    printed = [name for name, is_so in (("--csv -", str(csv_file) == "-"), ("--html -", str(html_file) == "-"),
                                        ("--json", as_json)) if is_so]  # fmt: skip
    if len(printed) > 1:
        raise CommandError(BAD_INPUT, f"{' and '.join(printed)} would print over each other; write one to a file")
    told = wait_for(_told(from_on, to_on, region, rehearsed=rehearsed))
    for file, text in ((csv_file, as_csv), (html_file, _page)):
        if file is not None:
            _give(file, text(told))
    if as_json:
        click.echo(json.dumps(as_data(told), indent=2, ensure_ascii=False))
    elif csv_file is None and html_file is None:
        click.echo(as_text(told, sentences(told)))


def _page(told: Told) -> str:
    return as_page(told, datetime.now(UTC))


def _give(file: Path, text: str) -> None:
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    written(file, text.encode())
    click.echo(f"{file}: written", err=True)


async def _told(from_on: date | None, to_on: date | None, region: str | None, *, rehearsed: bool) -> Told:
    async with services() as reached:
        rules = await rules_today(reached)
        _check_region(region, rules.directory)
        async with reached.pool.acquire() as connection:
            today = on_in_london(datetime.now(UTC))
            last = await last_day(connection, today) if rehearsed else today
            asked = Asked(_period(from_on, to_on, last, rehearsed=rehearsed), region, rehearsed)
        return await _counted(reached, rules, asked)


async def _counted(reached: Services, rules: Rules, asked: Asked) -> Told:
    if sys.stderr.isatty():
        click.echo("Reading the record; ten thousand cases take some seconds ...", err=True)
    async with reached.pool.acquire() as connection:
        rows = await read_rows(connection, asked, rules.rulebook)
        holidays = rules.holidays | await announced_holidays(connection)
    found = figures(rows, asked.period, holidays)
    places = {code: _name(rules.directory, code) for code in found if code != EVERYWHERE}
    named = dict(sorted(places.items(), key=lambda place: place[1]))
    if asked.region:
        here = {asked.region: _name(rules.directory, asked.region)}
        return Told(asked.period, here, {asked.region: found[EVERYWHERE]}, asked.with_rehearsed)
    return Told(asked.period, {EVERYWHERE: ALL_REGIONS, **named}, found, asked.with_rehearsed)


def _name(directory: Directory, code: str) -> str:
    region = directory.region(code)
    return region.name if region else code


def _check_region(region: str | None, directory: Directory) -> None:
    if region is not None and directory.region(region) is None:
        known = ", ".join(sorted(directory.regions))
        raise CommandError(BAD_INPUT, f"--region {region}: the directory has no such region; it has {known}")


def _period(from_on: date | None, to_on: date | None, last: date, *, rehearsed: bool) -> Period:
    to_on = to_on or last
    if to_on > last and not rehearsed:
        raise CommandError(BAD_INPUT, f"--to {to_on} lies in the future; give {last}, today, or an earlier day")
    from_on = from_on or (to_on - relativedelta(years=1)).replace(day=1)
    if from_on > to_on:
        raise CommandError(BAD_INPUT, f"--from {from_on} is after --to {to_on}; give the earlier day first")
    return Period(from_on, to_on)
