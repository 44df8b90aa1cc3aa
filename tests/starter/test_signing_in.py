"""From the link to a session: the code, and whose session it is."""

import re

from tests.starter.front_desk import Desk, heading, hidden
from tests.starter.test_gateway import asked as asked  # the fixture
from tests.starter.test_gateway import desk as desk  # the fixture
from tests.starter.test_gateway import who

# --- the code ---------------------------------------------------------------------------------------


async def test_the_code_goes_to_the_person_of_the_link_and_opens_a_session(desk: Desk, asked: tuple[str, str]) -> None:
    gate, link = asked
    browser = desk.browser()
    page = await browser.sign_in(link)
    assert page.status_code == 200
    assert heading(page) == "Notify the HMPPS SFO Team"
    assert await who(desk, gate) in str(desk.mail.messages[-1]["To"])
    cookie = next(c for c in browser.web.cookies.jar)
    assert cookie.name == "__Host-sfo"
    assert cookie.secure
    assert str(cookie.value) not in str(await desk.record.rows("SELECT * FROM sessions"))


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(desk: Desk, asked: tuple[str, str]) -> None:
    browser = desk.browser()
    await browser.web.post(f"{asked[1]}/start")
    reply = await browser.web.post(f"{asked[1]}/code", data={"code": browser.code()})
    cookie = reply.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Secure", "Path=/"} <= {part.strip() for part in cookie.split(";")}


async def test_five_wrong_codes_spend_it(desk: Desk, asked: tuple[str, str]) -> None:
    _, link = asked
    browser = desk.browser()
    await browser.web.post(f"{link}/start")
    right = browser.code()
    wrong = [f"{(int(right) + n) % 10**6:06}" for n in range(1, 6)]
    tries = [(await browser.web.post(f"{link}/code", data={"code": code})).status_code for code in [*wrong, right]]
    assert tries == [400, 400, 400, 400, 429, 429]
    assert (await browser.web.get(f"{link}/decide")).status_code == 303


async def test_three_codes_a_link_and_no_more(desk: Desk, asked: tuple[str, str]) -> None:
    _, link = asked
    web = desk.browser().web
    mails = len(desk.mail.messages)
    assert [(await web.post(f"{link}/start")).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert len(desk.mail.messages) == mails + 3
    await desk.record.pool.execute("UPDATE codes SET expires_at = expires_at - interval '25 hours'")
    assert (await web.post(f"{link}/start")).status_code == 200


async def test_twelve_codes_a_person_by_whichever_links_until_one_of_them_is_used(desk: Desk) -> None:
    """Counted in the record, so that starting the gateway again starts no count anew."""
    for number in range(6):
        await desk.ask("notification", stage=f"notification-{number + 1}")
    person = str(await desk.record.value("SELECT DISTINCT person_email FROM gates"))
    letters = [str(m.get_body(("plain",)).get_content()) for m in desk.mail.to(person)]  # type: ignore[union-attr]
    links = [found[0] for text in letters if (found := re.search(r"/a/[A-Za-z0-9_-]{56}", text))]
    assert len(set(links)) == 6
    replies = [(await desk.browser().web.post(f"{link}/start")).status_code for link in links for _ in range(3)]
    assert replies == [200] * 12 + [429] * 6
    browser = desk.browser()
    assert (await browser.web.post(f"{links[3]}/code", data={"code": browser.code()})).status_code == 303
    assert (await desk.browser().web.post(f"{links[5]}/start")).status_code == 200


async def test_only_the_newest_code_works_once_for_ten_minutes(desk: Desk, asked: tuple[str, str]) -> None:
    _, link = asked
    browser = desk.browser()
    await browser.web.post(f"{link}/start")
    old = browser.code()
    await browser.web.post(f"{link}/start")
    new = browser.code()
    if old != new:
        assert (await browser.web.post(f"{link}/code", data={"code": old})).status_code == 400
    await desk.record.pool.execute("UPDATE codes SET expires_at = clock_timestamp()")
    assert (await browser.web.post(f"{link}/code", data={"code": new})).status_code == 429
    await browser.web.post(f"{link}/start")
    spaced = f" {browser.code()[:3]} {browser.code()[3:]} "
    assert (await browser.web.post(f"{link}/code", data={"code": spaced})).status_code == 303
    assert (await browser.web.post(f"{link}/code", data={"code": new})).status_code == 429


async def test_a_second_link_of_the_same_person_goes_straight_on(desk: Desk, asked: tuple[str, str]) -> None:
    browser = desk.browser()
    await browser.sign_in(asked[1])
    await desk.ask("rosh", stage="charge")
    mails = len(desk.mail.messages)
    other = desk.link(await who(desk, f"{desk.case.reference}/charge/rosh"))
    assert (await browser.web.post(f"{other}/start")).headers["location"] == f"{other}/decide"
    assert (await browser.web.get(f"{other}/decide")).status_code == 200
    assert len(desk.mail.messages) == mails


async def test_a_code_that_cannot_be_sent_is_said_and_nothing_breaks(desk: Desk, asked: tuple[str, str]) -> None:
    desk.mail.replies.append("451 later")
    page = await desk.browser().web.post(f"{asked[1]}/start")
    assert page.status_code == 503
    assert heading(page) == "The code could not be sent"


# --- sessions ---------------------------------------------------------------------------------------


async def test_somebody_else_signed_in_is_refused_and_can_ask_for_a_code(desk: Desk, asked: tuple[str, str]) -> None:
    await desk.ask("early_look", stage="early-look")
    other = desk.link(await who(desk, f"{desk.case.reference}/early-look/early_look"))
    browser = desk.browser()
    page = await browser.sign_in(other)
    assert (await browser.web.get(f"{asked[1]}/decide")).status_code == 403
    refused = await browser.web.post(f"{asked[1]}/decide", data={**hidden(page), "answer": "sent"})
    assert refused.status_code == 403
    assert await desk.decisions() == []
    assert (await browser.sign_in(asked[1])).status_code == 200


async def test_after_half_an_hour_what_was_typed_comes_back_with_a_new_code(desk: Desk, asked: tuple[str, str]) -> None:
    gate = await desk.ask("public_interest", stage="charge")
    link = desk.link(await who(desk, gate))
    browser = desk.browser()
    page = await browser.sign_in(link)
    await desk.record.pool.execute("UPDATE sessions SET seen_at = seen_at - interval '31 minutes'")
    out = await browser.answer(link, page, "review", reasons="Typed for an hour")
    assert (out.status_code, heading(out)) == (403, "You have been signed out")
    code_page = await browser.web.post(f"{link}/start", data=hidden(out))
    back = await browser.web.post(f"{link}/code", data={**hidden(code_page), "code": browser.code()})
    assert back.status_code == 200
    assert "Typed for an hour" in back.text
    assert (await browser.answer(link, back, "review", reasons="Typed for an hour")).status_code == 200
    assert len(await desk.decisions()) == 1


async def test_a_form_without_the_sessions_own_mark_is_shown_again_and_not_recorded(
    desk: Desk, asked: tuple[str, str]
) -> None:
    browser = desk.browser()
    page = await browser.sign_in(asked[1])
    reply = await browser.answer(asked[1], page, "sent", sent_on="2026-10-05", csrf="guessed")
    assert reply.status_code == 403
    assert 'value="2026-10-05"' in reply.text
    assert await desk.decisions() == []
