"""The national SFO team's page: what stands open with the team, and several escalations acknowledged at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from starter.acknowledging import acknowledge_each, acknowledgeable, hand_on
from starter.arrivals import Door, read_posted
from starter.checking import CHECKED
from starter.delivery import Delivery
from starter.identity import Session
from starter.judging import Rules
from starter.national_queue import (
    ACKNOWLEDGE,
    KINDS,
    Filters,
    about,
    asked_for,
    clock_of,
    kind_of,
    read_filters,
    region_name,
    regions_of,
)
from starter.open_questions import Waiting, waiting_nationally
from starter.record import Gate, announced_holidays
from starter.team import PERSON, PERSON_NAME, choices, known_to_be, member_of, problems_of, team_behind
from starter.views import Turned, page
from starter.visits import is_national, rules_today, visitor
from workflows.policy.answers import Problem

SHOWN = 100
"""How many questions stand on one page, and how many can be acknowledged at once; the rest is counted."""


@dataclass(frozen=True, slots=True)
class _Visit:
    """Somebody of the team, what the address asks for, and what a form that is shown again held."""

    session: Session
    rules: Rules
    filters: Filters
    chosen: Collection[str] = ()
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class National:
    """Serves `/national` and `/national/acknowledge`."""

    door: Door
    delivery: Delivery

    async def show(self, request: Request) -> Response:
        """Show what stands open with the team, by the filters of the address. Writes nothing."""
        session, rules = await self._of_the_team(request)
        filters = read_filters(request.query_params, rules.directory)
        return await self._page(_Visit(session, rules, filters), 400 if filters.errors else 200)

    async def acknowledge(self, request: Request) -> Response:
        """Show what was ticked to be checked; then record `acknowledged` for each, hand them on, and tell of each."""
        form = await read_posted(request)
        session, rules = await self._of_the_team(request)
        ticked = [str(name) for name in form.getlist("gate")]
        again = _Visit(session, rules, Filters(), chosen=ticked)
        if form.get("csrf") != session.csrf:  # the page is from an earlier session, of whomever
            words = "The page was from an earlier sign-in: look through what is ticked and send it again"
            return await self._page(_with(again, words), 403)
        if not ticked:
            return await self._page(_with(again, "Tick at least one escalation"), 400)
        if len(ticked) > SHOWN:
            return await self._page(_with(again, f"Tick at most {SHOWN} escalations at once"), 400)
        async with self.door.pool.acquire() as connection:
            gates = await acknowledgeable(connection, ticked)
            if gates is None:
                raise _not_together()
            attempt = str(form.get("attempt") or uuid4())
            team = known_to_be(team_behind(session.email, rules.directory), session.member)
            person, name = str(form.get(PERSON) or session.member or ""), str(form.get(PERSON_NAME, ""))
            problems = problems_of(team, person, name) if form.get(CHECKED) else []
            if problems or not form.get(CHECKED):
                typed = {"person": person, "person_name": name, "attempt": attempt, "csrf": session.csrf}
                offered = None if team is None else choices(team, session.member)
                return _check_page(gates, offered, typed, problems)
            member = member_of(team, person, name)
            recorded = await acknowledge_each(connection, gates, session, attempt, member)
        results = await hand_on(self.delivery, recorded)
        number = sum(one.is_recorded for one in results)
        status = 409 if not number else 202 if any(one.state == "recorded" for one in results) else 200
        return page("acknowledged.html", status, results=results, number=number)

    async def _of_the_team(self, request: Request) -> tuple[Session, Rules]:
        session, rules = await visitor(self.door, request), await rules_today(self.door)
        if not is_national(session, rules):
            words = "This page is for the national HMPPS SFO Team, as the directory of roles has it today."
            raise Turned(
                403, "This page is not yours", words, "What is asked of you stands under My decisions, at /my."
            )
        return session, rules

    async def _page(self, visit: _Visit, status: int) -> HTMLResponse:
        async with self.door.pool.acquire() as connection:
            waiting = await waiting_nationally(connection, visit.session.email)
            holidays = visit.rules.holidays | await announced_holidays(connection)
        found = asked_for(waiting, visit.filters)
        keys = self.door.settings.link_keys
        return page(
            "national.html",
            status,
            rows=[_row(one, visit.rules, holidays) | {"path": one.path(keys)} for one in found[:SHOWN]],
            number=len(found),
            more=max(len(found) - SHOWN, 0),
            late=sum(one.is_late for one in found),
            filters=visit.filters,
            kinds=[(kind, label) for kind, (label, _) in KINDS.items()],
            regions=regions_of(visit.rules.directory),
            errors={**visit.filters.errors, **visit.errors},
            chosen=visit.chosen,
            csrf=visit.session.csrf,
            attempt=str(uuid4()),  # the same page sent twice is one answer to each
        )


def _check_page(
    gates: Sequence[Gate],
    team: Sequence[Mapping[str, str]] | None,
    typed: Mapping[str, str],
    problems: Sequence[Problem],
) -> HTMLResponse:
    return page(
        "acknowledge.html",
        400 if problems else 200,
        gates=[(gate, about(gate.question, gate.subject)) for gate in gates],
        team=team,
        errors={problem.field: problem.message for problem in problems},
        **typed,
    )


def _row(one: Waiting, rules: Rules, holidays: Collection[date]) -> dict[str, object]:
    return {
        "waiting": one,
        "region": region_name(rules.directory, one.region),
        "kind": KINDS[kind_of(one)][0],
        "about": about(one.question.key, one.subject),
        "clock": clock_of(one, holidays),
        "can_tick": one.question.key == ACKNOWLEDGE and one.link is not None,
    }


def _with(visit: _Visit, words: str) -> _Visit:
    return _Visit(visit.session, visit.rules, visit.filters, visit.chosen, {"acknowledge": words})


def _not_together() -> Turned:
    words = "Something among what was sent is not an escalation that the national team is asked to acknowledge."
    return Turned(400, "Nothing was recorded", words, "Open the team's page again, at /national, and tick there.")
