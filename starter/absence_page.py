"""Away: a person names who stands in and when, sees at once where that would break independence, and takes it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from starter.absences import (
    Absence,
    Wanted,
    absences_of,
    covered_by,
    end_absence,
    gaps_of,
    problems_of,
    set_absence,
)
from starter.arrivals import Door, read_posted
from starter.checking import CHANGE, CHECKED
from starter.connections import Connection
from starter.identity import Session
from starter.open_questions import waiting_for
from starter.reports import ReportRefusedError
from starter.views import Turned, page
from starter.visits import rules_today, visitor
from starter.welsh import Ours
from workflows.contract.directory import Directory, Person
from workflows.contract.questions import QUESTIONS
from workflows.policy.answers import Problem
from workflows.policy.authority import IN_WORDS
from workflows.policy.cover import Gap, candidates
from workflows.policy.due import on_in_london

_TYPED = ("from_on", "to_on", "deputy", "absence")
_AGAIN = Ours("The page was from an earlier sign-in: look through it and send it again")


@dataclass(frozen=True, slots=True)
class _Visit:
    """Somebody of the directory, with what was typed and what is wrong with it."""

    session: Session
    person: Person
    directory: Directory
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def candidates(self) -> tuple[Person, ...]:
        """Return who can be named."""
        return candidates(self.person, self.directory)


@dataclass(frozen=True, slots=True)
class Away:
    """Serves `/my/absence` and `/my/absence/end`."""

    door: Door

    async def show(self, request: Request) -> Response:
        """Show what is set, and the form. Writes nothing."""
        return await self._page(await self._visit(request))

    async def set(self, request: Request) -> Response:
        """Check what was typed and show it with what it means; then record it."""
        form = await read_posted(request)
        visit = await self._visit(request, _typed(form))
        if form.get("csrf") != visit.session.csrf:
            return await self._page(visit, [Problem("from_on", _AGAIN)], 403)
        if form.get(CHANGE):
            return await self._page(visit)
        wanted, problems = _wanted(visit)
        today = _today()
        async with self.door.pool.acquire() as connection:
            if wanted:
                problems = await problems_of(connection, visit.directory, wanted, today)
            if wanted is None or problems:
                return await self._page(visit, problems, 400)
            if not form.get(CHECKED):
                return await _check_page(connection, visit, wanted)
            try:
                await set_absence(connection, visit.directory, wanted, visit.session.email, today)
            except ReportRefusedError as refused:  # another page was sent in the same moment
                return await self._page(visit, [Problem("from_on", str(refused))], 409)
        return RedirectResponse("/my/absence", 303)

    async def end(self, request: Request) -> Response:
        """The absence does not count any more; one that is over or somebody else's is left alone."""
        form = await read_posted(request)
        visit = await self._visit(request)
        if form.get("csrf") != visit.session.csrf:
            return await self._page(visit, [Problem("from_on", _AGAIN)], 403)
        async with self.door.pool.acquire() as connection:
            own = {str(one.absence) for one in await absences_of(connection, visit.person.key, _today())}
            if (absence := str(form.get("absence", ""))) in own:
                await end_absence(connection, visit.directory, UUID(absence), visit.session.email)
        return RedirectResponse("/my/absence", 303)

    async def _visit(self, request: Request, typed: Mapping[str, str] | None = None) -> _Visit:
        session = await visitor(self.door, request)
        directory = (await rules_today(self.door)).directory
        person = directory.person_by_email(session.email)
        if person is None:
            words = Ours("Cover is for people in the directory of roles. You are asked about a case that you know.")
            again = Ours("If you are away, tell your regional SFO Team.")
            raise Turned(403, Ours("Nobody can stand in for you here"), words, again)
        if person.shared:
            words = Ours("A team reads this address, so somebody is there. Each of the team sets their own absence.")
            raise Turned(403, Ours("This address is a team's"), words)
        return _Visit(session, person, directory, typed or {})

    async def _page(self, visit: _Visit, problems: Sequence[Problem] = (), status: int = 200) -> Response:
        async with self.door.pool.acquire() as connection:
            own = await absences_of(connection, visit.person.key, _today())
            others = await covered_by(connection, visit.person.key, _today())
        return page(
            "absence.html",
            status,
            own=[(one, _name(visit.directory, one.deputy_key)) for one in own],
            others=[(one, *_whom(visit.directory, one)) for one in others],
            people=[{"value": one.key, "label": one.name} for one in visit.candidates],
            typed={name: visit.typed.get(name, "") for name in _TYPED} | {"absence": _id(visit.typed)},
            errors={problem.field: problem.message for problem in problems},
            csrf=visit.session.csrf,
        )


async def _check_page(connection: Connection, visit: _Visit, wanted: Wanted) -> Response:
    """What setting it means, before it is set: what waits now, and what the deputy may not answer."""
    waiting = await waiting_for(connection, visit.session.email)
    found = await gaps_of(connection, visit.directory, wanted)
    return page(
        "absence_check.html",
        wanted=wanted,
        waiting=len(waiting),
        begins_now=wanted.from_on <= _today(),
        gaps=[(reference, _said(found, reference)) for reference in dict.fromkeys(gap.reference for gap in found)],
        carried=[(name, visit.typed[name]) for name in _TYPED],
        csrf=visit.session.csrf,
    )


def _said(found: Sequence[Gap], reference: str) -> list[tuple[str, str]]:
    """What the deputy may not answer in this case: the question, and why."""
    return [(QUESTIONS[g.question].title, IN_WORDS.get(g.code, g.code)) for g in found if g.reference == reference]


def _wanted(visit: _Visit) -> tuple[Wanted | None, list[Problem]]:
    """What was typed as an absence; or what cannot be read, by input and with the remedy."""
    problems = []
    days = {name: _day(visit.typed[name]) for name in ("from_on", "to_on")}
    if days["from_on"] is None:
        problems.append(Problem("from_on", Ours("Enter the first day that you are away, such as 2027-08-02")))
    if days["to_on"] is None:
        problems.append(Problem("to_on", Ours("Enter the last day that you are away, such as 2027-08-13")))
    deputy = next((one for one in visit.candidates if one.key == visit.typed["deputy"]), None)
    if deputy is None:
        problems.append(Problem("deputy", Ours("Choose who stands in for you")))
    if deputy is None or days["from_on"] is None or days["to_on"] is None:
        return None, problems
    return Wanted(UUID(_id(visit.typed)), visit.person, days["from_on"], days["to_on"], deputy), []


def _typed(form: FormData) -> dict[str, str]:
    return {name: str(form.get(name, "")).strip() for name in _TYPED}


def _id(typed: Mapping[str, str]) -> str:
    """The id that the page carries, so that the same page sent twice is one absence; a fresh one else."""
    try:
        return str(UUID(typed.get("absence", "")))
    except ValueError:
        return str(uuid4())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _name(directory: Directory, key: str | None) -> str:
    person = directory.person(key or "")
    return person.name if person else Ours("nobody who is listed any more")


def _whom(directory: Directory, absence: Absence) -> tuple[str, str]:
    """For whom somebody stands in: the name, and the role."""
    person = directory.person(absence.person_key)
    return (person.name, str(person.roles[0])) if person else (Ours("somebody who is not listed any more"), "")


def _today() -> date:
    return on_in_london(datetime.now(UTC))
