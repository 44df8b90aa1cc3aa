"""`sfo namespace`: the namespace in Temporal, on whatever server, as the service needs it."""

import asyncio
import json
import os
from datetime import timedelta

import click
from temporalio.service import RPCError

from deploy.namespace import RETENTION, AttributeTypeError, Prepared, prepare_namespace
from starter.command import REFUSED, CommandError, example, wait_for
from starter.connections import temporal_client
from starter.running import recalled
from starter.settings import Settings
from starter.signals import TemporalAwayError

LEAST_DAYS = 90
"""A case may be open for years; a stage that Temporal has forgotten can be looked at in the record alone."""


@click.command(epilog=example("sfo namespace", "sfo namespace --keep 730 --wait 300"))
@click.option(
    "--keep",
    default=RETENTION.days,
    show_default=True,
    type=click.IntRange(LEAST_DAYS, 36_500),
    help="Days for which closed workflows stay in Temporal. A longer time that is set already stays.",
)
@click.option(
    "--wait", default=60, show_default=True, type=click.IntRange(1, 3600), help="Seconds to wait for Temporal."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def namespace(keep: int, wait: int, as_json: bool) -> None:
    """Make the namespace of SFO_TEMPORAL_NAMESPACE, or put it right: its retention and the search attributes.

    Needed once before the first case, and harmless once a release. Nothing is removed or shortened. Of the settings
    only those of Temporal matter. `sfo up` does this by itself.
    """
    done = wait_for(_prepare(timedelta(days=keep), timedelta(seconds=wait)))
    click.echo(json.dumps(_as_data(done), indent=2) if as_json else _as_text(done))


async def _prepare(keep: timedelta, patience: timedelta) -> Prepared:
    given = {name: value for name, value in recalled(os.environ).items() if name.startswith("SFO_TEMPORAL_")}
    settings = Settings.with_stand_ins(given, but=["SFO_TEMPORAL_ADDRESS"])
    try:
        async with asyncio.timeout(patience.total_seconds()):
            client = await temporal_client(settings, attempts=None)
        return await prepare_namespace(client, keep)
    except AttributeTypeError as error:
        raise CommandError(REFUSED, str(error)) from None
    except (RPCError, TimeoutError) as error:
        cause = error.status.name if isinstance(error, RPCError) else f"no answer within {patience.seconds} s"
        raise TemporalAwayError(
            f"Temporal at {settings.temporal_address} did not take it ({cause}); see whether it runs, whether "
            "SFO_TEMPORAL_ADDRESS names it and whether we may administer the namespace, then say this again"
        ) from error


def _as_data(done: Prepared) -> dict[str, object]:
    return {
        "namespace": done.namespace,
        "made": done.found is None,
        "retention_days": done.retention.days,
        "search_attributes_added": list(done.added),
    }


def _as_text(done: Prepared) -> str:
    if done.found is None:
        how = "made"
    elif done.found < done.retention:
        how = f"there; it kept closed workflows for {done.found.days} days only"
    else:
        how = "there"
    added = ", ".join(done.added) or "none was missing"
    return (
        f"namespace {done.namespace}: {how}\n"
        f"closed workflows are kept for {done.retention.days} days\n"
        f"search attributes added: {added}"
    )
