"""Mail that comes back: a mail server that takes it, and a relay that reads what the server has delivered."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import UUID

from deploy.embedded.mail import ReturnedMail as Delivered
from deploy.embedded.mail import embedded_mail
from deploy.embedded.ports import usable_port
from starter.connections import Pool
from starter.returned_mail import ReturnedMail
from tests.builders import LINK_KEY
from tests.conftest import MailServer, Record
from workflows.policy.returns import return_address

PATTERN = "sfo+*@example.test"
KEYS = {"k1": LINK_KEY}


@dataclass
class PostOffice:
    """The Maildir of what comes back, filled over SMTP by a server of our own."""

    url: str
    folder: Path
    pattern: str = PATTERN

    def reader(self, pool: Pool, keys: Mapping[str, bytes] = KEYS) -> ReturnedMail:
        return ReturnedMail(pool, self.folder, self.pattern, keys)

    async def bring(self, to: str, text: str) -> None:
        """A mail server or program sends this to the return address, without an address of its own."""
        host, _, port = self.url.removeprefix("smtp://").partition(":")
        content = f"To: {to}\n{text}".replace("\n", "\r\n").encode()

        def send() -> None:
            with smtplib.SMTP(host, int(port)) as server:
                server.sendmail("", [to], content)

        await asyncio.to_thread(send)

    def put(self, name: str, raw: bytes) -> Path:
        """A message as a mail server leaves it."""
        path = self.folder / "new" / name
        path.write_bytes(raw)
        return path

    def names(self, where: str) -> list[str]:
        folder = self.folder / where
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def flags(self) -> list[str]:
        """The flags of what has been read."""
        return [name.partition(":2,")[2] for name in self.names("cur")]


@asynccontextmanager
async def post_office(folder: Path, pattern: str = PATTERN) -> AsyncIterator[PostOffice]:
    returned = Delivered(pattern, folder / "returned")
    async with embedded_mail(folder / "mail", port=usable_port(0), returned=returned) as mail:
        yield PostOffice(mail.smtp_url, returned.folder, pattern)


def sender_of(mail_server: MailServer, email: str, number: int = -1) -> str:
    """Where the newest letter to this person is returned to."""
    found = [s for m, s in zip(mail_server.messages, mail_server.senders, strict=True) if email in str(m["To"])]
    return found[number]


async def address_of(record: Record, letter: str = "asked") -> str:
    """The return address of the one letter of this kind in the record."""
    letter_id = cast(UUID, await record.value("SELECT letter_id FROM outbox WHERE letter = $1", letter))
    return return_address(PATTERN, letter_id.bytes, LINK_KEY)
