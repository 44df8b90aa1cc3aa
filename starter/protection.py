"""What every request passes: the size of what is sent, where it comes from, the headers of the answer, one log line.

The log names the kind of page and never the address, because an address of ours may hold a link's token.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.context import Context
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from starter.measures import ERRORS, REQUESTS
from starter.translations import LARGEST_TRANSLATION
from starter.views import Turned, turned_page
from starter.welsh import Ours
from starter.word import LARGEST_FILE

_LOG = logging.getLogger(__name__)

_UNTRACED = {"/health", "/ping", "/info", "/static"}

SLOWEST_BODY = 120.0  # seconds in which a form and its file have arrived, or are not waited for any more
LARGEST_BODY = 2_000_000  # bytes; a review of a hundred rows is a tenth of it
# What was typed comes along with the file, so that it is not lost.
_WITH_FILE = {"/a/{token}/review.docx": LARGEST_FILE, "/a/{token}/translation": LARGEST_TRANSLATION}
_ACROSS = ("/codec/decode", "/codec/encode")
"""What a page of another origin may ask: the codec, which judges the origin itself and sees to the size."""
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'{forms}; "
    "base-uri 'none'; frame-src {frames}; frame-ancestors 'none'"
)
_SEALED = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""For the HTML of a letter in the demo's mailbox: no script, no origin, nothing fetched."""
_OF_A_FILE = "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For a file that is handed out: should a browser show it after all, nothing in it runs or is fetched."""


class Protection:
    """Wraps the application. `public_url` is what people type; a form of ours comes from there.

    `forms_to`: where else a form of ours may lead, such as to the provider that signs people in.
    """

    def __init__(self, app: ASGIApp, public_url: str, forms_to: Sequence[str] = ()) -> None:
        self._app = app
        self._forms = "".join(f" {origin}" for origin in forms_to)
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._is_https = parts.scheme == "https"
        self._tracer = trace.get_tracer("sfo.gateway")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it before anything of ours sees it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        kind = _kind(scope["path"])
        # What probes and browsers fetch by themselves would bury the traces of people.
        span = trace.INVALID_SPAN if kind in _UNTRACED else self._begun(scope["method"], kind)
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            await self._serve(scope, receive, send, kind)

    def _begun(self, method: str, kind: str) -> trace.Span:
        """A span that names the route and never the address; a browser's own trace is not gone on with."""
        attributes = {"http.request.method": method, "http.route": kind}
        return self._tracer.start_span(f"{method} {kind}", Context(), trace.SpanKind.SERVER, attributes)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, kind: str) -> None:
        started, status = time.monotonic(), 500

        async def sealed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._seal(MutableHeaders(scope=message), kind)
            await send(message)

        try:
            refusal = self._refusal(scope, kind)
            await (refusal or self._app)(scope, _within(receive, SLOWEST_BODY), sealed)
        finally:
            taken = time.monotonic() - started
            REQUESTS.record(taken, {"route": kind, "method": scope["method"], "status": str(status)})
            if status == 500:
                ERRORS.add(1)
            span = trace.get_current_span()
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(trace.Status(trace.StatusCode.ERROR))
            _LOG.info("%s %s %s %d ms", scope["method"], kind, status, taken * 1000)

    def _refusal(self, scope: Scope, kind: str) -> Response | None:
        if scope["method"] in ("GET", "HEAD"):
            return None
        headers = Headers(scope=scope)
        if kind in _ACROSS and scope["method"] in ("POST", "OPTIONS"):
            return None
        if scope["method"] != "POST":
            return turned_page(Turned(405, Ours("This cannot be done here")))
        if not self._is_from_here(headers):
            words = Ours(
                "For your safety, answers are taken only from our own pages. Open the link in your email again."
            )
            return turned_page(Turned(403, Ours("This came from somewhere else"), words))
        length = headers.get("content-length", "")
        file = _WITH_FILE.get(kind, 0)
        if not length.isdecimal() or int(length) > LARGEST_BODY + file:
            words = Ours(
                "Shorten what you typed, or a file to %(size)s MB, and send it again.",
                size=(file or LARGEST_FILE) // 1_000_000,
            )
            return turned_page(Turned(413, Ours("This is too much at once"), words))
        return None

    def _is_from_here(self, headers: Headers) -> bool:
        """Whether a form of ours sent this. Browsers say so; what says nothing is no browser and has no session."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site not in (None, "same-origin", "none"):
            return False
        # Behind a proxy the host may be another than what people type; both are ours.
        return origin in (None, self._origin, f"http://{headers.get('host')}", f"https://{headers.get('host')}")

    def _seal(self, headers: MutableHeaders, kind: str) -> None:
        letter = kind == "/mailbox/{letter}/html"
        frames = "'self'" if kind == "/mailbox/{letter}" else "'none'"
        is_file = headers.get("content-disposition", "").startswith("attachment")
        headers["Content-Security-Policy"] = (
            _OF_A_FILE if is_file else _SEALED if letter else _POLICY.format(frames=frames, forms=self._forms)
        )
        headers["X-Frame-Options"] = "SAMEORIGIN" if letter else "DENY"
        # no-referrer would make browsers send `Origin: null` with our own forms.
        headers["Referrer-Policy"] = "same-origin"
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Robots-Tag"] = "noindex, nofollow"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        headers["Cache-Control"] = "public, max-age=3600" if kind == "/static" else "no-store"
        if self._is_https:
            headers["Strict-Transport-Security"] = "max-age=31536000"


def _within(receive: Receive, seconds: float) -> Receive:
    """Take the body as it comes, for so long and no longer; whoever only waits for the end is left alone.

    Raises Turned, which the application tells.
    """
    until, is_whole = asyncio.get_running_loop().time() + seconds, False

    async def receive_in_time() -> Message:
        nonlocal is_whole
        if is_whole:
            return await receive()
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            words = Ours("What you sent did not arrive in time, and nothing was recorded. Go back, and send it again.")
            raise Turned(408, Ours("This took too long"), words) from None
        is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    return receive_in_time


def _kind(path: str) -> str:
    """Name the kind of page without anything from its address."""
    match path.strip("/").split("/"):
        case ["a", _]:
            return "/a/{token}"
        case ["a", _, ("start" | "code" | "decide" | "receipt") as step]:
            return f"/a/{{token}}/{step}"
        case ["a", _, ("review.docx" | "translation" | "more-time" | "opt-in") as page]:
            return f"/a/{{token}}/{page}"
        case ["a", _, ("rendition.html" | "rendition.docx" | "rendition.pdf")]:
            return "/a/{token}/rendition"
        case ["national", "acknowledge"]:
            return "/national/acknowledge"
        case ["operations", ("start" | "code" | "person" | "sign-out") as step]:
            return f"/operations/{step}"
        case ["notify", "callback"]:
            return "/notify/callback"
        case ["codec", ("decode" | "encode") as step]:
            return f"/codec/{step}"
        case ["case", _]:
            return "/case/{reference}"
        case ["mailbox", _]:
            return "/mailbox/{letter}"
        case ["mailbox", _, "html"]:
            return "/mailbox/{letter}/html"
        case ["static", *_]:
            return "/static"
        case [
            (
                "my"
                | "national"
                | "operations"
                | "accessibility"
                | "signed-in"
                | "mailbox"
                | "health"
                | "ping"
                | "info"
            ) as name
        ]:
            return f"/{name}"
        case _:
            return "elsewhere"
