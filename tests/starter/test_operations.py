"""Operations sign in without a link: by a code to an address of theirs, or by the provider; and nobody else does."""

import re
from datetime import UTC, datetime

import httpx
import pytest
import pytest_asyncio

from deploy.saved_views import saved_views
from tests.conftest import MailServer, Record
from tests.starter.front_desk import Browser, Desk, heading, hidden
from tests.starter.signed_in import DUTY_ONE, EXPIRED, LEAD, NATIONAL, a_desk, away, signed_in, sound, text
from tests.starter.test_identities import a_browser
from tests.starter.test_identities import issuer as issuer  # the fixture

DESK, ONE, TWO = (f"{name}@national.example.test" for name in ("operations", "engineer.one", "engineer.two"))


@pytest_asyncio.fixture
async def desk(record: Record, mail_server: MailServer) -> Desk:
    return await a_desk(record, mail_server, SFO_TEMPORAL_UI_URL="https://temporal.sfo.example.test")


async def ask_for_a_code(browser: Browser, address: str) -> httpx.Response:
    return await browser.web.post("/operations/start", data={"address": address})


async def by_code(browser: Browser, address: str) -> httpx.Response:
    """Ask for a code, type it, and return the page that it leads to."""
    await ask_for_a_code(browser, address)
    led = await browser.web.post("/operations/code", data={"address": address, "code": browser.code()})
    assert (led.status_code, led.headers["location"]) == (303, "/operations"), led.text
    return await browser.web.get("/operations")


# --- by a mailed code --------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [ONE, "  Engineer.One@National.Example.Test "])
async def test_a_code_to_an_address_of_operations_opens_the_page_with_the_way_to_the_ui(desk: Desk, typed: str) -> None:
    browser = desk.browser()
    nobody = await browser.web.get("/operations")
    sound(nobody)
    assert heading(nobody) == "Operations: sign in"
    sound(await ask_for_a_code(browser, typed))
    assert [m["To"] for m in desk.mail.messages if "Operations" in m["Subject"]] == [f"Example Engineer One <{ONE}>"]
    page = await by_code(browser, typed)
    soup = sound(page)
    assert "signed in as operations" in text(page)
    assert "for 30 minutes: until" in text(page)
    links = [str(one["href"]) for one in soup.select("#places a")]
    views = saved_views(datetime.now(UTC))
    assert len(links) == len(views)
    assert links[0] == views[0].link("https://temporal.sfo.example.test", "default")
    assert soup.select_one('a[href="https://temporal.sfo.example.test/sfo"]')
    assert "Example Engineer" not in page.text
    assert ONE not in page.text


@pytest.mark.parametrize("address", [LEAD, NATIONAL, "nobody@example.test", "a@b", "é@" + "x" * 200])
async def test_the_answer_to_another_address_is_the_same_and_no_code_goes_anywhere(desk: Desk, address: str) -> None:
    browser = desk.browser()
    mails = len(desk.mail.messages)
    known, other = await ask_for_a_code(browser, ONE), await ask_for_a_code(desk.browser(), address)
    assert len(desk.mail.messages) == mails + 1
    assert (known.status_code, known.text.replace(ONE, "…")) == (other.status_code, other.text.replace(address, "…"))
    for code in ("123456", browser.code()):
        wrong = await desk.browser().web.post("/operations/code", data={"address": address, "code": code})
        own = await desk.browser().web.post("/operations/code", data={"address": ONE, "code": "x"})
        assert (wrong.status_code, "set-cookie" in wrong.headers) == (400, False)
        assert wrong.text.replace(address, "…") == own.text.replace(ONE, "…")
    assert await desk.record.rows("SELECT * FROM sessions") == []
    assert [row["email"] for row in await desk.record.rows("SELECT email FROM address_codes")] == [ONE]


@pytest.mark.parametrize("address", ["", "no address", "a" * 250 + "@b.test"])
async def test_what_is_no_address_is_said(desk: Desk, address: str) -> None:
    refused = await ask_for_a_code(desk.browser(), address)
    assert (refused.status_code, len(desk.mail.messages)) == (400, 0)
    assert "Enter your email address" in text(refused)


async def test_three_codes_and_no_more_and_a_gateway_that_is_started_again_remembers(desk: Desk) -> None:
    pages = [await ask_for_a_code(desk.browser(), ONE) for _ in range(5)]  # each time a gateway of its own
    assert len(desk.mail.to(ONE)) == 3
    assert len({page.text for page in pages}) == 1
    assert "signed in as operations" in text(await _with_the_newest(desk.browser(), ONE))
    await ask_for_a_code(desk.browser(), ONE)
    assert len(desk.mail.to(ONE)) == 4  # one that was used starts the count anew


async def _with_the_newest(browser: Browser, address: str) -> httpx.Response:
    await browser.web.post("/operations/code", data={"address": address, "code": browser.code()})
    return await browser.web.get("/operations")


async def test_twelve_codes_a_person_and_day_by_links_and_without_one_together(desk: Desk) -> None:
    gate = await desk.ask("public_interest", stage="charge")
    link = await desk.record.value("SELECT link FROM links WHERE gate = $1", gate)
    await desk.record.pool.execute("UPDATE links SET email = $1, codes_sent = 12 WHERE link = $2", ONE, link)
    await desk.record.pool.execute(
        "INSERT INTO codes (link, code_hash, expires_at) VALUES ($1, '', clock_timestamp())", link
    )
    await ask_for_a_code(desk.browser(), ONE)
    assert not [m for m in desk.mail.to(ONE) if "Operations" in m["Subject"]]


async def test_only_the_newest_code_works_five_tries_long_for_ten_minutes(desk: Desk) -> None:
    browser = desk.browser()
    await ask_for_a_code(browser, ONE)
    first = browser.code()
    await ask_for_a_code(browser, ONE)
    second = browser.code()
    tried = [first] + ["000000" if second != "000000" else "111111"] * 4
    for code in tried:
        wrong = await browser.web.post("/operations/code", data={"address": ONE, "code": code})
        assert wrong.status_code == (400 if code != second else 303)
    spent = await browser.web.post("/operations/code", data={"address": ONE, "code": second})
    assert spent.status_code == 400
    await ask_for_a_code(browser, ONE)
    await desk.record.pool.execute("UPDATE address_codes SET expires_at = clock_timestamp()")
    late = await browser.web.post("/operations/code", data={"address": ONE, "code": browser.code()})
    assert late.status_code == 400


async def test_a_code_works_once_and_only_its_keyed_hash_is_kept(desk: Desk) -> None:
    browser = desk.browser()
    await by_code(browser, ONE)
    code = browser.code()
    again = await desk.browser().web.post("/operations/code", data={"address": ONE, "code": code})
    assert again.status_code == 400
    assert code not in str(await desk.record.rows("SELECT * FROM address_codes"))


async def test_the_way_in_writes_nothing_and_sets_nothing(desk: Desk) -> None:
    for _ in range(3):
        page = await desk.browser().web.get("/operations")
        assert "set-cookie" not in page.headers
    assert await desk.record.rows("SELECT * FROM address_codes") == []


# --- who it is ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", [LEAD, NATIONAL, DUTY_ONE, "head@case.example.test"])
async def test_another_role_is_turned_away_kindly_and_can_sign_out(desk: Desk, email: str) -> None:
    browser = await signed_in(desk, email)
    page = await browser.web.get("/operations")
    soup = sound(page)
    assert page.status_code == 403
    assert heading(page) == "This page is not yours"
    assert soup.select("#places") == []
    await browser.web.post("/operations/sign-out", data=hidden(page))
    assert heading(await browser.web.get("/operations")) == "Operations: sign in"


async def test_whoever_an_absence_makes_stand_in_is_operations_for_its_days(desk: Desk) -> None:
    assert (await (await signed_in(desk, DUTY_ONE)).web.get("/operations")).status_code == 403
    await away(desk, "operations.engineer.1", "national.duty.1")
    assert "signed in as operations" in text(await by_code(desk.browser(), DUTY_ONE))


async def test_by_the_address_that_they_share_somebody_says_first_who_they_are(desk: Desk) -> None:
    browser = desk.browser()
    page = await by_code(browser, DESK)
    sound(page)
    assert "Who are you?" in text(page)
    assert "for 30 minutes" not in text(page)
    wrong = await browser.web.post("/operations/person", data={**hidden(page), "person": "n53.spoc"})
    assert (wrong.status_code, "Select who you are" in text(wrong)) == (400, True)
    forged = await browser.web.post("/operations/person", data={"csrf": "x", "person": "operations.engineer.2"})
    assert forged.status_code == 400
    named = await browser.web.post("/operations/person", data={**hidden(page), "person": "operations.engineer.2"})
    assert named.status_code == 303
    assert "for 30 minutes" in text(await browser.web.get("/operations"))
    assert [row["member"] for row in await desk.record.rows("SELECT member FROM sessions")] == ["operations.engineer.2"]


@pytest.mark.parametrize("how", EXPIRED)
async def test_a_session_that_ended_leads_to_the_way_in(desk: Desk, how: str) -> None:
    browser = await signed_in(desk, ONE)
    await desk.record.pool.execute(f"UPDATE sessions SET {how}")
    assert heading(await browser.web.get("/operations")) == "Operations: sign in"


async def test_signing_out_needs_the_sessions_own_mark(desk: Desk) -> None:
    browser = await signed_in(desk, ONE)
    page = await browser.web.get("/operations")
    await browser.web.post("/operations/sign-out", data={"csrf": "x"})
    assert heading(await browser.web.get("/operations")) == "Operations"
    await browser.web.post("/operations/sign-out", data=hidden(page))
    assert heading(await browser.web.get("/operations")) == "Operations: sign in"


# --- by the provider ---------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("email", "status"), [(ONE, 200), (LEAD, 403), ("nobody@example.test", 403)])
async def test_with_a_provider_operations_go_straight_there_and_nobody_else_gets_a_session(
    desk: Desk, issuer: str, email: str, status: int
) -> None:
    browser = a_browser(desk, issuer)
    way_in = await browser.web.get("/operations")
    assert "sign in with your organisation" in text(way_in)
    assert not way_in.text.count("Your email address")
    led = await browser.web.post("/operations/start")
    assert led.headers["location"].startswith(issuer)
    async with httpx.AsyncClient() as web:
        done = await web.post(led.headers["location"], data={"sub": email})
    back = await browser.web.get(re.sub("^https?://[^/]+", "", done.headers["location"]))
    assert back.status_code == status
    assert [row["email"] for row in await desk.record.rows("SELECT email FROM sessions")] == [ONE] * (status == 200)
    shown = heading(await browser.web.get("/operations"))
    assert shown == ("Operations" if status == 200 else "Operations: sign in")
    assert desk.mail.messages == [] or not desk.mail.to(ONE)
    assert (await browser.web.post("/operations/code", data={"address": ONE, "code": "1"})).status_code == 404
