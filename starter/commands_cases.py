"""`sfo charge` and `sfo case`: cases in, and how one stands."""

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import click

from starter.case_text import HISTORY_SHOWN, read_case
from starter.casebook_review import View
from starter.command import (
    BAD_INPUT,
    DAY,
    CommandError,
    Services,
    deliver,
    example,
    services,
    settings_here,
    wait_for,
)
from starter.intake import Pace, open_cases
from starter.judging import Rules, pinned_rules, rules_in_force
from starter.settings import Settings
from workflows.contract import ids
from workflows.contract.charge import MAX_BYTES, Charge, parse_charges
from workflows.contract.message import FASTEST, SLOWEST
from workflows.policy.due import on_in_london


class _Speed(click.FloatRange):
    """A range of numbers; what is no number at all lies in none, though Python says that it is not outside either."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the speed; anything else is bad input."""
        speed: float = super().convert(value, param, ctx)
        return speed if speed == speed else self.fail("is not a number", param, ctx)


SPEED = _Speed(SLOWEST, FASTEST)


@click.command(epilog=example("sfo charge october.json", "sfo charge october.json --dry-run --json"))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Judge the criteria, open nothing, need no service.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--speed", type=SPEED, default=1.0, help="Rehearse this fast.")
@click.option("--anchor", type=DAY, help="Start the rehearsal at 9:00 UTC on this date, else on the charge's.")
def charge(files: tuple[Path, ...], dry_run: bool, as_json: bool, speed: float, anchor: date | None) -> None:
    """Open the cases of charge FILES, one case or a list in each; - is standard input.

    Prints a line a case: reference, ground, workflow id. The same charge twice is one case. A bad entry is named
    by its path and does not stop the good ones; the command then ends with 2.
    """
    today = max(on_in_london(datetime.now(UTC)), anchor or date.min)
    rules = rules_in_force(Settings.with_stand_ins(os.environ) if dry_run else settings_here(), today)
    given, is_good = _read(files, today, rules)
    if dry_run:
        _print([_judged(index, file, one, rules, len(files) > 1) for index, file, one in given], as_json)
    else:
        pace = Pace(speed, datetime.combine(anchor, time(9, tzinfo=UTC)) if anchor else None)
        _print(wait_for(_open(given, pace, rules)), as_json)
    if not is_good:
        raise CommandError(BAD_INPUT, "not every entry could be read; what is wrong stands above")


Given = tuple[int, Path, Charge]


def _read(files: Sequence[Path], today: date, rules: Rules) -> tuple[list[Given], bool]:
    """Read every file; say what is wrong on stderr. The numbering runs on from file to file."""
    given: list[Given] = []
    is_good, before = True, 0
    for file in files:
        batch = parse_charges(_content(file), today=today, directory=rules.directory)
        for problem in (*batch.problems, *batch.remarks):
            click.echo(f"{file}: {problem}", err=True)
        is_good = is_good and not batch.problems
        given += [(before + index, file, one) for index, one in batch.charges]
        places = [*(index for index, _ in batch.charges), *(p.index or 0 for p in batch.problems)]
        before += max(places, default=-1) + 1
    return given, is_good


def _content(file: Path) -> bytes:
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(BAD_INPUT, f"{file}: cannot be read, {error.strerror}; check its name") from None


def _judged(index: int, file: Path, one: Charge, rules: Rules, is_one_of_many: bool) -> View:
    verdict = rules.judge(one)
    found = {"index": index, "ground": str(verdict.ground), "reason": str(verdict.reason)}
    return {**found, "file": str(file)} if is_one_of_many else found


async def _open(given: Sequence[Given], pace: Pace, rules: Rules) -> list[View]:
    async with services() as reached:
        opened = await open_cases(reached.pool, [one for _, _, one in given], pace, rules.directory)
        views = []
        for (index, _, one), case in zip(given, opened, strict=True):
            ground = str(rules.judge(one).ground)
            workflow = ids.case_id(case.reference)
            views.append(
                {
                    "index": index,
                    "reference": case.reference,
                    "ground": ground,
                    "workflow": workflow,
                    "new": case.is_new,
                }
            )
        await _start(reached, [case.reference for case in opened if case.is_new])
        return views


async def _start(reached: Services, references: Sequence[str]) -> None:
    """Start the workflows; when Temporal is away one word about it is enough, the relay starts them all."""
    for reference in references:
        if not await deliver(reached.delivery.start_case(reference)):
            return


def _print(views: list[View], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(views, indent=2))
        return
    for view in views:
        click.echo("  ".join(str(part) for part in _line(view)))


def _line(view: View) -> list[Any]:
    if "reference" not in view:
        return [f"[{view['index']}]", view["ground"], view["reason"]]
    again = [] if view["new"] else ["(open already)"]
    return [view["reference"], view["ground"], view["workflow"], *again]


@click.command(epilog=example("sfo case SFO-2026-00042", "sfo case SFO-2026-00042 --json"))
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--all", "whole", is_flag=True, help=f"All that happened and will, not the latest {HISTORY_SHOWN} things."
)
def case(reference: str, as_json: bool, whole: bool) -> None:
    """Tell one case: how it stands and whom it waits for, what happened, what stands open, what comes if nobody acts.

    Dates are in London. The first date of the review stands beside one that moved.
    """
    told = wait_for(_told(reference, whole=whole, as_json=as_json))
    if told is None:
        raise CommandError(BAD_INPUT, f"there is no case {reference}; `sfo cases` lists them")
    click.echo(told)


async def _told(reference: str, *, whole: bool, as_json: bool) -> str | None:
    async with services() as reached, reached.pool.acquire() as connection:
        pinned = pinned_rules(reached.settings)
        read = await read_case(connection, reference, pinned)
    if read is None:
        return None
    return json.dumps(read.as_data, indent=2) if as_json else read.as_text(whole=whole)
