"""The commission as people meet it: letter, link, page, answer; another region's lead and the inspectorate as well."""

from bs4 import BeautifulSoup

from tests.conftest import MailServer, Record
from tests.starter.front_desk import Desk, FakeTemporal, a_case_now, a_settings, heading


async def a_desk(record: Record, mail_server: MailServer) -> Desk:
    temporal, case = FakeTemporal(), await a_case_now(record, mail_server)
    desk = Desk(record, mail_server, temporal, case, a_settings(record, mail_server))
    temporal.stage = desk.apply
    return desk


async def answer(desk: Desk, email: str, answer: str, **inputs: str) -> str:
    """Follow the newest letter, fill in the page, and return the page that was filled in."""
    browser, link = desk.browser(), desk.link(email)
    page = await browser.sign_in(link)
    done = await browser.answer(link, page, answer, **inputs)
    assert done.status_code == 200, heading(done)
    return page.text


async def test_a_review_is_borrowed_and_its_manager_reads_the_question(record: Record, mail_server: MailServer) -> None:
    desk = await a_desk(record, mail_server)
    await desk.ask("commission")
    chosen = {"region": "N56", "countersigner": "n53.countersigner.1", "reasons": "Everybody knows the case"}
    page = await answer(desk, "senior.lead@n53.example.test", "another_region", **chosen)
    offered = BeautifulSoup(page, "html.parser")
    regions = offered.select("select[name='another_region.region'] option")
    assert [option["value"] for option in regions if option["value"]][:2] == ["N56", "MCG"]
    await desk.ask("lend", "N56")
    page = await answer(desk, "senior.lead@n56.example.test", "accepted", reviewer="n56.reviewer.2")
    assert "Everybody knows the case" in page
    assert "Example Supervised Person" not in page
    await desk.ask("draft")
    page_of_draft = await desk.browser().sign_in(desk.link("reviewer.two@n56.example.test"))
    assert heading(page_of_draft) == "Write the draft review"


async def test_the_inspector_signs_in_with_the_address_that_the_national_team_gave(
    record: Record, mail_server: MailServer
) -> None:
    desk = await a_desk(record, mail_server)
    await desk.ask("hmip")
    named = {"reviewer_name": "Example Inspector", "reviewer_email": "inspector@hmip.example.test"}
    given = {"commissioned_on": "2026-10-05", "reasons": "Letter of 5 October", **named}
    await answer(desk, "sfo.team@national.example.test", "recorded", **given)
    await desk.ask("draft")
    page = await desk.browser().sign_in(desk.link("inspector@hmip.example.test"))
    assert heading(page) == "Write the draft review"
