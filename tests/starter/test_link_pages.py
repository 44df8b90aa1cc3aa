"""The link itself: what opening it shows and changes, and where a stale or forged one leads."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from tests.builders import HEAD_EMAIL
from tests.starter.front_desk import Desk, heading
from tests.starter.test_gateway import asked as asked  # the fixture
from tests.starter.test_gateway import desk as desk  # the fixture
from tests.starter.test_gateway import snapshot, who
from workflows.contract.messages import Lapse, Reassignment, Withdrawal
from workflows.contract.vocabulary import ReasonCode

# --- the link ---------------------------------------------------------------------------------------


async def test_fifty_scanners_opening_a_link_change_nothing(desk: Desk, asked: tuple[str, str]) -> None:
    _, link = asked
    before, mails = await snapshot(desk), len(desk.mail.messages)
    scanner = desk.browser()
    opened = await asyncio.gather(
        *(scanner.web.request("HEAD" if n % 2 else "GET", link) for n in range(50)),
    )
    assert {page.status_code for page in opened} == {200}
    assert not any("set-cookie" in page.headers for page in opened)
    assert await snapshot(desk) == before
    assert len(desk.mail.messages) == mails


async def test_the_landing_page_names_nobody_and_says_what_is_asked(desk: Desk, asked: tuple[str, str]) -> None:
    page = await desk.browser().web.get(asked[1])
    assert heading(page) == "Notify the HMPPS SFO Team"
    assert "Example" not in page.text
    assert "@" not in page.text


async def test_a_tampered_or_foreign_token_leads_nowhere(desk: Desk, asked: tuple[str, str]) -> None:
    _, link = asked
    web = desk.browser().web
    swapped = link[:-1] + ("A" if link[-1] != "A" else "B")
    for forged in (swapped, link[:-4], link + "A", "/a/" + "A" * 56, "/a/x"):
        assert (await web.get(forged)).status_code == 404
        assert (await web.post(f"{forged}/start")).status_code == 404
    assert len(desk.mail.to("spoc")) == len([m for m in desk.mail.messages if "spoc" in str(m["To"])])


async def test_every_page_carries_the_headers_that_keep_it_safe(desk: Desk, asked: tuple[str, str]) -> None:
    web = desk.browser().web
    for path in (asked[1], "/a/nonsense", "/nowhere", "/ping", "/static/sfo.css"):
        headers = (await web.get(path)).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert "script-src 'self';" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-robots-tag"] == "noindex, nofollow"
        assert headers["strict-transport-security"]
    assert (await web.get(asked[1])).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example.test"},
        {"Origin": "null"},
    ],
)
async def test_a_form_from_another_site_is_refused(desk: Desk, asked: tuple[str, str], headers: dict[str, str]) -> None:
    mails = len(desk.mail.messages)
    page = await desk.browser().web.post(f"{asked[1]}/start", headers=headers)
    assert page.status_code == 403
    assert len(desk.mail.messages) == mails


async def test_too_much_at_once_is_refused_unread(desk: Desk, asked: tuple[str, str]) -> None:
    page = await desk.browser().web.post(f"{asked[1]}/decide", data={"reasons": "x" * 2_000_001})
    assert page.status_code == 413


async def test_a_long_text_that_is_read_at_all_is_answered_with_the_remedy(desk: Desk, asked: tuple[str, str]) -> None:
    browser = desk.browser()
    page = await browser.sign_in(asked[1])
    reply = await browser.answer(asked[1], page, "sent", sent_on="2026-09-08", reasons="é" * 250_000)
    assert reply.status_code == 400
    assert "shorten it to 10,000 characters" in reply.text


# --- links that were good once ----------------------------------------------------------------------


async def test_a_link_is_stale_after_reassignment_withdrawal_lapse_and_time(desk: Desk) -> None:
    gate = await desk.ask("facts", "v1")
    link = desk.link(HEAD_EMAIL)
    web = desk.browser().web
    pool = desk.record.pool

    await pool.execute("UPDATE links SET revoked_at = now() WHERE gate = $1", gate)
    assert heading(await gone(web, link)) == "Somebody else is asked now"
    await pool.execute("UPDATE links SET revoked_at = NULL WHERE gate = $1", gate)

    await pool.execute("UPDATE gates SET due_at = $2 WHERE gate = $1", gate, desk.case.at - timedelta(days=91))
    assert (await web.get(link)).status_code == 200, "the letter is newer than the date"
    await pool.execute("UPDATE outbox SET at = $2 WHERE gate = $1", gate, desk.case.at - timedelta(days=91))
    assert heading(await gone(web, link)) == "This link has expired"
    await pool.execute("UPDATE gates SET due_at = $2 WHERE gate = $1", gate, desk.case.at - timedelta(days=89))
    assert (await web.get(link)).status_code == 200

    await desk.case.gates.lapse_gate(Lapse(gate=gate, at=desk.case.at))
    assert heading(await gone(web, link)) == "The period has ended"


async def test_a_withdrawn_question_is_gone_even_for_who_is_typing(desk: Desk, asked: tuple[str, str]) -> None:
    gate, link = asked
    browser = desk.browser()
    page = await browser.sign_in(link)
    await desk.case.gates.withdraw_gates(Withdrawal(reference=desk.case.reference, gates=(gate,), at=desk.case.at))
    assert heading(await gone(browser.web, link)) == "This question was withdrawn"
    assert (await browser.answer(link, page, "sent", sent_on="2026-10-05")).status_code == 410
    assert await desk.decisions() == []


async def test_reassigned_the_old_link_is_dead_and_the_new_one_lives(desk: Desk) -> None:
    gate = await desk.ask("early_look", stage="early-look")
    link = desk.link(await who(desk, gate))
    message = Reassignment(gate=gate, at=desk.case.at, to="n53.senior_lead", reason=ReasonCode.ABSENCE)
    assert (await desk.case.gates.reassign_gate(message)).allowed
    web = desk.browser().web
    assert heading(await gone(web, link)) == "Somebody else is asked now"
    assert (await web.get(desk.link(await who(desk, gate)))).status_code == 200


async def gone(web: httpx.AsyncClient, link: str) -> httpx.Response:
    page = await web.get(link)
    assert page.status_code == 410
    assert (await web.post(f"{link}/start")).status_code == 410
    return page
