"""The demo's mailbox as web pages: every letter that was sent, to anybody. Served only where a mailbox is set.

The pages are plain functions, which run beside the event loop: a full mailbox keeps nobody else waiting.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default as default_policy
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from starter.views import Turned, page

SHOWN = 200
"""How many letters the list shows; it counts all of them."""

_LINK = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter in the mailbox, `name` being its file's."""

    name: str
    arrived: datetime
    message: EmailMessage

    @property
    def to(self) -> str:
        """The recipient's address."""
        return str(self.message["Delivered-To"] or self.message["To"] or "")

    @property
    def subject(self) -> str:
        """The subject line."""
        return str(self.message["Subject"] or "")

    def text(self, kind: str) -> str:
        """Return the plain or html part; empty for none."""
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part is not None else ""

    def links(self) -> list[str]:
        """Return the addresses in the plain part, so that they can be followed."""
        return _LINK.findall(self.text("plain"))


@dataclass(frozen=True, slots=True)
class Listed:
    """The newest letters that were looked for, and how many there are."""

    letters: Sequence[Letter]
    count: int


def mailbox_routes(maildir: Path) -> list[Route]:
    """Return the routes of the mailbox in this Maildir."""

    def index(request: Request) -> Response:
        wanted = request.query_params.get("to", "").strip().lower()
        found = read_letters(maildir, wanted)
        return page("mailbox.html", letters=found.letters, wanted=wanted, count=found.count)

    def letter(request: Request) -> Response:
        return page("letter.html", letter=_find(maildir, request.path_params["letter"]))

    def html(request: Request) -> Response:
        return HTMLResponse(_find(maildir, request.path_params["letter"]).text("html"))

    return [
        Route("/mailbox", index),
        Route("/mailbox/{letter}", letter),
        Route("/mailbox/{letter}/html", html),
    ]


def read_letters(maildir: Path, wanted: str = "") -> Listed:
    """Return the letters whose recipient holds `wanted`, the newest first. Only those shown are read whole."""
    newest_first = sorted(_files(maildir), key=lambda path: path.stat().st_mtime, reverse=True)
    found = [path for path in newest_first if not wanted or wanted in _recipient(path)]
    return Listed([_read(path) for path in found[:SHOWN]], len(found))


def _recipient(path: Path) -> str:
    with path.open("rb") as opened:
        headers = BytesHeaderParser().parse(opened)
    return str(headers["Delivered-To"] or headers["To"] or "").lower()


def _files(maildir: Path) -> Iterator[Path]:
    for folder in ("new", "cur"):
        if (maildir / folder).is_dir():
            yield from (maildir / folder).iterdir()


def _find(maildir: Path, name: str) -> Letter:
    """Look a letter up among those that are there, so that no name leads out of the mailbox."""
    found = next((path for path in _files(maildir) if path.name == name), None)
    if found is None:
        raise Turned(404, "There is no such letter", "Go back to the list of letters.")
    return _read(found)


def _read(path: Path) -> Letter:
    message = message_from_bytes(path.read_bytes(), policy=default_policy)
    return Letter(path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC), message)
