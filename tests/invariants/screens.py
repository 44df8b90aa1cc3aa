"""People at a screen: the link in their letter, the mailed code, the question's page, all of it by the real gateway."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from email.message import EmailMessage

import httpx
from starlette.types import ASGIApp

from starter.cast import CODE, LINK, CastError, Letter, Person, TryLaterError
from starter.delivery import Delivery
from starter.gateway import gateway_app
from starter.mailer import SmtpMailer
from starter.script import Line
from starter.settings import Settings
from tests.workflows.conftest import Office
from workflows.contract.questions import QUESTIONS

PUBLIC_URL = "http://gateway.example.test"
OF_A_CODE = "Your code"


class _AtTheScreen(Person):
    """One of the cast, whose browser reaches the gateway in this process."""

    def __init__(self, email: str, codes: asyncio.Queue[str], app: ASGIApp) -> None:
        super().__init__(email, codes)
        self._browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=PUBLIC_URL, follow_redirects=True, timeout=30
        )


class Screens:
    """Every browser of one service. `codes`: the letters with a code that somebody asked for, by message."""

    def __init__(self, office: Office, delivery: Delivery) -> None:
        self._mail = office.mail
        settings = Settings.from_environment(
            {
                "SFO_DATABASE_URL": office.record.app_url,
                "SFO_TEMPORAL_ADDRESS": "127.0.0.1:1",  # reached by the delivery alone
                "SFO_SMTP_URL": office.mail.url,
                "SFO_MAIL_FROM": "sfo@service.example.test",
                "SFO_PUBLIC_URL": PUBLIC_URL,
                "SFO_LINK_KEYS": office.ring.encode(),
                "SFO_PAYLOAD_KEYS": office.ring.encode(),
            }
        )
        self._app = gateway_app(settings, office.record.pool, delivery, SmtpMailer(office.mail.url))
        self._people: dict[str, tuple[_AtTheScreen, asyncio.Queue[str]]] = {}
        self.codes: set[str] = set()

    async def leave(self) -> None:
        """Everybody closes their browser."""
        await asyncio.gather(*(person.leave() for person, _ in self._people.values()))

    async def answer(self, letters: set[str], question: str, line: Line, today: date) -> bool:
        """Whoever has the newest of these letters follows its link and answers; False: there is no way to.

        A letter that was gathered with others has no link of its own here, and a page may offer nothing to choose.
        """
        found = [message for message in self._mail.messages if str(message["Message-ID"]) in letters]
        found = [message for message in found if LINK.search(_text(message))]
        if not found:
            return False
        email = found[-1]["To"].addresses[0].addr_spec
        letter = Letter(email, "", QUESTIONS[question], LINK.search(_text(found[-1]))[0])  # type: ignore[index]
        if email not in self._people:
            codes: asyncio.Queue[str] = asyncio.Queue()
            self._people[email] = (_AtTheScreen(email, codes, self._app), codes)
        person, codes = self._people[email]
        async with person.busy, self._reading(email, codes):
            with contextlib.suppress(CastError, TryLaterError):
                return await person.answer(letter, line, today)
        return False

    @asynccontextmanager
    async def _reading(self, email: str, codes: asyncio.Queue[str]) -> AsyncIterator[None]:
        """As long as the block lasts, this person reads the codes that come."""
        reading = asyncio.create_task(self._read(email, codes, len(self._mail.messages)))
        try:
            yield
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, email: str, codes: asyncio.Queue[str], since: int) -> None:
        while True:
            for message in self._mail.messages[since:]:
                if is_code(message) and message["To"].addresses[0].addr_spec == email:
                    self.codes.add(str(message["Message-ID"]))
                    found = CODE.search(_text(message))
                    assert found
                    codes.put_nowait(found[0])
            since = len(self._mail.messages)
            await asyncio.sleep(0.02)


def is_code(message: EmailMessage) -> bool:
    """Whether this is the letter with a code."""
    return OF_A_CODE in str(message["Subject"])


def _text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    return str(body.get_content()) if body else ""
