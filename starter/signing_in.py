"""From the link to a session: the landing page, the code by email, the code typed back.

Opening a link shows and changes nothing, so a mail scanner may open it as often as it likes. Authority comes from
a code sent to the address that the link is bound to.
"""

import logging
from dataclasses import dataclass, replace

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from starter.arrivals import Arrival, Door, carried, read_posted, to_question
from starter.code_mail import CodeMail
from starter.deciding import typed_on
from starter.identity import Check, Session, check_code, end_session, issue_code, open_session
from starter.mailer import MailTroubleError
from starter.measures import CODES
from starter.views import Turned, page, question_page
from starter.welsh import Ours

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SigningIn:
    """Serves `/a/{token}`, `/a/{token}/start` and `/a/{token}/code`."""

    door: Door
    mail: CodeMail

    async def landing(self, request: Request) -> Response:
        """Say in general words what is asked. Writes nothing, sets nothing."""
        here = await self.door.arrival(request)
        if here.decided:
            return here.decided_page()
        by_code = self.door.settings.oidc_issuer is None
        return page("landing.html", token=here.token, gate=here.gate, question=here.question, by_code=by_code)

    async def start(self, request: Request) -> Response:
        """Mail a code, or go straight on when the person whom the link belongs to is signed in."""
        here, form = await self.door.arrival(request), await read_posted(request)
        if here.is_signed_in:
            return go_on(here, here.session, form)
        async with self.door.pool.acquire() as connection:
            code = await issue_code(connection, here.link, self.door.settings.link_keys.active)
        CODES.add(1, {"outcome": "sent" if code else "withheld"})
        if code is None:
            words = Ours("Several codes were sent and none was used. Use the newest one, or try again tomorrow.")
            raise Turned(
                429, Ours("No more codes for now"), words, Ours("If you did not ask for them, tell your SFO Team.")
            )
        await self._send(here, code)
        return page("code.html", token=here.token, error="", carried=carried(form))

    async def _send(self, here: Arrival, code: str) -> None:
        try:
            is_sent = await self.mail.send(here.asked, here.gate.reference, code)
        except MailTroubleError:
            is_sent = False
        if not is_sent:
            _LOG.warning("a code for a gate of %s could not be sent", here.gate.reference)
            words = Ours("The mail server did not take the code just now. Please try again in a minute.")
            raise Turned(503, Ours("The code could not be sent"), words, again=True)

    async def code(self, request: Request) -> Response:
        """Take the code and start a session under a fresh id."""
        here, form = await self.door.arrival(request), await read_posted(request)
        typed = "".join(str(form.get("code", "")).split())
        async with self.door.pool.acquire() as connection:
            check = await check_code(connection, here.link, typed, self.door.settings.link_keys.active)
            CODES.add(1, {"outcome": str(check.value)})
            if check is not Check.RIGHT:
                return _wrong(here, check, form)
            await end_session(connection, request.cookies.get(self.door.cookie))
            cookie, session = await open_session(connection, here.asked.email)
        _LOG.info("somebody signed in for a gate of %s", here.gate.reference)
        response = go_on(here, session, form)
        self.door.set_cookie(response, cookie)
        return response


def go_on(here: Arrival, session: Session | None, form: FormData) -> Response:
    """Lead to the question, or show at once what was typed before the sign-in."""
    if session is None or here.decided or not carried(form):
        return to_question(here)
    return shown_again(replace(here, session=session), session, form)


def shown_again(here: Arrival, session: Session, form: FormData) -> HTMLResponse:
    """Show the question with what was typed before the sign-in."""
    return question_page(here.shown(session, typed_on(here, form)))


def _wrong(here: Arrival, check: Check, form: FormData) -> Response:
    if check is Check.WRONG:
        error, status = Ours("Enter the six digits exactly as in the newest email"), 400
    else:
        error, status = Ours("This code no longer works: ask for a new one"), 429
    return page("code.html", status, token=here.token, error=error, carried=carried(form))
