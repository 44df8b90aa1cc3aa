"""The page of the figures in a real browser: on a phone, on a desk, on paper; by axe and by what is cut off."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser

from starter.figures import Asked, read_rows
from starter.figures_page import as_page
from starter.figures_tables import Told
from tests.browser.conftest import DESKTOP, NARROW, PHONE, visitor
from tests.conftest import Record
from tests.seeded import REGIONS, seed
from tests.starter.test_figures import BOOK, TODAY
from workflows.policy.figure_rows import Period
from workflows.policy.figures import EVERYWHERE, FIGURES, figures

LONG = dict.fromkeys(REGIONS, "Yorkshire and the Humber")
"""The longest name that a region has, for all of them."""

OVERLAP = """() => [...document.querySelectorAll("svg.chart")].flatMap(svg => {
    const words = [...svg.querySelectorAll("text")].map(one => [one.textContent, one.getBoundingClientRect()]);
    const room = svg.getBoundingClientRect();
    const found = words.filter(([_, box]) => box.left < room.left - 1 || box.right > room.right + 1).map(([w]) => w);
    words.forEach(([word, box], at) => words.slice(at + 1).forEach(([other, next]) => {
        const wide = Math.min(box.right, next.right) - Math.max(box.left, next.left);
        const high = Math.min(box.bottom, next.bottom) - Math.max(box.top, next.top);
        if (wide > 1 && high > 4) found.push(word + " / " + other);
    }));
    return found;
})"""


@pytest.fixture
async def page(record: Record, tmp_path: Path) -> str:
    period = Period(TODAY.replace(year=TODAY.year - 1, day=1), TODAY)
    async with record.pool.acquire() as connection:
        await seed(connection, 200, TODAY)
        rows = await read_rows(connection, Asked(period), BOOK)
    places = {EVERYWHERE: "All regions", **LONG}
    file = tmp_path / "figures.html"
    file.write_text(as_page(Told(period, places, figures(rows, period, frozenset())), datetime.now(UTC)))
    return file.as_uri()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_nothing_on_the_page_keeps_anybody_out(chromium: Browser, page: str, size: tuple[int, int]) -> None:
    async with visitor(chromium, size, scripts=False) as reader:
        asked_for: list[str] = []
        reader.page.on("request", lambda request: asked_for.append(request.url))
        await reader.see(page)
        assert asked_for == [page]
    async with visitor(chromium, size) as reader:
        await reader.see(page)
        await reader.check()
        await reader.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        await reader.check()


@pytest.mark.parametrize("size", [NARROW, PHONE, DESKTOP], ids=["narrow", "phone", "desktop"])
async def test_no_word_of_a_chart_stands_on_another(chromium: Browser, page: str, size: tuple[int, int]) -> None:
    async with visitor(chromium, size) as reader:
        await reader.see(page)
        assert await reader.page.locator("svg.chart").count() > len(FIGURES)
        assert await reader.page.evaluate(OVERLAP) == []


async def test_on_paper_the_numbers_stand_below_each_chart(chromium: Browser, page: str) -> None:
    async with visitor(chromium) as reader:
        await reader.see(page)
        await reader.page.emulate_media(media="print")
        shown = await reader.page.evaluate(
            "[...document.querySelectorAll('details table')].every(one => one.checkVisibility())"
        )
        assert shown
        assert await reader.page.locator("nav .on-paper").first.is_visible()
        assert len(await reader.page.pdf(format="A4", print_background=True)) > 10_000
