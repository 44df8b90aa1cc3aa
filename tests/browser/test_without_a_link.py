"""The pages without a link in a real browser: my decisions, the national team's questions, the page of a case."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from starter.gateway import gateway_app
from starter.mailer import SmtpMailer
from tests.browser.conftest import DESKTOP, PHONE, Visitor, visitor
from tests.browser.kinds import commissioned
from tests.browser.reading import keeps_everything, out_of_order
from tests.serving import served
from tests.starter.front_desk import Desk
from tests.starter.test_gateway import desk as desk  # the fixture
from tests.starter.test_gateway import who

NAMED = """() => [...document.querySelectorAll("#queue tbody tr")].map(row =>
    [...row.querySelectorAll("td")].map(one => getComputedStyle(one, "::before").content)
        .filter(one => one !== "none"))"""
NATIONAL = "sfo.team@national.example.test"


@pytest_asyncio.fixture
async def address(desk: Desk) -> AsyncIterator[str]:
    settings = desk.settings.model_copy(update={"public_url": "http://127.0.0.1"})
    delivery = desk.temporal.delivery(desk.record)
    app = gateway_app(settings, desk.record.pool, delivery, SmtpMailer(desk.mail.url, timeout=5))
    for number in (1, 2):
        await desk.record.pool.execute(
            """INSERT INTO escalations (reference, kind, number, reason, raised_by, raised_at)
               VALUES ($1, 'overdue', $2, 'other', 'system', $3)""",
            desk.case.reference, number, desk.case.at,
        )  # fmt: skip
        await desk.ask("acknowledge", f"overdue-{number}", f"escalation/overdue-{number}")
    await desk.ask("early_look", stage="early-look")
    async with served(app) as found:
        yield found


async def signed_in(desk: Desk, address: str, person: Visitor) -> None:
    """By the link of one of the team's questions."""
    gate = await desk.ask("public_interest", stage="charge")
    assert await who(desk, gate) == NATIONAL
    await person.see(f"{address}{desk.link(NATIONAL)}")
    await person.press("Continue")
    await person.page.get_by_label("Code").fill(desk.browser().code())
    await person.press("Continue")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_each_of_them_is_clean_and_leads_to_the_next(
    desk: Desk, address: str, chromium: Browser, size: tuple[int, int]
) -> None:
    async with visitor(chromium, size) as person:
        await person.see(f"{address}/my")
        await person.check()  # nobody is signed in
        await signed_in(desk, address, person)
        await person.follow("My decisions")
        assert await person.heading() == "My decisions"
        await person.check()
        await person.follow("Questions of the national SFO team")
        await person.check()
        await person.page.get_by_label("Kind").select_option("acknowledgement")
        await person.press("Show")
        await person.press("Continue")  # nothing is ticked
        assert await person.page.locator(".govuk-error-summary").count() == 1
        await person.check()
        for box in await person.page.get_by_role("checkbox").all():
            await box.check()
        await person.press("Continue")
        assert await person.heading() == "Check what you acknowledge"
        await person.check()
        await person.press("Acknowledge")
        assert await person.page.locator(".govuk-error-summary").count() == 1
        await person.check()
        await person.say_who()
        await person.press("Acknowledge")
        assert await person.heading() == "2 of 2 acknowledged"
        await person.check()
        await person.follow(desk.case.reference)
        assert await person.heading() == f"Case {desk.case.reference}"
        await person.check()
        await person.see(f"{address}/case/{desk.case.reference}{uuid4()}")
        await person.check()
    answers = [row["answer"] for row in await desk.decisions()]
    assert answers == ["acknowledged", "acknowledged"]


async def test_none_of_them_loses_anything_at_twice_the_size(desk: Desk, address: str, chromium: Browser) -> None:
    async with visitor(chromium, DESKTOP) as person:
        for path in ("/accessibility", "/my"):
            await person.see(f"{address}{path}")
            await keeps_everything(person.page)
        await commissioned(desk.case)  # so that duties are owed and the story is longer
        await signed_in(desk, address, person)
        for path in ("/my", "/national", "/national?kind=acknowledgement", f"/case/{desk.case.reference}", "/case/x"):
            await person.see(f"{address}{path}")
            await keeps_everything(person.page)
            assert await out_of_order(person.page) == []
        await person.see(f"{address}/national")
        columns = person.page.locator("#queue thead")
        assert await columns.is_visible()  # a table where there is room for one
        await person.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        assert not await columns.is_visible()
        named = await person.page.evaluate(NAMED)
        assert len(named) == 3  # two escalations and the question by which the person came
        for names in named:
            assert set(names) - {'"Tick: "'} == {'"Case: "', '"Region: "', '"Due: "', '"Clock: "', '"Age: "'}
