"""GOV.UK Notify in the place of a mail server: a letter is taken, refused for good, or to be tried again later.

Notify refuses no duplicate. A letter's own id is its reference there, and whoever tries a letter again asks first
whether Notify has it. Rules: docs.notifications.service.gov.uk, errors of `Send an email` and of all requests.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Self
from uuid import UUID

from notifications_python_client.errors import HTTPError
from notifications_python_client.notifications import NotificationsAPIClient
from opentelemetry.trace import SpanKind

from starter.mailer import MailTroubleError, SendResult
from starter.notify_text import LARGEST, as_notify_shows_it
from starter.settings import Settings
from starter.tracing import short_span

TOO_LARGE, BAD_ADDRESS, NOT_ALLOWED, UNDELIVERABLE = 552, 553, 550, 550
"""Codes of SMTP for what Notify says in its own words, so that the record has one kind of code."""

AT_ONCE = 4
"""Threads, and so letters under way at once: the client blocks."""

GIVEN_UP = ("permanent-failure", "temporary-failure", "technical-failure")
"""Notify's last words about a letter that nobody got. `temporary-failure` comes after days of trying, and is final."""

# It logs what Notify says about a refused request, which may quote an address.
logging.getLogger("notifications_python_client").disabled = True
for _name in ("base", "notifications"):
    logging.getLogger(f"notifications_python_client.{_name}").disabled = True


@dataclass(frozen=True)
class Notify:
    """One service of GOV.UK Notify: its API key, and where it is. `timeout`: seconds that it may be silent for."""

    key: str = field(repr=False)
    url: str
    timeout: float = 7.0  # with waiting for a thread, a question and a sending this ends within a minute

    @contextmanager
    def client(self) -> Iterator[NotificationsAPIClient]:
        """A client of its own for one thread: the library's is not safe to share."""
        client = NotificationsAPIClient(self.key, base_url=self.url, timeout=self.timeout)
        client.request_session.trust_env = False  # a .netrc of this machine would take the place of our token
        try:
            yield client
        finally:
            client.request_session.close()


@dataclass(frozen=True)
class NotifyMailer:
    """Sends by one template, whose subject is ((subject)) and whose body is ((body)). `reply_to`: an id of Notify's."""

    notify: Notify
    template: UUID
    reply_to: UUID | None = None
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notify"), repr=False
    )

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The mailer that these settings name; None where letters go by SMTP."""
        if settings.notify_template is None:
            return None
        notify = Notify(settings.notify_api_key, settings.notify_url)
        return cls(notify, settings.notify_template, settings.notify_reply_to)

    async def send(self, message: EmailMessage, _sender: str | None, number: UUID, attempt: int) -> SendResult:
        """Hand over a letter. Raises MailTroubleError for anything that may pass, and for an answer that got lost.

        `number`: the letter's own; `attempt`: 1 where nobody has tried it before. Other headers than recipient and
        subject stay behind: Notify writes its own.
        """
        letter = _letter(message)
        if len(letter["body"].encode()) > LARGEST:
            return SendResult(False, TOO_LARGE)
        with short_span("Notify", SpanKind.CLIENT) as span:
            email = message["To"].addresses[0].addr_spec
            result = await self._in_a_thread(lambda: self._sent(email, letter, number, attempt))
            span.set_attribute("sfo.outcome", "accepted" if result.accepted else "refused")
            return result

    async def _in_a_thread(self, work: Callable[[], SendResult]) -> SendResult:
        """Wait so long and no longer: a minute after its claim a letter is taken over by another worker."""
        try:
            async with asyncio.timeout(3 * self.notify.timeout):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError:
            raise MailTroubleError("TimeoutError") from None

    def _sent(self, email: str, letter: Mapping[str, str], number: UUID, attempt: int) -> SendResult:
        with self.notify.client() as client:
            try:
                if attempt > 1 and (known := _known(client, number)):
                    return known
                client.send_email_notification(
                    email,
                    str(self.template),
                    personalisation=letter,
                    reference=str(number),
                    email_reply_to_id=str(self.reply_to) if self.reply_to else None,
                )
            except HTTPError as error:
                if code := _final(error):
                    return SendResult(False, code)
                raise MailTroubleError(f"Notify {error.status_code}") from None
            except Exception as error:  # an answer that is none of Notify's: what it did with the letter is not known
                raise MailTroubleError(type(error).__name__) from None
        return SendResult(True)


def _letter(message: EmailMessage) -> dict[str, str]:
    """What the template shows. The HTML stays behind: Notify makes its own of the text."""
    body = message.get_body(("plain",))
    assert body is not None  # noqa: S101  # every letter has words
    return {"subject": str(message["Subject"]), "body": as_notify_shows_it(str(body.get_content()))}


def _known(client: NotificationsAPIClient, number: UUID) -> SendResult | None:
    """What became of an earlier try of which we do not know; None: Notify never had it."""
    found = client.get_all_notifications(template_type="email", reference=str(number))["notifications"]
    if not found:
        return None
    gave_up = all(one.get("status") in GIVEN_UP for one in found)
    return SendResult(False, UNDELIVERABLE) if gave_up else SendResult(True)


def _final(error: HTTPError) -> int | None:
    """The code of a refusal that stays one whoever mends what; None: later, with our own setting mended or in time.

    Whatever else a request of ours holds is right by its making, so what fails validation is the address. That a key
    may not send to somebody has no type of its own: it is known by words, and where those change the letter waits.
    """
    if error.status_code != 400 or not isinstance(error.message, list):
        return None
    for one in error.message:
        kind, said = str(one.get("error")), str(one.get("message")).lower()
        if kind == "InvalidEmailError" or (kind == "ValidationError" and "email_address" in said):
            return BAD_ADDRESS
        if kind == "BadRequestError" and "send to this recipient" in said:
            return NOT_ALLOWED
    return None
