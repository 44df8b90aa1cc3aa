"""Away: set on a page or by command, checked at once, told to those concerned, ended again; and what it then does."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from starter.absences import Wanted, absences_of, covered, end_absence, gaps_of, set_absence
from starter.judging import Rules, rules_in_force
from starter.relay import Relay
from starter.reports import ReportRefusedError
from tests.conftest import MailServer, Record
from tests.starter.front_desk import Browser, Desk, a_settings, heading
from tests.starter.signed_in import (
    LEAD,
    NATIONAL,
    SPOC,
    TEAM,
    a_desk,
    is_plainly_refused,
    reading_changes_nothing,
    signed_in,
    sound,
    text,
)
from workflows.policy.due import on_in_london

ONE, TWO, THREE = (f"reviewer.{n}@n53.example.test" for n in ("one", "two", "three"))
DEPUTY = "senior.lead.deputy@n53.example.test"


def today() -> date:
    return on_in_london(datetime.now(UTC))


def in_days(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


@pytest_asyncio.fixture
async def desk(record: Record, mail_server: MailServer) -> Desk:
    return await a_desk(record, mail_server)


async def case_is_now(desk: Desk) -> None:
    """The case's clock shows the real time, as that of every real case does."""
    await desk.record.pool.execute(
        "UPDATE cases SET started_at_wall = now(), clock = jsonb_build_object('case_anchor', $1::text, "
        "'wall_anchor', $1::text, 'speed', 1)",
        datetime.now(UTC).isoformat(),
    )
    desk.case.at = datetime.now(UTC)


async def form(browser: Browser) -> dict[str, str]:
    page = await browser.web.get("/my/absence")
    assert page.status_code == 200
    return {
        str(i["name"]): str(i["value"]) for i in sound(page).select("form[action='/my/absence'] input[type=hidden]")
    }


async def sent(browser: Browser, **typed: str) -> httpx.Response:
    """Send the form for two weeks from today, with what is typed otherwise."""
    usual = {"from_on": in_days(0), "to_on": in_days(13), "deputy": "n53.reviewer.2"}
    return await browser.web.post("/my/absence", data={**await form(browser), **usual, **typed})


def wanted(rules: Rules, person: str, deputy: str, from_days: int = 0, to_days: int = 13) -> Wanted:
    one, other = rules.directory.person(person), rules.directory.person(deputy)
    assert one
    assert other
    days = (today() + timedelta(days=from_days), today() + timedelta(days=to_days))
    return Wanted(uuid4(), one, *days, other)


def rules_of(desk: Desk) -> Rules:
    return rules_in_force(desk.settings, today())


# --- who may ----------------------------------------------------------------------------------------


async def test_only_somebody_of_the_directory_with_an_address_of_their_own(desk: Desk) -> None:
    await is_plainly_refused(await desk.browser().web.get("/my/absence"))
    nobody = await (await signed_in(desk, "practitioner@n53.example.test")).web.get("/my/absence")
    await is_plainly_refused(nobody)
    assert heading(nobody) == "Nobody can stand in for you here"
    team = await (await signed_in(desk, NATIONAL)).web.get("/my/absence")
    await is_plainly_refused(team)
    assert heading(team) == "This address is a team's"
    own = await (await signed_in(desk, ONE)).web.get("/my")
    assert sound(own).select("a[href='/my/absence']")
    assert not sound(await (await signed_in(desk, NATIONAL)).web.get("/my")).select("a[href='/my/absence']")


async def test_reading_it_changes_nothing(desk: Desk) -> None:
    await reading_changes_nothing(desk, await signed_in(desk, ONE), "/my/absence")


# --- setting it -------------------------------------------------------------------------------------


async def test_it_is_checked_then_set_and_the_deputy_hears_of_it(desk: Desk, record: Record) -> None:
    browser = await signed_in(desk, ONE)
    check = await sent(browser)
    assert (check.status_code, heading(check)) == (200, "Check your absence")
    assert "may answer in each of your open cases" in text(check)
    assert await record.value("SELECT count(*) FROM absences") == 0
    done = await sent(browser, checked="yes")
    assert (done.status_code, done.headers["location"]) == (303, "/my/absence")
    shown = text(await browser.web.get("/my/absence"))
    assert "Example Reviewing-Manager Two N53 stands in" in shown
    row = (await record.rows("SELECT * FROM absences"))[0]
    assert (row["person_key"], row["deputy_key"], row["set_by"]) == ("n53.reviewer.1", "n53.reviewer.2", ONE)
    (letter,) = await record.rows("SELECT * FROM outbox WHERE letter = 'cover_set'")
    assert (letter["to_email"], letter["reference"]) == (TWO, None)
    assert "'role': 'the reviewing manager'" in str(letter["context"])
    assert "One" not in str(letter["context"])
    audited = "SELECT detail ->> 'deputy' FROM audit WHERE action = 'absence_set'"
    assert await record.value(audited) == "n53.reviewer.2"
    other = text(await (await signed_in(desk, TWO)).web.get("/my/absence"))
    assert "You stand in for others" in other


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"from_on": ""}, "from_on", "Enter the first day"),
        ({"from_on": "2 August"}, "from_on", "Enter the first day"),
        ({"to_on": "2027-02-31"}, "to_on", "Enter the last day"),
        ({"from_on": in_days(-1)}, "from_on", "The first day has passed"),
        ({"to_on": in_days(-1)}, "to_on", "before the first one"),
        ({"to_on": in_days(400)}, "to_on", "more than a year"),
        ({"deputy": ""}, "deputy", "Choose who stands in"),
        ({"deputy": "n53.reviewer.1"}, "deputy", "Choose who stands in"),
        ({"deputy": "n56.reviewer.1"}, "deputy", "Choose who stands in"),
        ({"deputy": "n53.senior_lead"}, "deputy", "Choose who stands in"),
        ({"deputy": "\x00<b>"}, "deputy", "Choose who stands in"),
    ],
)
async def test_what_cannot_be_is_named_with_its_input_and_nothing_is_lost(
    desk: Desk, typed: dict[str, str], field: str, words: str
) -> None:
    for checked in ({}, {"checked": "yes"}):
        page = await sent(await signed_in(desk, ONE), **typed, **checked)
        assert page.status_code == 400
        soup = sound(page)
        assert words in soup.select(f".govuk-error-summary a[href='#{field}']")[0].text
        kept = {**{"from_on": in_days(0), "to_on": in_days(13)}, **typed}
        for name in ("from_on", "to_on"):
            assert soup.select(f"#{name}")[0].get("value", "") == kept[name]
    assert await desk.record.value("SELECT count(*) FROM absences") == 0


async def test_a_deputy_who_is_away_and_days_that_are_set_already_are_refused(desk: Desk) -> None:
    first = await sent(await signed_in(desk, TWO), deputy="n53.reviewer.3", checked="yes")
    assert first.status_code == 303
    away = await sent(await signed_in(desk, ONE))
    assert (away.status_code, "Away themselves" in text(away)) == (400, True)
    later = await sent(await signed_in(desk, ONE), from_on=in_days(14), to_on=in_days(20), checked="yes")
    assert later.status_code == 303
    again = await sent(await signed_in(desk, ONE), from_on=in_days(20), to_on=in_days(25), deputy="n53.reviewer.3")
    assert (again.status_code, "is set already" in text(again)) == (400, True)


async def test_a_form_of_another_session_sets_nothing_and_what_was_typed_stays(desk: Desk) -> None:
    page = await sent(await signed_in(desk, ONE), csrf="guessed", checked="yes")
    assert page.status_code == 403
    assert sound(page).select(f"#from_on[value='{in_days(0)}']")
    assert await desk.record.value("SELECT count(*) FROM absences") == 0


async def test_sent_five_times_at_once_it_is_one_absence_and_one_letter(desk: Desk) -> None:
    browser = await signed_in(desk, ONE)
    page = {**await form(browser), "from_on": in_days(0), "to_on": in_days(3), "deputy": "n53.reviewer.2"}
    sending = [browser.web.post("/my/absence", data={**page, "checked": "yes"}) for _ in range(5)]
    assert {reply.status_code for reply in await asyncio.gather(*sending)} == {303}
    assert await desk.record.value("SELECT count(*) FROM absences") == 1
    assert await desk.record.value("SELECT count(*) FROM outbox WHERE letter = 'cover_set'") == 1
    assert await desk.record.value("SELECT count(*) FROM audit WHERE action = 'absence_set'") == 1


async def test_two_pages_of_one_person_at_once_never_set_days_twice(desk: Desk) -> None:
    browser = await signed_in(desk, ONE)
    usual = {"from_on": in_days(0), "to_on": in_days(3), "checked": "yes"}
    pages = [{**await form(browser), **usual, "deputy": f"n53.reviewer.{n}"} for n in (2, 3)]
    assert pages[0]["absence"] != pages[1]["absence"]
    replies = await asyncio.gather(*(browser.web.post("/my/absence", data=page) for page in pages))
    assert sorted(reply.status_code for reply in replies)[0] == 303
    assert sorted(reply.status_code for reply in replies)[1] in (400, 409)
    assert await desk.record.value("SELECT count(*) FROM absences") == 1


# --- independence and four eyes ---------------------------------------------------------------------


async def appoint(desk: Desk, role: str, email: str) -> None:
    await desk.record.pool.execute(
        "INSERT INTO appointments (reference, role, person_key, name, email, at) "
        "VALUES ($1, $2, 'x.y', 'X', $3, now())",
        desk.case.reference,
        role,
        email,
    )


async def test_it_says_at_once_in_which_case_the_deputy_may_not_answer_and_why(desk: Desk) -> None:
    await appoint(desk, "countersigning_manager", "countersigner.one@n53.example.test")
    await appoint(desk, "reviewing_manager", ONE)
    await desk.record.pool.execute(
        "INSERT INTO documents (reference, kind, version, content, sha256, author_email, at) "
        "VALUES ($1, 'review', 1, '{}', 'x', $2, now())",
        desk.case.reference,
        "countersigner.two@n53.example.test",
    )
    browser = await signed_in(desk, "countersigner.one@n53.example.test")
    page = await sent(browser, deputy="n53.countersigner.2")
    assert heading(page) == "Check your absence"
    (gaps,) = sound(page).select("#gaps")
    assert desk.case.reference in gaps.text
    assert "Countersign the review: Wrote the review" in gaps.text
    assert (await sent(browser, deputy="n53.countersigner.2", checked="yes")).status_code == 303
    audited = "SELECT detail #>> '{gaps,0}' FROM audit WHERE action = 'absence_set'"
    assert await desk.record.value(audited) == desk.case.reference


async def test_a_closed_case_and_one_of_another_place_are_no_gaps(desk: Desk) -> None:
    rules = rules_of(desk)
    await appoint(desk, "reviewing_manager", ONE)
    await appoint(desk, "countersigning_manager", TWO)
    asked = wanted(rules, "n53.reviewer.1", "n53.reviewer.2")
    async with desk.record.pool.acquire() as connection:
        found = await gaps_of(connection, rules.directory, asked)
        assert {gap.code for gap in found} == {"is_the_countersigner"}
        assert {gap.question for gap in found} >= {"draft", "submit", "interview"}
        await connection.execute("UPDATE cases SET closed_on = '2026-11-01'")
        assert await gaps_of(connection, rules.directory, asked) == ()


# --- ending it --------------------------------------------------------------------------------------


async def test_it_is_ended_by_who_set_it_and_the_deputy_hears_of_it(desk: Desk, record: Record) -> None:
    browser = await signed_in(desk, ONE)
    await sent(browser, checked="yes")
    (absence,) = await record.rows("SELECT absence FROM absences")
    ending = {"csrf": (await form(browser))["csrf"], "absence": str(absence["absence"])}
    other = await signed_in(desk, THREE)
    theirs = {**ending, "csrf": (await form(other))["csrf"]}
    assert (await other.web.post("/my/absence/end", data=theirs)).status_code == 303
    assert (await browser.web.post("/my/absence/end", data={**ending, "csrf": "guessed"})).status_code == 403
    for wrong in ("", "made-up", str(uuid4())):
        assert (await browser.web.post("/my/absence/end", data={**ending, "absence": wrong})).status_code == 303
    assert await record.value("SELECT count(*) FROM absences WHERE ended_at IS NULL") == 1
    for _ in range(2):
        assert (await browser.web.post("/my/absence/end", data=ending)).status_code == 303
    assert await record.value("SELECT ended_by FROM absences") == ONE
    assert "Set already" not in text(await browser.web.get("/my/absence"))
    assert [row["to_email"] for row in await record.rows("SELECT * FROM outbox WHERE letter = 'cover_ended'")] == [TWO]


async def test_the_senior_lead_and_the_national_team_may_set_it_for_others_and_nobody_else(desk: Desk) -> None:
    rules = rules_of(desk)
    async with desk.record.pool.acquire() as connection:
        for number, by in enumerate((LEAD, TEAM, NATIONAL, DEPUTY)):
            asked = wanted(rules, "n53.reviewer.1", "n53.reviewer.2", 20 * number, 20 * number + 5)
            await set_absence(connection, rules.directory, asked, by, today())
        for by in (TWO, "senior.lead@n56.example.test", SPOC, "nobody@example.test"):
            asked = wanted(rules, "n53.reviewer.1", "n53.reviewer.2", 100, 101)
            with pytest.raises(ReportRefusedError, match="only they themselves"):
                await set_absence(connection, rules.directory, asked, by, today())
            own = await absences_of(connection, "n53.reviewer.1", today())
            with pytest.raises(ReportRefusedError, match="only they themselves"):
                await end_absence(connection, rules.directory, own[0].absence, by)
        assert len(own) == 4


# --- what it does -----------------------------------------------------------------------------------


@pytest.fixture
def relay(desk: Desk, tmp_path: Path) -> Relay:
    return Relay(desk.temporal.delivery(desk.record), desk.record.pool, tmp_path)


async def is_away(desk: Desk, person: str, deputy: str, from_days: int = 0) -> UUID:
    rules = rules_of(desk)
    asked = wanted(rules, person, deputy, from_days, from_days + 13)
    async with desk.record.pool.acquire() as connection:
        await set_absence(connection, rules.directory, asked, NATIONAL, today())
    return asked.absence


async def test_what_is_asked_from_now_on_goes_to_whoever_stands_in(desk: Desk, record: Record) -> None:
    await case_is_now(desk)
    await is_away(desk, "n53.senior_lead", "n53.senior_lead.deputy")
    gate = await desk.ask("commission")
    assert await record.value("SELECT person_email FROM gates WHERE gate = $1", gate) == DEPUTY


async def test_a_question_that_stands_open_climbs_once_when_the_absence_begins(
    desk: Desk, relay: Relay, record: Record
) -> None:
    await case_is_now(desk)
    gate = await desk.ask("commission")
    assert await record.value("SELECT person_email FROM gates WHERE gate = $1", gate) == LEAD
    absence = await is_away(desk, "n53.senior_lead", "n53.senior_lead.deputy", from_days=2)
    await relay.tick()
    assert desk.temporal.signals == []
    await record.pool.execute("UPDATE absences SET from_on = $2 WHERE absence = $1", absence, today())
    desk.temporal.is_away = True
    with pytest.raises(Exception, match="RuntimeError"):
        await relay.tick()
    desk.temporal.is_away = False
    for _ in range(3):
        await relay.tick()
    (signal,) = desk.temporal.signals
    assert (signal.name, signal.content) == ("undeliverable", {"gate": gate})


async def test_a_question_whose_silence_has_a_meaning_is_given_to_whoever_stands_in(desk: Desk, relay: Relay) -> None:
    await case_is_now(desk)
    await desk.record.pool.execute("UPDATE staff SET email = 'head.lei@n53.example.test' WHERE role = 'head_of_pdu'")
    gate = await desk.ask("facts")
    await is_away(desk, "n53lei.head", "n53lei.head.deputy")
    await relay.tick()
    (signal,) = desk.temporal.signals
    expected = {"gate": gate, "to": "n53lei.head.deputy", "reason": "absence"}
    assert (signal.name, signal.content) == ("reassign", expected)


async def test_what_was_answered_ended_or_passed_on_before_is_left_alone(
    desk: Desk, relay: Relay, record: Record
) -> None:
    await case_is_now(desk)
    gate = await desk.ask("commission")
    absence = await is_away(desk, "n53.senior_lead", "n53.senior_lead.deputy")
    await record.pool.execute("UPDATE absences SET ended_at = now()")
    await relay.tick()
    await record.pool.execute("UPDATE absences SET ended_at = NULL")
    await record.pool.execute("UPDATE gates SET deputy_email = $2 WHERE gate = $1", gate, DEPUTY)
    await relay.tick()
    await record.pool.execute("UPDATE gates SET deputy_email = NULL, state = 'withdrawn' WHERE gate = $1", gate)
    await relay.tick()
    assert desk.temporal.signals == []
    await record.pool.execute("UPDATE gates SET state = 'open' WHERE gate = $1", gate)
    await relay.tick()
    assert len(desk.temporal.signals) == 1
    assert await record.value("SELECT absence FROM absences_told WHERE gate = $1", gate) == absence


async def test_rights_by_role_go_along_and_come_back(desk: Desk, record: Record) -> None:
    """A stand-in reads the cases of the role while it lasts; a setting of the directory stays as it was."""
    path = f"/case/{desk.case.reference}"
    reader = await signed_in(desk, "reviewer.three@n53.example.test")
    assert (await reader.web.get(path)).status_code == 404
    absence = uuid4()
    await record.pool.execute(
        "INSERT INTO absences (absence, person_key, deputy_key, from_on, to_on, set_by) "
        "VALUES ($1, 'n53.senior_lead', 'n53.reviewer.3', $2, $2, 'x@example.test')",
        absence,
        today(),
    )
    assert (await reader.web.get(path)).status_code == 200
    await record.pool.execute("UPDATE absences SET ended_at = now()")
    assert (await reader.web.get(path)).status_code == 404
    rules = rules_in_force(a_settings(desk.record, desk.mail), today())
    async with record.pool.acquire() as connection:
        assert (await covered(connection, rules, today())).directory is rules.directory
