"""Where one case is, for whoever reviews, countersigns or answers for it; for everybody else there is none."""

from collections.abc import Collection
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from starter.arrivals import Door
from starter.case_story import story_of
from starter.casebook import known_cases
from starter.connections import Connection
from starter.identity import Session
from starter.if_nobody_acts import AHEAD_SHOWN, if_nobody_acts
from starter.judging import Pinned, Rules
from starter.views import Turned, page
from starter.visits import rules_today, visitor
from workflows.contract.ids import REFERENCE
from workflows.policy.authority import why_not_read_case


@dataclass(frozen=True, slots=True)
class CasePage:
    """Serves `/case/{reference}`."""

    door: Door

    async def show(self, request: Request) -> Response:
        """Show where the case is. Writes nothing. Raises Turned alike for a case that is not there and one not hers."""
        session = await visitor(self.door, request)
        reference = request.path_params["reference"]
        if not REFERENCE.fullmatch(reference):
            raise _no_such_case()
        rules = await rules_today(self.door)
        async with self.door.pool.acquire() as connection:
            if reference not in await cases_read_by(connection, session, rules, (reference,)):
                raise _no_such_case()
            pinned = _pinned(rules)
            (known,) = await known_cases(connection, (reference,), pinned)
            ahead = await if_nobody_acts(connection, known, pinned)
        dated, undated = [one for one in ahead if one.at], [one for one in ahead if not one.at]
        more = max(len(dated) - AHEAD_SHOWN, 0)
        story = story_of(known, rules.directory)
        return page("case.html", story=story, ahead=dated[:AHEAD_SHOWN], ahead_more=more, undated=undated)


async def cases_read_by(
    connection: Connection, session: Session, rules: Rules, references: Collection[str]
) -> frozenset[str]:
    """Return those of these cases that are there and that this person may read, by the place where each is now."""
    rows = await connection.fetch(
        """
        SELECT c.reference, c.region, c.pdu, array_remove(array_agg(a.email), NULL) AS appointed
        FROM sfo.cases c LEFT JOIN sfo.appointments a USING (reference)
        WHERE c.reference = ANY($1) GROUP BY c.reference, c.region, c.pdu
        """,
        list(references),
    )
    return frozenset(
        row["reference"]
        for row in rows
        if why_not_read_case(session.email, row["appointed"], rules.directory, row["region"], row["pdu"]) is None
    )


def _pinned(rules: Rules) -> Pinned:
    """Take what cases go by: every rulebook, the holidays that any of them knows, and every directory."""
    announced = frozenset(day.on for book in rules.rulebooks for day in book.bank_holidays)
    return Pinned({book.version: book for book in rules.rulebooks}, rules.holidays | announced, rules.directories)


def _no_such_case() -> Turned:
    words = "The reference may be wrong, or the case may not be yours to see."
    return Turned(
        404, "There is no such case here", words, "If you think that you should see it, tell your regional SFO Team."
    )
