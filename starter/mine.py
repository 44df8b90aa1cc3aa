"""My decisions: everything that the person who is signed in is asked now, and what she decided last."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from starter.arrivals import Door
from starter.case_page import cases_read_by
from starter.identity import Session
from starter.judging import Rules
from starter.open_questions import PAST_SHOWN, decisions_of, waiting_for
from starter.views import Turned, page
from starter.visits import is_national, rules_today, visitor

SHOWN = 100
"""How many open questions stand on one page; the rest is counted. They are the latest and the next ones."""


@dataclass(frozen=True, slots=True)
class Mine:
    """Serves `/my`."""

    door: Door

    async def show(self, request: Request) -> Response:
        """Show what waits for the person who is signed in, whichever of her links she came by. Writes nothing."""
        session = await visitor(self.door, request)
        rules = await self._rules()
        async with self.door.pool.acquire() as connection:
            waiting = await waiting_for(connection, session.email)
            past = await decisions_of(connection, session.email)
            cases = {one.reference for one in waiting} | {one.reference for one in past}
            may_read = await cases_read_by(connection, session, rules, cases) if rules else frozenset()
        keys = self.door.settings.link_keys
        return page(
            "mine.html",
            waiting=[(one, one.path(keys)) for one in waiting[:SHOWN]],
            late=sum(one.is_late for one in waiting),
            more=max(len(waiting) - SHOWN, 0),
            past=past,
            past_shown=PAST_SHOWN,
            may_read=may_read,
            is_national=rules is not None and is_national(session, rules),
            may_be_away=rules is not None and _may_be_away(session, rules),
        )

    async def _rules(self) -> Rules | None:
        """What is in force today; none: it cannot be read, and her own questions stand here all the same."""
        try:
            return await rules_today(self.door)
        except Turned:
            return None


def _may_be_away(session: Session, rules: Rules) -> bool:
    """Whether cover can be set for whoever is signed in: a person of the directory, no team's address."""
    person = rules.directory.person_by_email(session.email)
    return person is not None and not person.shared
