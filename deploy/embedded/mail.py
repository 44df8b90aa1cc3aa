"""A mail server for the demo: all that is sent lands in Maildirs and nothing leaves the machine.

What is addressed to the return address of a letter lands in one of its own, as a mail server in live use delivers it.
"""

import asyncio
import mailbox as mailboxes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.embedded.ports import LOOPBACK
from deploy.embedded.process import private_folder
from workflows.policy.returns import is_return_address


@dataclass(frozen=True, slots=True)
class ReturnedMail:
    """Where messages to a letter's return address go: the pattern of such addresses, and a Maildir."""

    pattern: str
    folder: Path


@dataclass(frozen=True, slots=True)
class EmbeddedMail:
    """A mail server that is running."""

    smtp_url: str
    mailbox: Path
    """A Maildir; a message appears under `new` only when it is complete."""


class _Inbox:
    def __init__(self, mailbox: Path, returned: ReturnedMail | None) -> None:
        self._maildir = mailboxes.Maildir(mailbox, create=True)
        self._pattern = returned.pattern if returned else ""
        self._returned = mailboxes.Maildir(returned.folder, create=True) if returned else self._maildir

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one message as it came; aiosmtpd knows this method by its name."""
        returned = [address for address in envelope.rcpt_tos if is_return_address(address, self._pattern)]
        others = [address for address in envelope.rcpt_tos if address not in returned]
        for maildir, addresses in ((self._returned, returned), (self._maildir, others)):
            if addresses:
                maildir.add(_delivered(envelope, addresses))  # written and synced under tmp, then moved to new
        return "250 OK"


def _delivered(envelope: Envelope, addresses: list[str]) -> bytes:
    """The message with what a mail server notes on delivery: where it may be returned to, and for whom it is."""
    content = envelope.content
    assert isinstance(content, bytes)  # noqa: S101  (decode_data is off)
    recipients = "".join(f"Delivered-To: {address}\r\n" for address in addresses)
    sender = (envelope.mail_from or "").strip("<>")  # a report has none, which aiosmtpd calls "<>"
    return f"Return-Path: <{sender}>\r\n{recipients}".encode() + content


@asynccontextmanager
async def embedded_mail(
    mailbox: Path, *, port: int, returned: ReturnedMail | None = None
) -> AsyncIterator[EmbeddedMail]:
    """Deliver all mail sent to a loopback port into `mailbox`. Raises OSError when the port is taken."""
    private_folder(mailbox.parent)
    inbox = _Inbox(mailbox, returned)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(inbox, enable_SMTPUTF8=True, hostname="localhost", loop=loop), LOOPBACK, port
    )
    try:
        yield EmbeddedMail(f"smtp://{LOOPBACK}:{port}", mailbox)
    finally:
        server.close()
        await server.wait_closed()
