"""`sfo up`, `demo`, `gateway`, `schema` and `audit`: running the service and proving its record."""

import asyncio
import os
from pathlib import Path

import click

from starter.audit import HEADS_FILE, Head, HeadsError, export_head, read_heads, verify
from starter.command import BAD_INPUT, REFUSED, CommandError, example, services, settings_here, wait_for
from starter.schema import apply_schema
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


@click.command(epilog=example("SFO_SCHEMA_DATABASE_URL=postgresql://sfo_owner@host/sfo sfo schema"))
def schema() -> None:
    """Bring the database to this version: apply what is new in deploy/schema. Safe to repeat, and at once."""
    applied = wait_for(apply_schema(settings_here().schema_database_url))
    click.echo("\n".join(f"applied {name}" for name in applied) or "the database is up to date")


@click.group()
def audit() -> None:
    """Prove that the audit chain is whole."""


@audit.command("verify", epilog=example("sfo audit verify --heads /mnt/elsewhere/audit-heads.jsonl"))
@click.option("--heads", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Exported heads.")
def audit_verify(heads: Path | None) -> None:
    """Check every row of the chain, and that nothing was cut off after an exported head.

    Without --heads, those in the data folder are used. Keep a copy of them where nobody who owns the database
    can write.
    """
    wait_for(_verify(heads))


async def _verify(path: Path | None) -> None:
    async with services() as reached:
        path = path or reached.settings.data_dir / HEADS_FILE
        heads = await asyncio.to_thread(_heads, path)
        async with reached.pool.acquire() as connection:
            problems = await verify(connection, heads)
            count = await connection.fetchval("SELECT count(*) FROM sfo.audit")
    if problems:
        raise CommandError(REFUSED, "the audit chain is broken; keep everything as it is and tell your security team:\n"
                           + "\n".join(f"  {problem}" for problem in problems))  # fmt: skip
    click.echo(f"{count} rows, whole; {f'{len(heads)} exported heads agree' if heads else _not_checked(path)}")


def _not_checked(path: Path) -> str:
    """Say what a chain alone cannot show, and how it is shown."""
    return (
        f"whether its end was cut off was NOT checked, for there is no exported head in {path}.\n"
        "To check it: sfo audit verify --heads FILE, with a file that the gateway or `sfo audit head` wrote earlier."
    )


def _heads(path: Path) -> list[Head]:
    try:
        return read_heads(path) if path.exists() else []
    except (HeadsError, OSError) as error:
        raise CommandError(BAD_INPUT, str(error)) from None


@audit.command("head", epilog=example("sfo audit head >> /mnt/elsewhere/audit-heads.jsonl"))
def audit_head() -> None:
    """Export the chain's head: printed here, and added to the heads in the data folder."""
    wait_for(_head())


async def _head() -> None:
    async with services() as reached:
        try:
            head = await export_head(reached.pool, reached.settings.data_dir)
        except HeadsError as error:
            raise CommandError(BAD_INPUT, str(error)) from None
    click.echo(head.as_line() if head else "")
