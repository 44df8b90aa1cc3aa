"""The codec of the Temporal UI: payloads read and sealed for operations, each request on a record of its own.

The UI asks from a page of another origin, so these two addresses alone answer across origins: to exactly one, with the
session's cookie. Browsers send that cookie along because both stand on one site. What was asked is written down before
anything is handed out; where that fails, nothing is.
"""

import json
import logging
import re
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import asyncpg
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from temporalio.api.common.v1 import Payload, Payloads

from starter.arrivals import Door
from starter.connections import OUT_OF_REACH
from starter.identity import read_session
from starter.keys import PayloadKeyError
from starter.payload_readings import REFUSALS, Action, Reading, note_reading
from starter.payloads import KEY_ID, EncryptionCodec
from starter.settings import Settings
from starter.views import Turned
from starter.visits import OPERATIONS, is_operations, person_behind, rules_today
from workflows.contract.directory import Person

_LOG = logging.getLogger(__name__)

LARGEST = 4_000_000  # bytes of a request; Temporal takes 2 MB a payload, which base64 makes a third longer
MOST = 1_000  # payloads of a request
REFUSED_A_MINUTE = 60
"""So many refusals are written down each minute; more are refused all the same and stand in the log."""

_HEADERS = "content-type, x-namespace, authorization, authorization-extras"
_REFERENCE = re.compile(rb"(?<![A-Za-z0-9])SFO-\d{4}-\d{5}(?!\d)")
_STATUS = {"origin": 403, "not_signed_in": 401, "other_role": 403, "nobody_named": 403, "too_large": 413}
_SIGN_IN = ("not_signed_in", "other_role", "nobody_named")
STANDS_IN = "stands_in_for_operations"
"""Beside the own roles of somebody whom the directory makes stand in."""


class _RefusedError(Exception):
    """Nothing is read. `code` is one of REFUSALS, `why` more about it, never content; `person`: who asked, if known."""

    def __init__(self, code: str, why: str = "", person: Person | None = None) -> None:
        super().__init__(code)
        self.code, self.why, self.person = code, why or REFUSALS[code], person


@dataclass(frozen=True, slots=True)
class Codec:
    """Serves `/codec/decode` and `/codec/encode`."""

    door: Door
    codec: EncryptionCodec
    _refused: deque[float] = field(default_factory=lambda: deque(maxlen=REFUSED_A_MINUTE))

    async def decode(self, request: Request) -> Response:
        """Return the payloads in clear, as the UI takes them."""
        return await self._answer(request, "decode")

    async def encode(self, request: Request) -> Response:
        """Return the payloads sealed, so that a signal typed in the UI is stored as every other one."""
        return await self._answer(request, "encode")

    async def _answer(self, request: Request, action: Action) -> Response:
        origin = origin_of(self.door.settings)
        if origin is None or request.headers.get("origin") != origin:
            return await self._foreign(request, action)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_cors(origin))
        try:
            response = await self._served(request, action)
        except Turned as error:
            response = _error(error.status, str(error.words[0] if error.words else error.title))
        except (*OUT_OF_REACH, asyncpg.PostgresError) as error:
            _LOG.error("nothing is %sd for the Temporal UI: %s", action, type(error).__name__)
            response = _error(503, f"the record cannot be reached, so nothing was {action}d; try again in a minute")
        response.headers.update(_cors(origin))
        return response

    async def _foreign(self, request: Request, action: Action) -> Response:
        if request.method == "OPTIONS":  # a browser asks beforehand; nothing was tried yet
            return _error(403, REFUSALS["origin"])
        try:
            return await self._refuse(action, _RefusedError("origin"))
        except (*OUT_OF_REACH, asyncpg.PostgresError) as error:
            _LOG.error("a refusal could not be written down: %s", type(error).__name__)
            return _error(403, REFUSALS["origin"])

    async def _served(self, request: Request, action: Action) -> Response:
        person = None
        try:
            person, roles = await self._reader(request)
            asked = _parsed(await _body(request))
            done = await self._converted(asked, action)
        except _RefusedError as error:
            error.person = error.person or person
            return await self._refuse(action, error)
        clear, sealed = (done, asked) if action == "decode" else (asked, done)
        reading = Reading(action, person.key, roles, len(asked), _key_ids(sealed), _cases(clear))
        async with self.door.pool.acquire() as connection:
            await note_reading(connection, reading)
        return JSONResponse(MessageToDict(Payloads(payloads=done)))

    async def _reader(self, request: Request) -> tuple[Person, tuple[str, ...]]:
        """Return who of operations asks, and their roles. Raises _RefusedError, and Turned for an unreadable directory.

        That the UI asks is no sign that somebody is there: it does not keep the session alive.
        """
        async with self.door.pool.acquire() as connection:
            session = await read_session(connection, request.cookies.get(self.door.cookie), in_use=False)
        if session is None:
            raise _RefusedError("not_signed_in")
        directory = (await rules_today(self.door)).directory
        person = person_behind(session, directory)
        if not is_operations(session.email, directory):
            raise _RefusedError("other_role", person=person)
        if person is None:
            raise _RefusedError("nobody_named", person=directory.person_by_email(session.email))
        is_holder = set(OPERATIONS) & set(person.roles)
        return person, tuple(person.roles) if is_holder else (*person.roles, STANDS_IN)

    async def _converted(self, asked: Sequence[Payload], action: Action) -> list[Payload]:
        try:
            return await (
                self.codec.decode(asked) if action == "decode" else (await self._sealing(asked)).encode(asked)
            )
        except PayloadKeyError as error:
            raise _RefusedError("unreadable", str(error)) from None

    async def _sealing(self, asked: Sequence[Payload]) -> EncryptionCodec:
        """What seals it: the UI does not say whose payload it is, so the one case that stands in it does."""
        named = _cases(asked)
        async with self.door.pool.acquire() as connection:
            known = await connection.fetch("SELECT reference FROM sfo.cases WHERE reference = ANY($1)", list(named))
        return self.codec.of_case(named[0] if len(named) == len(known) == 1 else None)

    async def _refuse(self, action: Action, error: _RefusedError) -> Response:
        """Write the refusal down and say it. Beyond so many a minute only the log knows of it."""
        now, person = time.monotonic(), error.person
        while self._refused and now - self._refused[0] > 60:
            self._refused.popleft()
        if len(self._refused) < REFUSED_A_MINUTE:
            self._refused.append(now)
            roles = tuple(person.roles) if person else ()
            reading = Reading(action, person.key if person else None, roles, refused=error.code)
            async with self.door.pool.acquire() as connection:
                await note_reading(connection, reading)
        else:
            _LOG.warning("a refusal to %s is not written down, there are too many: %s", action, error.code)
        said = (
            f"{error.why}; sign in at {self.door.settings.public_url}/operations"
            if error.code in _SIGN_IN
            else error.why
        )
        return _error(_STATUS.get(error.code, 400), said)


def origin_of(settings: Settings) -> str | None:
    """The one origin that may ask: scheme, host and port of the Temporal UI; None: no setting names it."""
    if settings.temporal_ui_url is None:
        return None
    parts = urlsplit(settings.temporal_ui_url)
    return f"{parts.scheme}://{parts.netloc}".lower()


async def _body(request: Request) -> bytes:
    """Read the request, so much and no more. Raises _RefusedError."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > LARGEST:
            raise _RefusedError("too_large", f"more than {LARGEST // 1_000_000} MB at once")
    return bytes(content)


def _parsed(content: bytes) -> list[Payload]:
    """Read payloads as the UI sends them, JSON of protobuf. Raises _RefusedError, whose text quotes nothing."""
    try:
        asked = json.loads(content)
        if not all(isinstance(one, dict) for one in asked["payloads"]):  # the next line would take a list for nothing
            raise TypeError
        found = ParseDict(asked, Payloads(), ignore_unknown_fields=True)
    except (ParseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _RefusedError(
            "malformed", 'not the JSON of payloads, {"payloads": [{"metadata": …, "data": …}]}'
        ) from None
    if len(found.payloads) > MOST:
        raise _RefusedError("too_many", f"more than {MOST} payloads at once")
    return list(found.payloads)


def _key_ids(sealed: Sequence[Payload]) -> tuple[str, ...]:
    return tuple(sorted({one.metadata[KEY_ID].decode() for one in sealed if KEY_ID in one.metadata}))


def _cases(clear: Sequence[Payload]) -> tuple[str, ...]:
    return tuple(sorted({found.decode() for one in clear for found in _REFERENCE.findall(one.data)}))


def _cors(origin: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": _HEADERS,
        "Access-Control-Max-Age": "600",
        "Vary": "Origin",
    }


def _error(status: int, why: str) -> JSONResponse:
    return JSONResponse({"message": why}, status)
