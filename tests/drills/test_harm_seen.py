"""That harm in a record is seen: planted by hand, as a service could leave it that takes an answer and loses it."""

from uuid import UUID

import asyncpg
import pytest

from starter.record import append_audit
from tests.builders import MONDAY, ACase, a_case
from tests.conftest import MailServer, Record
from tests.drills.harm import doubled, lost

NOTHING: dict[str, list[str]] = {}


async def answered(record: Record, mail_server: MailServer) -> tuple[ACase, UUID]:
    """A case with one answer that was applied, and the link by which it was given."""
    case = await a_case(record.pool, mail_server)
    settled = await case.answer("notification", "sent", stage="notification", sent_on="2026-10-05")
    assert settled.decision is not None
    return case, await link_of(record, settled.decision.gate)


async def link_of(record: Record, gate: str) -> UUID:
    found = await record.value("SELECT link FROM links WHERE gate = $1", gate)
    assert isinstance(found, UUID)
    return found


async def found_twice(record: Record) -> dict[str, list[str]]:
    return {what: which for what, which in (await doubled(record.pool)).items() if which}


async def test_in_a_record_as_it_should_be_nothing_is_lost_or_doubled(record: Record, mail_server: MailServer) -> None:
    _, link = await answered(record, mail_server)
    assert await lost(record.pool, [link]) == []
    assert await found_twice(record) == NOTHING


async def test_an_answer_that_was_called_recorded_and_is_not_is_lost(record: Record, mail_server: MailServer) -> None:
    case, link = await answered(record, mail_server)
    gate = (await case.ask("early_look", stage="early-look")).gate
    unwritten = await link_of(record, gate)
    assert await lost(record.pool, [link, unwritten]) == [unwritten]
    await case.decide(gate, "no_action", "Invented reason")  # recorded by now, and no stage has heard of it
    assert await lost(record.pool, [link, unwritten]) == [unwritten]


async def test_an_answer_applied_twice_is_doubled(record: Record, mail_server: MailServer) -> None:
    case, _ = await answered(record, mail_server)
    (decision,) = await record.rows("SELECT decision, gate FROM decisions")
    detail = {"decision": str(decision["decision"])}
    async with record.pool.acquire() as connection:
        await append_audit(connection, MONDAY, case.reference, "x", "decision_applied", str(decision["gate"]), detail)
    assert await found_twice(record) == {"answers applied twice": [detail["decision"]]}


async def test_two_answers_that_stand_are_doubled(record: Record, mail_server: MailServer) -> None:
    await answered(record, mail_server)
    await as_owner(
        record,
        "DROP INDEX sfo.decisions_one",
        """INSERT INTO sfo.decisions (decision, gate, answer, channel, received_at, late)
           SELECT gen_random_uuid(), gate, answer, channel, received_at, late FROM sfo.decisions""",
    )
    (gate,) = await record.rows("SELECT gate FROM gates")
    assert await found_twice(record) == {"answers that stand twice": [str(gate["gate"])]}


@pytest.mark.parametrize(
    ("what", "statement"),
    [
        ("people asked twice", """
            INSERT INTO sfo.outbox (event, reference, gate, letter, to_name, to_email, message_id, at)
            SELECT event || '/again', reference, gate, letter, to_name, to_email, message_id || 'x', at
            FROM sfo.outbox WHERE letter = 'asked'"""),
        ("questions asked twice", """
            INSERT INTO sfo.gates SELECT (jsonb_populate_record(g, jsonb_build_object('gate', g.gate || '#2'))).*
            FROM sfo.gates g"""),
    ],
)  # fmt: skip
async def test_a_question_or_a_letter_of_one_that_came_again_is_doubled(
    record: Record, mail_server: MailServer, what: str, statement: str
) -> None:
    await answered(record, mail_server)
    await as_owner(record, statement)
    assert [*await found_twice(record)] == [what]


async def as_owner(record: Record, *statements: str) -> None:
    connection = await asyncpg.connect(record.owner_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
