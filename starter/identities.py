"""Sign-in with an identity of the organisation: from a link to the provider and back, into a session of its person.

The address that the provider vouches for must be the one that the link is bound to; without a link it must be one of
operations. What was typed before is kept.
"""

import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from starter.arrivals import Arrival, Door, carried, read_posted
from starter.connections import Connection
from starter.identity import Session, end_session, open_session
from starter.provider import NotSignedInError, Provider, ProviderAwayError
from starter.signing_in import go_on, shown_again
from starter.views import Turned, page
from starter.visits import is_operations, rules_today
from starter.welsh import Ours
from workflows.policy.authority import same_person
from workflows.policy.links import seal

_LOG = logging.getLogger(__name__)

LASTS = timedelta(minutes=10)
"""So long a sign-in may take, from the link to the way back."""

_AGAIN = Ours("Open the link in your email again.")


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that was under way: of which link, and what proves that the way back belongs to it.

    `link` None: it was begun on the page of operations.
    """

    link: UUID | None
    nonce: str
    verifier: str
    typed: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Identities:
    """Serves `/a/{token}/start` and `/signed-in` where an identity provider is set."""

    door: Door
    provider: Provider

    async def start(self, request: Request) -> Response:
        """Lead to the provider, or go straight on when the person whom the link belongs to is signed in."""
        here, form = await self.door.arrival(request), await read_posted(request)
        if here.is_signed_in:
            return go_on(here, here.session, form)
        return await self._lead(here.link, carried(form))

    async def start_without_a_link(self, _: Request) -> Response:
        """Lead to the provider from the page of operations."""
        return await self._lead(None, [])

    async def _lead(self, link: UUID | None, typed: list[tuple[str, str]]) -> Response:
        state, browser, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
        try:
            address = await self.provider.address(state, nonce, verifier)
        except ProviderAwayError as error:
            raise _away(error) from None
        async with self.door.pool.acquire() as connection:
            await _begin(connection, state, browser, Begun(link, nonce, verifier, typed))
        response = RedirectResponse(address, 303)
        # The way back comes from another site, so this cookie must come along with it; it opens nothing by itself.
        response.set_cookie(
            self._cookie, browser, max_age=int(LASTS.total_seconds()), httponly=True, samesite="lax",
            secure=self.door.is_https,
        )  # fmt: skip
        return response

    async def back(self, request: Request) -> Response:
        """Take what the provider says and open a session of the person whom the link belongs to. Works once."""
        if request.method == "HEAD":  # nothing may be used up by whoever only looks
            raise Turned(405, Ours("This cannot be done here"), _AGAIN)
        state, code = request.query_params.get("state", ""), request.query_params.get("code", "")
        async with self.door.pool.acquire() as connection:
            begun = await _take(connection, state, request.cookies.get(self._cookie, ""))
        if begun is None:
            words = Ours("It was used already, took longer than ten minutes, or was begun in another browser.")
            raise Turned(403, Ours("This sign-in cannot be used"), words, _AGAIN)
        if not code:
            raise Turned(
                403, Ours("You are not signed in"), Ours("The sign-in was ended before it was complete."), _AGAIN
            )
        email = await self._email(code, begun)
        if begun.link is None:
            return await self._into_operations(request, email)
        here = await self._arrival(request, begun.link)
        # One of a team may sign in as themselves for the address that the team shares: then it is known who decides.
        member = next((one for one in here.asked.team or () if same_person(email, one.email or "")), None)
        if member is None and not same_person(email, here.asked.email):
            words = Ours("You have signed in as somebody else. Only the person who was asked can see and answer this.")
            again = Ours("If it is yours, sign in with the address that it was sent to.")
            raise Turned(403, Ours("This link belongs to somebody else"), words, again)
        cookie, session = await self._open(request, here.asked.email, member.key if member else None)
        _LOG.info("somebody signed in for a gate of %s", here.gate.reference)
        return self._signed_in(_shown(replace(here, session=session), begun), cookie)

    async def _into_operations(self, request: Request, email: str) -> Response:
        """Open a session of whoever holds the role of operations today. Raises Turned for everybody else."""
        directory = (await rules_today(self.door)).directory
        person = directory.person_by_email(email) if is_operations(email, directory) else None
        if person is None:
            words = "The page of operations is for those who run the service, as the directory of roles has it today."
            raise Turned(403, "This page is not yours", words, "What is asked of you comes by email.")
        cookie, _ = await self._open(request, person.email)
        _LOG.info("somebody of operations signed in")
        return self._signed_in(page("operations_now.html"), cookie)

    async def _open(self, request: Request, email: str, member: str | None = None) -> tuple[str, Session]:
        async with self.door.pool.acquire() as connection:
            await end_session(connection, request.cookies.get(self.door.cookie))
            return await open_session(connection, email, member)

    def _signed_in(self, response: Response, cookie: str) -> Response:
        self.door.set_cookie(response, cookie)
        response.delete_cookie(self._cookie, secure=self.door.is_https, httponly=True, samesite="lax")
        return response

    async def _email(self, code: str, begun: Begun) -> str:
        try:
            return await self.provider.email(code, begun.nonce, begun.verifier)
        except ProviderAwayError as error:
            raise _away(error) from None
        except NotSignedInError as error:
            _LOG.warning("a sign-in was refused: %s", error)
            words = Ours("What your organisation's sign-in said about you could not be used.")
            raise Turned(403, Ours("You are not signed in"), words, _AGAIN) from None

    async def _arrival(self, request: Request, link: UUID) -> Arrival:
        """As by the link itself, which may have become stale meanwhile. Raises Turned."""
        keys = self.door.settings.link_keys
        request.path_params["token"] = seal(link.bytes, keys.active_id, keys.active)
        return await self.door.arrival(request)

    @property
    def _cookie(self) -> str:
        return "__Host-sfo-signing-in" if self.door.is_https else "sfo-signing-in"


def _shown(here: Arrival, begun: Begun) -> HTMLResponse:
    """The way on, shown at once: a browser that comes from another site does not send the new session's cookie yet."""
    if here.decided or not begun.typed or here.session is None:
        return page("signed_in_now.html", token=here.token)
    typed: list[tuple[str, str | UploadFile]] = [*begun.typed]
    return shown_again(here, here.session, FormData(typed))


async def _begin(connection: Connection, state: str, browser: str, begun: Begun) -> None:
    """Keep what proves the way back, and clear away what was never finished."""
    async with connection.transaction():
        await connection.execute("DELETE FROM sfo.sign_ins WHERE expires_at < clock_timestamp()")
        await connection.execute(
            """INSERT INTO sfo.sign_ins (state_hash, browser_hash, link, nonce, verifier, carried, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7)""",
            _digest(state),
            _digest(browser),
            begun.link,
            begun.nonce,
            begun.verifier,
            begun.typed,
            LASTS,
        )


async def _take(connection: Connection, state: str, browser: str) -> Begun | None:
    """Use up the sign-in of this state; None: there is none, or another browser began it."""
    row = await connection.fetchrow(
        "DELETE FROM sfo.sign_ins WHERE state_hash = $1 AND expires_at > clock_timestamp() RETURNING *", _digest(state)
    )
    if row is None or not hmac.compare_digest(row["browser_hash"], _digest(browser)):
        return None
    return Begun(row["link"], row["nonce"], row["verifier"], [(name, value) for name, value in row["carried"]])


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _away(error: ProviderAwayError) -> Turned:
    _LOG.warning("the identity provider is away: %s", error)
    words = Ours("Your organisation's sign-in does not answer just now. Please try again in a minute.")
    return Turned(503, Ours("You cannot be signed in now"), words, again=True)
