"""`sfo rollout`: before a new build carries open cases, whether each of them would go on under it."""

import json
from datetime import UTC, datetime, timedelta

import click
from temporalio.service import RPCError

from starter.columns import in_columns
from starter.command import REFUSED, CommandError, check_region, example, services, wait_for
from starter.judging import rules_in_force
from starter.progress import Progress
from starter.registered import BY_TYPE
from starter.replaying import Fate, Foreseen, foresee
from starter.rollout import RolloutError, make_current
from starter.signals import TemporalAwayError
from workflows.policy.due import on_in_london


@click.group()
def rollout() -> None:
    """Ship a change of the code while cases are open."""


@rollout.command(epilog=example("sfo rollout check", "sfo rollout check --region N53 --type review --json"))
@click.option("--region", help="Only this region, by its Delius code, such as N53.")
@click.option("--type", "kind", type=click.Choice(sorted(BY_TYPE)), help="Only workflows of this type.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many: a sample, not a proof.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(region: str | None, kind: str | None, limit: int | None, as_json: bool) -> None:
    """Replay every open workflow with the code that is installed here, and list what would break. Changes nothing.

    Run it with the new release, before its worker becomes current. Ends with 1 when something would break or its
    history could not be read.
    """
    build, found = wait_for(_check(region, kind, limit))
    click.echo(json.dumps(_as_data(build, found), indent=2) if as_json else _as_text(build, found))
    breaks, unread = found.number(Fate.BREAKS), found.number(Fate.UNREAD)
    if breaks or unread:
        raise CommandError(REFUSED, f"{breaks} would break, {unread} could not be read: do not make {build} current")


@rollout.command(epilog=example("sfo rollout current", "sfo rollout current --wait 300"))
@click.option("--wait", default=60, show_default=True, type=click.IntRange(1, 3600), help="Seconds to wait for it.")
def current(wait: int) -> None:
    """Make the build that is installed here current: its workers get work, and open cases go on under it.

    Safe to repeat. Its worker must run on every queue first; until then this waits, and changes nothing. The way back
    is the same command with the release before.
    """
    click.echo(f"build {wait_for(_current(timedelta(seconds=wait)))} is current")


async def _current(patience: timedelta) -> str:
    async with services() as reached:
        build = reached.settings.build_id
        try:
            await make_current(
                reached.delivery.client, deployment=reached.settings.deployment, build_id=build, timeout=patience
            )
        except RolloutError as error:
            raise CommandError(REFUSED, f"{error}; start its worker, then say it again") from error
        except (RPCError, RuntimeError) as error:  # a client that is made lazily first connects here
            cause = error.status.name if isinstance(error, RPCError) else type(error).__name__
            raise TemporalAwayError(f"Temporal did not make {build} current ({cause}); see `sfo doctor`") from error
    return build


async def _check(region: str | None, kind: str | None, limit: int | None) -> tuple[str, Foreseen]:
    async with services() as reached:
        if region:
            check_region(region, rules_in_force(reached.settings, on_in_london(datetime.now(UTC))).directory)
        progress = Progress(lambda line: click.echo(f"… {line}", err=True))
        found = await foresee(
            reached.delivery.client, kind=kind, region=region, limit=limit, seen=lambda n: progress(f"{n} replayed")
        )
        return reached.settings.build_id, found


def _as_data(build: str, found: Foreseen) -> dict[str, object]:
    kinds = sorted({kind for kind, _ in found.counts})
    return {
        "build": build,
        "types": {kind: {fate: found.counts[kind, fate] for fate in Fate} for kind in kinds},
        "troubled": [
            {"reference": one.reference, "workflow": one.workflow, "type": one.kind, "fate": one.fate, "why": one.why}
            for one in found.troubled
        ],
    }


def _as_text(build: str, found: Foreseen) -> str:
    kinds = sorted({kind for kind, _ in found.counts})
    if not kinds:
        return f"no workflow is open, so nothing can break under build {build}"
    rows = [(kind or "not known", *(str(found.counts[kind, fate]) for fate in Fate)) for kind in kinds]
    table = in_columns([("type", "goes on", "breaks", "unread"), *rows], numbers=range(1, 4))
    lines = [f"under build {build}", *(f"  {line}" for line in table)]
    for one in found.troubled:
        lines += [f"{one.fate.upper()}  {one.workflow}  {one.kind}", f"    {one.why}"]
    return "\n".join(lines)
