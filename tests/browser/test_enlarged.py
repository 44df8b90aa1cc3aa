"""At 200%, of the window or of its text alone, no page of a question loses what stands or can be done on it."""

import pytest
from playwright.async_api import Browser

from tests.activities.reviewing import DRAFT
from tests.browser.conftest import DESKTOP, visitor
from tests.browser.kinds import Kind
from tests.browser.kinds_listed import KINDS
from tests.browser.reading import keeps_everything, out_of_order
from tests.browser.test_kinds_of_question import address as address  # the fixture
from tests.browser.test_kinds_of_question import filled_in, opened
from tests.starter.front_desk import Desk
from tests.starter.test_gateway import desk as desk  # the fixture
from tests.starter.test_gateway import who

LONGEST = [kind for kind in KINDS if kind.question in ("commission", "draft", "quality", "redactions")]


@pytest.mark.parametrize("kind", LONGEST, ids=lambda kind: kind.question)
async def test_a_question_from_its_page_to_its_receipt(desk: Desk, address: str, chromium: Browser, kind: Kind) -> None:
    async with visitor(chromium, DESKTOP) as person:
        await opened(desk, address, kind, person)
        await person.press("Continue")
        assert (await person.page.title()).startswith("Error: ")
        await keeps_everything(person.page)
        assert await out_of_order(person.page) == []
        await filled_in(kind, person)
        await keeps_everything(person.page)
        await person.press("Continue")
        await keeps_everything(person.page)
        await person.press("Record my answer")
        await keeps_everything(person.page)
        await person.follow("My decisions")
        await keeps_everything(person.page)


async def test_the_pages_around_a_question(desk: Desk, address: str, chromium: Browser) -> None:
    gate = await desk.ask("draft")
    link = f"{address}{desk.link(await who(desk, gate))}"
    async with visitor(chromium, DESKTOP) as person:
        await person.see(link)
        for heading in ("Write the draft review", "Enter the code from your email", "Enter the code from your email"):
            assert await person.heading() == heading
            await keeps_everything(person.page)
            assert await out_of_order(person.page) == []
            await person.press("Continue")  # the second time without a code, which is an error
        await person.page.get_by_label("Code").fill(desk.browser().code())
        await person.press("Continue")
        await person.follow("Ask for more time")
        await keeps_everything(person.page)
        assert await out_of_order(person.page) == []
        await desk.case.decide(gate, "draft_ready", **DRAFT)
        await person.see(link)
        assert await person.heading() == "This question has been answered"
        await keeps_everything(person.page)
