"""How disclosure stands in the record: its legs, what was released; and how a case stood that is opened again."""

from datetime import date

from activities.owing import court_of
from activities.record import Connection, Row, lock_case
from activities.release_facts import is_searched, released_rendition, review_version_of, unsettled
from workflows.contract.messages import CaseLookup, CaseStands, Leg, LegsFound, LegsLookup
from workflows.contract.vocabulary import CourtEventKind, Ground, Stage
from workflows.policy.disclosure import OPENING

_KIND = "victim_rendition"


async def find_legs(connection: Connection, lookup: LegsLookup) -> LegsFound:
    """Each leg as the record holds it, and the version that was released last. Rule: facts.md 5.25."""
    rows = await connection.fetch(
        """
        SELECT v.*, (SELECT max(rendition) FROM releases r
            WHERE r.reference = v.reference AND r.kind = 'victim_rendition' AND r.reader = v.ref) AS given
        FROM victims v WHERE v.reference = $1 ORDER BY length(v.ref), v.ref
        """,
        lookup.reference,
    )
    released = await released_rendition(connection, lookup.reference)
    return LegsFound(
        legs=tuple([_leg(row, await _needs_language(connection, row, released)) for row in rows]),
        convicted_on=await _opened_on(connection, lookup.reference),
        released=released,
        released_version=await review_version_of(connection, lookup.reference, _KIND, released) if released else None,
    )


async def _opened_on(connection: Connection, reference: str) -> date | None:
    """The first day on which the court opened disclosure, counted anew after a conviction was quashed."""
    rows = await connection.fetch(
        """
        SELECT kind, on_date FROM court_events WHERE reference = $1 AND applied_at IS NOT NULL
        ORDER BY applied_at, on_date
        """,
        reference,
    )
    opened: date | None = None
    for row in rows:
        kind = CourtEventKind(row["kind"])
        if kind is CourtEventKind.QUASHED:
            opened = None
        elif kind in OPENING:
            opened = opened or row["on_date"]
    return opened


async def _needs_language(connection: Connection, row: Row, released: int | None) -> bool:
    """Another language than English is arranged, and a translation clean: searched, with each finding settled."""
    if row["language"] == "en":
        return False
    if row["language_arranged"] != "translated" or released is None:
        return row["language_arranged"] is None
    about = (connection, row["reference"], _KIND, released, row["ref"])
    return not await is_searched(*about) or await unsettled(*about) > 0


def _leg(row: Row, needs_language: bool) -> Leg:
    return Leg(
        victim=row["ref"],
        referred_on=row["referred_on"],
        is_told=row["told_on"] is not None,
        is_stop_told=row["stopped_told_on"] is not None,
        answer=row["answer"],
        needs_language=needs_language,
        given=row["given"],
        is_closed=row["closed_because"] is not None,
    )


async def find_case(connection: Connection, lookup: CaseLookup) -> CaseStands:
    """The case as it stood when it closed. Errors: ApplicationError `UnknownCase`."""
    case = await lock_case(connection, lookup.reference)
    stages = await connection.fetch(
        "SELECT DISTINCT stage FROM gates WHERE reference = $1 UNION "
        "SELECT split_part(key, '/ended/', 2) FROM transitions WHERE key LIKE $1 || '/ended/%'",
        lookup.reference,
    )
    return CaseStands(
        ground=Ground(case["ground"]),
        rulebook=case["rulebook"] or "",
        court=tuple(CourtEventKind(kind) for kind in await court_of(connection, lookup.reference)),
        appeared_on=case["appeared_on"],
        version=case["accepted_version"],
        rounds=await connection.fetchval(
            "SELECT count(DISTINCT stage) FROM gates WHERE reference = $1 AND stage ~ '^review(-[0-9]+)?$'",
            lookup.reference,
        ),
        region=case["region"],
        pdu=case["pdu"],
        stages=_times([row["stage"] for row in stages]),
        is_corrected=case["corrected_since"] is not None,
    )


def _times(parts: list[str]) -> dict[str, int]:
    """How often each stage has run, from the parts of its ids: `review-3` is the third time."""
    times: dict[str, int] = {}
    for part in parts:
        for stage in Stage:
            number = part.removeprefix(f"{stage}-") if part != stage else "1"
            if number.isdecimal():
                times[str(stage)] = max(times.get(str(stage), 0), int(number))
    return times
