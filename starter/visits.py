"""Who comes without a link: a session that a link's code opened earlier, and the roles that its address holds today."""

import asyncio
import logging
from datetime import UTC, datetime

from starlette.requests import Request

from starter.absences import covered
from starter.arrivals import Door
from starter.identity import Session, read_session
from starter.judging import Rules, RulesError, rules_in_force
from starter.team import Team, team_behind
from starter.views import Turned
from starter.welsh import Ours
from workflows.contract.directory import Directory, Person
from workflows.contract.vocabulary import Role
from workflows.policy.authority import holds
from workflows.policy.due import on_in_london

_LOG = logging.getLogger(__name__)

NATIONAL = (Role.NATIONAL_TEAM,)
OPERATIONS = (Role.OPERATIONS,)


async def visitor(door: Door, request: Request) -> Session:
    """Return whose session this is. Raises Turned for nobody's: an address alone opens nothing."""
    async with door.pool.acquire() as connection:
        session = await read_session(connection, request.cookies.get(door.cookie))
    if session is None:
        raise Turned(
            403,
            Ours("You are not signed in"),
            Ours(
                "Open the link in any email from this service and sign in there. "
                "After that this page shows what is yours."
            ),
            Ours("You are signed out after half an hour without use. Nothing that you recorded is lost."),
        )
    return session


async def rules_today(door: Door) -> Rules:
    """Read what is in force today, so that a role given or taken counts at once, and who stands in for whom.

    Raises Turned where it is unreadable.

    In a thread: reading the files takes a tenth of a second, and other people are being served meanwhile.
    """
    today = on_in_london(datetime.now(UTC))
    try:
        rules = await asyncio.to_thread(rules_in_force, door.settings, today)
    except RulesError as error:
        _LOG.error("the rules in force cannot be read", exc_info=error)
        words = Ours("The directory of roles cannot be read just now. Nothing is lost; please try again later.")
        raise Turned(
            503, Ours("Not just now"), words, Ours("Your questions can still be answered by their links.")
        ) from None
    async with door.pool.acquire() as connection:
        return await covered(connection, rules, today)


def is_national(session: Session, rules: Rules) -> bool:
    """Whether the address holds the national team's role today, or is the recorded deputy of a holder."""
    return holds(session.email, NATIONAL, rules.directory, "", "")


def is_operations(email: str, directory: Directory) -> bool:
    """Whether the address holds the role of operations, or is the recorded deputy of a holder, also by an absence."""
    return holds(email, OPERATIONS, directory, "", "")


def desk_team(email: str, directory: Directory) -> Team | None:
    """Those of operations who read this address together; None: it is one person's."""
    team = team_behind(email, directory)
    return team and tuple(one for one in team if one.email and is_operations(one.email, directory))


def person_behind(session: Session, directory: Directory) -> Person | None:
    """Whose session it is, by the directory; None: not listed, or nobody has said who of the team they are."""
    team = desk_team(session.email, directory)
    if team is None:
        return directory.person_by_email(session.email)
    known = next((one.key for one in team if one.key == session.member), None)
    return directory.person(known) if known else None
