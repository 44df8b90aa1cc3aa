"""The review's text in the record: its versions, whom it must not name, what stands in the way of submitting it."""

from dataclasses import dataclass
from typing import Any

from activities.people import Place
from workflows.policy.anonymity import Named, Trace, findings_in
from workflows.policy.document import missing

Review = dict[str, Any]


async def last_version(place: Place) -> int:
    """The number of the newest version; 0 while nothing is written."""
    version: int = await place.connection.fetchval(
        "SELECT coalesce(max(version), 0) FROM documents WHERE reference = $1 AND kind = 'review'", place.reference
    )
    return version


async def review_of(place: Place, version: int = 0) -> Review | None:
    """A version's content, or that of the newest where none is named; none while nothing is written."""
    content: Review | None = await place.connection.fetchval(
        """
        SELECT content FROM documents WHERE reference = $1 AND kind = 'review' AND ($2 = 0 OR version = $2)
        ORDER BY version DESC LIMIT 1
        """,
        place.reference,
        version,
    )
    return content


async def names_of(place: Place) -> list[dict[str, str]]:
    """Everyone in the case whose name the record knows, each once: `name`, and `who` they are in a few words.

    Rule: Annex J: the completed review names nobody.
    """
    rows = await place.connection.fetch(_NAMES, place.reference)
    return [{"name": row["name"], "who": row["who"].replace("_", " ").replace(" pdu", " PDU")} for row in rows]


_NAMES = """
    SELECT name, min(who) AS who FROM (
        SELECT person_name AS name, 'supervised person' AS who FROM cases WHERE reference = $1
        UNION ALL SELECT name, role FROM staff WHERE reference = $1
        UNION ALL SELECT name, 'victim or family' FROM victims WHERE reference = $1
        UNION ALL SELECT name, role FROM appointments WHERE reference = $1
        UNION ALL SELECT owner_name, 'owner of an action' FROM actions WHERE reference = $1
    ) everyone
    WHERE name <> '' AND name NOT LIKE '%@%' GROUP BY name ORDER BY who, name
"""


def identifiers_of(place: Place) -> list[str]:
    """The numbers of the supervised person that the record knows: CRN and, where there is one, NOMS."""
    return [place.case[column] for column in ("crn", "noms") if place.case[column]]


@dataclass(frozen=True)
class Obstacles:
    """What keeps a version from being submitted: what is missing, in words, and where somebody is named."""

    missing: tuple[str, ...]
    named: tuple[Trace, ...]


async def obstacles(place: Place, version: int) -> Obstacles:
    """What stands in the way of this version, with the names as the record holds them now."""
    content = await review_of(place, version) or {}
    names = [Named(person["name"], person["who"]) for person in await names_of(place)]
    return Obstacles(missing(content), findings_in(content, names, identifiers_of(place)))
