"""`sfo rollout`: before a new build carries open cases, whether each of them would go on under it."""

import json
import time
from datetime import UTC, datetime, timedelta

import click
from temporalio import workflow
from temporalio.service import RPCError

from starter.command import BAD_INPUT, REFUSED, CommandError, Services, example, services, wait_for
from starter.judging import rules_in_force
from starter.registered import CASEWORK, NATIONAL
from starter.replaying import Fate, Foreseen, foresee
from starter.rollout import RolloutError, make_current
from starter.signals import TemporalAwayError
from workflows.policy.due import on_in_london

_SILENT_FOR = 2.0  # seconds between two words on how far it is
_KINDS = sorted(str(workflow._Definition.must_from_class(cls).name) for cls in (*CASEWORK, *NATIONAL))


@click.group()
def rollout() -> None:
    """Ship a change of the code while cases are open."""


@rollout.command(epilog=example("sfo rollout check", "sfo rollout check --region N53 --type review --json"))
@click.option("--region", help="Only this region, by its Delius code, such as N53.")
@click.option("--type", "kind", type=click.Choice(_KINDS), help="Only workflows of this type.")
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
            await make_current(reached.delivery.client, build_id=build, timeout=patience)
        except RolloutError as error:
            raise CommandError(REFUSED, f"{error}; start its worker, then say it again") from error
        except (RPCError, RuntimeError) as error:  # a client that is made lazily first connects here
            cause = error.status.name if isinstance(error, RPCError) else type(error).__name__
            raise TemporalAwayError(f"Temporal did not make {build} current ({cause}); see `sfo doctor`") from error
    return build


async def _check(region: str | None, kind: str | None, limit: int | None) -> tuple[str, Foreseen]:
    async with services() as reached:
        if region:
            _known(reached, region)
        client = reached.delivery.client
        return reached.settings.build_id, await foresee(client, kind=kind, region=region, limit=limit, seen=_Progress())


def _known(reached: Services, region: str) -> None:
    regions = rules_in_force(reached.settings, on_in_london(datetime.now(UTC))).directory.regions
    if region not in regions:
        raise CommandError(BAD_INPUT, f"--region: there is no region {region}; choose of {', '.join(regions)}")


class _Progress:
    """Says on stderr how many were replayed, when two seconds have passed without a word."""

    def __init__(self) -> None:
        self._said_at = time.monotonic()

    def __call__(self, number: int) -> None:
        if time.monotonic() - self._said_at > _SILENT_FOR:
            self._said_at = time.monotonic()
            click.echo(f"… {number} replayed", err=True)


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
    width = max(len(kind) for kind in (*kinds, "not known"))
    lines = [f"under build {build}", f"  {'type':<{width}}  goes on  breaks  unread"]
    for kind in kinds:
        on, breaks, unread = (found.counts[kind, fate] for fate in Fate)
        lines.append(f"  {kind or 'not known':<{width}}  {on:>7}  {breaks:>6}  {unread:>6}")
    for one in found.troubled:
        lines += [f"{one.fate.upper()}  {one.workflow}  {one.kind}", f"    {one.why}"]
    return "\n".join(lines)
