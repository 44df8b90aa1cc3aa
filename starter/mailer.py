"""The mail server behind one address: a message is accepted, refused for good, or to be tried again later."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib
from opentelemetry.trace import SpanKind

from starter.tracing import short_span

_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


@dataclass(frozen=True)
class SendResult:
    """What the server said for good: accepted, or refused with its code (500 to 599)."""

    accepted: bool
    code: int | None = None


class MailTroubleError(Exception):
    """The message may go later. The text names the kind of trouble, never an address."""


@dataclass(frozen=True)
class SmtpMailer:
    """Sends over `smtp://`, `smtps://` or `smtp+starttls://[user:password@]host[:port]`.

    `timeout`, in seconds, is for each command; `patience` for the server's word that it has taken a whole message,
    which it may look through first. Whoever gives up on that word sends the message twice: RFC 5321, 4.5.3.2.6.
    One connection a message: the volume is small and a shared client is not for concurrent use.
    """

    url: str = field(repr=False)
    timeout: float = 10.0
    patience: float = 10.0
    tls_context: Callable[[], ssl.SSLContext] = ssl.create_default_context

    async def send(
        self, message: EmailMessage, sender: str | None = None, _number: UUID | None = None, _attempt: int = 1
    ) -> SendResult:
        """Hand over a message with exactly one recipient. Raises MailTroubleError for anything temporary.

        `sender` is where mail servers return it to; unless given, the address in `From`. A mail server cannot be asked
        about an earlier attempt.
        """
        with short_span("SMTP", SpanKind.CLIENT) as span:
            result = await self._sent(message, sender)
            span.set_attribute("sfo.outcome", "accepted" if result.accepted else "refused")
            if result.code:
                span.set_attribute("smtp.response.code", result.code)
            return result

    async def _sent(self, message: EmailMessage, sender: str | None) -> SendResult:
        try:
            # The timeouts below count per command, not in all.
            async with asyncio.timeout(3 * self.timeout + self.patience):
                refusals, _ = await self._hand_over(message, sender)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused([recipient.code for recipient in error.recipients])
        except aiosmtplib.SMTPDataError as error:
            return _refused([error.code])
        # A refused login, greeting or sender is our own setting, not the recipient's: later, with the setting mended.
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailTroubleError(type(error).__name__) from None
        # A recipient refused beside accepted ones does not raise: it stands in the answer.
        return _refused([response.code for response in refusals.values()]) if refusals else SendResult(True)

    async def _hand_over(
        self, message: EmailMessage, sender: str | None
    ) -> tuple[dict[str, aiosmtplib.SMTPResponse], str]:
        async with self.server() as server:
            return await server.send_message(message, sender=sender)

    def server(self) -> aiosmtplib.SMTP:
        """The mail server as the address names it, not reached yet: inside `async with` it is, and we are signed in."""
        parts = urlsplit(self.url)
        return _Patient(
            self.patience,
            hostname=parts.hostname or "localhost",
            port=parts.port or _PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            # None would upgrade when offered and silently stay plain when not; the address decides instead.
            start_tls=parts.scheme == "smtp+starttls",
            tls_context=None if parts.scheme == "smtp" else self.tls_context(),
            timeout=self.timeout,
        )


class _Patient(aiosmtplib.SMTP):
    """Waits for the word about a whole message as long as `patience` says, in seconds."""

    def __init__(self, patience: float, **options: Any) -> None:
        super().__init__(**options)
        self._patience = patience

    async def data(self, message: str | bytes, /, **_: Any) -> aiosmtplib.SMTPResponse:
        """Send the message."""
        return await super().data(message, timeout=self._patience)


def _refused(codes: list[int]) -> SendResult:
    """For good only when every code says so; a single temporary one means later."""
    if codes and all(code >= 500 for code in codes):
        return SendResult(False, codes[0])
    raise MailTroubleError(f"SMTP {codes[0] if codes else 'nothing'}")
