"""What the record holds about releasing a rendition; whether it may leave is policy's to say."""

import hashlib

from activities.escalations import is_held, is_stopped
from activities.owing import court_of
from activities.people import Place
from activities.record import Connection, fingerprint
from workflows.contract.rendition import Audience
from workflows.contract.vocabulary import CourtEventKind
from workflows.policy.disclosure import ReleaseFacts
from workflows.policy.duties import AFFECTED

KINDS = {
    Audience.INTERNAL: "internal_rendition",
    Audience.VICTIM: "victim_rendition",
    Audience.PUBLIC: "public_rendition",
}
_AUDIENCES = {kind: audience for audience, kind in KINDS.items()}
_RELEASE = {"victim_rendition": "release", "public_rendition": "release_public"}


async def released_rendition(connection: Connection, reference: str, kind: str = "victim_rendition") -> int | None:
    """The number of the rendition that the last release decision was about."""
    subject = await connection.fetchval(
        """
        SELECT g.subject FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.question = $2 AND d.answer = 'released' AND d.applied_at IS NOT NULL
        ORDER BY d.applied_at DESC, d.recorded_at DESC LIMIT 1
        """,
        reference,
        _RELEASE[kind],
    )
    return int(subject.lstrip("rp")) if subject else None


async def hashes(connection: Connection, reference: str, kind: str, rendition: int | None) -> tuple[str | None, str]:
    """The hash under which a rendition stands, and that of its text as it is now; empty where a file was changed."""
    row = await connection.fetchrow(
        "SELECT sha256, content FROM documents WHERE reference = $1 AND kind = $2 AND version = $3",
        reference,
        kind,
        rendition,
    )
    files = await connection.fetch(
        "SELECT bytes, sha256 FROM rendition_files WHERE reference = $1 AND kind = $2 AND version = $3",
        reference,
        kind,
        rendition,
    )
    if row is None:
        return None, ""
    is_sound = all(hashlib.sha256(file["bytes"]).hexdigest() == file["sha256"] for file in files)
    return row["sha256"], fingerprint(row["content"]) if is_sound else ""


async def review_version_of(connection: Connection, reference: str, kind: str, rendition: int) -> int | None:
    """The version of the review that a rendition shows."""
    version: str | None = await connection.fetchval(
        "SELECT content ->> 'review_version' FROM documents WHERE reference = $1 AND kind = $2 AND version = $3",
        reference,
        kind,
        rendition,
    )
    return int(version) if version else None


async def is_as_released(connection: Connection, reference: str, rendition: int | None) -> bool:
    """Whether text and files have the hashes with which the release stands in the chain; so if it holds none."""
    detail = await connection.fetchval(
        """
        SELECT detail FROM audit WHERE reference = $1 AND action = 'rendition_released' AND subject = $2
        ORDER BY seq DESC LIMIT 1
        """,
        reference,
        f"r{rendition}",
    )
    if detail is None:
        return True
    rows = await connection.fetch(
        """
        SELECT 'text' AS name, sha256 FROM documents WHERE reference = $1 AND kind = 'victim_rendition' AND version = $2
        UNION ALL SELECT language || '.' || format, sha256 FROM rendition_files
        WHERE reference = $1 AND kind = 'victim_rendition' AND version = $2
        """,
        reference,
        rendition,
    )
    now = {row["name"]: row["sha256"] for row in rows}
    return {"text": detail["sha256"], **detail["files"]}.items() <= now.items()


async def translation(
    connection: Connection, reference: str, kind: str, rendition: int | None, victim: str
) -> str | None:
    """The latest translation of this rendition that was given back for a leg, `v2-3`."""
    found: str | None = await connection.fetchval(
        """
        SELECT language FROM rendition_files WHERE reference = $1 AND kind = $2 AND version = $3
            AND split_part(language, '-', 1) = $4 ORDER BY length(language) DESC, language DESC LIMIT 1
        """,
        reference,
        kind,
        rendition,
        victim,
    )
    return found


async def release_facts(place: Place, kind: str, rendition: int, victim: str | None = None) -> ReleaseFacts:
    """What policy must know before this rendition may be released, or handed over to a victim or family."""
    connection, reference, version = place.connection, place.reference, place.case["accepted_version"]
    staff = await connection.fetch(
        "SELECT ref FROM staff WHERE reference = $1 AND role = ANY($2)", reference, [str(role) for role in AFFECTED]
    )
    impacts = await connection.fetch(
        "SELECT DISTINCT ON (ref) * FROM impacts WHERE reference = $1 ORDER BY ref, number DESC", reference
    )
    return ReleaseFacts(
        court=await _court(connection, reference),
        accepted_version=version,
        rendition_version=await review_version_of(connection, reference, kind, rendition),
        staff=tuple(row["ref"] for row in staff),
        impacts={row["ref"]: row["impact"] for row in impacts},
        agreed_exceptions=await _agreed(connection, reference),
        confirmed_plans=frozenset(row["ref"] for row in impacts if row["confirmed_on"]),
        undecided_redactions=await _undecided(connection, reference, version, _AUDIENCES[kind]),
        unsettled_leaks=await unsettled(connection, reference, kind, rendition, victim),
        is_searched=await is_searched(connection, reference, kind, rendition, victim),
        is_held=await is_held(connection, reference) or await is_stopped(connection, reference),
        is_corrected=place.case["corrected_since"] is not None,
    )


async def _court(connection: Connection, reference: str) -> tuple[CourtEventKind, ...]:
    """What the court has done; a quashing of which the case has not heard yet shuts already. Rule: design.md 3.3."""
    waits = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM court_events WHERE reference = $1 AND kind = $2 AND applied_at IS NULL)",
        reference,
        str(CourtEventKind.QUASHED),
    )
    return (*await court_of(connection, reference), *((CourtEventKind.QUASHED,) if waits else ()))


# --- the files that leave ----------------------------------------------------------------------------------

# A file was searched where it was so for every name that the case has by now; the internal version for those that it
# had when the review was finished, since its readers are entitled to it and to the names of the case.
# Those that were rendered; and for a leg whose language was arranged with a translation, the latest one. An earlier
# translation, or one of a leg that has an interpreter now, is given to nobody, so that nothing in it is waited for.
_LEAVING = """
    SELECT f.language, f.format, f.sha256, s.searched_at FROM rendition_files f
    LEFT JOIN victims v ON v.reference = f.reference AND v.ref = split_part(f.language, '-', 1)
    LEFT JOIN file_searches s ON (s.reference, s.kind, s.version, s.language, s.format, s.sha256)
        = (f.reference, f.kind, f.version, f.language, f.format, f.sha256)
        AND (f.kind = 'internal_rendition' OR s.names = (SELECT c.names FROM cases c WHERE c.reference = f.reference))
    WHERE f.reference = $1 AND f.kind = $2 AND f.version = $3 AND (strpos(f.language, '-') = 0
        OR v.ref = coalesce($4::text, v.ref) AND v.language_arranged = 'translated' AND f.language = (
            SELECT t.language FROM rendition_files t
            WHERE (t.reference, t.kind, t.version) = (f.reference, f.kind, f.version)
                AND split_part(t.language, '-', 1) = v.ref ORDER BY length(t.language) DESC, t.language DESC LIMIT 1))
"""
OPEN_LEAKS = f"""
    SELECT l.* FROM leaks l WHERE l.reference = $1 AND l.kind = $2 AND l.version = $3 AND l.why IS NULL
        AND EXISTS (SELECT FROM ({_LEAVING}) f WHERE f.language || '.' || f.format = ANY(l.formats))
    ORDER BY l.what, l.place, l.key
"""
"""What the search found in the files that leave and nobody has settled; $4: in those of this leg, null: in any."""


async def unsettled(
    connection: Connection, reference: str, kind: str, rendition: int, victim: str | None = None
) -> int:
    """How many findings of the search nobody has settled, in the files that leave for this leg or for anybody."""
    return len(await connection.fetch(OPEN_LEAKS, reference, kind, rendition, victim))


async def is_searched(
    connection: Connection, reference: str, kind: str, rendition: int, victim: str | None = None
) -> bool:
    """Whether there is a file, and each that leaves was searched as it is now, for every name so far; fails closed."""
    rows = await connection.fetch(_LEAVING, reference, kind, rendition, victim)
    return bool(rows) and all(row["searched_at"] for row in rows)


async def _undecided(connection: Connection, reference: str, version: int | None, audience: Audience) -> int:
    count: int = await connection.fetchval(
        """
        SELECT count(*) FROM redactions WHERE reference = $1 AND version = $2 AND audience = $3
            AND withdrawn_at IS NULL AND accepted IS NULL
        """,
        reference,
        version,
        str(audience),
    )
    return count


async def _agreed(connection: Connection, reference: str) -> frozenset[str]:
    """The staff numbers about whom the national team decided last that disclosure may go on as it is."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT ON (about) about, state, outcome FROM escalations
        WHERE reference = $1 AND kind = 'staff_safety' AND about IS NOT NULL ORDER BY about, number DESC
        """,
        reference,
    )
    return frozenset(row["about"] for row in rows if row["state"] == "resolved" and row["outcome"] == "release")
