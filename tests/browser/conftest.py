"""Pages in a real browser: the gateway on a port of its own, and Debian's Chromium to look at it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE, DESKTOP, NARROW = (390, 844), (1280, 900), (320, 640)
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

TOO_WIDE = """() => [...document.querySelectorAll("body *")]
    .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth)
    .map(one => one.tagName + "." + one.className)"""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        reason = "there is no Chromium here; `apt install chromium` gives one"
        for item in items:
            if Path(item.fspath).parent == Path(__file__).parent:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield browser
        await browser.close()


@dataclass
class Visitor:
    """Somebody at a browser. `said`: what the browser complained of, a blocked script or a missing file."""

    page: Page
    said: list[str] = field(default_factory=list)

    async def see(self, address: str) -> None:
        await self.page.goto(address)

    async def press(self, button: str) -> None:
        """Press a button, and wait for the page that it leads to, its scripts included."""
        async with self.page.expect_navigation():
            await self.page.get_by_role("button", name=button, exact=True).click()

    async def follow(self, link: str) -> None:
        """The same for a link; of several with one name, the first."""
        async with self.page.expect_navigation():
            await self.page.get_by_role("link", name=link).first.click()

    async def say_who(self) -> None:
        """Choose the first of the team, where a team reads the address that was asked."""
        offered = self.page.locator("input[name=person]").first
        if await offered.count():
            await offered.check()

    async def heading(self) -> str:
        return await self.page.locator("h1").inner_text()

    async def check(self) -> None:
        """Nothing that keeps anybody out: by axe, on 320 pixels, with everything that the page refers to there."""
        found = await Axe().run(self.page, options={"runOnly": {"type": "tag", "values": RULES}})
        assert not found.response["violations"], found.generate_report()
        size = self.page.viewport_size
        await self.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        wide = await self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= NARROW[0], f"{wide} pixels wide on a screen of {NARROW[0]}: {await self.page.evaluate(TOO_WIDE)}"
        if size:
            await self.page.set_viewport_size(size)
        assert self.said == []


@asynccontextmanager
async def visitor(browser: Browser, size: tuple[int, int] = DESKTOP, *, scripts: bool = True) -> AsyncIterator[Visitor]:
    """Somebody with a screen of this size."""
    context: BrowserContext = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, java_script_enabled=scripts
    )
    found = Visitor(await context.new_page())

    def note(message: ConsoleMessage) -> None:
        expected = "the server responded with a status of" in message.text  # a page that says no says so
        if message.type in ("error", "warning") and not expected:
            found.said.append(message.text)

    found.page.on("console", note)
    found.page.on("pageerror", lambda error: found.said.append(str(error)))
    found.page.set_default_timeout(10_000)
    try:
        yield found
    finally:
        await context.close()
