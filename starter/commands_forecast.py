"""`sfo forecast`: when each region's backlog of reviews clears, or how it grows."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from starter.command import BAD_INPUT, CommandError, check_region, example, rules_today, services, wait_for, written
from starter.forecast_page import as_html
from starter.forecast_words import as_csv, as_data, as_text
from starter.forecasting import Asked, BacklogForecast, forecast_backlog
from starter.judging import pinned_rules
from workflows.contract.directory import Directory
from workflows.policy.due import on_in_london

Number = TypeVar("Number", int, float)

MOST_REVIEWERS, MOST_ARRIVALS = 200, 100.0
MOST_RUNS, MOST_MONTHS, MOST_CARRIED = 5_000, 36, 20
_EXAMPLES = (
    "sfo forecast",
    "sfo forecast --region N53 --reviewers N53=4 --arrivals N53=3.5",
    "sfo forecast --html forecast.html --csv forecast.csv",
)


@click.command(epilog=example(*_EXAMPLES))
@click.option("--region", "regions", multiple=True, help="Only this region; several times for several.")
@click.option("--months", type=click.IntRange(1, MOST_MONTHS), default=12, show_default=True, help="How far ahead.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same numbers.")
@click.option(
    "--runs", type=click.IntRange(1, MOST_RUNS), default=500, show_default=True, help="Futures that are played."
)
@click.option("--reviewers", multiple=True, metavar="REGION=N", help="So many reviewing managers, none of them away.")
@click.option("--arrivals", multiple=True, metavar="REGION=X", help="So many reviews come a month.")
@click.option("--carries", type=click.IntRange(1, MOST_CARRIED), help="So many reviews one manager works on at a time.")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with charts.")
@click.option(
    "--csv",
    "table",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Write the weeks; - prints.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--rehearsed", is_flag=True, help="Count rehearsed cases in, as if their day were today.")
def forecast(
    regions: tuple[str, ...],
    months: int,
    seed: int,
    runs: int,
    reviewers: tuple[str, ...],
    arrivals: tuple[str, ...],
    carries: int | None,
    page: Path | None,
    table: Path | None,
    as_json: bool,
    rehearsed: bool,
) -> None:
    """Say when each region's backlog of reviews clears, or how it grows, if things go on as they are.

    Plays many futures from what the record, the rulebook and the directory say today. The table has the middle of
    them and, in brackets, what a tenth and nine tenths of them do not exceed; below it stands where each number comes
    from. --reviewers, --arrivals and --carries ask what if.
    """
    asked = Asked(
        regions=tuple(dict.fromkeys(regions)),
        months=months,
        seed=seed,
        runs=runs,
        reviewers=_given(reviewers, "--reviewers", int, MOST_REVIEWERS),
        arrivals=_given(arrivals, "--arrivals", float, MOST_ARRIVALS),
        carries=carries,
        with_rehearsed=rehearsed,
    )
    prints_rows = table is not None and str(table) == "-"
    if prints_rows and as_json:
        raise CommandError(BAD_INPUT, "--csv - and --json both print; give one of them, or a file for --csv")
    found = wait_for(_forecast(asked))
    if page:
        written(page, as_html(found).encode())
    if table and not prints_rows:
        written(table, as_csv(found).encode())
    if prints_rows:
        click.echo(as_csv(found), nl=False)
    else:
        click.echo(json.dumps(as_data(found), indent=2) if as_json else as_text(found))


async def _forecast(asked: Asked) -> BacklogForecast:
    today = on_in_london(datetime.now(UTC))
    async with services() as reached:
        rules = await rules_today(reached)
        _check(asked, rules.directory)
        pinned = await asyncio.to_thread(pinned_rules, reached.settings)
        async with reached.pool.acquire() as connection:
            return await forecast_backlog(
                connection, rules, pinned, asked, today, lambda line: click.echo(line, err=True)
            )


def _given(pairs: Sequence[str], option: str, kind: Callable[[str], Number], most: Number) -> dict[str, Number]:
    """Read REGION=NUMBER, each region once. Raises CommandError."""
    found: dict[str, Number] = {}
    for pair in pairs:
        code, sign, text = pair.partition("=")
        try:
            number = kind(text)
        except ValueError:
            number = kind("-1")
        if not sign or not code or not 0 <= number <= most:
            what = "whole number" if kind is int else "number"
            raise CommandError(BAD_INPUT, f"{option}: {pair!r} is not REGION={what} from 0 to {most}, such as N53=4")
        if code in found:
            raise CommandError(BAD_INPUT, f"{option}: {code} is given twice; give it once")
        found[code] = number
    return found


def _check(asked: Asked, directory: Directory) -> None:
    """Every region that is named is known and asked for. Raises CommandError."""
    named: Iterable[tuple[str, Iterable[str]]] = (
        ("--region", asked.regions),
        ("--reviewers", asked.reviewers),
        ("--arrivals", asked.arrivals),
    )
    for option, codes in named:
        for code in codes:
            check_region(code, directory, option)
            if asked.regions and code not in asked.regions:
                raise CommandError(
                    BAD_INPUT, f"{option}: {code} is not among the regions asked for; add --region {code}"
                )
