"""`sfo cases` and `sfo watch`: many cases, once or live, by the same filters."""

import asyncio
import contextlib
import gc
import json
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import reduce
from textwrap import indent
from typing import Any, TypeVar

import click

from starter.case_filters import Filters, NoSuchPlaceError, Sort, check_places
from starter.case_list import Line, Listed, list_cases
from starter.case_table import as_csv, as_summary, as_table
from starter.casebook import view_cases
from starter.command import BAD_INPUT, DAY, CommandError, Services, example, services, wait_for
from starter.judging import Pinned, pinned_rules
from starter.watch_screen import Watch, look_again_and_again
from workflows.contract.ids import REFERENCE
from workflows.contract.vocabulary import ClockState, EscalationKind, Ground, Role, Stage

SHOWN = 50
"""How many cases a table shows unless it is told otherwise."""
AT_ONCE = 200
"""How many cases are read whole at once for `--json`."""
_PROGRESS_AFTER = 2.0

Command = TypeVar("Command", bound=Callable[..., Any])


def _codes(kinds: Sequence[str]) -> click.Choice[str]:
    return click.Choice([str(kind) for kind in kinds])


_FILTERS = (
    click.option("--region", help="Only this region, by its Delius code, such as N53."),
    click.option("--pdu", help="Only this delivery unit, by its code, such as N53LEI."),
    click.option("--stage", type=_codes([*Stage]), help="Only cases at this stage."),
    click.option("--ground", type=_codes([*Ground]), help="Only cases on this ground."),
    click.option("--awaiting", type=_codes([*Role]), metavar="ROLE", help="Only cases that wait for this role."),
    click.option("--clock", type=_codes([*ClockState]), help="Only cases whose clock stands like this."),
    click.option("--overdue", is_flag=True, help="Only cases in which something is overdue."),
    click.option("--at-risk", is_flag=True, help="Only cases whose review is at risk."),
    click.option("--due-before", type=DAY, help="Only cases whose date in the column Due lies before this date."),
    click.option("--escalation", type=_codes([*EscalationKind]), help="Only cases with an open one of this kind."),
    click.option("--unacknowledged", is_flag=True, help="Only cases with an escalation that nobody acknowledged."),
    click.option("--sort", type=_codes([*Sort]), default=str(Sort.LATE), show_default=True,
                 help="late: what is overdue, then at risk, in time, paused."),
)  # fmt: skip


def _filtered(command: Command) -> Command:
    """Give a command the options of every list."""
    return reduce(lambda given, option: option(given), reversed(_FILTERS), command)


@click.command(
    epilog=example(
        "sfo cases --region N53 --overdue",
        "sfo cases --awaiting head_of_pdu --due-before 2026-12-01",
        "sfo cases --at-risk --csv > at-risk.csv",
    )
)
@_filtered
@click.option("--open/--closed", "is_open", default=None, help="Only open or only closed cases.")
@click.option("--limit", type=click.IntRange(min=1), help=f"Show at most this many; a table shows {SHOWN}.")
@click.option("--all", "whole", is_flag=True, help="Show all of them.")
@click.option("--csv", "as_csv_", is_flag=True, help="Print CSV, all cases unless --limit says otherwise.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, all cases unless --limit says otherwise.")
def cases(limit: int | None, whole: bool, as_csv_: bool, as_json: bool, **given: Any) -> None:
    """List cases, the most urgent first, and sum them up.

    Waits for: the role of the most urgent open question, and how many more stand open. Due: until when, or the date of
    the review where nobody is asked. Both, and OVERDUE, are worked out at this moment, whether or not a worker runs.
    """
    if limit and whole:
        raise CommandError(BAD_INPUT, "--limit and --all are both given; give one of them")
    if as_csv_ and as_json:
        raise CommandError(BAD_INPUT, "--csv and --json are both given; give one of them")
    everything = whole or ((as_csv_ or as_json) and limit is None)
    wait_for(_cases(_filters(given), None if everything else limit or SHOWN, as_csv_=as_csv_, as_json=as_json))


@click.command(epilog=example("sfo watch", "sfo watch --region N53 --overdue", "sfo watch SFO-2026-00042"))
@click.argument("reference", required=False)
@_filtered
@click.option("--every", type=click.IntRange(1, 3600), default=5, show_default=True, help="Look again after seconds.")
@click.option("--lines", is_flag=True, help="Print a line for each change, as into a file, not a screen.")
def watch(reference: str | None, every: int, lines: bool, **given: Any) -> None:
    """Show open cases live, or one case; Ctrl-C ends it.

    On a terminal the table is drawn anew in its place. Elsewhere, or with --lines, what changed is printed, one line
    a change. While the record is out of reach that is said, and it goes on by itself.
    """
    filters = _filters({**given, "is_open": True, "references": (reference,) if reference else None})
    if reference is not None and not REFERENCE.fullmatch(reference):
        raise CommandError(BAD_INPUT, f"{reference!r} is not a reference; write it like SFO-2026-00042")
    wait_for(_watch(Watch(filters, reference, every, is_screen=sys.stdout.isatty() and not lines)))


def _filters(given: dict[str, Any]) -> Filters:
    clock = ClockState(given["clock"]) if given["clock"] else None
    return Filters(**{**given, "clock": clock, "sort": Sort(given["sort"])})


def _checked(reached: Services, filters: Filters) -> Pinned:
    """Read the rules, and check what was typed against the places that they know."""
    pinned = pinned_rules(reached.settings)
    try:
        check_places(filters, pinned.directories)
    except NoSuchPlaceError as error:
        raise CommandError(BAD_INPUT, str(error)) from None
    # What stands in memory by now is there for good: looking through it again and again for what is not would cost
    # as much as reading ten thousand cases.
    gc.freeze()
    return pinned


async def _watch(wanted: Watch) -> None:
    async with services() as reached:
        pinned = _checked(reached, wanted.filters)
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):  # whoever ends it, by Ctrl-C or by a signal, ends it well
            await look_again_and_again(reached.pool, pinned, wanted)


async def _cases(filters: Filters, limit: int | None, *, as_csv_: bool, as_json: bool) -> None:
    async with services() as reached:
        pinned = _checked(reached, filters)
        async with reached.pool.acquire() as connection:
            found = await list_cases(connection, filters, pinned, limit)
        shown = [*found.open, *found.closed][:limit]
        if as_json:
            await _print_json(reached, pinned, [line.reference for line in shown])
        elif as_csv_:
            click.echo(as_csv(shown), nl=False)
        else:
            _print_table(found, shown)


def _print_table(found: Listed, shown: Sequence[Line]) -> None:
    if not shown:
        click.echo("no cases")
        return
    is_tty = sys.stdout.isatty()
    for line in as_table(shown, shutil.get_terminal_size().columns if is_tty else None, colour=is_tty):
        click.echo(line)
    click.echo(f"\n{as_summary(found)}")
    if left := len(found.open) + found.closed_number - len(shown):
        click.echo(f"{len(shown):,} shown, {left:,} left out; --limit N or --all shows more")


async def _print_json(reached: Services, pinned: Pinned, references: Sequence[str]) -> None:
    """Print a list of whole cases as they are read, so that many of them need neither the time nor the room at once."""
    began, parts = time.monotonic(), 0
    click.echo("[", nl=False)
    for start in range(0, len(references), AT_ONCE):
        some = references[start : start + AT_ONCE]
        async with reached.pool.acquire() as connection:
            views = {view["reference"]: view for view in await view_cases(connection, some, pinned)}
        for view in (views[reference] for reference in some if reference in views):
            click.echo(f"{',' if parts else ''}\n{indent(json.dumps(view, indent=2), '  ')}", nl=False)
            parts += 1
        if sys.stderr.isatty() and time.monotonic() - began > _PROGRESS_AFTER:
            click.echo(f"\r{parts:,} of {len(references):,} cases read", err=True, nl=parts == len(references))
    click.echo("\n]" if parts else "]")
