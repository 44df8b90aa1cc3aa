"""Invented people who answer whatever letter reaches them, however often a page does not come, and note what they hear.

They know their mail and the pages. Each is signed in already: the codes are no part of what is drilled.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from starter.cast import Cast, Letter, filled
from starter.identity import open_session
from starter.script import SILENT, Line
from tests.drills.service import AWAY, Service
from tests.starter.front_desk import hidden
from workflows.contract.messages import CaseClock
from workflows.policy.clock import case_time
from workflows.policy.due import on_in_london
from workflows.policy.links import open_

RECORDED, DECIDED, CLOSED, SIGNED_OUT = "recorded", "decided already", "no longer asked", "signed out"


class Alike(dict[str, Mapping[str, list[Line]]]):
    """The same lines in every case, whichever is opened; beside them everybody answers as usual."""

    def __init__(self, lines: Mapping[str, list[Line]] | None = None) -> None:
        super().__init__()
        self._lines = lines or {}

    def __missing__(self, key: str) -> Mapping[str, list[Line]]:
        return self._lines


@dataclass
class Visit:
    """One letter being answered. `form` is what was filled in: a page that could not be sent is sent again as it is."""

    letter: Letter
    line: Line
    form: dict[str, str] | None = None


@dataclass
class Heard:
    """What pages said. `recorded`: the links whose answer is on the record, by a page's own word."""

    recorded: set[UUID] = field(default_factory=set)
    told: Counter[str] = field(default_factory=Counter)
    """Everything by its words; a page that did not come, or that said later, by its status or kind of trouble."""
    filled: int = 0
    """How many pages were filled in."""


class Crowd(Cast):
    """`lines` as in the demo; `thinking` says how long somebody takes before they sit down, in seconds.

    `at_once`: how many of them wait for a page at the same moment. While `sending` is not set, a page that is filled in
    stays on the screen; afterwards each thinks once more before it goes.
    """

    def __init__(
        self,
        service: Service,
        lines: Mapping[str, Mapping[str, list[Line]]],
        clocks: Mapping[str, CaseClock],
        by: random.Random,
        thinking: Callable[[], float] = lambda: 0.0,
        at_once: int = 6,
    ) -> None:
        super().__init__(service.mailbox, lines, clocks)
        self._service, self._by, self._thinking = service, by, thinking
        self._cases = clocks
        self._browsers: dict[str, httpx.AsyncClient] = {}
        self._signed_out: list[httpx.AsyncClient] = []
        self._seats = asyncio.Semaphore(at_once)
        self._one_each: dict[str, asyncio.Lock] = {}
        self.heard = Heard()
        self.sending = asyncio.Event()
        self.sending.set()

    async def run(self) -> None:
        """Read and answer until cancelled."""
        try:
            await super().run()
        finally:
            every = [*self._browsers.values(), *self._signed_out]
            await asyncio.gather(*(browser.aclose() for browser in every))

    async def _answer(self, letter: Letter, line: Line | None) -> None:
        if line is None or line is SILENT:
            return
        await asyncio.sleep(self._thinking())
        visit = Visit(letter, line)
        browser = await self._signed_in(letter.email)
        pause = 0.1
        while True:
            heard = await self._try(browser, visit)
            self.heard.told[heard] += 1
            if heard in (RECORDED, DECIDED, CLOSED):
                break
            if heard == SIGNED_OUT:
                self._sign_out(letter.email, browser)
                browser = await self._signed_in(letter.email)
            await asyncio.sleep(pause + self._by.uniform(0, pause))
            pause = min(2 * pause, 1.0)
        if heard == RECORDED:
            self.heard.recorded.add(self._link(letter))

    def _link(self, letter: Letter) -> UUID:
        token = letter.link.rpartition("/")[2]
        return UUID(bytes=open_(token, self._service.settings.link_keys.readable))

    async def all_signed_in(self) -> None:
        """Whoever is asked something now needs the record no more to come in."""
        for row in await self._service.pool.fetch("SELECT DISTINCT email FROM links"):
            await self._signed_in(row["email"])

    async def _signed_in(self, email: str) -> httpx.AsyncClient:
        async with self._one_each.setdefault(email, asyncio.Lock()):
            while email not in self._browsers:
                try:
                    async with self._service.pool.acquire() as connection:
                        cookie, _ = await open_session(connection, email)
                except AWAY:
                    await asyncio.sleep(0.2)
                    continue
                browser = httpx.AsyncClient(cookies={"sfo": cookie}, timeout=30, trust_env=False)
                browser.headers["Sec-Fetch-Site"] = "same-origin"
                self._browsers[email] = browser
            return self._browsers[email]

    def _sign_out(self, email: str, browser: httpx.AsyncClient) -> None:
        """The session has ended; unless somebody with this address has opened another already."""
        if self._browsers.get(email) is browser:
            self._signed_out.append(self._browsers.pop(email))

    async def _try(self, browser: httpx.AsyncClient, visit: Visit) -> str:
        """Go as far as it goes this time, at whichever gateway; returns what a person would have read at the end."""
        path = urlsplit(visit.letter.link).path
        address = f"{self._by.choice(self._service.gateways)}{path}/decide"
        try:
            if visit.form is None:
                async with self._seats:
                    page = await browser.get(address)
                if page.status_code != 200:
                    return _said(page)
                now = case_time(self._cases[visit.letter.reference], datetime.now(UTC))
                visit.form = {**hidden(page), "checked": "yes", **filled(page, visit.line, on_in_london(now))}
                await self._may_send()
            async with self._seats:
                reply = await browser.post(address, data=visit.form)
        except httpx.TransportError as error:
            return type(error).__name__
        if reply.status_code == 303 and reply.headers["location"].endswith("/receipt"):
            return RECORDED
        if reply.status_code < 500:
            visit.form = None  # whatever it is, the page is looked at anew
        return _said(reply)

    async def _may_send(self) -> None:
        self.heard.filled += 1
        if not self.sending.is_set():
            await self.sending.wait()
            await asyncio.sleep(self._thinking())

    async def filled_in(self, pages: int, within: float = 60) -> None:
        """Wait until so many pages have been filled in. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while self.heard.filled < pages:
                await asyncio.sleep(0.1)

    async def told_recorded(self, answers: int, within: float = 60) -> None:
        """Wait until so many people have been told that their answer is recorded. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while len(self.heard.recorded) < answers:
                await asyncio.sleep(0.05)


def _said(page: httpx.Response) -> str:
    named = {303: SIGNED_OUT, 409: DECIDED, 410: CLOSED}
    return named.get(page.status_code, f"status {page.status_code}")
