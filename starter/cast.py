"""The invented people: they read their mail, open the link, prove who they are with the mailed code, and answer.

They know nothing but their mail and the pages, so whatever stops a person stops them.
"""

import asyncio
import mailbox
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern
from pathlib import Path
from typing import Any

import httpx
from bs4 import BeautifulSoup, Tag

from starter.script import BY_PERSON, FIRST, SILENT, SILENT_ON, TODAY, USUAL, Ahead, Each, Line
from workflows.contract.messages import CaseClock
from workflows.contract.questions import QUESTIONS, Question
from workflows.policy.clock import case_time, wall_delay
from workflows.policy.due import on_in_london

LINK = re.compile(r"https?://\S+/a/[A-Za-z0-9_-]+")
CODE = re.compile(r"\b\d{6}\b")
REFERENCE = re.compile(r"SFO-\d{4}-\d{5}")
LOOK_EVERY = 0.1
TRY_AGAIN = 1.0
AT_ONCE = 3
"""How many of them are at a screen at the same moment."""


class CastError(Exception):
    """Somebody of the cast met a page that a person could not have used; the text says which."""


class TryLaterError(Exception):
    """The service cannot take it just now."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that asks: whose, about which case, which question, and its link."""

    email: str
    reference: str
    question: Question
    link: str


class Cast:
    """Answers every letter that asks, as the script says."""

    def __init__(
        self, folder: Path, lines: Mapping[str, Mapping[str, list[Line]]], clocks: Mapping[str, CaseClock]
    ) -> None:
        self._mailbox = mailbox.Maildir(folder, create=False)
        self._lines, self._clocks = lines, clocks
        self._read: set[str] = set()
        self._links: set[str] = set()
        self._times: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._codes: defaultdict[str, asyncio.Queue[str]] = defaultdict(asyncio.Queue)
        self._people: dict[str, Person] = {}
        self._screens = asyncio.Semaphore(AT_ONCE)
        self.answered = 0

    def skip_what_came(self) -> None:
        """Leave the letters of before alone: whoever sits down anew reads what comes from now on."""
        self._read.update(self._mailbox.keys())

    async def run(self) -> None:
        """Read and answer until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    for letter in self._new_letters():
                        group.create_task(self._answer(letter, self._line(letter)))
                    await asyncio.sleep(LOOK_EVERY)
        finally:
            await asyncio.gather(*(person.leave() for person in self._people.values()))

    def _new_letters(self) -> list[Letter]:
        """The letters that ask and have come since the last look; codes go to whoever waits for them."""
        found = []
        for key in sorted(set(self._mailbox.keys()) - self._read):
            self._read.add(key)
            message = BytesParser(_class=EmailMessage, policy=modern).parsebytes(self._mailbox.get_bytes(key))
            letter = self._read_letter(message)
            if letter and letter.link not in self._links:
                self._links.add(letter.link)
                found.append(letter)
        return found

    def _read_letter(self, message: EmailMessage) -> Letter | None:
        body = message.get_body(("plain",))
        text = body.get_content() if body else ""
        email = message["To"].addresses[0].addr_spec
        link, reference = LINK.search(text), REFERENCE.search(f"{message['Subject']} {text}")
        if not link:
            if code := CODE.search(text):
                self._codes[email].put_nowait(code[0])
            return None
        said = f"{message['Subject']} {text}"
        asked = [q for q in QUESTIONS.values() if q.title in said]
        if not reference or not asked:
            return None
        return Letter(email, reference[0], max(asked, key=lambda q: len(q.title)), link[0])

    def _line(self, letter: Letter) -> Line | None:
        """What this person answers this time; none: the script has them stay silent."""
        clock, key = self._clocks.get(letter.reference), letter.question.key
        if clock is None or (clock.speed == 1 and key in SILENT_ON):
            return None
        place = (letter.reference, key)
        lines = self._lines[letter.reference].get(key)
        self._times[place] += 1
        if lines:
            return lines[min(self._times[place], len(lines)) - 1]
        return BY_PERSON.get((key, letter.email)) or USUAL.get(key)

    async def _answer(self, letter: Letter, line: Line | None) -> None:
        """Take the time that the script gives, then sit down; what the page does not yet allow is tried again."""
        if line is None or line is SILENT:
            return
        clock = self._clocks[letter.reference]
        if clock.speed != 1:
            start = datetime.now(UTC)
            wait = wall_delay(clock, start, start + timedelta(days=line.after_days))
            await asyncio.sleep(wait.total_seconds())
        person = self._people.setdefault(letter.email, Person(letter.email, self._codes[letter.email]))
        while True:
            async with person.busy, self._screens:
                today = on_in_london(case_time(clock, datetime.now(UTC)))
                done = await person.try_to_answer(letter, line, today)
            if done:
                self.answered += 1
                return
            await asyncio.sleep(TRY_AGAIN)


class Person:
    """One person with one browser."""

    def __init__(self, email: str, codes: asyncio.Queue[str]) -> None:
        self.email = email
        self.busy = asyncio.Lock()
        self._codes = codes
        self._browser = httpx.AsyncClient(follow_redirects=True, timeout=30, trust_env=False)

    async def leave(self) -> None:
        """Close the browser."""
        await self._browser.aclose()

    async def try_to_answer(self, letter: Letter, line: Line, today: date) -> bool:
        """As `answer`; a page that does not come, or that asks to wait, is opened again later, as people do."""
        try:
            return await self.answer(letter, line, today)
        except (httpx.TransportError, TryLaterError):
            return False

    async def answer(self, letter: Letter, line: Line, today: date) -> bool:
        """Follow the link and give the answer. False: the page says that it is too early for it."""
        first = await self._browser.get(letter.link)
        if first.status_code >= 500:
            raise TryLaterError
        if first.status_code in (409, 410):
            return True  # somebody else has answered, or it is no longer asked
        page = await self._submit(first, {})
        if page.status_code not in (409, 410) and _form(page) is not None and _asks_for_code(page):
            page = await self._submit(page, {"code": await asyncio.wait_for(self._codes.get(), 30)})
        if page.status_code in (409, 410):
            return True
        reply = await self._submit(page, filled(page, line, today))
        if reply.status_code == 200 and _asks_to_check(reply):
            reply = await self._submit(reply, {})
        if reply.status_code in (400, 422):
            return False
        if reply.status_code >= 500:
            raise TryLaterError
        if reply.status_code not in (200, 202, 409, 410):
            raise CastError(f"{letter.question.key}: the page answered {reply.status_code}")
        return True

    async def _submit(self, page: httpx.Response, fields: Mapping[str, str]) -> httpx.Response:
        form = _form(page)
        if form is None:
            raise CastError(f"no form on a page with status {page.status_code}")
        hidden = {str(i["name"]): str(i.get("value", "")) for i in form.select("input[type=hidden][name]")}
        url = page.url.join(str(form.get("action") or page.url))
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": str(page.url.copy_with(path="/", query=None)).rstrip("/")}
        return await self._browser.post(url, data={**hidden, **fields}, headers=headers)


def _form(page: httpx.Response) -> Tag | None:
    return BeautifulSoup(page.text, "html.parser").select_one("main form[method=post]")


def _asks_for_code(page: httpx.Response) -> bool:
    form = _form(page)
    return form is not None and form.select_one("input[name=code]") is not None


def _asks_to_check(page: httpx.Response) -> bool:
    form = _form(page)
    return form is not None and form.select_one("input[name=checked]") is not None


def filled(page: httpx.Response, line: Line, today: date) -> dict[str, str]:
    """The form's inputs as this person fills them in."""
    form = _form(page)
    if form is None:
        raise CastError("there is nothing to fill in")
    values = {"answer": line.answer, "reasons": line.reasons}
    if form.select_one("[name=person]"):  # a team reads this mailbox
        values["person"] = _first_option(form, "person")
    for name, value in line.fields.items():
        values |= _inputs(form, f"{line.answer}.{name}", value, today)
    return values


def _inputs(form: Tag, name: str, value: Any, today: date) -> dict[str, str]:
    if isinstance(value, list):
        return {
            key: text
            for number, row in enumerate(value, start=1)
            for column, cell in row.items()
            for key, text in _inputs(form, f"{name}-{number}-{column}", cell, today).items()
        }
    if isinstance(value, Each):
        shown = {str(i["name"]).removeprefix(f"{name}-").partition("-")[0] for i in form.select(f'[name^="{name}-"]')}
        return {
            key: text
            for number in sorted(shown)
            for column, cell in value.columns.items()
            for key, text in _inputs(form, f"{name}-{number}-{column}", cell, today).items()
        }
    if value == FIRST:
        return {name: _first_option(form, name)}
    if isinstance(value, Ahead):
        value = today + timedelta(days=value.days)
    if value == TODAY:
        value = today
    return {name: value.isoformat() if isinstance(value, date) else str(value)}


def _first_option(form: Tag, name: str) -> str:
    """The first option offered; the same question's further rows offer what its first row does."""
    first_row = re.sub(r"-\d+-", "-1-", name)
    for option in form.select(f'input[type=radio][name="{first_row}"], select[name="{first_row}"] option'):
        if option.get("value"):
            return str(option["value"])
    raise CastError(f"{name} offers nothing to choose")
