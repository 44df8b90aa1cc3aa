"""GOV.UK Notify as its API documentation describes it: the outside world that tests cannot have.

It checks tokens with the same code as the real one (`notifications-api` decodes with the client library), answers with
the documented errors, and keeps what it took by reference. It renders nothing.
"""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from notifications_python_client.authentication import decode_jwt_token, get_token_issuer
from notifications_python_client.errors import TokenDecodeError, TokenError, TokenExpiredError

SERVICE, SECRET = "26785a09-ab16-4eb0-8407-a37497a57506", "3d844edf-8d35-48ac-975b-e847b4f122b0"
KEY = f"invented-{SERVICE}-{SECRET}"
TEMPLATE, REPLY_TO = "f33517ff-2a88-4f6e-b855-c550268ce08a", "8e222534-7f05-4972-86e3-17c5d9f894e2"
TOKEN = "invented-callback-token"
TRIAL = (
    "Can\u2019t send to this recipient when service is in trial mode \u2013 see https://www.notifications.example.test"
)
TEAM = "Can't send to this recipient using a team-only API key"

Answer = tuple[int, dict[str, Any]]


class RefusedError(Exception):
    """What Notify answers instead."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.answer: Answer = (status, {"status_code": status, "errors": [{"error": error, "message": message}]})


@dataclass
class FakeNotify:
    """One service with one template. `refusals` are given first, one a sending; `lost`: answers that do not arrive."""

    url: str = ""
    took: list[dict[str, Any]] = field(default_factory=list)
    refusals: deque[RefusedError] = field(default_factory=deque)
    lost: int = 0
    asked: int = 0
    raw: bytes | None = None
    template: dict[str, Any] = field(
        default_factory=lambda: {
            "id": TEMPLATE,
            "type": "email",
            "version": 3,
            "subject": "((subject))",
            "body": "((body))",
        }
    )
    statuses: dict[str, str] = field(default_factory=dict)
    not_allowed: dict[str, str] = field(default_factory=dict)

    def to(self, email: str, subject: str = "") -> list[dict[str, Any]]:
        """What was taken for this person, newest last."""
        return [
            one for one in self.took if one["email_address"] == email and subject in one["personalisation"]["subject"]
        ]

    def receipt(self, reference: str | None, status: str) -> dict[str, Any]:
        """A delivery receipt with all that the documentation names."""
        return {
            "id": str(uuid4()), "reference": reference, "to": "somebody@example.test", "status": status,
            "created_at": "2026-10-05T12:15:30.000000Z", "completed_at": "2026-10-05T12:15:31.000000Z",
            "sent_at": "2026-10-05T12:15:30.000000Z", "notification_type": "email", "template_id": TEMPLATE,
            "template_version": 3,
        }  # fmt: skip

    # --- what the API does ---

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Answer:
        if (method, path) == ("POST", "/v2/notifications/email"):
            return self._send(body)
        if (method, path) == ("GET", "/v2/notifications"):
            self.asked += 1
            reference = query.get("reference", [""])[0]
            found = [self._shown(one) for one in self.took if one["reference"] == reference]
            return 200, {"notifications": found, "links": {"current": f"{self.url}{path}"}}
        if (method, path) == ("GET", f"/v2/template/{TEMPLATE}"):
            return 200, self.template
        raise RefusedError(404, "NoResultFound", "No result found")

    def _shown(self, one: dict[str, Any]) -> dict[str, Any]:
        status = self.statuses.get(one["reference"], "sending")
        return {"id": one["id"], "reference": one["reference"], "type": "email", "status": status}

    def _send(self, body: Any) -> Answer:
        if self.refusals:
            raise self.refusals.popleft()
        given = body["personalisation"]
        if set(body) - {"email_address", "template_id", "personalisation", "reference", "email_reply_to_id"}:
            raise RefusedError(400, "ValidationError", "Additional properties are not allowed")
        if "@" not in body["email_address"] or "." not in body["email_address"].rpartition("@")[2]:
            raise RefusedError(400, "ValidationError", "email_address Not a valid email address")
        if body["template_id"] != TEMPLATE:
            raise RefusedError(400, "BadRequestError", "Template not found")
        if missing := {"subject", "body"} - set(given):
            raise RefusedError(400, "BadRequestError", f"Missing personalisation: {', '.join(missing)}")
        if body.get("email_reply_to_id", REPLY_TO) != REPLY_TO:
            raise RefusedError(400, "BadRequestError", "email_reply_to_id does not exist in database for service id")
        if said := self.not_allowed.get(body["email_address"]):
            raise RefusedError(400, "BadRequestError", said)
        if len(given["body"].encode()) > 2_000_000:
            raise RefusedError(400, "BadRequestError", "Emails cannot be longer than 2000000 bytes.")
        one = {**body, "id": str(uuid4())}
        self.took.append(one)
        return 201, {"id": one["id"], "reference": body["reference"], "content": given, "uri": "", "template": {}}

    def allow(self, authorization: str) -> None:
        """Refuse as the real one does whoever comes without a good token."""
        if authorization[:7].title() != "Bearer ":
            raise RefusedError(401, "AuthError", "Unauthorized: authentication bearer scheme must be used")
        token = authorization[7:]
        try:
            if get_token_issuer(token) != SERVICE:
                raise RefusedError(403, "AuthError", "Invalid token: service not found")
            decode_jwt_token(token, SECRET)
        except TokenExpiredError:
            message = "Error: Your system clock must be accurate to within 30 seconds"
            raise RefusedError(403, "AuthError", message) from None
        except (TokenDecodeError, TokenError):
            raise RefusedError(403, "AuthError", "Invalid token: API key not found") from None


def _handler(notify: FakeNotify) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def _serve(self, method: str) -> None:
            parts = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
            try:
                notify.allow(self.headers.get("authorization", ""))
                answer = notify.answer(method, parts.path, parse_qs(parts.query), json.loads(content or b"null"))
            except RefusedError as refused:
                answer = refused.answer
            if method == "POST" and notify.lost:
                notify.lost -= 1
                return  # the request was taken; the connection ends without a word
            said = notify.raw if notify.raw is not None else json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    return Handler


@contextmanager
def fake_notify() -> Iterator[FakeNotify]:
    """The API on a port of this machine."""
    notify = FakeNotify()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(notify))
    notify.url = f"http://127.0.0.1:{server.server_address[1]}"
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    serving.start()
    try:
        yield notify
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


def notify_settings(notify: FakeNotify, **more: str) -> dict[str, str]:
    """The variables with which letters go by it."""
    return {
        "SFO_NOTIFY_API_KEY": KEY,
        "SFO_NOTIFY_TEMPLATE": TEMPLATE,
        "SFO_NOTIFY_CALLBACK_TOKEN": TOKEN,
        "SFO_NOTIFY_URL": notify.url,
        **more,
    }
