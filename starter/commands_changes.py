"""`sfo pause`, `resume`, `transfer`, `replace`, `relate`, `bank-holiday`: what changes while a review is under way."""

from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import click

from starter.announcing import announce_bank_holiday
from starter.command import DAY, deliver, example, rules_today, services, text_given, wait_for
from starter.connections import Connection
from starter.judging import Rules
from starter.relations import relate_cases
from starter.requests import request_pause, request_replacement, request_resume, request_transfer
from workflows.contract.vocabulary import ReasonCode, RelationKind, Role

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_Ask: TypeAlias = Callable[[Connection, Rules, ReasonCode, str | None], Awaitable[UUID]]


def _because(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say why and who."""
    options = (
        click.option("--reason-code", required=True, type=click.Choice([str(code) for code in ReasonCode])),
        click.option("--reasons", help="Why, in words. They stay in the record."),
        click.option("--reasons-file", type=_FILE, help="The same from a UTF-8 file."),
        click.option("--as", "by", required=True, help="The email address of whoever asks."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(epilog=example("sfo pause SFO-2026-00042 --reason-code trial --as senior.lead@example.test"))
@click.argument("reference")
@_because
def pause(reference: str, reason_code: str, reasons: str | None, reasons_file: Path | None, by: str) -> None:
    """Stop the clock of the review: a judge's direction, a long illness.

    While it stands still nobody is reminded and nothing gets overdue; answers still count. The senior lead, the
    regional director, the national SFO team and their deputies may, as the rulebook says. `sfo resume` ends it.
    """
    words = text_given(reasons, reasons_file, "the reasons")
    wait_for(
        _carry(
            lambda c, rules, code, why: request_pause(c, rules, reference, code, why, by),
            reason_code,
            words,
            f"{reference}: the clock of the review stops",
        )
    )


@click.command(epilog=example("sfo resume SFO-2026-00042 --reason-code trial --as senior.lead@example.test"))
@click.argument("reference")
@_because
def resume(reference: str, reason_code: str, reasons: str | None, reasons_file: Path | None, by: str) -> None:
    """Let the clock of a paused review run again.

    The working days that were left are given back: the review has a later date, and the first date stays visible.
    """
    words = text_given(reasons, reasons_file, "the reasons")
    wait_for(
        _carry(
            lambda c, rules, code, why: request_resume(c, rules, reference, code, why, by),
            reason_code,
            words,
            f"{reference}: the clock of the review runs again",
        )
    )


@click.command(
    epilog=example(
        "sfo transfer SFO-2026-00042 --region N56 --pdu N56CAM --reason-code supervision_moved "
        "--as sfo.team@example.test"
    )
)
@click.argument("reference")
@click.option("--region", required=True, help="The new region by its Delius code, such as N56.")
@click.option("--pdu", required=True, help="The new delivery unit by its Delius code, such as N56CAM.")
@_because
def transfer(
    reference: str, region: str, pdu: str, reason_code: str, reasons: str | None, reasons_file: Path | None, by: str
) -> None:
    """Move a case to the region and delivery unit where supervision is now.

    Open questions of the place go to its people. Dates, documents and the managers of the review stay; a manager
    in the line of the new unit is a concern for the national SFO team. The SFO Team or senior lead of the present
    region or the national team may ask.
    """
    words = text_given(reasons, reasons_file, "the reasons")
    wait_for(
        _carry(
            lambda c, rules, code, why: request_transfer(c, rules, reference, region, pdu, code, why, by),
            reason_code,
            words,
            f"{reference}: moves to {region} {pdu}",
        )
    )


@click.command(
    epilog=example(
        "sfo replace SFO-2026-00042 --role reviewing_manager --to n53.reviewer.2 --reason-code illness "
        "--as senior.lead@example.test"
    )
)
@click.argument("reference")
@click.option(
    "--role",
    required=True,
    type=click.Choice([str(Role.REVIEWING_MANAGER), str(Role.COUNTERSIGNING_MANAGER)]),
    help="What the person takes over.",
)
@click.option("--to", "to_key", required=True, help="The person's key in the directory, such as n53.reviewer.2.")
@_because
def replace(
    reference: str, role: str, to_key: str, reason_code: str, reasons: str | None, reasons_file: Path | None, by: str
) -> None:
    """Give the review, or its countersignature, to another manager who is independent of the case.

    Every open question of that role goes along; the dates, the drafts and what is recorded of interviews stay.
    The senior lead or the national SFO team may ask.
    """
    words = text_given(reasons, reasons_file, "the reasons")
    wait_for(
        _carry(
            lambda c, rules, code, why: request_replacement(c, rules, reference, Role(role), to_key, code, why, by),
            reason_code,
            words,
            f"{reference}: {to_key} is the {role.replace('_', ' ')}",
        )
    )


async def _carry(ask: _Ask, reason_code: str, words: str | None, what: str) -> None:
    async with services() as reached:
        rules = await rules_today(reached)
        async with reached.pool.acquire() as connection:
            request = await ask(connection, rules, ReasonCode(reason_code), words)
        await deliver(reached.delivery.deliver_request(request))
        click.echo(f"{what} as soon as the case's process takes it up")


@click.command(epilog=example("sfo relate SFO-2026-00042 SFO-2026-00043 --kind joint --as sfo.team@example.test"))
@click.argument("reference")
@click.argument("other")
@click.option("--kind", required=True, type=click.Choice([str(kind) for kind in RelationKind]))
@click.option("--as", "by", required=True, help="The email address of whoever says so.")
def relate(reference: str, other: str, kind: str, by: str) -> None:
    """Note that two cases belong together: several people charged with one offence, or one person twice.

    Each keeps its own review and its own dates. The senior leads of those still open are told once. A second charge
    on the same person is related by itself when it comes in.
    """
    wait_for(_relate(reference, other, RelationKind(kind), by))


async def _relate(reference: str, other: str, kind: RelationKind, by: str) -> None:
    async with services() as reached, reached.pool.acquire() as connection:
        is_new = await relate_cases(connection, (await rules_today(reached)).directory, reference, other, kind, by)
        click.echo(f"{reference} and {other}: {'related' if is_new else 'related already'}")


@click.command(
    "bank-holiday",
    epilog=example(
        'sfo bank-holiday 2027-06-04 --name "Invented Jubilee" --source "proclamation of 1 March 2027" '
        "--as sfo.team@example.test"
    ),
)
@click.argument("on", type=DAY, metavar="DATE")
@click.option("--name", required=True, help="What the day is called.")
@click.option("--source", required=True, help="Where it was announced.")
@click.option("--as", "by", required=True, help="The address of the national SFO team or of a deputy.")
def bank_holiday(on: date, name: str, source: str, by: str) -> None:
    """Announce a bank holiday that the published calendar does not have yet.

    Every open question whose time spans the day gets its working day back, with its reminders; whoever is asked
    hears of it once. The same day twice is one announcement. It cannot be taken back.
    """
    wait_for(_bank_holiday(on, name, source, by))


async def _bank_holiday(on: date, name: str, source: str, by: str) -> None:
    async with services() as reached:
        async with reached.pool.acquire() as connection:
            announced = await announce_bank_holiday(connection, await rules_today(reached), on, name, source, by)
        said = "announced" if announced.is_new else "announced already"
        click.echo(f"{on}: {said}; cases touched: {announced.cases}, questions: {announced.questions}")
        for request in announced.requests:
            if not await deliver(reached.delivery.deliver_request(request)):
                return  # when Temporal is away one word about it is enough, the relay tells them all
