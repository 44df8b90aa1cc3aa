"""The way from the mail to the receipt in Welsh, in a real browser: chosen by the link, clean by axe on 320 pixels."""

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import DESKTOP, PHONE, visitor
from tests.browser.test_deciding import Asked
from tests.browser.test_deciding import asked as asked  # the fixture
from tests.starter.test_gateway import desk as desk  # the fixture


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_each_page_in_welsh_is_clean(asked: Asked, chromium: Browser, size: tuple[int, int]) -> None:
    async with visitor(chromium, size) as person:
        await person.see(asked.link)
        await person.check()
        await person.follow("Cymraeg")
        assert await person.heading() == "Penderfynu a yw adolygiad er budd y cyhoedd"
        assert await person.page.evaluate("document.documentElement.lang") == "cy"
        await person.check()
        await person.press("Parhau")
        await person.page.get_by_label("Cod").fill(asked.code())
        await person.press("Parhau")
        await person.check()
        await person.press("Parhau")
        await person.page.wait_for_function("document.activeElement.className === 'govuk-error-summary'")
        await person.check()
        await person.page.get_by_label("Adolygiad", exact=True).check()
        await person.page.get_by_label("Rhesymau").fill("Rhesymau dyfeisiedig.")
        await person.say_who()
        await person.press("Parhau")
        assert await person.heading() == "Gwiriwch eich ateb"
        await person.check()
        await person.press("Cofnodi fy ateb")
        assert await person.heading() == "Mae eich ateb wedi'i weithredu"
        await person.check()
        await person.follow("Fy mhenderfyniadau")
        await person.check()
        await person.follow("English")
        assert await person.heading() == "My decisions"
    assert [row["reasons"] for row in await asked.desk.decisions()] == ["Rhesymau dyfeisiedig."]


async def test_a_count_of_characters_is_in_welsh(asked: Asked, chromium: Browser) -> None:
    async with visitor(chromium) as person:
        await person.see(f"{asked.link}?lang=cy")
        await person.press("Parhau")
        await person.page.get_by_label("Cod").fill(asked.code())
        await person.press("Parhau")
        await person.page.get_by_label("Rhesymau").fill("x" * 9_990)
        shown = person.page.locator(".govuk-character-count__status")
        await shown.wait_for()
        assert await shown.inner_text() == "Nifer y nodau sydd gennych yn weddill: 10"
        for count, words in ((10_000, "Nid oes gennych nodau yn weddill"), (10_002, "Nifer y nodau sy'n ormod: 2")):
            await person.page.get_by_label("Rhesymau").fill("x" * count)
            await person.page.get_by_text(words).first.wait_for()
        assert person.said == []


async def test_without_scripts_and_without_cookies_of_ours_but_that_one(asked: Asked, chromium: Browser) -> None:
    async with visitor(chromium, PHONE, scripts=False) as person:
        await person.see(asked.link)
        await person.follow("Cymraeg")
        assert [one["name"] for one in await person.page.context.cookies()] == ["lang"]
        await person.press("Parhau")
        await person.page.get_by_label("Cod").fill(asked.code())
        await person.press("Parhau")
        await person.page.get_by_label("Dim adolygiad", exact=True).check()
        await person.page.get_by_label("Rhesymau").fill("Rhesymau dyfeisiedig.")
        await person.say_who()
        await person.press("Parhau")
        await person.press("Cofnodi fy ateb")
        assert await person.heading() == "Mae eich ateb wedi'i weithredu"
