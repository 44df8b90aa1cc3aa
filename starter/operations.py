"""The page of operations: sign-in without a link, who is signed in, and where the Temporal UI is.

Whoever the directory gives the role, or whom it makes stand in for a holder, may have payloads read in the Temporal
UI for as long as the session lasts. An address that is typed opens nothing: a code goes to it, if it is one of theirs,
and the answer is the same if it is not.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from deploy.saved_views import saved_views
from starter.address_codes import check_code_to, issue_code_to
from starter.arrivals import Door, read_posted
from starter.code_mail import CodeMail
from starter.identity import IDLE, Check, Session, end_session, name_member, open_session, read_session
from starter.mailer import MailTroubleError
from starter.measures import CODES
from starter.settings import Settings
from starter.team import PERSON
from starter.views import moment, page
from starter.visits import desk_team, is_operations, person_behind, rules_today
from workflows.contract.directory import Directory

_LOG = logging.getLogger(__name__)

HERE = "/operations"
_LONGEST_ADDRESS = 254
Place: TypeAlias = tuple[str, str, str]
"""What a link is called, what it shows, and where it leads."""


def places(settings: Settings) -> list[Place]:
    """Return where operations go from their page: every saved view; none where no setting names the UI."""
    if settings.temporal_ui_url is None:
        return []
    ui, namespace = settings.temporal_ui_url, settings.temporal_namespace
    return [(view.name, view.says, view.link(ui, namespace)) for view in saved_views(datetime.now(UTC))]


@dataclass(frozen=True, slots=True)
class Operations:
    """Serves `/operations` and what stands under it. `by_code`: no provider signs people in."""

    door: Door
    mail: CodeMail
    by_code: bool

    async def show(self, request: Request) -> Response:
        """Show who is signed in and the way to the UI, or the way in. Writes nothing but that the session is in use."""
        async with self.door.pool.acquire() as connection:
            session = await read_session(connection, request.cookies.get(self.door.cookie))
        if session is None:
            return self._way_in()
        return self._page(session, (await rules_today(self.door)).directory)

    async def start(self, request: Request) -> Response:
        """Mail a code to the address typed if it is one of operations. The answer does not say whether it is."""
        address = str((await read_posted(request)).get("address", "")).strip()
        if "@" not in address or len(address) > _LONGEST_ADDRESS:
            return self._way_in({"address": "Enter your email address, such as name@example.test"})
        # The directory is read before the answer, for whichever address; the rest happens after it, unseen.
        directory = (await rules_today(self.door)).directory
        return _code_page(address, task=BackgroundTask(self._send, address, directory))

    async def code(self, request: Request) -> Response:
        """Take the code and start a session under a fresh id."""
        form = await read_posted(request)
        address, typed = str(form.get("address", "")).strip(), "".join(str(form.get("code", "")).split())
        directory = (await rules_today(self.door)).directory
        person = directory.person_by_email(address) if is_operations(address, directory) else None
        async with self.door.pool.acquire() as connection:
            key = self.door.settings.link_keys.active
            # Whoever tries the addresses of others is guessing too.
            check = await check_code_to(connection, person.email, typed, key) if person else Check.WRONG
            CODES.add(1, {"outcome": check.value})
            if person is None or check is not Check.RIGHT:
                return _code_page(
                    address, "This code does not work: use the one in the newest email, or send a new one"
                )
            await end_session(connection, request.cookies.get(self.door.cookie))
            cookie, _ = await open_session(connection, person.email)
        _LOG.info("somebody of operations signed in")
        response = RedirectResponse(HERE, 303)
        self.door.set_cookie(response, cookie)
        return response

    async def person(self, request: Request) -> Response:
        """Note who of operations it is that reads the address they share, before anything is read for them."""
        form, cookie = await read_posted(request), request.cookies.get(self.door.cookie)
        directory = (await rules_today(self.door)).directory
        async with self.door.pool.acquire() as connection:
            session = await read_session(connection, cookie)
            if session is None:
                return RedirectResponse(HERE, 303)
            keys = [one.key for one in desk_team(session.email, directory) or ()]
            chosen = str(form.get(PERSON, ""))
            if form.get("csrf") != session.csrf or session.member or chosen not in keys:
                wrong = "Select who you are" if keys and not session.member else ""
                return self._page(session, directory, wrong)
            await name_member(connection, cookie, chosen)
        return RedirectResponse(HERE, 303)

    async def sign_out(self, request: Request) -> Response:
        """End the session, whosever it is; nothing is read in the UI after that."""
        form, cookie = await read_posted(request), request.cookies.get(self.door.cookie)
        async with self.door.pool.acquire() as connection:
            session = await read_session(connection, cookie)
            if session is not None and form.get("csrf") == session.csrf:
                await end_session(connection, cookie)
        return RedirectResponse(HERE, 303)

    async def _send(self, address: str, directory: Directory) -> None:
        person = directory.person_by_email(address) if is_operations(address, directory) else None
        if person is None:
            _LOG.info("a code for operations was asked for by an address that has not the role")
            return
        async with self.door.pool.acquire() as connection:
            code = await issue_code_to(connection, person.email, self.door.settings.link_keys.active)
        CODES.add(1, {"outcome": "sent" if code else "withheld"})
        if code is None:
            _LOG.warning("no more codes for %s for now", person.key)
            return
        try:
            is_sent = await self.mail.send_to_operations(person, code)
        except MailTroubleError:
            is_sent = False
        if not is_sent:
            _LOG.warning("a code for %s could not be sent", person.key)

    def _way_in(self, errors: dict[str, str] | None = None) -> HTMLResponse:
        return page("operations_in.html", 400 if errors else 200, by_code=self.by_code, errors=errors or {})

    def _page(self, session: Session, directory: Directory, wrong: str = "") -> HTMLResponse:
        if not is_operations(session.email, directory):
            return page("operations_other.html", 403, csrf=session.csrf)
        person, team = person_behind(session, directory), desk_team(session.email, directory)
        return page(
            "operations.html",
            400 if wrong else 200,
            csrf=session.csrf,
            team=[{"value": one.key, "label": one.name} for one in team] if team and person is None else [],
            person=person,
            minutes=int(IDLE.total_seconds() // 60),
            until=moment(datetime.now(UTC) + IDLE),
            places=places(self.door.settings),
            ui=self.door.settings.temporal_ui_url,
            errors={PERSON: wrong} if wrong else {},
        )


def _code_page(address: str, error: str = "", task: BackgroundTask | None = None) -> HTMLResponse:
    errors = {"code": error} if error else {}
    response = page("operations_code.html", 400 if error else 200, address=address, errors=errors)
    response.background = task
    return response
