"""`sfo schedules`: what Temporal starts by itself, put right, and when it runs next."""

import json
from datetime import datetime

import click

from starter.command import example, services, wait_for
from starter.schedules import Standing, put_right
from workflows.policy.due import LONDON


@click.command(epilog=example("sfo schedules", "sfo schedules --json"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def schedules(as_json: bool) -> None:
    """Make the schedule of the weekday digest, or put it right, and say when it runs next. Safe to repeat.

    `sfo up` does this when it starts; elsewhere the deployment runs it once a release. One that somebody has paused
    in the Temporal UI stays paused.
    """
    standing = wait_for(_put_right())
    click.echo(json.dumps(_as_json(standing), indent=2) if as_json else _as_text(standing))


async def _put_right() -> Standing:
    async with services() as reached:
        return await put_right(reached.delivery.client)


def _as_json(standing: Standing) -> dict[str, object]:
    return {
        "schedule": standing.schedule,
        "change": standing.change,
        "paused": standing.paused,
        "note": standing.note,
        "next_runs": [_in_london(at).isoformat(timespec="minutes") for at in standing.next_runs],
    }


def _as_text(standing: Standing) -> str:
    done = {"made": "made", "put right": "put right", "nothing": "as it should be"}[standing.change]
    paused = f"  PAUSED: {standing.note}" if standing.paused else ""
    runs = [f"    {_in_london(at):%a %Y-%m-%d %H:%M} London" for at in standing.next_runs]
    return "\n".join([f"{standing.schedule}  {done}{paused}", *runs])


def _in_london(at: datetime) -> datetime:
    return at.astimezone(LONDON)
