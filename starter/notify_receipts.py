"""What GOV.UK Notify says about a letter afterwards, by POST to us: a failure is in the record as a bounce is.

A receipt holds the recipient's address, which is neither read nor kept. Whoever has no token learns nothing, and
whoever has one learns nothing about which letters there are. Rule: `Delivery receipts` of Notify's documentation.
"""

import hmac
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from starter.connections import Pool
from starter.notify_mailer import UNDELIVERABLE
from starter.returned_kinds import Kind, Returned
from starter.returned_letters import note_return
from starter.settings import Settings

_LOG = logging.getLogger(__name__)

PATH = "/notify/callback"
LARGEST = 10_000
"""Bytes of a receipt that are read; one has a tenth of it."""

RETURNED = {
    "permanent-failure": Returned(Kind.FAILED, "5.0.0", UNDELIVERABLE),
    "temporary-failure": Returned(Kind.FAILED, "4.0.0", UNDELIVERABLE),  # after days of trying: it is given up
    "technical-failure": Returned(Kind.FAILED, "5.3.0", UNDELIVERABLE),
}
"""Classes of RFC 3463 in the place of Notify's words: undefined, given up for now, the mail system itself."""


@dataclass(frozen=True, slots=True)
class Receipts:
    """Takes receipts that carry the token."""

    pool: Pool
    token: str = field(repr=False)

    async def take(self, request: Request) -> Response:
        """Answer 200 for whatever is understood; Notify says again what is answered with 5xx, five times in all."""
        if not self._is_notify(request.headers.get("authorization", "")):
            return Response(status_code=401)
        content = await _read(request)
        if content is None:
            return Response(status_code=413)
        try:
            letter, status = _understood(content)
        except (ValueError, TypeError, KeyError, RecursionError):
            return Response(status_code=400)
        if letter is not None and (returned := RETURNED.get(status)):
            async with self.pool.acquire() as connection:
                is_ours = await note_return(connection, letter, returned)
            _LOG.info("a letter by Notify came back: %s", status if is_ours else "none of ours")
        return Response(status_code=200)

    def _is_notify(self, authorization: str) -> bool:
        given, expected = authorization.encode(), f"Bearer {self.token}".encode()
        return hmac.compare_digest(given, expected)


async def _read(request: Request) -> bytes | None:
    """The body, so much and no more; None for a longer one."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > LARGEST:
            return None
    return bytes(content)


def _understood(content: bytes) -> tuple[UUID | None, str]:
    """Which letter it is about, if any, and Notify's status. Raises what reading it as JSON of this form raises."""
    receipt: Any = json.loads(content)
    reference, status = receipt["reference"], receipt["status"]
    if not isinstance(status, str) or not isinstance(reference, str | None):
        raise TypeError
    try:
        return (UUID(reference) if reference else None), status
    except ValueError:  # somebody else's way of naming what they send by the same service
        return None, status


def receipt_routes(settings: Settings, pool: Pool) -> Sequence[Route]:
    """The one route; none where letters go by SMTP."""
    if not settings.by_notify:
        return ()
    return [Route(PATH, Receipts(pool, settings.notify_callback_token).take, methods=["POST"])]
