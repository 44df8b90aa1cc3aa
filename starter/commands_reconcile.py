"""`sfo reconcile`: what stands open on one side and is gone or stuck on the other; and starting a lost case again."""

import json
from collections.abc import Sequence
from typing import Any

import click

from starter.command import REFUSED, CommandError, Services, example, services, wait_for
from starter.findings import Finding, Kept, as_json
from starter.reconciling import Reconciliation
from starter.restarting import Restarted, restart
from starter.stranded import NOTICES


@click.command(
    epilog=example(
        "sfo reconcile",
        "sfo reconcile --dry-run --json",
        "sfo reconcile --restart SFO-2026-00042",
    )
)
@click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
@click.option("--dry-run", is_flag=True, help="Look and write nothing: no row, no letter, no escalation.")
@click.option(
    "--restart", "reference", metavar="REF", help="Start the workflow of this open case again, if it is gone."
)
def reconcile(as_json_: bool, dry_run: bool, reference: str | None) -> None:
    """Compare the record with Temporal, both ways, and say what is stranded, since when, and what to do.

    The relay does the same every ten minutes. What is new is put on the record and raised once: a letter to
    operations, and an escalation where the case can have one. Ends with 1 when something is found.

    --restart starts a case that is open in the record and has no workflow. It goes to where it stood by what the
    record holds: nobody is asked or written to again. Where the record cannot say enough it refuses, and says why.
    """
    if reference:
        done = wait_for(_restart(reference, dry_run=dry_run))
        click.echo(json.dumps(done.as_json(), indent=2) if as_json_ else done.as_text())
        return
    kept = wait_for(_look(dry_run=dry_run, quiet=as_json_))
    click.echo(json.dumps(_report(kept), indent=2) if as_json_ else "\n".join(_said(kept)))
    found = [one for one in kept.findings if one.stranded.kind not in NOTICES]
    if found:
        raise CommandError(REFUSED, f"{len(found)} stranded workflow{'s' if len(found) > 1 else ''}")


async def _look(*, dry_run: bool, quiet: bool) -> Kept:
    async with services() as reached:
        comparing = _reconciliation(reached, quiet=quiet)
        return await (comparing.rehearse() if dry_run else comparing.round())


async def _restart(reference: str, *, dry_run: bool) -> Restarted:
    async with services() as reached:
        return await restart(reached.delivery, reached.pool, reference, is_rehearsal=dry_run)


def _reconciliation(reached: Services, *, quiet: bool) -> Reconciliation:
    comparing = Reconciliation.of(reached.settings, reached.delivery, reached.pool)
    comparing.everything = True
    if not quiet:
        comparing.say = lambda line: click.echo(f"… {line}", err=True)
    return comparing


def _report(kept: Kept) -> dict[str, Any]:
    return {
        "found": [as_json(one) for one in kept.findings],
        "gone_again": kept.gone,
        "escalated": [{"reference": reference, "number": number} for reference, number in kept.escalated],
    }


def _said(kept: Kept) -> Sequence[str]:
    lines = [line for one in kept.findings for line in _lines(one)]
    if kept.gone:
        lines.append(f"{kept.gone} of the earlier findings {'is' if kept.gone == 1 else 'are'} gone again")
    return lines or ["the record and Temporal agree, and nothing is stuck"]


def _lines(one: Finding) -> Sequence[str]:
    told = as_json(one)
    state = f" ({told['state']})" if told["state"] else ""
    new = "  NEW" if one.is_new else ""
    return [
        f"{str(told['kind']).replace('_', ' ').upper()}  {told['workflow']}{state}  since {told['since'][:16]}{new}",
        f"    {told['what']}",
        f"    {told['what_to_do']}",
        f"    {told['runbook']}",
    ]
