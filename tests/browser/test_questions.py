"""The page of every kind of question in a real browser, empty and with what is wrong: clean on a phone and by axe."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from starter.forms import Typed
from starter.protection import Protection
from starter.views import PAGES
from tests.browser.conftest import PHONE, visitor
from tests.browser.reading import out_of_order
from tests.serving import served
from tests.starter.test_pages import GIVEN, OWNERS, REVIEW, page_of_question
from workflows.contract.questions import QUESTIONS
from workflows.policy.answers import Problem

FACTS = [["Region and delivery unit", "N53 N53LEI"], ["Charged", "5 October 2026: SX03001A (2 October 2026)"]]


async def _question(request: Request) -> Response:
    """The page as it is opened; or as it comes back with something wrong in every input of every answer."""
    key, given = request.path_params["key"], {**GIVEN, "options": OWNERS, "facts": FACTS, "document": REVIEW}
    if request.path_params["state"] == "empty":
        return page_of_question(key, **given)
    chosen = QUESTIONS[key].answers[0]
    wrong = [
        Problem("reasons", "Reasons: enter why"),
        *(Problem(f.name, f"{f.label}: enter it") for f in chosen.fields),
    ]
    return page_of_question(key, Typed(answer=chosen.value, reasons="Kept."), tuple(wrong), **given)


@pytest_asyncio.fixture(scope="session")
async def address() -> AsyncIterator[str]:
    routes: list[Any] = [
        Mount("/static", StaticFiles(directory=PAGES / "static")),
        Route("/{key}/{state}", _question),
    ]
    async with served(Protection(Starlette(routes=routes), "http://127.0.0.1")) as found:
        yield found


# A page with something wrong has everything that it has without; of the empty ones, one of each kind of form.
SHOWN = [(question, "wrong") for question in sorted(QUESTIONS)]
SHOWN += [(question, "empty") for question in ("draft", "extension", "handover", "interview", "quality", "redactions")]


@pytest.mark.parametrize(("question", "state"), SHOWN)
async def test_the_page_of_a_question_keeps_nobody_out(
    chromium: Browser, address: str, question: str, state: str
) -> None:
    async with visitor(chromium, PHONE) as person:
        await person.see(f"{address}/{question}/{state}")
        for answer in QUESTIONS[question].answers:  # an answer opens its own fields and no others
            await person.page.locator(f'[id="answer={answer.value}"]').check()
            opened = person.page.locator(".own:visible")
            assert await opened.count() == bool(answer.fields)
        await person.page.evaluate("document.querySelectorAll('.own').forEach(own => { own.style.display = 'block' })")
        await person.check()
        assert await out_of_order(person.page) == []
