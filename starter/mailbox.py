"""The demo's mailbox as web pages: every letter that was sent, to anybody. Served only where a mailbox is set."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from starter.views import Turned, page

_SHOWN = 200
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


def mailbox_routes(maildir: Path) -> list[Route]:
    """Return the routes of the mailbox in this Maildir."""

    async def index(request: Request) -> Response:
        wanted = request.query_params.get("to", "").strip().lower()
        letters = [letter for letter in read_letters(maildir) if wanted in letter.to.lower()]
        return page("mailbox.html", letters=letters[:_SHOWN], wanted=wanted, count=len(letters))

    async def letter(request: Request) -> Response:
        return page("letter.html", letter=_find(maildir, request.path_params["letter"]))

    async def html(request: Request) -> Response:
        return HTMLResponse(_find(maildir, request.path_params["letter"]).text("html"))

    return [
        Route("/mailbox", index),
        Route("/mailbox/{letter}", letter),
        Route("/mailbox/{letter}/html", html),
    ]


def read_letters(maildir: Path) -> list[Letter]:
    """Return every letter, the newest first."""
    return sorted(map(_read, _files(maildir)), key=lambda letter: letter.arrived, reverse=True)


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
