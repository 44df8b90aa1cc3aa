"""`sfo up`, `demo`, `gateway` and `schema`: running the service."""

import os

import click

from starter.command import BAD_INPUT, REFUSED, CommandError, example, settings_here, wait_for
from starter.schema import apply_all
from starter.settings import SettingsError


@click.command(epilog=example("sfo up"))
def up() -> None:
    """Run the whole service here: every part that no SFO_* variable names is embedded. Ctrl-C stops it."""
    from starter.up import up as run_up  # the embedded stack is not needed by any other command

    wait_for(run_up(os.environ))


@click.command(epilog=example("sfo demo"))
def demo() -> None:
    """Take invented cases from charge to closed in rehearsal time, every answer given by its emailed link."""
    from starter.demo import run_demo

    try:
        problems = wait_for(run_demo(os.environ))
    except SettingsError as error:  # the advice to run `sfo up` would not help here
        raise CommandError(BAD_INPUT, str(error)) from None
    if problems:
        raise CommandError(REFUSED, "the demo did not end as it should; what is wrong stands above")


@click.command(epilog=example("SFO_GATEWAY_PORT=8080 sfo gateway"))
def gateway() -> None:
    """Serve the links, and deliver to Temporal what could not be delivered at once. SIGTERM stops it."""
    from starter.gateway import run_gateway

    wait_for(run_gateway(settings_here()))


@click.command(
    epilog=example("SFO_SCHEMA_DATABASE_URL=postgresql://sfo_owner@host/sfo sfo schema --expand", "sfo schema")
)
@click.option("--expand", is_flag=True, help="Only what the release before does not mind; what contracts waits.")
def schema(expand: bool) -> None:
    """Bring the databases to this version: apply what is new in deploy/schema and deploy/keys. Safe to repeat.

    A file that takes something away is refused while a worker or gateway of another build uses the database, as the
    names of their connections say: run it once more when those have stopped.
    """
    applied = wait_for(apply_all(settings_here(), only_expand=expand))
    click.echo("\n".join(f"applied {name}" for name in applied) or _nothing(expand=expand))


def _nothing(*, expand: bool) -> str:
    return "nothing to expand" if expand else "the database is up to date"
