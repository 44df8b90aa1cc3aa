"""`sfo decide`: an answer by command, for who cannot use a link; checked and recorded as the page does it."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from starter.command import BAD_INPUT, REFUSED, CommandError, Services, deliver, example, services, text_given, wait_for
from starter.connections import OUT_OF_REACH
from starter.forms import COLUMNS
from starter.record import Asked, Gate, Offer, asked_person, decided, read_gate, record_decision
from starter.team import OTHER, Member, member_of
from starter.views import by_whom, moment
from workflows.contract.questions import QUESTIONS, Question
from workflows.contract.vocabulary import Channel, GateState
from workflows.policy.answers import Problem, check_answer

_RECEIPT_WITHIN = 5.0  # seconds


@click.command(
    epilog=example(
        "sfo decide SFO-2026-00042/notification/notification sent --as spoc@example.test --field sent_on=2026-10-12"
    )
)
@click.argument("gate")
@click.argument("answer")
@click.option("--as", "email", required=True, help="The address of the person asked, or of their deputy once asked.")
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="A field; rows as a JSON list.")
@click.option("--person", help="Who decides, where a team shares the address: a directory key, or a full name.")
@click.option("--reasons", help="The reasons. They stay in the record.")
@click.option("--reasons-file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def decide(
    gate: str,
    answer: str,
    email: str,
    fields: tuple[str, ...],
    person: str | None,
    reasons: str | None,
    reasons_file: Path | None,
) -> None:
    """Give ANSWER to GATE for the person who was asked. Gates stand in `sfo case REF`."""
    words = text_given(reasons, reasons_file, "the reasons")
    wait_for(_decide(gate, answer, email, fields, person, words))


async def _decide(
    name: str, answer: str, email: str, fields: Sequence[str], person: str | None, reasons: str | None
) -> None:
    async with services() as reached:
        gate, by, question = await asked_of(reached, name, email)
        given = _fields(question, answer, fields)
        offer = Offer(uuid4(), answer, given, reasons, Channel.COMMAND, _person(by, person))
        click.echo(await give(reached, gate, by, offer))


def _person(by: Asked, person: str | None) -> Member | None:
    """Who of a team decides: one of those listed by key, else whoever is named. CommandError: nobody is."""
    if by.team is None:
        return None
    if not (person or "").strip():
        keys = ", ".join(str(one.key) for one in by.team)
        who = f"one of {keys}, or a full name" if keys else "a full name"
        raise CommandError(BAD_INPUT, f"a team reads this address; say who decides with --person: {who}")
    return member_of(by.team, str(person), "") or member_of(by.team, OTHER, str(person))


async def give(reached: Services, gate: Gate, by: Asked, offer: Offer) -> str:
    """Record an answer that is complete, hand it on, and say what became of it; CommandError: nothing is recorded."""
    question = QUESTIONS[gate.question]
    problems = check_answer(question, offer.answer, offer.fields, offer.reasons, gate.page_today())
    if problems:
        raise CommandError(BAD_INPUT, f"the answer is not complete:\n{listed(problems)}")
    async with reached.pool.acquire() as connection:
        outcome = await record_decision(connection, gate.gate, by, offer)
    if not outcome.is_new:
        raise CommandError(REFUSED, f"{gate.gate} was closed in this very moment; `sfo case` shows how it stands")
    return await _receipt(reached, gate, offer)


def listed(problems: Sequence[Problem]) -> str:
    """Write problems a line each, with their place."""
    return "\n".join(f"  {problem.field}: {problem.message}" for problem in problems)


async def asked_of(reached: Services, name: str, email: str) -> tuple[Gate, Asked, Question]:
    """Return an open gate, the person asked of that address, and its question. CommandError: it cannot be answered."""
    async with reached.pool.acquire() as connection:
        gate = await read_gate(connection, name)
        if gate is None or gate.question not in QUESTIONS:
            raise CommandError(BAD_INPUT, f"there is no gate {name}; `sfo case REF` lists the open ones")
        standing = await decided(connection, name)
        if standing:
            when = f"{by_whom(gate, standing)} on {moment(standing.received_at)}"
            raise CommandError(REFUSED, f"it was decided {standing.answer!r} by {when}; nothing has changed")
        if gate.state is not GateState.OPEN:
            raise CommandError(REFUSED, f"{name} is {gate.state} and takes no answer")
        by = await asked_person(connection, name, email)
        if by is None:
            raise CommandError(REFUSED, f"{name} was not asked of this person; only who was asked may answer")
        return gate, by, QUESTIONS[gate.question]


def _fields(question: Question, answer: str, given: Sequence[str]) -> dict[str, Any]:
    chosen = question.answer(answer)
    of_rows = {f.name for f in chosen.fields if f.kind in COLUMNS} if chosen else set()
    found: dict[str, Any] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or name in found:
            raise CommandError(BAD_INPUT, f"--field {name}: write it once, as name=value")
        found[name] = _rows(name, value) if name in of_rows else value
    return found


def _rows(name: str, value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        raise CommandError(BAD_INPUT, f"--field {name}: write its rows as a JSON list of objects") from None


async def _receipt(reached: Services, gate: Gate, offer: Offer) -> str:
    recorded = f"{gate.gate}: recorded; it is acted on as soon as the case's process takes it up"
    if not await deliver(reached.delivery.deliver_decision(offer.decision)):
        return recorded
    try:
        async with asyncio.timeout(_RECEIPT_WITHIN):
            receipt = await reached.delivery.receipt(gate.gate, offer.decision)
    except OUT_OF_REACH:  # TimeoutError is an OSError
        return recorded
    if not receipt.applied:
        raise CommandError(REFUSED, f"{gate.gate}: the answer could not be used ({receipt.code}); it is kept")
    return f"{gate.gate}: applied"
