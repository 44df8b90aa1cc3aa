"""A subject-access export in a real browser: nothing keeps anybody out, on a phone as on a desk."""

from datetime import UTC, date, datetime

import pytest
from playwright.async_api import Browser

from starter.access_gathering import Fact, Held, Item, Passage
from starter.access_page import Answer, Workflows, as_page
from starter.access_review import Decided
from starter.data_subjects import DataSubject
from starter.temporal_state import Listed
from tests.browser.conftest import DESKTOP, PHONE, visitor

CASE, AT = "SFO-2026-00042", datetime(2026, 10, 5, 10, tzinfo=UTC)


def an_answer() -> Answer:
    facts = (
        Fact("kind", "Kind of document", "Review", "review"),
        Fact("sentence", "What was done", "x " * 200, ""),
    )
    items = tuple(
        Item(table, CASE, "2026-10-05", ("subject",), facts, ("a",)) for table in ("cases", "documents", "audit")
    )
    passages = [Passage(one, CASE, ("The review, version 1",), "2026-10-05", "Inventedwords" * 40) for one in "abc"]
    decided = [
        Decided(passages[0], passages[0].text),
        Decided(passages[1], None, "safety"),
        Decided(passages[2], "Some [withheld] words", "others"),
    ]
    person = DataSubject((CASE,), frozenset({CASE}), names=("Invented Person",), identifiers=("X123456",))
    numbers = {CASE: (("s1", "the practitioner"),)}
    held = Held(person, items, tuple(passages), numbers, (("5 October 2026", "operations"),))
    listed = Listed(f"sfo/{CASE}/review", "run", "RUNNING", AT, None, fails=False)
    return Answer(held, Workflows([listed]), date(2026, 10, 5), f"{CASE}/1", decided)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_an_export_keeps_nobody_out(chromium: Browser, size: tuple[int, int]) -> None:
    async with visitor(chromium, size) as reader:
        await reader.page.set_content(as_page(an_answer()))
        assert await reader.heading() == "What we hold about you"
        await reader.check()
        text = await reader.page.locator("main").inner_text()
    assert "Withheld, because it could put the safety of somebody at risk." in text
    assert "still running" in text
