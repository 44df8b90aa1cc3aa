"""A mail server whose mood is changed while it runs: prompt, slow to say that it has taken a message, or silent."""

import asyncio
import mailbox
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.embedded.ports import LOOPBACK


@dataclass
class MoodyMail:
    """What it takes lies in a Maildir at once; when it says so is a matter of its mood."""

    folder: Path
    takes: float = 0.0
    """Seconds between having a message and saying so, as with a server that looks through every message."""
    is_silent: bool = False
    """It takes connections and says nothing, not even who it is."""
    url: str = ""
    visits: int = 0
    _held: list[asyncio.BaseTransport] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep it, take its time, and say that it is kept; aiosmtpd knows this method by its name."""
        content = envelope.content
        assert isinstance(content, bytes)
        mailbox.Maildir(self.folder, create=True).add(content)
        await asyncio.sleep(self.takes)
        return "250 OK"

    def visited(self) -> asyncio.BaseProtocol:
        """Somebody connects."""
        self.visits += 1
        if self.is_silent:
            return _Silent(self._held)
        return SMTP(self, enable_SMTPUTF8=True, hostname="localhost", loop=asyncio.get_running_loop())

    def hang_up(self) -> None:
        """Whoever still waits for a word is let go."""
        for transport in self._held:
            transport.close()
        self._held.clear()


@dataclass
class _Silent(asyncio.Protocol):
    held: list[asyncio.BaseTransport]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.held.append(transport)


@asynccontextmanager
async def moody_mail(folder: Path) -> AsyncIterator[MoodyMail]:
    """It listens for as long as the block lasts."""
    moody = MoodyMail(folder)
    mailbox.Maildir(folder, create=True)
    server = await asyncio.get_running_loop().create_server(moody.visited, LOOPBACK, 0)
    moody.url = f"smtp://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    try:
        yield moody
    finally:
        moody.hang_up()
        server.close()
