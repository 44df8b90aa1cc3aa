"""My decisions: what a person is asked and could answer now, what she decided, and nothing of anybody else."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from bs4 import BeautifulSoup

from starter.open_questions import PAST_SHOWN
from tests.builders import HEAD_EMAIL
from tests.conftest import MailServer, Record
from tests.starter.front_desk import Desk, heading
from tests.starter.signed_in import (
    EXPIRED,
    LEAD,
    NATIONAL,
    SPOC,
    TEAM,
    a_desk,
    is_plainly_refused,
    many_questions,
    names_nobody,
    reading_changes_nothing,
    rows,
    signed_in,
    sound,
    text,
)
from workflows.contract.messages import Lapse, Reassignment, Withdrawal
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import ReasonCode


@pytest_asyncio.fixture
async def desk(record: Record, mail_server: MailServer) -> Desk:
    return await a_desk(record, mail_server)


async def titles(desk: Desk, email: str) -> list[str]:
    """What stands on the page of this person as waiting, without the words for readers of screens."""
    page = await (await signed_in(desk, email)).web.get("/my")
    assert page.status_code == 200
    return [row[0].partition(" , case")[0] for row in rows(page, "waiting")]


# --- who sees it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/my", "/national", "/case/SFO-2026-00001"])
async def test_without_a_session_a_plain_page_says_how_to_get_one(desk: Desk, path: str) -> None:
    browser = desk.browser()
    page = await browser.web.get(path)
    await is_plainly_refused(page)
    assert heading(page) == "You are not signed in"
    assert "Open the link in any email" in page.text
    browser.web.cookies.set("__Host-sfo", "made-up", domain="sfo.example.test")
    await is_plainly_refused(await browser.web.get(path))
    assert (await browser.web.head(path)).status_code == 403


@pytest.mark.parametrize("end", EXPIRED)
async def test_a_session_that_has_ended_shows_nothing(desk: Desk, end: str) -> None:
    await desk.ask("notification", stage="notification")
    browser = await signed_in(desk, SPOC)
    assert (await browser.web.get("/my")).status_code == 200
    await desk.record.pool.execute(f"UPDATE sessions SET {end}")
    await is_plainly_refused(await browser.web.get("/my"))


async def test_the_code_of_one_link_leads_to_every_question_of_the_same_person(desk: Desk) -> None:
    await desk.ask("notification", stage="notification")
    await desk.ask("rosh", stage="charge")
    browser = desk.browser()
    question = await browser.sign_in(desk.link(SPOC))
    (link,) = BeautifulSoup(question.text, "html.parser").select("a[href='/my']")
    page = await browser.web.get(str(link["href"]))
    paths = [str(a["href"]) for a in sound(page).select("#waiting th a")]
    assert [heading(await browser.web.get(path)) for path in paths] == [
        "Record the highest risk of serious harm",
        "Notify the HMPPS SFO Team",
    ]
    assert len({p.split("/")[2] for p in paths}) == 2


async def test_another_person_sees_nothing_of_it(desk: Desk) -> None:
    await desk.ask("notification", stage="notification")
    assert await titles(desk, SPOC) == ["Notify the HMPPS SFO Team"]
    for other in (TEAM, "spoc@n56.example.test", "xspoc@n53.example.test", "%", "nobody@example.test"):
        assert await titles(desk, other) == []
    assert await titles(desk, " Spoc@N53.Example.Test ") == ["Notify the HMPPS SFO Team"]


async def test_two_links_of_one_person_to_one_question_are_one_line(desk: Desk) -> None:
    gate = await desk.ask("notification", stage="notification")
    await desk.record.pool.execute(
        "INSERT INTO links (link, gate, email, name) VALUES ($1, $2, $3, 'Example')", uuid4(), gate, SPOC.upper()
    )
    assert await titles(desk, SPOC) == ["Notify the HMPPS SFO Team"]


# --- what waits -------------------------------------------------------------------------------------


async def test_late_ones_come_first_then_by_date_with_all_that_there_is_to_know(desk: Desk) -> None:
    sooner = await desk.ask("notification", stage="notification")
    late = await desk.ask("rosh", stage="charge")
    pool = desk.record.pool
    await pool.execute(
        "UPDATE gates SET due_on = '2026-10-20', due_at = '2026-10-20 23:00Z', original_due_on = '2026-10-12' "
        "WHERE gate = $1",
        sooner,
    )
    await pool.execute(
        "UPDATE gates SET due_on = '2026-10-02', due_at = '2026-10-02 23:00Z', original_due_on = '2026-10-02' "
        "WHERE gate = $1",
        late,
    )
    page = await (await signed_in(desk, SPOC)).web.get("/my")
    first, second = rows(page, "waiting")
    assert first[0].startswith("Record the highest risk")
    assert first[1:3] == [desk.case.reference, "Late 2 October 2026"]
    assert second[1:3] == [desk.case.reference, "20 October 2026 (first 12 October 2026)"]
    assert second[3] == QUESTIONS["notification"].if_silent
    assert "2 questions wait for you, 1 late" in text(page)
    names_nobody(page)


async def test_while_its_clock_stands_still_a_question_is_not_late_for_that(desk: Desk) -> None:
    gate = await desk.ask("notification", stage="notification")
    await desk.record.pool.execute(
        "UPDATE gates SET due_at = $2::timestamptz, paused_at = $2::timestamptz - interval '1 day' WHERE gate = $1",
        *(gate, desk.case.at - timedelta(days=9)),
    )
    page = await (await signed_in(desk, SPOC)).web.get("/my")
    assert "The clock stands still" in rows(page, "waiting")[0][2]
    assert "Late" not in rows(page, "waiting")[0][2]


async def test_what_can_no_longer_be_answered_does_not_wait(desk: Desk) -> None:
    case, pool = desk.case, desk.record.pool
    shown = QUESTIONS["facts"].title

    async def is_shown(gate: str) -> bool:
        found = await titles(desk, HEAD_EMAIL)
        page = await (await signed_in(desk, HEAD_EMAIL)).web.get("/my")
        assert len(found) == len(rows(page, "waiting"))
        return shown in found

    gate = await desk.ask("facts", "v1")
    assert await is_shown(gate)
    # Revoked, and alive again.
    await pool.execute("UPDATE links SET revoked_at = now() WHERE gate = $1", gate)
    assert not await is_shown(gate)
    await pool.execute("UPDATE links SET revoked_at = NULL WHERE gate = $1", gate)
    assert await is_shown(gate)
    # A period that lapses is over, though nobody has closed the question yet: the answer would be refused.
    await pool.execute("UPDATE gates SET due_at = $2 WHERE gate = $1", gate, case.at - timedelta(days=1))
    assert not await is_shown(gate)
    await pool.execute("UPDATE gates SET due_at = $2 WHERE gate = $1", gate, case.at + timedelta(days=1))
    assert await is_shown(gate)
    # Answered and not applied yet.
    decision = await case.decide(gate, "no_comments")
    assert not await is_shown(gate)
    await pool.execute("UPDATE decisions SET void_at = now() WHERE decision = $1", decision)
    assert await is_shown(gate), "a refused answer can be given again"
    await case.gates.lapse_gate(Lapse(gate=gate, at=case.at + timedelta(days=2)))
    assert not await is_shown(gate)


async def test_a_link_that_has_expired_does_not_wait_and_one_of_a_new_letter_does(desk: Desk) -> None:
    gate, long_ago = await desk.ask("notification", stage="notification"), desk.case.at - timedelta(days=91)
    await desk.record.pool.execute("UPDATE gates SET due_at = $2 WHERE gate = $1", gate, long_ago)
    assert await titles(desk, SPOC) == ["Notify the HMPPS SFO Team"]
    await desk.record.pool.execute("UPDATE outbox SET at = $2 WHERE gate = $1", gate, long_ago)
    assert await titles(desk, SPOC) == []


async def test_withdrawn_decided_and_given_away_it_waits_no_more(desk: Desk) -> None:
    case = desk.case
    withdrawn = await desk.ask("notification", stage="notification")
    await case.gates.withdraw_gates(Withdrawal(reference=case.reference, gates=(withdrawn,), at=case.at))
    assert await titles(desk, SPOC) == []
    await desk.record.pool.execute("UPDATE links SET revoked_at = NULL WHERE gate = $1", withdrawn)
    assert await titles(desk, SPOC) == [], "a question that is not open is not asked, whatever its link says"
    await case.answer("rosh", "high", stage="charge")
    assert await titles(desk, SPOC) == []
    given = await desk.ask("early_look", stage="early-look")
    assert await titles(desk, TEAM) == ["Complete the early look into practice"]
    message = Reassignment(gate=given, at=case.at, to="n53.senior_lead", reason=ReasonCode.ABSENCE)
    assert (await case.gates.reassign_gate(message)).allowed
    assert await titles(desk, TEAM) == []
    assert await titles(desk, LEAD) == ["Complete the early look into practice"]


async def test_a_deputy_sees_it_once_she_is_asked_and_not_before(desk: Desk) -> None:
    gate, deputy = await desk.ask("notification", stage="notification"), "deputy@n53.example.test"
    assert await titles(desk, deputy) == []
    await desk.record.pool.execute(
        "INSERT INTO links (link, gate, email, name, rung) VALUES ($1, $2, $3, 'Example Deputy', 'deputy')",
        *(uuid4(), gate, deputy),
    )
    assert await titles(desk, deputy) == ["Notify the HMPPS SFO Team"]
    assert await titles(desk, SPOC) == ["Notify the HMPPS SFO Team"]


async def test_five_hundred_questions_are_a_page_that_says_how_many_more(desk: Desk) -> None:
    await many_questions(desk, 500, "notification", SPOC, "spoc")
    page = await (await signed_in(desk, SPOC)).web.get("/my")
    assert len(rows(page, "waiting")) == 100
    assert "500 questions wait for you" in text(page)
    assert "400 more are not shown" in text(page)
    assert rows(page, "waiting")[0][2] == "3 November 2026"
    assert len(page.content) < 100_000


# --- what was decided -------------------------------------------------------------------------------


async def test_her_own_decisions_stand_there_the_newest_first_with_what_became_of_them(desk: Desk) -> None:
    case = desk.case
    await case.answer("notification", "sent", stage="notification", sent_on="2026-10-05")
    rosh = await desk.ask("rosh", stage="charge")
    await desk.record.pool.execute("UPDATE gates SET due_at = $2 WHERE gate = $1", rosh, case.at - timedelta(days=1))
    waiting = await case.decide(rosh, "high")
    browser = await signed_in(desk, SPOC)
    second, first = rows(await browser.web.get("/my"), "past")
    assert (first[0], first[2], first[4]) == ("Notify the HMPPS SFO Team", "The notification has been sent", "Applied")
    assert "after the date" not in first[3]
    assert (second[0], second[2]) == ("Record the highest risk of serious harm", "High")
    assert second[3].endswith(", after the date")
    assert second[4] == "Recorded, waiting to be applied"
    await desk.record.pool.execute("UPDATE decisions SET void_at = now() WHERE decision = $1", waiting)
    assert rows(await browser.web.get("/my"), "past")[0][4].startswith("It could not be used")
    assert rows(await (await signed_in(desk, TEAM)).web.get("/my"), "past") == []


async def test_what_somebody_else_decided_in_her_question_is_not_hers(desk: Desk) -> None:
    gate = await desk.ask("notification", stage="notification")
    await desk.case.decide(gate, "sent", by="deputy@n53.example.test", sent_on="2026-10-05")
    assert rows(await (await signed_in(desk, SPOC)).web.get("/my"), "past") == []
    assert len(rows(await (await signed_in(desk, "Deputy@n53.example.test")).web.get("/my"), "past")) == 1


async def test_no_more_than_the_last_fifty_decisions_are_shown(desk: Desk) -> None:
    await many_questions(desk, PAST_SHOWN + 5, "notification", SPOC, "spoc")
    await desk.record.pool.execute(
        "INSERT INTO decisions (decision, gate, answer, by_email, channel, received_at, late) "
        "SELECT gen_random_uuid(), gate, 'sent', $1, 'link', $2, false FROM gates",
        *(SPOC, desk.case.at),
    )
    page = await (await signed_in(desk, SPOC)).web.get("/my")
    assert len(rows(page, "past")) == PAST_SHOWN
    assert f"the last {PAST_SHOWN}" in text(page)


# --- the page itself --------------------------------------------------------------------------------


async def test_reading_it_writes_nothing(desk: Desk) -> None:
    await desk.ask("notification", stage="notification")
    await reading_changes_nothing(desk, await signed_in(desk, SPOC), "/my")


async def test_the_way_to_it_stands_where_somebody_is_signed_in_and_nowhere_else(desk: Desk) -> None:
    await desk.ask("notification", stage="notification")
    link, way = desk.link(SPOC), 'href="/my"'
    browser = desk.browser()
    assert way not in (await browser.web.get(link)).text
    question = await browser.sign_in(link)
    assert way in question.text
    assert way in (await browser.answer(link, question, "sent", sent_on="2026-10-05")).text
    assert way in (await browser.web.get(f"{link}/decide")).text
    assert way not in (await desk.browser().web.get(link)).text


async def test_the_national_page_is_offered_to_the_national_team_alone(desk: Desk) -> None:
    assert 'href="/national"' in (await (await signed_in(desk, NATIONAL)).web.get("/my")).text
    assert 'href="/national"' not in (await (await signed_in(desk, SPOC)).web.get("/my")).text


async def test_without_a_directory_her_questions_stand_there_all_the_same(
    record: Record, mail_server: MailServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    desk = await a_desk(record, mail_server, SFO_DIRECTORY_DIR=str(tmp_path_factory.mktemp("directory")))
    await desk.ask("notification", stage="notification")
    assert await titles(desk, SPOC) == ["Notify the HMPPS SFO Team"]
    national = await (await signed_in(desk, NATIONAL)).web.get("/national")
    await is_plainly_refused(national, 503)
    case = await (await signed_in(desk, SPOC)).web.get(f"/case/{desk.case.reference}")
    await is_plainly_refused(case, 503)


async def test_her_answer_from_the_page_counts_as_one_from_the_mail(desk: Desk) -> None:
    gate = await desk.ask("notification", stage="notification")
    browser = await signed_in(desk, SPOC)
    page = await browser.web.get("/my")
    path = str(sound(page).select("#waiting th a")[0]["href"])
    link = path.removesuffix("/decide")
    assert link == desk.link(SPOC), "the very address of the letter"
    reply = await browser.answer(link, await browser.web.get(path), "sent", sent_on="2026-10-05")
    assert heading(reply) == "Your answer has been applied"
    (decision,) = await desk.decisions()
    assert (decision["gate"], decision["channel"]) == (gate, "link")
    assert isinstance(decision["decision"], UUID)
    assert rows(await browser.web.get("/my"), "waiting") == []
