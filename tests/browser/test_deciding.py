"""A decision from the mail to the receipt in a real browser: on a phone, by keyboard alone, without scripts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from starter.gateway import gateway_app
from starter.mailer import SmtpMailer
from tests.browser.conftest import DESKTOP, PHONE, Visitor, visitor
from tests.serving import served
from tests.starter.front_desk import Desk
from tests.starter.test_gateway import desk as desk  # the fixture
from tests.starter.test_gateway import who

FOCUSED = """() => {
    const one = document.activeElement;
    const [shown, part] = one.type === "radio" ? [one.nextElementSibling, "::before"] : [one, null];
    const drawn = getComputedStyle(shown, part);
    const isDrawn = drawn.outlineStyle !== "none" || drawn.boxShadow !== "none";
    return {called: [one.id, (one.innerText || "").trim()], outline: isDrawn ? "drawn" : "none"};
}"""


@dataclass
class Asked:
    """Somebody who was asked, at the address that stands in the mail."""

    desk: Desk
    link: str

    def code(self) -> str:
        return self.desk.browser().code()


@pytest_asyncio.fixture
async def asked(desk: Desk) -> AsyncIterator[Asked]:
    settings = desk.settings.model_copy(update={"public_url": "http://127.0.0.1"})
    delivery = desk.temporal.delivery(desk.record)
    app = gateway_app(settings, desk.record.pool, delivery, SmtpMailer(desk.mail.url, timeout=5))
    gate = await desk.ask("public_interest", stage="charge")
    async with served(app) as address:
        yield Asked(desk, f"{address}{desk.link(await who(desk, gate))}")


async def signed_in(asked: Asked, person: Visitor) -> None:
    await person.see(asked.link)
    await person.press("Continue")
    await person.page.get_by_label("Code").fill(asked.code())
    await person.press("Continue")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_from_the_mail_to_the_receipt_each_page_and_each_error_is_clean(
    asked: Asked, chromium: Browser, size: tuple[int, int]
) -> None:
    async with visitor(chromium, size) as person:
        await person.see(asked.link)
        await person.check()
        await person.follow("Accessibility statement")
        assert await person.heading() == "Accessibility statement"
        await person.check()
        await person.see(asked.link)
        await person.press("Continue")
        await person.check()
        await person.page.get_by_label("Code").fill("1")
        await person.press("Continue")
        await person.check()
        assert (await person.page.title()).startswith("Error: ")
        await person.page.get_by_label("Code").fill(asked.code())
        await person.press("Continue")
        assert await person.heading() == "Decide whether a review is in the public interest"
        await person.check()
        await person.press("Continue")
        await person.page.wait_for_function("document.activeElement.className === 'govuk-error-summary'")
        await person.check()
        await person.page.get_by_label("Review", exact=True).check()
        await person.page.get_by_label("Reasons").fill("Invented reasons of a person.")
        await person.press("Continue")
        assert (await person.page.title()).startswith("Error: ")  # a team reads this address: who decides?
        await person.check()
        await person.say_who()
        await person.press("Continue")
        assert await person.heading() == "Check your answer"
        await person.check()
        await person.press("Change it")
        assert await person.page.get_by_label("Review", exact=True).is_checked()
        assert await person.page.get_by_label("Reasons").input_value() == "Invented reasons of a person."
        await person.press("Continue")
        await person.press("Record my answer")
        assert await person.heading() == "Your answer has been applied"
        await person.check()
        await person.see(asked.link)
        assert await person.heading() == "This question has been answered"
        await person.check()
    (row,) = await asked.desk.decisions()
    assert (row["answer"], row["person_key"]) == ("review", "national.duty.1")


async def test_by_keyboard_alone(asked: Asked, chromium: Browser) -> None:
    async with visitor(chromium) as person:
        keys = person.page.keyboard

        async def to(name: str) -> None:
            """Tab on until this has the focus, and see that it is shown."""
            for _ in range(30):
                await keys.press("Tab")
                focused = await person.page.evaluate(FOCUSED)
                if name in focused["called"]:
                    assert focused["outline"] != "none", f"{name} has the focus and does not show it"
                    return
            raise AssertionError(f"{name} is not reached by keyboard")

        async def enter() -> None:
            async with person.page.expect_navigation():
                await keys.press("Enter")

        await person.see(asked.link)
        await keys.press("Tab")
        assert "Skip to main content" in (await person.page.evaluate(FOCUSED))["called"]
        await to("Continue")
        await enter()
        await to("code")
        await keys.type(asked.code())
        await enter()
        await to("answer=review")
        await keys.press("Space")
        await to("person=national.duty.1")
        await keys.press("Space")
        await to("reasons")
        await keys.type("Invented reasons, typed.")
        await to("Continue")
        await enter()
        await to("Record my answer")
        await enter()
        assert await person.heading() == "Your answer has been applied"


async def test_without_scripts(asked: Asked, chromium: Browser) -> None:
    async with visitor(chromium, PHONE, scripts=False) as person:
        await signed_in(asked, person)
        await person.page.get_by_label("No review", exact=True).check()
        await person.page.get_by_label("Reasons").fill("Invented reasons.")
        await person.say_who()
        await person.press("Continue")
        await person.press("Record my answer")
        assert await person.heading() == "Your answer has been applied"


async def test_a_count_of_characters_is_shown_near_the_limit(asked: Asked, chromium: Browser) -> None:
    async with visitor(chromium) as person:
        await signed_in(asked, person)
        await person.page.get_by_label("Reasons").fill("x" * 9_990)
        shown = person.page.locator(".govuk-character-count__status")
        await shown.wait_for()
        assert await shown.inner_text() == "You have 10 characters remaining"
        assert person.said == []
