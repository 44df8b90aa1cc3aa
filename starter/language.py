"""Which language a page is in: what was asked for just now, else the cookie, else what the browser prefers.

A preference is one cookie with one word, set only when somebody asks for a language. It says nothing about a person.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENGLISH, WELSH = "en", "cy"
LANGUAGES = (ENGLISH, WELSH)
ASKED, COOKIE = "lang", "lang"
"""`?lang=cy` asks for a language; the cookie of the same name remembers it."""
_LASTS = 365 * 24 * 60 * 60
# A page that came by a form would lose what was typed; the way back from a provider works once.
_ONCE = ("/signed-in",)


@dataclass(frozen=True, slots=True)
class _Here:
    language: str = ENGLISH
    may_change: bool = False


_HERE: ContextVar[_Here] = ContextVar("language", default=_Here())  # noqa: B039  # it is frozen


def language() -> str:
    """The language of the page that is being made."""
    return _HERE.get().language


def is_welsh() -> bool:
    """Whether the page that is being made is in Welsh."""
    return language() == WELSH


def other_language() -> str:
    """The language that this page can be had in as well; empty where a link would lose something."""
    here = _HERE.get()
    return "" if not here.may_change else ENGLISH if here.language == WELSH else WELSH


@contextmanager
def only_english() -> Iterator[None]:
    """Inside, pages are made in English: those for use within the service have no Welsh."""
    before = _HERE.set(_Here())
    try:
        yield
    finally:
        _HERE.reset(before)


def preferred(accepted: str) -> str:
    """Welsh where a browser puts it before English, else English."""
    ranked: list[tuple[float, str]] = []
    for part in accepted.lower().split(","):
        tag, _, weight = part.partition(";")
        name = tag.strip().partition("-")[0]
        if name in LANGUAGES:
            ranked.append((_weight(weight), name))
    best, name = max(ranked, key=lambda one: one[0], default=(0.0, ENGLISH))  # of equals the first
    return name if best > 0 else ENGLISH


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


class Languages:
    """Wraps the application: every page of a request is made in its language. `is_https`: how people reach us."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._flags = "; Path=/; SameSite=Lax; HttpOnly" + ("; Secure" if is_https else "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request in its language, and remember a language that was asked for."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        is_read = scope["method"] in ("GET", "HEAD")
        asked = request.query_params.get(ASKED, "") if is_read else ""
        here = replace(_here(request, asked), may_change=is_read and scope["path"] not in _ONCE)

        async def remembering(message: Message) -> None:
            if message["type"] == "http.response.start" and asked in LANGUAGES:
                cookie = f"{COOKIE}={asked}; Max-Age={_LASTS}{self._flags}"
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        before = _HERE.set(here)
        try:
            await self._app(scope, receive, remembering)
        finally:
            _HERE.reset(before)


def _here(request: Request, asked: str) -> _Here:
    remembered = request.cookies.get(COOKIE, "")
    chosen = next((one for one in (asked, remembered) if one in LANGUAGES), None)
    return _Here(chosen or preferred(request.headers.get("accept-language", "")))
