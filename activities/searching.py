"""The search of files before they leave: for everything that the record knows must not stand in them. Fails closed.

Rule: Annex J (victims), fully anonymised; facts.md 4.2. What is looked for is gathered here, how is policy's.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from activities.leak_gate import search_file
from activities.means import Means
from activities.people import Place
from activities.record import Connection, Row, audit, lock_case, transaction
from activities.redacting import called, standing
from activities.release_facts import KINDS, review_version_of
from activities.review_text import names_of, review_of
from workflows.contract.directory import Contact
from workflows.contract.messages import RenditionRequest
from workflows.contract.rendition import Audience, FileFormat
from workflows.policy.anonymity import Named
from workflows.policy.leaked_spans import Redacted
from workflows.policy.leaks import Known, Leak
from workflows.policy.plain_letters import readings_of
from workflows.policy.redaction import Redaction, places

_BESIDE = 40  # characters beside a removed text that tell its place


async def search(means: Means, request: RenditionRequest, number: int) -> None:
    """Every file of this rendition that was not searched yet for every name; each finding stands once.

    Whoever became known after a search, such as by a family's other name, is looked for in the same file once more.
    What a person let stay in an earlier rendition, for the same words at the same place, stays settled.
    """
    async with transaction(means.pool) as connection:
        case = await lock_case(connection, request.reference)
        place = Place(connection, await means.directory(connection, request.at), case)
        files = await _not_searched(place, request, number)
        known = await _known(place, request.audience, number) if files else Known()
    for file in files:
        found = await asyncio.to_thread(search_file, FileFormat(file["format"]), file["bytes"], known)
        async with transaction(means.pool) as connection:
            await _keep(connection, request, number, file, found)


async def _not_searched(place: Place, request: RenditionRequest, number: int) -> list[Row]:
    """The files that were not searched yet for every name that the case has now, each with how many those are."""
    return await place.connection.fetch(
        """
        SELECT f.*, $4::integer AS names FROM rendition_files f
        WHERE f.reference = $1 AND f.kind = $2 AND f.version = $3 AND NOT EXISTS (SELECT FROM file_searches s
            WHERE (s.reference, s.kind, s.version, s.language, s.format, s.names)
                = (f.reference, f.kind, f.version, f.language, f.format, $4))
        ORDER BY f.language, f.format
        """,
        request.reference,
        KINDS[request.audience],
        number,
        place.case["names"],
    )


# --- what must not stand in a file -----------------------------------------------------------------------


async def _known(place: Place, audience: Audience, number: int) -> Known:
    """Names, other names, numbers, dates of birth, what was removed; and the contact's texts, which may stand."""
    rows = await place.connection.fetch(_OTHER_NAMES, place.reference)
    people: list[Mapping[str, str]] = [*await names_of(place), *(dict(row) for row in rows)]
    version = await review_version_of(place.connection, place.reference, KINDS[audience], number) or 0
    contact = contact_of(place)
    return Known(
        names=tuple(dict.fromkeys(Named(row["name"], row["who"]) for row in people)),
        identifiers=tuple(place.case[column] for column in ("crn", "noms") if place.case[column]),
        born_on=(place.case["date_of_birth"],) if place.case["date_of_birth"] else (),
        spans=_removed(
            await review_of(place, version) or {},
            await standing(place.connection, place.reference, version, audience),
        ),
        allowed=_allowed(contact),
    )


_OTHER_NAMES = """
    SELECT name, who FROM (
        SELECT unnest(person_aliases) AS name, 'supervised person' AS who FROM cases WHERE reference = $1
        UNION ALL SELECT unnest(aliases), 'victim or family' FROM victims WHERE reference = $1
        UNION ALL SELECT adult, 'responsible adult' FROM victims WHERE reference = $1
        UNION ALL SELECT officer_name, 'victim liaison officer' FROM victims WHERE reference = $1
    ) everyone
    WHERE coalesce(name, '') <> '' ORDER BY who, name
"""


def _allowed(contact: Contact | None) -> tuple[str, ...]:
    """The contact's texts as they stand, and as the search reads them anew, its digits as letters: n53 as nse."""
    texts = (contact.name, contact.phone, contact.email, contact.hours) if contact else ()
    return tuple(reading for text in texts if text for reading in readings_of(text))


def contact_of(place: Place) -> Contact | None:
    """Whom a reader of this region calls; a team, whose details stand in what is given."""
    region = place.directory.region(place.case["region"])
    return region.victim_contact if region else None


def _removed(review: dict[str, Any], redactions: list[Redaction]) -> tuple[Redacted, ...]:
    """Each removed text, with the words that stay beside it."""
    there = places(review)
    return tuple(
        Redacted(
            one.span.text,
            one.number,
            before=there[one.span.place].text[max(0, one.span.start - _BESIDE) : one.span.start],
            after=there[one.span.place].text[one.span.end : one.span.end + _BESIDE],
        )
        for one in redactions
        if one.accepted and one.span.place in there
    )


# --- what was found ----------------------------------------------------------------------------------------


async def _keep(
    connection: Connection, request: RenditionRequest, number: int, file: Row, found: tuple[Leak, ...]
) -> None:
    """The findings and that the file was searched, once, in one transaction."""
    kind, name = KINDS[request.audience], f"{file['language']}.{file['format']}"
    is_first = await connection.fetchval(
        """
        INSERT INTO file_searches (reference, kind, version, language, format, sha256, names, searched_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING true
        """,
        request.reference,
        kind,
        number,
        file["language"],
        file["format"],
        file["sha256"],
        file["names"],
        request.at,
    )
    if not is_first:
        return
    for leak in found:
        await connection.execute(
            _FOUND, request.reference, kind, number, leak.key, str(leak.kind), leak.where, leak.excerpt, name,
            request.at,
        )  # fmt: skip
    await audit(
        connection, request.at, request.reference, "system", "file_searched",
        called(request.audience, number),
        file=name, sha256=file["sha256"], findings=len(found),
    )  # fmt: skip


_FOUND = """
    INSERT INTO leaks (reference, kind, version, key, what, place, excerpt, formats, why, settled_by, decision, at)
    SELECT $1, $2, $3, $4, $5, $6, $7, ARRAY[$8::text], e.why, e.settled_by, e.decision, $9
    FROM (SELECT 1) one LEFT JOIN LATERAL (
        SELECT * FROM leaks WHERE reference = $1 AND kind = $2 AND key = $4 AND version < $3 AND why IS NOT NULL
        ORDER BY version DESC LIMIT 1
    ) e ON true
    ON CONFLICT (reference, kind, version, key) DO UPDATE SET formats = leaks.formats || excluded.formats
        WHERE NOT leaks.formats @> excluded.formats
"""
