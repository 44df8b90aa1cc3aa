"""The wall between a review and a referral: the service notes that one was made and can never find it again.

Rule: facts.md 5.15, 5.16.
"""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from starter.record import Asked, Offer, record_decision
from tests.builders import ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import Closing
from workflows.contract.vocabulary import Channel, Outcome

ROOT = Path(__file__).parents[2]
PROGRAM = ("activities", "workflows", "starter", "deploy")
NOTES_IT = ROOT / "activities" / "effects_case.py"
ACTION = {"what": "Invented action", "owner": "s2", "due_on": "2026-10-30"}

# Whatever differs between two cases that were answered alike.
_VARIES = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?([+Z][\d:]*)?"), "<moment>"),
    (re.compile(r"(\\\\x)?[0-9a-f]{24,}"), "<hash>"),
    (re.compile(r"(/a/)[\w.~-]+"), r"\1<token>"),
    (re.compile(r'("audit": |, row )\d+'), r"\1<row>"),
)
_ORDER_OF_WRITING = {"seq", "id"}


def program() -> list[Path]:
    files = [path for folder in PROGRAM for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [ROOT / "worker.py", *(path for path in files if "__pycache__" not in path.parts)]


def naming(word: str) -> Counter[Path]:
    found = {path: len(re.findall(rf"\b{word}\b", path.read_text(errors="replace"))) for path in program()}
    return Counter({path: count for path, count in found.items() if count})


def test_no_query_page_or_export_names_where_referrals_are_kept() -> None:
    schema = {ROOT / "deploy" / "schema" / name for name in ("0001_record.sql", "0002_review_in_depth.sql")}
    erasing = ROOT / "deploy" / "schema" / "0010_erasure.sql"  # deletes it with the rest of its case, and says nothing
    assert set(naming("referrals")) == schema | {erasing}
    assert naming("note_referral")[NOTES_IT] == 1
    assert set(naming("note_referral")) - schema == {NOTES_IT}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM referrals",
        "SELECT count(*) FROM referrals",
        "SELECT c.reference FROM cases c JOIN referrals r USING (reference)",
        "SELECT EXISTS (SELECT FROM referrals WHERE reference = 'SFO-2026-00001')",
        "INSERT INTO referrals (reference, made_by_role, at) VALUES ('SFO-2026-00001', 'spoc', now()) RETURNING *",
        "UPDATE referrals SET at = now()",
        "DELETE FROM referrals",
        "COPY referrals TO STDOUT",
    ],
)
async def test_the_service_can_neither_read_nor_join_a_referral(record: Record, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await record.pool.execute(statement)


async def test_nothing_in_the_database_leads_to_a_referral(record: Record) -> None:
    async with record.owner() as owner:
        keys = "SELECT conname FROM pg_constraint WHERE contype = 'f' AND confrelid = 'sfo.referrals'::regclass"
        assert await owner.fetch(keys) == []
        views = await owner.fetch(
            "SELECT viewname FROM pg_views WHERE schemaname = 'sfo' AND definition ~ 'referrals' "
            "UNION ALL SELECT tgname FROM pg_trigger WHERE tgrelid = 'sfo.referrals'::regclass AND NOT tgisinternal"
        )
        assert views == []
        functions = await owner.fetch(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'sfo'::regnamespace AND prosrc ~ 'referrals'"
        )
        assert [row["proname"] for row in functions] == ["note_referral"]


async def test_the_service_learns_nothing_from_noting_a_referral(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    note = "SELECT note_referral($1, 'sfo_team', now())"
    first, again = [await record.pool.fetchval(note, case.reference) for _ in range(2)]
    assert first == again
    async with record.owner() as owner:
        assert await owner.fetchval("SELECT count(*) FROM referrals") == 1


async def refused(case: ACase, gate: str, referral: str) -> None:
    """An answer of somebody who was not asked stays in the record and counts for nothing."""
    stranger = "stranger@n53.example.test"
    decision = await case.decide(gate, "actions", by=stranger, referral=referral, actions=[ACTION])
    assert (await case.settle(gate, decision)).refused == "not_asked"


async def through_the_early_look(record: Record, case: ACase, referral: str) -> str:
    """Answered in vain, then as through the gateway, carried out, confirmed; the case is asked to close."""
    opened = await case.ask("early_look", stage="early-look")
    await refused(case, opened.gate, referral)
    asked = await record.pool.fetchrow("SELECT * FROM gates WHERE gate = $1", opened.gate)
    assert asked is not None
    by = Asked(asked["person_email"], asked["person_name"], "asked")
    offer = Offer(uuid4(), "actions", {"referral": referral, "actions": [ACTION]}, None, Channel.LINK)
    async with record.pool.acquire() as connection:
        await record_decision(connection, opened.gate, by, offer)
    settled = await case.settle(opened.gate, offer.decision)
    assert settled.decision is not None
    await case.answer("management_action", "done", "a1", stage="early-look", done_on="2026-10-12")
    await case.answer("confirm_actions", "confirmed", stage="early-look")
    closed = await case.casework.close_case(Closing(reference=case.reference, outcome=Outcome.COMPLETED, at=case.at))
    return f"{settled.model_dump_json()} {closed.model_dump_json()}"


async def readable(record: Record, case: ACase) -> Counter[str]:
    """Every row of the case in every table that the service can read, without what varies from case to case."""
    tables = await record.rows(
        "SELECT table_name FROM information_schema.table_privileges "
        "WHERE table_schema = 'sfo' AND grantee = 'sfo_app' AND privilege_type = 'SELECT' ORDER BY table_name"
    )
    found: Counter[str] = Counter()
    for table in tables:
        name = table["table_name"]
        rows = await record.pool.fetch(f"SELECT to_jsonb(t) AS row FROM {name} t")
        mine = [row["row"] for row in rows if case.reference in json.dumps(row["row"])]
        found.update(f"{name} {same(row, case)}" for row in mine)
    return found


def same(row: dict[str, Any], case: ACase) -> str:
    kept = {column: value for column, value in row.items() if column not in _ORDER_OF_WRITING}
    return normal(json.dumps(kept, sort_keys=True), case)


def normal(text: str, case: ACase) -> str:
    text = text.replace(case.reference, "<case>")
    for pattern, instead in _VARIES:
        text = pattern.sub(instead, text)
    return text


async def test_a_case_with_a_referral_reads_like_one_without(record: Record, mail_server: MailServer) -> None:
    cases = {answer: await a_case(record.pool, mail_server) for answer in ("yes", "no")}
    told = {answer: await through_the_early_look(record, case, answer) for answer, case in cases.items()}
    async with record.owner() as owner:
        noted = await owner.fetch("SELECT reference FROM referrals")
    assert [row["reference"] for row in noted] == [cases["yes"].reference]
    rows = {answer: await readable(record, case) for answer, case in cases.items()}
    assert rows["yes"].total() > 20
    assert rows["yes"] == rows["no"]
    assert len({normal(text, cases[answer]) for answer, text in told.items()}) == 1
    letters = {
        answer: sorted(normal(text_of(m), case) for m in mail_server.messages if case.reference in text_of(m))
        for answer, case in cases.items()
    }
    assert letters["yes"]
    assert letters["yes"] == letters["no"]


def text_of(message: Any) -> str:
    body = message.get_body(("plain",))
    return f"{message['To']} {message['Subject']} {body.get_content()}"


async def test_an_erasure_takes_a_referral_along_and_tells_nobody(record: Record, mail_server: MailServer) -> None:
    told = []
    for referral in (False, True):
        case = await a_case(record.pool, mail_server)
        if referral:
            await record.pool.execute("SELECT note_referral($1, 'sfo_team', now())", case.reference)
        await record.pool.execute("UPDATE cases SET closed_on = '2026-11-01' WHERE reference = $1", case.reference)
        await record.pool.execute(
            "INSERT INTO erasures (reference, reason_code, proposed_by, confirmed_by, confirmed_at) "
            "VALUES ($1, 'court_order', 'a.b', 'c.d', now())",
            case.reference,
        )
        told += [
            await record.pool.fetchval(f"SELECT erase_case($1, {how})", case.reference) for how in ("true", "false")
        ]
    assert told[:2] == told[2:]
    async with record.owner() as owner:
        assert await owner.fetchval("SELECT count(*) FROM referrals") == 0
