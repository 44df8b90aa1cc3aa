"""`sfo rollout`: a new build ships while cases are open, looked at first, step by step, and back where it is bad."""

import json
from datetime import UTC, datetime, timedelta

import click
from temporalio.service import RPCError

from starter.command import REFUSED, CommandError, check_region, example, services, wait_for
from starter.commands_rollout_back import back, free_of, keep_with
from starter.commands_rollout_steps import an_address, drain, go, ramp, status, watch
from starter.deployment_state import routing
from starter.judging import rules_in_force
from starter.progress import Progress
from starter.registered import BY_TYPE
from starter.replaying import Fate, Foreseen, foresee
from starter.rollout import RolloutError, make_current
from starter.rollout_record import OPERATOR, Ledger
from starter.rollout_words import check_data, check_text
from starter.signals import TemporalAwayError
from workflows.policy.due import on_in_london


@click.group()
def rollout() -> None:
    """Ship a change of the code while cases are open."""


@rollout.command(epilog=example("sfo rollout check", "sfo rollout check --region N53 --type review --json"))
@click.option("--region", help="Only this region, by its Delius code, such as N53.")
@click.option("--type", "kind", type=click.Choice(sorted(BY_TYPE)), help="Only workflows of this type.")
@click.option("--ran-on", metavar="BUILD", help="Only those of which this build has done a step: before going back.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many: a sample, not a proof.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(region: str | None, kind: str | None, ran_on: str | None, limit: int | None, as_json: bool) -> None:
    """Replay every open workflow with the code that is installed here, and list what would break. Changes nothing.

    Run it with the new release, before its worker becomes current. Ends with 1 when something would break or its
    history could not be read.
    """
    build, found = wait_for(_check(region, kind, limit, ran_on))
    click.echo(json.dumps(check_data(build, found), indent=2) if as_json else check_text(build, found))
    breaks, unread = found.number(Fate.BREAKS), found.number(Fate.UNREAD)
    if breaks or unread:
        raise CommandError(REFUSED, f"{breaks} would break, {unread} could not be read: do not make {build} current")


@rollout.command(epilog=example("sfo rollout current", "sfo rollout current --wait 300 --as operator@example.test"))
@click.option("--wait", default=60, show_default=True, type=click.IntRange(1, 3600), help="Seconds to wait for it.")
@click.option("--as", "by", default=OPERATOR, show_default=True, help="The email address of whoever says so.")
def current(wait: int, by: str) -> None:
    """Make the build that is installed here current: its workers get work, and open cases go on under it.

    Safe to repeat. Its worker must run on every queue first; until then this waits, and changes nothing. It neither
    checks nor watches: `sfo rollout go` does. The way back is `sfo rollout back`.
    """
    by = by if by == OPERATOR else an_address(by)
    click.echo(f"build {wait_for(_current(timedelta(seconds=wait), by))} is current")


for step in (status, go, ramp, watch, back, keep_with, free_of, drain):
    rollout.add_command(step)


async def _current(patience: timedelta, by: str = OPERATOR) -> str:
    async with services() as reached:
        build, client = reached.settings.build_id, reached.delivery.client
        try:
            before = await routing(client)
            await make_current(client, deployment=reached.settings.deployment, build_id=build, timeout=patience)
        except RolloutError as error:
            raise CommandError(REFUSED, f"{error}; start its worker, then say it again") from error
        except (RPCError, RuntimeError, TemporalAwayError) as error:  # a lazily made client first connects here
            cause = error.status.name if isinstance(error, RPCError) else type(error).__name__
            raise TemporalAwayError(f"Temporal did not make {build} current ({cause}); see `sfo doctor`") from error
        if before.current != build:
            await Ledger(reached.pool, by).made_current(build, before.current, {})
    return build


async def _check(
    region: str | None, kind: str | None, limit: int | None, ran_on: str | None = None
) -> tuple[str, Foreseen]:
    async with services() as reached:
        if region:
            check_region(region, rules_in_force(reached.settings, on_in_london(datetime.now(UTC))).directory)
        progress = Progress(lambda line: click.echo(f"… {line}", err=True))
        found = await foresee(
            reached.delivery.client,
            kind=kind,
            region=region,
            ran_on=ran_on,
            limit=limit,
            seen=lambda n: progress(f"{n} replayed"),
        )
        return reached.settings.build_id, found
