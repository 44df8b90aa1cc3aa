"""Who comes with a link: the gate behind it, whether it can still be answered, and whose session it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from opentelemetry import trace
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from starter.connections import Connection, Pool
from starter.forms import Typed
from starter.identity import LONGEST, Session, read_session
from starter.log_lines import case_of_line
from starter.protection import LARGEST_BODY
from starter.record import LINK_LASTS, Asked, Decided, Gate, decided, gate_of_link
from starter.rendition_files import NO_FILES, Files, files_of
from starter.settings import Settings
from starter.team import Team, known_to_be
from starter.views import Shown, Turned, by_whom, page
from starter.welsh import Ours
from workflows.contract.questions import QUESTIONS, Question
from workflows.contract.vocabulary import GateState
from workflows.policy.answers import Problem
from workflows.policy.links import LinkInvalid, open_

OPTING_IN = ("tell_family", "offer", "handover")
"""The questions of a leg whose answer may be followed by a change of mind, at any time. Rule: facts.md 5.23."""

_ANOTHER = Ours("If you think that you should be asked, tell your regional SFO Team.")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A visit by link: the gate, the person whom the link belongs to, what was decided, who is signed in."""

    token: str
    gate: Gate
    asked: Asked
    link: UUID
    decided: Decided | None
    session: Session | None
    files: Files = NO_FILES

    @property
    def question(self) -> Question:
        """The question as the procedure knows it."""
        return QUESTIONS[self.gate.question]

    @property
    def is_signed_in(self) -> bool:
        """Whether the session is that of the person whom the link belongs to."""
        return self.session is not None and self.session.is_of(self.asked.email)

    @property
    def team(self) -> Team | None:
        """Who can have answered, where a team shares the address."""
        return known_to_be(self.asked.team, self.session.member if self.session else None)

    @property
    def is_foreign(self) -> bool:
        """Whether somebody else is signed in."""
        return self.session is not None and not self.is_signed_in

    def shown(self, session: Session, typed: Typed, problems: Sequence[Problem] = ()) -> Shown:
        """What the question's page shows of this visit."""
        if session.member:
            typed = replace(typed, person=typed.person or session.member)
        shown = Shown(self.token, self.gate, self.question, session.csrf, typed, problems, files=self.files)
        return replace(shown, team=known_to_be(self.asked.team, session.member), member=session.member)

    def decided_page(self) -> HTMLResponse:
        """Say what was decided, when and by which role; the answer itself only to whom the question was put."""
        assert self.decided is not None  # noqa: S101  # callers look first
        answer = self.question.answer(self.decided.answer)
        return page(
            "decided.html",
            409,
            token=self.token,
            gate=self.gate,
            question=self.question,
            decided=self.decided,
            by=by_whom(self.gate, self.decided),
            answer=answer.label if answer and self.is_signed_in else "",
            again=not self.is_signed_in,
            may_opt_in=self.question.key in OPTING_IN,
        )


@dataclass(frozen=True, slots=True)
class Door:
    """Where people come in: it opens links with our keys and knows its own cookie."""

    settings: Settings
    pool: Pool

    @property
    def cookie(self) -> str:
        """The session cookie's name; with https a browser takes it from this host alone."""
        return "__Host-sfo" if self.is_https else "sfo"

    @property
    def is_https(self) -> bool:
        """Whether people reach us by https, so that cookies may travel by nothing else."""
        return self.settings.public_url.startswith("https:")

    async def arrival(self, request: Request) -> Arrival:
        """Find out who comes with the link in the path. Raises Turned for a link that leads nowhere any more."""
        token = request.path_params["token"]
        try:
            link = UUID(bytes=open_(token, self.settings.link_keys.readable))
        except LinkInvalid:
            raise _no_such_link() from None
        async with self.pool.acquire() as connection:
            here = await self._read(connection, token, link, request.cookies.get(self.cookie))
        _name_in_telemetry(here)
        _refuse_stale(here)
        return here

    async def _read(self, connection: Connection, token: str, link: UUID, cookie: str | None) -> Arrival:
        found = await gate_of_link(connection, link)
        if found is None or found[0].question not in QUESTIONS:
            raise _no_such_link()
        gate, asked = found
        standing, files = await decided(connection, gate.gate), await files_of(connection, gate)
        return Arrival(token, gate, asked, link, standing, await read_session(connection, cookie), files)

    def set_cookie(self, response: Response, cookie: str) -> None:
        """Hand a session to the browser: out of reach of scripts and of other sites."""
        response.set_cookie(
            self.cookie,
            cookie,
            max_age=int(LONGEST.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=self.is_https,
        )


async def read_posted(request: Request) -> FormData:
    """Read a form; a page of ours never sends a file or thousands of inputs. One text may be as long as all."""
    return await request.form(max_files=0, max_fields=2_000, max_part_size=LARGEST_BODY)


def carried(form: FormData) -> list[tuple[str, str]]:
    """Return what was typed on a question's page, to be carried through a sign-in and shown again after it."""
    own = ("csrf", "code", "add", "checked", "change")
    return [(name, value) for name, value in form.multi_items() if name not in own and isinstance(value, str)]


def to_question(here: Arrival) -> Response:
    """Lead on to the question's page."""
    return RedirectResponse(f"/a/{here.token}/decide", 303)


def _name_in_telemetry(here: Arrival) -> None:
    """Lines and spans of this request say which case, question and role it is about, and never who."""
    case_of_line.set(here.gate.reference)
    trace.get_current_span().set_attributes(
        {"sfo.case": here.gate.reference, "sfo.gate": here.gate.gate, "sfo.role": str(here.gate.role)}
    )


def _no_such_link() -> Turned:
    words = Ours("It may have been cut in two by a mail program. Open it again from the email, or copy all of it.")
    return Turned(404, Ours("This link does not work"), words)


def _refuse_stale(here: Arrival) -> None:
    """Raise Turned for a link that was good once. A decision is told rather than that the question was closed."""
    gate, revoked_at = here.gate, here.asked.revoked_at
    # Deciding a gate revokes the links of the others in the same moment; an earlier moment is a reassignment.
    if revoked_at and (gate.closed_at is None or revoked_at < gate.closed_at):
        raise Turned(
            410, Ours("Somebody else is asked now"), Ours("This question was given to another person."), _ANOTHER
        )
    if gate.state is GateState.LAPSED:
        words = Ours("The period for this answer is over. %(silent)s", silent=here.question.if_silent)
        raise Turned(410, Ours("The period has ended"), words)
    if gate.state is GateState.WITHDRAWN:
        words = Ours(
            "The case has moved on and this question is no longer asked. There is nothing that you need to do."
        )
        raise Turned(410, Ours("This question was withdrawn"), words)
    if here.decided is None and gate.state is GateState.DECIDED:
        raise Turned(410, Ours("This question is closed"), Ours("There is nothing that you need to do."))
    # A family may change its mind at any time, so the page that says what was decided about its leg stays.
    stays = here.decided is not None and here.question.key in OPTING_IN
    if here.asked.expires_at and gate.now() > here.asked.expires_at and not stays:
        words = Ours(
            "A link works until %(days)s days after the date for the answer or the latest letter.", days=LINK_LASTS.days
        )
        raise Turned(410, Ours("This link has expired"), words, _ANOTHER)
