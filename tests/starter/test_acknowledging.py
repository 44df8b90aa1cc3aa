"""Several escalations acknowledged at once: each as by a single answer, and none that was not asked of this person."""

import asyncio
from datetime import timedelta

import pytest

from starter.acknowledging import ANSWER, acknowledge_each, acknowledgeable
from starter.identity import Session
from starter.national_queue import ACKNOWLEDGE
from tests.starter.front_desk import Desk, a_signal_of, heading
from tests.starter.signed_in import (
    DUTY_ONE,
    EXPIRED,
    NATIONAL,
    is_plainly_refused,
    many_questions,
    names_nobody,
    rows,
    signed_in,
    sound,
    text,
)
from tests.starter.test_national import boxes, deputy_asked, escalated, form_of, states, three, ticked
from tests.starter.test_national import desk as desk  # the fixture
from workflows.contract.messages import DecideSignal, Reassignment, Withdrawal
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import ReasonCode
from workflows.policy.answers import check_answer

# --- acknowledging ----------------------------------------------------------------------------------


async def test_what_is_ticked_is_acknowledged_as_by_a_single_answer(desk: Desk) -> None:
    first, second, third = await three(desk)
    browser = await signed_in(desk, NATIONAL)
    reply = await ticked(browser, [first, second])
    assert (reply.status_code, heading(reply)) == (200, "2 of 2 acknowledged")
    assert states(reply) == ["applied", "applied"]
    assert [row[1] for row in rows(reply, "results")] == ["Something overdue", "Safety of staff"]
    names_nobody(reply)
    single = desk.link(NATIONAL)
    page = await browser.web.get(f"{single}/decide")
    assert (await browser.answer(single, page, "acknowledged")).status_code == 200
    decisions = {str(row["gate"]): row for row in await desk.decisions()}
    assert sorted(decisions) == sorted([first, second, third])
    own = ("decision", "gate", "received_at", "applied_at", "delivered_at_wall", "recorded_at")
    alike = [{k: v for k, v in row.items() if k not in own} for row in decisions.values()]
    assert alike[0] == alike[1] == alike[2]
    assert alike[0]["by_email"] == NATIONAL
    assert all(row["applied_at"] and row["delivered_at_wall"] for row in decisions.values())
    audits = await desk.record.rows("SELECT subject FROM audit WHERE action = 'decision_recorded'")
    assert sorted(str(row["subject"]) for row in audits) == sorted(decisions)
    sent = [a_signal_of(gate, decisions[gate]["decision"]) for gate in (first, second, third)]
    assert sorted(desk.temporal.signals, key=str) == sorted(sent, key=str)
    states_ = await desk.record.rows("SELECT DISTINCT state FROM escalations")
    assert [row["state"] for row in states_] == ["acknowledged"]
    assert boxes(await browser.web.get("/national")) == []


async def test_a_double_click_records_each_once_and_says_the_same_twice(desk: Desk) -> None:
    gates = await three(desk)
    browser = await signed_in(desk, NATIONAL)
    page = await browser.web.get("/national")
    replies = await asyncio.gather(*(ticked(browser, gates, page) for _ in range(5)))
    again = await ticked(browser, [*gates, *gates], page)
    for reply in (*replies, again):
        assert reply.status_code in (200, 202)
        assert set(states(reply)) <= {"applied", "recorded"}
        assert len(states(reply)) == 3
    assert len(await desk.decisions()) == 3
    assert len(desk.temporal.signals) == 3
    audits = await desk.record.rows("SELECT * FROM audit WHERE action = 'decision_recorded'")
    assert len(audits) == 3


async def test_of_two_people_at_once_each_escalation_takes_one_answer_and_the_other_is_told(desk: Desk) -> None:
    gates = await three(desk)
    await deputy_asked(desk, *gates)
    first, second = await signed_in(desk, NATIONAL), await signed_in(desk, DUTY_ONE)
    pages = await first.web.get("/national"), await second.web.get("/national")
    clicks = [ticked(first, gates, pages[0]), ticked(second, gates, pages[1])]
    clicks += [ticked(first, gates, pages[0]), ticked(second, gates, pages[1])]
    replies = await asyncio.gather(*clicks)
    decisions = {str(row["gate"]): row["by_email"] for row in await desk.decisions()}
    assert sorted(decisions) == sorted(gates)
    assert len(await desk.decisions()) == 3
    for reply, email in zip(replies, (NATIONAL, DUTY_ONE, NATIONAL, DUTY_ONE), strict=True):
        for gate, state in zip(gates, states(reply), strict=True):
            assert (state in ("applied", "recorded")) is (decisions[gate] == email)
            assert state in ("applied", "recorded", "answered")
        names_nobody(reply)


async def test_one_that_was_answered_meanwhile_is_listed_and_the_others_are_recorded(desk: Desk) -> None:
    first, second, third = await three(desk)
    await deputy_asked(desk, second)
    browser, deputy = await signed_in(desk, NATIONAL), await signed_in(desk, DUTY_ONE)
    page = await browser.web.get("/national")
    assert states(await ticked(deputy, [second])) == ["applied"]
    reply = await ticked(browser, [first, second, third], page)
    assert (reply.status_code, heading(reply)) == (200, "2 of 3 acknowledged")
    assert states(reply) == ["applied", "answered", "applied"]
    assert "Answered already by the national team, by the deputy" in rows(reply, "results")[1][2]
    assert len(await desk.decisions()) == 3
    alone = await ticked(browser, [second], page)
    assert (alone.status_code, heading(alone)) == (409, "Nothing was acknowledged")


async def test_an_answer_in_the_very_moment_of_the_click_is_told_and_not_that_nobody_asked(desk: Desk) -> None:
    (first, second, _), deputy = await three(desk), await signed_in(desk, DUTY_ONE)
    await deputy_asked(desk, first, second)
    me = Session(NATIONAL, "csrf")
    async with desk.record.pool.acquire() as connection:
        gates = await acknowledgeable(connection, [first, second])  # both stand open
        assert gates is not None
        mine = await acknowledge_each(connection, gates[1:], me, "attempt")
        assert states(await ticked(deputy, [first])) == ["applied"]  # which ends the link that was read before
        again = await acknowledge_each(connection, gates, me, "attempt")
    assert [one.state for one in (*mine, *again)] == ["recorded", "answered", "recorded"]
    assert len(await desk.decisions()) == 2


@pytest.mark.parametrize("csrf", ["guessed", ""])
async def test_a_form_of_an_earlier_session_is_shown_again_and_not_recorded(desk: Desk, csrf: str) -> None:
    gates = await three(desk)
    browser = await signed_in(desk, NATIONAL)
    reply = await ticked(browser, gates[:2], csrf=csrf)
    assert reply.status_code == 403
    checked = sound(reply).select("input[type=checkbox][checked]")
    assert sorted(str(box["value"]) for box in checked) == sorted(gates[:2])
    assert await desk.decisions() == []
    assert states(await ticked(browser, gates[:2], reply)) == ["applied", "applied"]


async def test_the_form_of_a_colleague_is_not_taken(desk: Desk) -> None:
    gates = await three(desk)
    await deputy_asked(desk, *gates)
    page = await (await signed_in(desk, DUTY_ONE)).web.get("/national")
    assert (await ticked(await signed_in(desk, NATIONAL), gates, page)).status_code == 403
    assert await desk.decisions() == []


@pytest.mark.parametrize("end", EXPIRED)
async def test_after_the_session_has_ended_nothing_is_recorded(desk: Desk, end: str) -> None:
    gates = await three(desk)
    browser = await signed_in(desk, NATIONAL)
    page = await browser.web.get("/national")
    await desk.record.pool.execute(f"UPDATE sessions SET {end}")
    await is_plainly_refused(await ticked(browser, gates, page))
    assert await desk.decisions() == []


@pytest.mark.parametrize(
    "foreign", ["notification", "resolve", "acknowledge_of_another_role", "unknown", "null", "odd"]
)
async def test_anything_else_among_the_ticked_is_refused_and_nothing_is_recorded(desk: Desk, foreign: str) -> None:
    gates = await three(desk)
    if foreign == "notification":
        added = await desk.ask("notification", stage="notification")
        await deputy_asked(desk, added, email=NATIONAL)
    elif foreign == "resolve":
        added = await desk.ask("resolve", "overdue-1", stage="escalation/overdue-1")
    elif foreign == "acknowledge_of_another_role":
        added = await escalated(desk, "other")
        await desk.record.pool.execute("UPDATE gates SET role = 'senior_lead' WHERE gate = $1", added)
    else:
        added = {"unknown": gates[0] + "9", "null": gates[0] + "\0", "odd": "' OR 1=1 --"}[foreign]
    browser = await signed_in(desk, NATIONAL)
    for together in ([*gates, added], [added, *gates], [added]):
        reply = await ticked(browser, together)
        await is_plainly_refused(reply, 400)
        assert heading(reply) == "Nothing was recorded"
    assert await desk.decisions() == []
    assert desk.temporal.signals == []


def test_an_acknowledgement_is_complete_without_a_page_of_its_own() -> None:
    assert check_answer(QUESTIONS[ACKNOWLEDGE], ANSWER, {}, None, {}) == []


async def test_nothing_ticked_is_said(desk: Desk) -> None:
    await three(desk)
    reply = await ticked(await signed_in(desk, NATIONAL), [])
    assert reply.status_code == 400
    assert "Tick at least one escalation" in text(reply)
    assert len(boxes(reply)) == 3


async def test_somebody_of_the_team_who_is_not_asked_sees_it_and_cannot_acknowledge_it(desk: Desk) -> None:
    gates = await three(desk)
    await deputy_asked(desk, gates[0])
    browser = await signed_in(desk, DUTY_ONE)
    page = await browser.web.get("/national")
    assert len(rows(page, "queue")) == 3
    assert boxes(page) == gates[:1]
    reply = await ticked(browser, gates, page)
    assert states(reply) == ["applied", "not_asked", "not_asked"]
    assert [row["gate"] for row in await desk.decisions()] == gates[:1]


async def test_given_away_withdrawn_or_expired_between_page_and_click_it_is_not_recorded(desk: Desk) -> None:
    case, pool = desk.case, desk.record.pool
    given, withdrawn, expired = await three(desk)
    browser = await signed_in(desk, NATIONAL)
    page = await browser.web.get("/national")
    assert boxes(page) == sorted([given, withdrawn, expired])
    message = Reassignment(gate=given, at=case.at, to="national.duty.2", reason=ReasonCode.ABSENCE)
    assert (await case.gates.reassign_gate(message)).allowed
    await case.gates.withdraw_gates(Withdrawal(reference=case.reference, gates=(withdrawn,), at=case.at))
    await pool.execute("UPDATE gates SET due_at = $2 WHERE gate = $1", expired, case.at - timedelta(days=91))
    await pool.execute("UPDATE outbox SET at = $2 WHERE gate = $1", expired, case.at - timedelta(days=91))
    reply = await ticked(browser, [given, withdrawn, expired], page)
    assert reply.status_code == 409
    assert states(reply) == ["not_asked", "closed", "not_asked"]
    assert await desk.decisions() == []
    left = await browser.web.get("/national")
    assert boxes(left) == []
    assert len(rows(left, "queue")) == 2, "the withdrawn one is gone, the others stand open with somebody else"


async def test_with_temporal_away_they_are_recorded_and_left_to_the_relay(desk: Desk) -> None:
    gates = await three(desk)
    desk.temporal.is_away = True
    reply = await ticked(await signed_in(desk, NATIONAL), gates)
    assert (reply.status_code, states(reply)) == (202, ["recorded"] * 3)
    assert [row["delivered_at_wall"] for row in await desk.decisions()] == [None] * 3


async def test_without_a_worker_all_of_them_together_take_no_longer_than_one(desk: Desk) -> None:
    desk.temporal.stage = None
    await many_questions(desk, 40, "acknowledge", NATIONAL, "national_team")
    browser = await signed_in(desk, NATIONAL)
    page = await browser.web.get("/national")
    started = asyncio.get_running_loop().time()
    reply = await ticked(browser, boxes(page), page)
    assert asyncio.get_running_loop().time() - started < 5
    assert (reply.status_code, set(states(reply))) == (202, {"recorded"})
    assert len(await desk.decisions()) == 40


async def test_one_that_is_refused_is_said_to_be_and_sent_again_breaks_nothing(desk: Desk) -> None:
    first, second, _ = await three(desk)

    async def refusing(signal: DecideSignal) -> None:
        if signal.gate != first:
            return await desk.apply(signal)
        await desk.record.pool.execute("UPDATE decisions SET void_at = now() WHERE gate = $1", first)
        return None

    desk.temporal.stage = refusing
    browser = await signed_in(desk, NATIONAL)
    page = await browser.web.get("/national")
    assert states(await ticked(browser, [first, second], page)) == ["void", "applied"]
    assert states(await ticked(browser, [first, second], page)) == ["void", "applied"]
    assert len(await desk.decisions()) == 2
    assert first in boxes(await browser.web.get("/national")), "it can be acknowledged again from a new page"


async def test_a_form_from_another_site_is_refused(desk: Desk) -> None:
    gates = await three(desk)
    browser = await signed_in(desk, NATIONAL)
    own = form_of(await browser.web.get("/national"))
    assert own["csrf"]
    browser.web.headers["Sec-Fetch-Site"] = "cross-site"
    assert (await browser.web.post("/national/acknowledge", data={**own, "gate": gates})).status_code == 403
    assert await desk.decisions() == []
