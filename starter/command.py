"""What every command of `sfo` shares: how it ends, how it reaches the services, how it reads what was typed."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from starter.absences import covered
from starter.connections import Pool, database_pool, temporal_client
from starter.delivery import Delivery
from starter.judging import Rules, rules_in_force
from starter.running import recalled
from starter.settings import Settings
from starter.signals import NoSuchWorkflowError, TemporalAwayError
from workflows.contract.directory import Directory
from workflows.policy.due import on_in_london

Result = TypeVar("Result")

REFUSED, BAD_INPUT, OUT_OF_REACH = 1, 2, 3


class CommandError(click.ClickException):
    """The command ends here. `code`: 1 refused by a rule, 2 bad input, 3 a service is out of reach."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_region(code: str, directory: Directory, option: str = "--region") -> None:
    """Say which regions there are, where this is none of them. Raises CommandError."""
    if directory.region(code) is None:
        known = ", ".join(sorted(directory.regions))
        raise CommandError(BAD_INPUT, f"{option}: there is no region {code}; the directory has {known}")


def example(*lines: str) -> str:
    """Write what stands under a command's options: how it is typed, kept line by line."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


class Day(click.ParamType[date]):
    """A date written YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the date; anything else is bad input."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date; write it as YYYY-MM-DD, such as 2026-11-30", param, ctx)


DAY = Day()


@dataclass(frozen=True, slots=True)
class Services:
    """What a command works with."""

    settings: Settings
    pool: Pool
    delivery: Delivery


def settings_here() -> Settings:
    """Read the settings of the environment, or of the service that `sfo up` runs on this machine."""
    return Settings.from_environment(recalled(os.environ))


@asynccontextmanager
async def services() -> AsyncIterator[Services]:
    """Reach the record; Temporal is reached when something is delivered. Raises ServiceUnreachableError."""
    settings = settings_here()
    client = await temporal_client(settings, lazy=True)
    async with database_pool(settings, service="sfo-command", max_size=2) as pool:
        yield Services(settings, pool, Delivery(client, pool))


async def rules_today(reached: Services) -> Rules:
    """Read what is in force today, with who is away and who stands in. Raises RulesError."""
    today = on_in_london(datetime.now(UTC))
    async with reached.pool.acquire() as connection:
        return await covered(connection, rules_in_force(reached.settings, today), today)


def wait_for(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's work to its end."""
    return asyncio.run(work)


async def deliver(work: Coroutine[Any, Any, Any]) -> bool:
    """Hand on what is on the record. False, said on stderr: Temporal is away and the relay delivers it later."""
    try:
        await work
    except (TemporalAwayError, NoSuchWorkflowError) as error:
        why = str(error) or "it does not know the workflow"
        click.echo(f"It is on the record. Temporal cannot take it now ({why}); the relay delivers it.", err=True)
        return False
    return True


def text_given(text: str | None, file: Path | None, what: str, *, required: bool = False) -> str | None:
    """Return the text typed or the file's; giving both, or neither where it is needed, is bad input."""
    if text and file:
        raise CommandError(BAD_INPUT, f"{what} is given twice; give the text or the file")
    given = _read(file) if file else text
    if required and not (given or "").strip():
        raise CommandError(BAD_INPUT, f"{what} is missing; give it as text or as a file")
    return given.strip() if given else None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(BAD_INPUT, f"{file}: cannot be read as UTF-8 text, {type(error).__name__}") from None


def written(output: Path, data: bytes) -> None:
    """The file holds this from now on. Raises CommandError where it cannot be written; then nothing else is lost."""
    try:
        output.write_bytes(data)
    except OSError as error:
        raise CommandError(BAD_INPUT, f"{output}: cannot be written, {error.strerror}; check its folder") from None
