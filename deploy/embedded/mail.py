"""A mail server for the demo: all that is sent lands in one Maildir and nothing leaves the machine."""

import asyncio
import mailbox as mailboxes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.embedded.ports import LOOPBACK
from deploy.embedded.process import private_folder


@dataclass(frozen=True, slots=True)
class EmbeddedMail:
    """A mail server that is running."""

    smtp_url: str
    mailbox: Path
    """A Maildir; a message appears under `new` only when it is complete."""


class _Inbox:
    def __init__(self, mailbox: Path) -> None:
        self._maildir = mailboxes.Maildir(mailbox, create=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one message as it came; aiosmtpd knows this method by its name."""
        content = envelope.content
        assert isinstance(content, bytes)  # noqa: S101  (decode_data is off)
        recipients = "".join(f"Delivered-To: {address}\r\n" for address in envelope.rcpt_tos)
        self._maildir.add(recipients.encode() + content)  # written and synced under tmp, then moved to new
        return "250 OK"


@asynccontextmanager
async def embedded_mail(mailbox: Path, *, port: int) -> AsyncIterator[EmbeddedMail]:
    """Deliver all mail sent to a loopback port into `mailbox`. Raises OSError when the port is taken."""
    private_folder(mailbox.parent)
    inbox = _Inbox(mailbox)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(inbox, enable_SMTPUTF8=True, hostname="localhost", loop=loop), LOOPBACK, port
    )
    try:
        yield EmbeddedMail(f"smtp://{LOOPBACK}:{port}", mailbox)
    finally:
        server.close()
        await server.wait_closed()
