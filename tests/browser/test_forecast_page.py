"""The forecast's page in a real browser: nothing keeps anybody out, on a phone, on a desk and on paper."""

import random
import re
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.async_api import Browser

from starter.forecast_page import as_html
from starter.forecasting import Asked, BacklogForecast, RegionForecast
from tests.browser.conftest import DESKTOP, NARROW, PHONE, Visitor
from tests.browser.test_figures import OVERLAP
from tests.policy.test_backlog import BY_HAND, HOLIDAYS, RULE, TODAY
from workflows.policy.backlog import Horizon, OpenReview, Situation, places_by_day, play
from workflows.policy.backlog_outlook import outlook

SOURCES = dict.fromkeys(("open", "reviewers", "arrivals", "carries", "durations"), "given")


def region(
    code: str, name: str, arrivals: float, reviews: tuple[OpenReview, ...], durations: tuple[int, ...] = (30, 40, 60)
) -> RegionForecast:
    situation = Situation(reviews, arrivals, BY_HAND.reviewers, 2, 35, durations)
    horizon = Horizon.of(TODAY, 12, RULE, HOLIDAYS)
    places = places_by_day(situation, horizon)
    chance = random.Random(code)  # noqa: S311
    futures = [play(situation, horizon, places, chance) for _ in range(60)]
    found = outlook(futures, horizon, places, 12)
    return RegionForecast(code, name, situation, found.weeks[0].overdue.middle, 1, SOURCES, found)


@pytest.fixture
def page(tmp_path: Path) -> str:
    late = tuple(OpenReview(date(2026, 12, 1), 30) for _ in range(5))
    regions = (
        region("N53", "East Midlands", 0.0, ()),
        region("N55", "Yorkshire and the Humber", 0.5, late),
        region("N59", "South Central", 60.0, late),
    )
    file = tmp_path / "forecast.html"
    file.write_text(as_html(BacklogForecast(TODAY, Asked(), regions, 2)))
    return file.as_uri()


@pytest.mark.parametrize(("durations", "is_certain"), [((40,), True), ((30, 40, 60), False)])
def test_a_day_that_is_the_same_in_every_future_is_said_once(durations: tuple[int, ...], is_certain: bool) -> None:
    late = tuple(OpenReview(date(2026, 12, 1), 30) for _ in range(5))
    one = region("N53", "East Midlands", 0.0, late, durations)
    text = as_html(BacklogForecast(TODAY, Asked(), (one,), 2))
    (said,) = set(re.findall(r"Clears around [^<.]+", text))
    assert (" to " not in said) == is_certain


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_the_page_keeps_nobody_out(chromium: Browser, page: str, size: tuple[int, int]) -> None:
    opened = await chromium.new_page(viewport={"width": size[0], "height": size[1]})
    visitor = Visitor(opened)
    opened.on("console", lambda message: visitor.said.append(message.text))
    await visitor.see(page)
    assert await visitor.heading() == "Forecast of the review backlog"
    for summary in await opened.locator("summary").all():
        await summary.click()
    await visitor.check()
    assert visitor.said == []
    await opened.close()


@pytest.mark.parametrize("size", [NARROW, PHONE, DESKTOP], ids=["narrow", "phone", "desktop"])
async def test_no_word_of_a_chart_is_cut_off_or_lies_on_another(
    chromium: Browser, page: str, size: tuple[int, int]
) -> None:
    opened = await chromium.new_page(viewport={"width": size[0], "height": size[1]})
    await opened.goto(page)
    assert await opened.locator("svg.chart").count() == 3
    cut = await opened.evaluate(
        """() => [...document.querySelectorAll("svg.chart")].flatMap(chart => {
            const edge = chart.getBoundingClientRect();
            return [...chart.querySelectorAll("text")].map(one => one.getBoundingClientRect()).filter(one =>
                one.left < edge.left || one.right > edge.right || one.top < edge.top || one.bottom > edge.bottom);
        }).length"""
    )
    assert cut == 0
    assert await opened.evaluate(OVERLAP) == []
    names = await opened.evaluate(
        """() => [...document.querySelectorAll("svg.chart")].map(chart => [...chart.querySelectorAll("text")]
            .filter(one => ["open", "overdue", "capacity"].includes(one.textContent)).map(one => one.getBBox())
            .map(box => [box.y, box.y + box.height]))"""
    )
    for boxes in names:
        ordered = sorted(boxes)
        assert len(ordered) == 3
        assert all(upper[1] <= lower[0] + 1 for upper, lower in pairwise(ordered))
    await opened.close()


@pytest.mark.parametrize("size", [NARROW, DESKTOP], ids=["narrow", "desktop"])
async def test_the_lines_lie_within_the_grid_and_end_beside_their_names(
    chromium: Browser, page: str, size: tuple[int, int]
) -> None:
    opened = await chromium.new_page(viewport={"width": size[0], "height": size[1]})
    await opened.goto(page)
    drawn = await opened.evaluate(
        """() => [...document.querySelectorAll("svg.chart")].map(chart => [
            [...chart.querySelectorAll("line")].filter(one => one.getAttribute("x1") != one.getAttribute("x2")),
            [...chart.querySelectorAll("path")]].map(kind => kind.map(one => one.getBoundingClientRect())
                .map(box => [box.left, box.right, box.top, box.bottom])))"""
    )
    assert len(drawn) == 3
    for grid, paths in drawn:
        left, right = grid[0][0], grid[0][1]
        top, bottom = min(line[2] for line in grid), max(line[3] for line in grid)
        assert len(paths) == 4  # a band and a line each
        for path in paths:
            assert path[:2] == pytest.approx([left, right], abs=3)
            assert path[2] >= top - 3
            assert path[3] <= bottom + 3
    await opened.close()


async def test_on_a_phone_each_region_is_read_downwards_with_its_heads_beside_the_cells(
    chromium: Browser, page: str
) -> None:
    opened = await chromium.new_page(viewport={"width": PHONE[0], "height": PHONE[1]})
    await opened.goto(page)
    cells = opened.locator(".stack tbody tr").first.locator("td")
    heads = [await one.evaluate("one => getComputedStyle(one, '::before').content") for one in await cells.all()]
    assert heads == [f'"{head}"' for head in ("Open", "Overdue", "Managers", "Come a month", "Places taken", "Outlook")]
    below = [(await one.bounding_box() or {"y": 0})["y"] for one in await cells.all()]
    assert sorted(set(below)) == below
    await opened.close()


async def test_on_paper_the_numbers_are_there_too(chromium: Browser, page: str) -> None:
    opened = await chromium.new_page()
    await opened.goto(page)
    await opened.emulate_media(media="print")
    table = opened.locator("#N59 details table").first
    assert (await table.bounding_box() or {"height": 0})["height"] > 100
    assert await opened.locator("#N59 summary", has_text="where the numbers come from").is_visible()
    assert await opened.locator("#N59 details li").first.is_visible()
    await opened.close()
