"""What `sfo case` shows of a review: its clock and outlook, rounds, more time, pauses, interviews, and no names."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from activities.bank_holidays import england_and_wales
from activities.forecasting import outlook_of
from activities.means import Means
from activities.record import plain
from activities.rulebooks import FileRulebooks
from starter.case_history import history_of
from starter.case_text import as_text
from starter.casebook import known_cases, view_cases
from starter.judging import Pinned
from tests.activities.reviewing import COMMENTS, commissioned, drafted, submitted, write
from tests.builders import DEPLOY, RULEBOOK, ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import CaseClock
from workflows.contract.rulebook import Rulebook
from workflows.policy.calendar import add_working_days

TODAY = datetime.now(UTC).date()
RULES = Path(DEPLOY / "rulebook" / f"{RULEBOOK}.toml")
PINNED = Pinned({RULEBOOK: Rulebook.from_toml(RULES.read_text())}, england_and_wales())
NAMES = ("Example", "Invented", "@", "Reviewer")


async def view(record: Record, case: ACase, pinned: Pinned | None = PINNED) -> dict[str, Any]:
    async with record.pool.acquire() as connection:
        (found,) = await view_cases(connection, (case.reference,), pinned)
    return found


async def text(record: Record, case: ACase) -> str:
    """What `sfo case` tells a person."""
    async with record.pool.acquire() as connection:
        (known,) = await known_cases(connection, (case.reference,), PINNED)
        return as_text(known.view, await history_of(connection, known, None), whole=True)


async def owes(record: Record, case: ACase, *refs: str) -> None:
    """These members of staff are owed an interview."""
    for ref in refs:
        await record.pool.execute(
            "INSERT INTO duties VALUES ($1, 'interviewed', $2, 'owed', NULL, $3)", case.reference, ref, case.at
        )


async def due(record: Record, case: ACase, on: date) -> None:
    await record.pool.execute(
        "UPDATE cases SET review_due = $2, original_review_due = $2, rulebook = $3 WHERE reference = $1",
        case.reference,
        on,
        RULEBOOK,
    )


async def clock_from_now(record: Record, case: ACase) -> None:
    """The case's time is real time, so that what is computed live is computed for today."""
    now = datetime.now(UTC)
    await record.pool.execute(
        "UPDATE cases SET clock = $2 WHERE reference = $1",
        case.reference,
        plain(CaseClock(case_anchor=now, wall_anchor=now)),
    )
    case.at = now


async def written(record: Record, mail_server: MailServer) -> ACase:
    case = await drafted(record, mail_server)
    await clock_from_now(record, case)
    return case


def working_days(days: int) -> date:
    return add_working_days(TODAY, days, england_and_wales())


@pytest.mark.parametrize(
    ("due_on", "clock", "at_risk"),
    [
        (working_days(60), "in_time", False),
        (working_days(16), "in_time", False),
        (working_days(14), "at_risk", True),
        (TODAY, "at_risk", True),
    ],
)
async def test_the_clock_turns_at_risk_before_it_is_overdue(
    record: Record, mail_server: MailServer, due_on: date, clock: str, at_risk: bool
) -> None:
    case = await written(record, mail_server)
    await due(record, case, due_on)
    found = await view(record, case)
    assert found["clock"] == clock
    assert found["forecast"]["at_risk"] is at_risk
    assert found["forecast"]["remaining"] == ["facts", "submit"]
    assert found["forecast"]["days_needed"] == 15  # ten for the facts, three to answer, two to submit
    assert ("AT RISK" in await text(record, case)) is at_risk


async def test_it_counts_what_remains_as_the_record_itself_does(record: Record, mail_server: MailServer) -> None:
    case = await commissioned(record, mail_server)
    await clock_from_now(record, case)
    await due(record, case, working_days(20))
    await owes(record, case, "s1", "s2")
    means = Means(record.pool, case.letters, FileRulebooks(DEPLOY / "rulebook", DEPLOY / "directory"))

    async def both() -> list[str]:
        row = await record.pool.fetchrow("SELECT * FROM cases WHERE reference = $1", case.reference)
        async with record.pool.acquire() as connection:
            outlook = await outlook_of(connection, means, row, datetime.now(UTC))  # type: ignore[arg-type]
        assert outlook is not None
        shown = (await view(record, case))["forecast"]
        kept = {"days_left": outlook.days_left, "days_needed": outlook.days_needed, "at_risk": outlook.at_risk}
        assert shown == {**kept, "remaining": list(outlook.remaining)}
        remaining: list[str] = shown["remaining"]
        return remaining

    assert await both() == ["interviews:2", "draft", "facts", "submit"]
    await record.pool.execute("UPDATE duties SET state = 'closed' WHERE kind = 'interviewed'")
    await write(case)
    assert await both() == ["facts", "submit"]
    await case.ask("facts", "v1")
    assert await both() == ["facts", "submit"]
    decision = await case.decide(case.gate("facts", "v1"), "comments", comments=COMMENTS)
    await case.settle(case.gate("facts", "v1"), decision)
    assert await both() == ["comments:2", "submit"]
    await record.pool.execute("UPDATE factual_points SET accepted = true")
    await case.answer("submit", "submitted", "v1", facts_satisfied="yes")
    assert await both() == []
    await case.answer("countersign", "returned", "v1", stage="countersign", reasons="Again")
    await case.ask("draft", stage="review-2")
    assert await both() == ["draft", "facts", "submit"]


async def test_a_late_bank_holiday_takes_a_day_from_the_outlook(record: Record, mail_server: MailServer) -> None:
    case = await written(record, mail_server)
    await due(record, case, working_days(30))
    before = (await view(record, case))["forecast"]["days_left"]
    await record.pool.execute(
        "INSERT INTO bank_holidays (holiday, name, source, announced_by) VALUES ($1, 'Invented', 'Invented', 'x')",
        working_days(3),
    )
    assert (await view(record, case))["forecast"]["days_left"] == before - 1


async def test_without_the_rules_the_record_speaks(record: Record, mail_server: MailServer) -> None:
    case = await written(record, mail_server)
    await due(record, case, working_days(60))
    await record.pool.execute("UPDATE cases SET at_risk = true")
    found = await view(record, case, None)
    assert (found["forecast"], found["clock"]) == (None, "at_risk")
    unknown = replace(PINNED, rulebooks={})
    assert (await view(record, case, unknown))["forecast"] is None


async def test_a_question_whose_clock_stands_still_is_late_only_if_it_was_late_before(
    record: Record, mail_server: MailServer
) -> None:
    case = await drafted(record, mail_server)  # asked months ago
    opened = await case.ask("facts", "v1")
    await clock_from_now(record, case)
    await record.pool.execute("UPDATE gates SET due_at = $1 WHERE gate = $2", case.at - timedelta(days=3), opened.gate)
    late = await view(record, case)
    assert (late["clock"], late["overdue"], late["open_gates"][0]["overdue"]) == ("overdue", True, True)
    for days, is_late in ((5, False), (1, True)):
        paused_at = case.at - timedelta(days=days)
        await record.pool.execute("UPDATE gates SET paused_at = $1 WHERE gate = $2", paused_at, opened.gate)
        await record.pool.execute("UPDATE cases SET paused_at = $1", paused_at)
        found = await view(record, case)
        assert (found["clock"], found["open_gates"][0]["paused"]) == ("paused", True)
        assert found["overdue"] is found["open_gates"][0]["overdue"] is is_late
        assert "PAUSED" in await text(record, case)


async def test_while_it_is_paused_the_outlook_stays_as_it_stood(record: Record, mail_server: MailServer) -> None:
    case = await written(record, mail_server)
    on = working_days(20)
    await due(record, case, on)
    await record.pool.execute("UPDATE cases SET paused_at = $1", case.at - timedelta(days=28))
    assert (await view(record, case))["forecast"]["days_left"] > 30


async def test_rounds_extensions_pauses_and_related_cases_are_shown(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    other = await a_case(record.pool, mail_server)
    await due(record, case, date(2027, 1, 6))
    await submitted(case, "1")
    case.pass_days(5)
    await case.answer("countersign", "returned", "v1", stage="countersign", reasons="Say why")
    await write(case, "review-2")
    await submitted(case, "2", "review-2")
    await record.pool.execute(
        "INSERT INTO extension_requests (request, reference, new_on, reason_code, reasons, late, granted, granted_on, "
        "at) VALUES ($1, $2, '2027-02-01', 'trial', 'Invented words', true, true, '2027-01-20', $3)",
        uuid4(),
        case.reference,
        case.at,
    )
    await record.pool.execute(
        "INSERT INTO pauses (reference, number, reason_code, reasons, paused_by, paused_at, days_left) "
        "VALUES ($1, 1, 'illness', 'Invented words', 'Example', $2, 12)",
        case.reference,
        case.at,
    )
    pair = sorted([case.reference, other.reference])
    await record.pool.execute("INSERT INTO relations VALUES ($1, $2, 'joint', 'Example', $3)", *pair, case.at)
    await record.pool.execute("UPDATE appointments SET organisation = 'N51' WHERE role = 'reviewing_manager'")
    found = await view(record, case)
    first = {"round": 1, "version": 1, "submitted_on": "2026-10-05", "returned_on": "2026-10-10"}
    assert found["rounds"][0] == {**first, "by": "countersigning_manager", "days": 5}
    second = {"round": 2, "version": 2, "submitted_on": "2026-10-10", "returned_on": None, "by": None, "days": None}
    assert found["rounds"][1] == second
    asked = {"asked_on": "2026-10-10", "new_on": "2027-02-01", "granted": True, "granted_on": "2027-01-20"}
    assert found["extensions"] == [{**asked, "late": True, "void": False}]
    assert (found["pauses"][0]["days_left"], found["pauses"][0]["resumed_on"]) == (12, None)
    assert found["related"] == [{"reference": other.reference, "kind": "joint"}]
    assert (await view(record, other))["related"] == [{"reference": case.reference, "kind": "joint"}]
    assert {"role": "reviewing_manager", "organisation": "N51"} in found["appointments"]
    said = await text(record, case)
    for line in ("2026-10-05  Version 1 of the review was submitted (Round 1)",
                 "2026-10-10  Version 1 of the review was returned by the countersigning manager (Round 1 took 5 days)",
                 "2026-10-10  More time was asked for, after the date, until 1 February 2027 (Granted until 20 ",
                 "2026-10-10  The clock of the review was stopped",
                 "clock stands still since 2026-10-10  illness, 12 days left",
                 f"related      {other.reference}, joint", "reviewing_manager from N51"):  # fmt: skip
        assert said.count(line) == 1, line
    assert not any(name in said + json.dumps(found) for name in NAMES)


@pytest.mark.parametrize(
    ("changes", "state", "on"),
    [
        ({}, "owed", None),
        ({"told": True}, "told", "2026-10-05"),
        ({"told": True, "invited": True}, "invited", "2026-10-05"),
        ({"told": True, "invited": True, "reply": "another_time"}, "invited", "2026-10-05"),
        ({"told": True, "invited": True, "reply": "accompanied"}, "accepted", "2026-10-05"),
        ({"told": True, "invited": True, "reply": "lapsed", "held": True}, "held", "2026-10-20"),
        ({"told": True, "closed": True}, "not_possible", "2026-10-05"),
    ],
)
async def test_each_interview_shows_how_far_it_has_come(
    record: Record, mail_server: MailServer, changes: dict[str, Any], state: str, on: str | None
) -> None:
    case = await a_case(record.pool, mail_server)
    await owes(record, case, "s1")
    if changes.get("told"):
        await record.pool.execute("INSERT INTO duties SELECT reference, 'told', 's1', 'met', NULL, at FROM duties")
    if changes.get("invited"):
        await record.pool.execute(
            "INSERT INTO interviews (reference, ref, invited_at, reply, held_on) VALUES ($1, 's1', $2, $3, $4)",
            case.reference,
            case.at,
            changes.get("reply"),
            date(2026, 10, 20) if changes.get("held") else None,
        )
    settled = "met" if changes.get("held") else "closed" if changes.get("closed") else "owed"
    await record.pool.execute("UPDATE duties SET state = $1 WHERE kind = 'interviewed'", settled)
    found = await view(record, case)
    assert found["interviews"] == [{"ref": "s1", "state": state, "on": on}]
    assert (f"interview s1  {state}" in await text(record, case)) is (state not in ("held", "not_possible"))


async def test_a_closed_case_has_no_clock(record: Record, mail_server: MailServer) -> None:
    case = await written(record, mail_server)
    await due(record, case, working_days(3))
    await record.pool.execute("UPDATE cases SET closed_on = $1, outcome = 'completed', stage = 'closed'", TODAY)
    found = await view(record, case)
    assert (found["clock"], found["forecast"], found["overdue"]) == (None, None, False)
