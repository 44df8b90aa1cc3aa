"""A reviewer falls ill or leaves: every open question passes on, and the clock, the drafts and the interviews stay."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.activities.reviewing import DRAFT, commissioned
from tests.activities.test_appointing import a_case_with
from tests.builders import ACase
from tests.conftest import MailServer, Record
from workflows.contract.messages import Reassigned, Reassignment, ReplacementRecord
from workflows.contract.vocabulary import ReasonCode, Role

ONE, TWO = "reviewer.one@n53.example.test", "reviewer.two@n53.example.test"
SIGNER = "countersigner.one@n53.example.test"

# What must not change when somebody else takes over.
KEPT = {
    "dates": "SELECT gate, due_on, due_at, original_due_on, opened_at FROM gates ORDER BY gate",
    "case": "SELECT review_due, original_review_due, review_overdue, paused_at FROM cases",
    "documents": "SELECT * FROM documents ORDER BY version",
    "interviews": "SELECT * FROM interviews ORDER BY ref",
    "duties": "SELECT * FROM duties ORDER BY kind, subject",
    "deadlines": "SELECT * FROM deadlines ORDER BY id",
}


async def kept(record: Record) -> dict[str, Any]:
    return {what: await record.rows(query) for what, query in KEPT.items()}


async def replace(
    case: ACase, to: str = "n53.reviewer.2", role: Role = Role.REVIEWING_MANAGER, event: str = "e1"
) -> Reassigned:
    return await case.casework.replace_manager(
        ReplacementRecord(
            reference=case.reference, at=case.at, event=event, role=role, to=to, reason=ReasonCode.ILLNESS
        )
    )


async def under_way(record: Record, mail_server: MailServer) -> ACase:
    """A review with a version, an interview invited, and three questions open with its reviewing manager."""
    case = await commissioned(record, mail_server)
    await record.pool.execute("UPDATE cases SET review_due = '2027-01-05', original_review_due = '2027-01-05'")
    await record.pool.execute(
        "INSERT INTO interviews (reference, ref, invited_at, reply) VALUES ($1, 's1', now(), 'accepted')",
        case.reference,
    )
    assert (await case.answer("draft", "draft_ready", **DRAFT)).decision is not None
    await case.ask("draft", ask=2)
    await case.ask("interview", "s1")
    await case.ask("submit", "v1")
    mail_server.messages.clear()
    return case


async def test_every_open_question_passes_and_nothing_else_moves(record: Record, mail_server: MailServer) -> None:
    case = await under_way(record, mail_server)
    before = await kept(record)
    assert await replace(case) == Reassigned(allowed=True)
    assert await kept(record) == before
    open_gates = await record.rows("SELECT person_key, deputy_key, rung FROM gates WHERE state = 'open'")
    assert open_gates == [{"person_key": "n53.reviewer.2", "deputy_key": "n53.reviewer.3", "rung": "asked"}] * 3
    live = await record.rows(
        "SELECT email FROM links JOIN gates USING (gate) WHERE state = 'open' AND revoked_at IS NULL"
    )
    assert live == [{"email": TWO}] * 3
    assert (
        await record.value("SELECT person_key FROM appointments WHERE role = 'reviewing_manager'") == "n53.reviewer.2"
    )


async def test_one_letter_a_question_to_the_new_person_and_one_in_all_to_the_former(
    record: Record, mail_server: MailServer
) -> None:
    case = await under_way(record, mail_server)
    for _ in range(2):
        assert (await replace(case)).allowed
    assert len(mail_server.to(TWO)) == 3
    assert all("Passed to you" in message["Subject"] for message in mail_server.to(TWO))
    (letter,) = mail_server.to(ONE)
    assert letter["Subject"] == f"{case.reference}: Passed to somebody else"
    assert "Example" not in str(letter.get_body(("plain",)).get_content()).split("\n", 1)[1]  # type: ignore[union-attr]


async def test_the_chain_says_who_took_over_and_who_asked_for_it(record: Record, mail_server: MailServer) -> None:
    case, request = await under_way(record, mail_server), uuid4()
    await record.pool.execute(
        "INSERT INTO requests (request, reference, workflow, signal, message, reasons, asked_by, at) "
        "VALUES ($1, $2, 'sfo/x', 'replace_manager', '{}', 'Long illness', 'lead@example.test', now())",
        request,
        case.reference,
    )
    await replace(case, event=str(request))
    (row,) = await record.rows("SELECT actor, subject, detail FROM audit WHERE action = 'manager_replaced'")
    assert (row["actor"], row["subject"]) == ("lead@example.test", "reviewing_manager")
    detail: Any = row["detail"]
    assert (detail["before"], detail["to"], detail["reason"]) == ("n53.reviewer.1", "n53.reviewer.2", "illness")
    assert detail["request"] == str(request)
    assert len(detail["gates"]) == 3
    assert "Long illness" not in str(row)


async def test_whoever_asked_in_vain_is_told_why_and_it_stands_in_the_chain(
    record: Record, mail_server: MailServer
) -> None:
    case, request = await under_way(record, mail_server), uuid4()
    await record.pool.execute(
        "INSERT INTO requests (request, reference, workflow, signal, message, reasons, asked_by, at) "
        "VALUES ($1, $2, 'sfo/x', 'replace_manager', '{}', 'Long illness', 'senior.lead@n53.example.test', now())",
        request,
        case.reference,
    )
    refused = await replace(case, to="n53lei.head", event=f"{case.reference}/replace/{request}")
    assert (refused.allowed, refused.refused) == (False, "in_the_line")
    (row,) = await record.rows("SELECT actor, detail FROM audit WHERE action = 'replacement_refused'")
    assert (row["actor"], row["detail"]) == ("senior.lead@n53.example.test", {"why": "in_the_line"})
    (letter,) = [m for m in mail_server.to("senior.lead@n53.example.test") if "Not possible" in m["Subject"]]
    text = str(letter.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert "another person to review or to countersign" in text
    assert "in the line management" in text
    assert "Long illness" not in text


async def test_the_new_manager_can_answer_and_the_former_cannot(record: Record, mail_server: MailServer) -> None:
    case = await under_way(record, mail_server)
    await replace(case)
    gate = case.gate("draft", ask=2)
    assert await record.value("SELECT count(*) FROM links WHERE gate = $1 AND revoked_at IS NULL", gate) == 1
    settled = await case.settle(gate, await case.decide(gate, "draft_ready", by=TWO, **DRAFT))
    assert settled.decision is not None
    authors = await record.rows("SELECT author_email FROM documents ORDER BY version")
    assert [row["author_email"] for row in authors] == [ONE, TWO]


async def test_what_the_former_manager_wrote_in_time_still_counts(record: Record, mail_server: MailServer) -> None:
    case = await under_way(record, mail_server)
    gate = case.gate("draft", ask=2)
    decision = await case.decide(gate, "draft_ready", by=ONE, **DRAFT)
    await replace(case)
    assert (await case.settle(gate, decision)).decision is not None


@pytest.mark.parametrize(
    ("role", "to", "code"),
    [
        (Role.REVIEWING_MANAGER, "n53lei.head", "in_the_line"),
        (Role.REVIEWING_MANAGER, "n53.director", "in_the_line"),
        (Role.REVIEWING_MANAGER, "n53.countersigner.1", "is_the_countersigner"),
        (Role.REVIEWING_MANAGER, "n53.reviewer.1", "holds_it_already"),
        (Role.REVIEWING_MANAGER, "n53.nobody", "unknown_person"),
        (Role.REVIEWING_MANAGER, "s1", "unknown_person"),
        (Role.COUNTERSIGNING_MANAGER, "n53.reviewer.1", "is_the_author"),
        (Role.SENIOR_LEAD, "n53.reviewer.2", "unknown_role"),
    ],
)
async def test_a_replacement_never_breaks_independence(
    record: Record, mail_server: MailServer, role: Role, to: str, code: str
) -> None:
    case = await under_way(record, mail_server)
    assert await replace(case, to, role) == Reassigned(allowed=False, refused=code)
    assert await record.value("SELECT count(*) FROM audit WHERE action = 'manager_replaced'") == 0
    assert mail_server.messages == []


async def test_whoever_wrote_a_version_never_countersigns_the_review_they_handed_over(
    record: Record, mail_server: MailServer
) -> None:
    case = await under_way(record, mail_server)
    await replace(case)
    refused = await replace(case, "n53.reviewer.1", Role.COUNTERSIGNING_MANAGER, "e2")
    assert refused.refused == "is_the_author"
    assert (await replace(case, "n53.reviewer.3", Role.COUNTERSIGNING_MANAGER, "e3")).allowed


async def test_nobody_is_replaced_before_somebody_was_appointed(record: Record, mail_server: MailServer) -> None:
    case = await commissioned(record, mail_server)
    async with record.owner() as owner:
        await owner.execute("DELETE FROM appointments WHERE role = 'reviewing_manager'")
    assert (await replace(case)).refused == "not_appointed"


async def test_somebody_away_on_the_day_takes_nothing_over(
    record: Record, mail_server: MailServer, tmp_path: Path
) -> None:
    case = a_case_with(
        await under_way(record, mail_server),
        tmp_path,
        'roles = ["reviewing_manager"], deputy = "n53.reviewer.3"',
        'roles = ["reviewing_manager"], deputy = "n53.reviewer.3", '
        "away = [{ from_on = 2026-10-05, to_on = 2026-10-05 }]",
    )
    assert (await replace(case)).refused == "away"
    case.pass_days(1)
    assert (await replace(case, event="e2")).allowed


async def test_a_question_that_had_fallen_to_the_senior_lead_comes_back_to_the_role(
    record: Record, mail_server: MailServer
) -> None:
    case = await under_way(record, mail_server)
    await record.pool.execute(
        "UPDATE gates SET role = 'senior_lead', person_email = 'senior.lead@n53.example.test' WHERE gate = $1",
        case.gate("submit", "v1"),
    )
    await replace(case)
    asked = await record.rows("SELECT DISTINCT role, person_key FROM gates WHERE state = 'open'")
    assert asked == [{"role": "reviewing_manager", "person_key": "n53.reviewer.2"}]
    assert len(mail_server.to("senior.lead@n53.example.test")) == 1


async def test_countersigning_passes_alone(record: Record, mail_server: MailServer) -> None:
    case = await under_way(record, mail_server)
    await case.ask("countersign", "v1", stage="countersign")
    assert (await replace(case, "n53.countersigner.2", Role.COUNTERSIGNING_MANAGER)).allowed
    asked = await record.rows("SELECT role, person_key FROM gates WHERE state = 'open' ORDER BY role, gate")
    assert asked[0] == {"role": "countersigning_manager", "person_key": "n53.countersigner.2"}
    assert {row["person_key"] for row in asked[1:]} == {"n53.reviewer.1"}


async def test_a_manager_of_another_region_counts_as_lent_by_it(record: Record, mail_server: MailServer) -> None:
    case = await under_way(record, mail_server)
    await replace(case, "n56.reviewer.1")
    lent = "SELECT organisation FROM appointments WHERE role = 'reviewing_manager'"
    assert await record.value(lent) == "N56"
    await replace(case, event="e2")
    assert await record.value(lent) is None


async def test_reassigning_one_question_of_the_review_takes_the_others_along(
    record: Record, mail_server: MailServer
) -> None:
    case = await under_way(record, mail_server)
    before = await kept(record)
    request = Reassignment(
        gate=case.gate("interview", "s1"), at=case.at, to="n53.reviewer.2", reason=ReasonCode.ILLNESS
    )
    later = request.model_copy(update={"at": case.at + timedelta(minutes=5)})
    for tried in (request, later):
        assert (await case.gates.reassign_gate(tried)).allowed
    assert await kept(record) == before
    asked = await record.rows("SELECT DISTINCT person_key FROM gates WHERE state = 'open'")
    assert asked == [{"person_key": "n53.reviewer.2"}]
    assert (len(mail_server.to(TWO)), len(mail_server.to(ONE))) == (3, 1)
    detail: Any = await record.value("SELECT detail FROM audit WHERE action = 'gate_reassigned'")
    assert len(detail["also"]) == 2
