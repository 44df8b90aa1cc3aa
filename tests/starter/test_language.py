"""Which language a page is in: how it is chosen, and that choosing it writes, opens and loses nothing."""

import httpx
import pytest
from bs4 import BeautifulSoup, Tag

from starter.language import preferred
from tests.house.catalogues import catalogues
from tests.starter.front_desk import Desk, heading
from tests.starter.test_gateway import asked as asked  # the fixture
from tests.starter.test_gateway import desk as desk  # the fixture
from tests.starter.test_gateway import snapshot, who

WELSH = {words: told for kept in catalogues()[::2] for words, told in kept.found().items()}
ASKED_WELSH = "Hysbysu Tîm SFO HMPPS"


def soup(page: httpx.Response) -> BeautifulSoup:
    return BeautifulSoup(page.text, "html.parser")


def unmarked_english(page: httpx.Response) -> list[str]:
    """Every piece of text of a Welsh page that is a sentence of ours in English and is not marked as English."""
    found = []
    for text in soup(page).find_all(string=True):
        words, around = str(text).strip(), text.find_parent(attrs={"lang": True})
        inside = around is not None and around["lang"] == "en"
        if words and WELSH.get(words, words) != words and not inside:
            found.append(words)
    return found


def is_in_welsh(page: httpx.Response) -> None:
    assert (soup(page).html or Tag(name="html"))["lang"] == "cy"
    assert page.headers["content-language"] == "cy"
    assert page.headers["vary"] == "Accept-Language, Cookie"
    assert unmarked_english(page) == []


def is_in_english(page: httpx.Response) -> None:
    assert (soup(page).html or Tag(name="html"))["lang"] == "en"
    assert page.headers["content-language"] == "en"
    assert [one.get_text() for one in soup(page).select("body [lang]")] in (["Cymraeg"], [])


# --- which language ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("cy", "cy"),
        ("cy-GB", "cy"),
        ("cy-GB,cy;q=0.9,en;q=0.8", "cy"),
        ("en-GB,en;q=0.9,cy;q=0.8", "en"),
        ("en;q=0.5, cy;q=0.7", "cy"),
        ("fr,cy;q=0.3", "cy"),
        ("en, cy", "en"),
        ("cy, en", "cy"),
        ("cy;q=0", "en"),
        ("cy;q=0, en;q=0", "en"),
        ("cy;q=nonsense, en;q=0.1", "en"),
        ("*", "en"),
        ("cymraeg", "en"),
    ],
)
def test_welsh_only_where_a_browser_puts_it_first(accepted: str, language: str) -> None:
    assert preferred(accepted) == language


async def test_by_the_link_on_the_page_and_from_then_on(desk: Desk, asked: tuple[str, str]) -> None:
    web = desk.browser().web
    first = await web.get(asked[1])
    is_in_english(first)
    assert "set-cookie" not in first.headers
    (other,) = soup(first).select("header a[lang=cy][hreflang=cy]")
    assert (other["href"], other.get_text()) == ("?lang=cy", "Cymraeg")
    chosen = await web.get(asked[1] + str(other["href"]))
    is_in_welsh(chosen)
    assert heading(chosen) == ASKED_WELSH
    assert chosen.headers["set-cookie"] == "lang=cy; Max-Age=31536000; Path=/; SameSite=Lax; HttpOnly; Secure"
    again = await web.get(asked[1])
    is_in_welsh(again)
    assert "set-cookie" not in again.headers
    (back,) = soup(again).select("header a[lang=en][hreflang=en]")
    is_in_english(await web.get(asked[1] + str(back["href"])))
    is_in_english(await web.get(asked[1], headers={"accept-language": "cy"}))


async def test_by_what_the_browser_prefers_unless_something_was_chosen(desk: Desk, asked: tuple[str, str]) -> None:
    welsh = {"accept-language": "cy-GB,cy;q=0.9,en;q=0.5"}
    page = await desk.browser().web.get(asked[1], headers=welsh)
    is_in_welsh(page)
    assert "set-cookie" not in page.headers
    is_in_english(await desk.browser().web.get(asked[1], headers={"accept-language": "en-GB,cy;q=0.9"}))
    is_in_english(await desk.browser().web.get(f"{asked[1]}?lang=en", headers=welsh))
    is_in_english(await desk.browser().web.get(asked[1], headers={**welsh, "cookie": "lang=en"}))
    for nonsense in ("?lang=fr", "?lang=", "?lang=cy%0d%0aSet-Cookie:x=1", "?lang=CY"):
        reply = await desk.browser().web.get(asked[1] + nonsense)
        is_in_english(reply)
        assert "set-cookie" not in reply.headers
    is_in_welsh(await desk.browser().web.get(asked[1], headers={**welsh, "cookie": "lang=fr"}))


async def test_choosing_a_language_writes_nothing_and_opens_no_session(desk: Desk, asked: tuple[str, str]) -> None:
    before, web = await snapshot(desk), desk.browser().web
    for path in (asked[1], f"{asked[1]}/decide", "/my", "/accessibility", "/a/made-up"):
        for language in ("cy", "en"):
            await web.get(f"{path}?lang={language}")
    assert set(web.cookies) == {"lang"}
    assert await snapshot(desk) == before


async def test_one_visitor_does_not_change_the_language_of_another(desk: Desk, asked: tuple[str, str]) -> None:
    one, other = desk.browser().web, desk.browser().web
    is_in_welsh(await one.get(f"{asked[1]}?lang=cy"))
    is_in_english(await other.get(asked[1]))
    is_in_english(await other.get("/accessibility"))
    is_in_welsh(await one.get("/accessibility"))


async def test_a_post_asks_for_no_language_and_its_page_has_no_link_that_would_lose_what_was_typed(
    desk: Desk, asked: tuple[str, str]
) -> None:
    browser = desk.browser()
    code = await browser.web.post(f"{asked[1]}/start?lang=cy")
    is_in_english(code)
    assert "set-cookie" not in code.headers
    assert soup(code).select("header a[hreflang]") == []
    question = await browser.sign_in(asked[1])
    assert len(soup(question).select("header a[hreflang]")) == 1
    refused = await browser.answer(asked[1], question, "sent", sent_on="nonsense")
    assert refused.status_code == 400
    assert soup(refused).select("header a[hreflang]") == []


async def test_pages_for_use_within_the_service_stay_english(desk: Desk, asked: tuple[str, str]) -> None:
    gate = await desk.ask("public_interest", stage="charge")
    browser = desk.browser()
    await browser.sign_in(desk.link(await who(desk, gate)))
    for path in ("/national", f"/case/{desk.case.reference}"):
        page = await browser.web.get(f"{path}?lang=cy")
        if page.status_code == 200:
            is_in_english(page)
            assert soup(page).select("a[hreflang]") == []
    assert (await browser.web.get("/national")).status_code == 200
    mine = await browser.web.get("/my")
    is_in_welsh(mine)
    assert heading(mine) == "Fy mhenderfyniadau"
