"""What the record holds about releasing the victim version; whether it may leave is policy's to say."""

from activities.answered import Answered
from activities.escalations import is_held
from activities.record import fingerprint
from workflows.contract.vocabulary import CourtEventKind
from workflows.policy.disclosure import ReleaseFacts
from workflows.policy.duties import AFFECTED


async def released_rendition(answered: Answered) -> int | None:
    """The number of the rendition that the last release decision was about."""
    subject = await answered.connection.fetchval(
        """
        SELECT g.subject FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.question = 'release' AND d.answer = 'released' AND d.applied_at IS NOT NULL
        ORDER BY d.applied_at DESC LIMIT 1
        """,
        answered.reference,
    )
    return int(subject.removeprefix("r")) if subject else None


async def hashes(answered: Answered, rendition: int | None) -> tuple[str | None, str]:
    """The hash under which the rendition was released, and that of the text as it stands now."""
    row = await answered.connection.fetchrow(
        "SELECT sha256, content FROM documents WHERE reference = $1 AND kind = 'victim_rendition' AND version = $2",
        answered.reference,
        rendition,
    )
    return (row["sha256"], fingerprint(row["content"])) if row else (None, "")


async def release_facts(answered: Answered, rendition: int) -> ReleaseFacts:
    """What policy must know before this rendition may be released or handed over."""
    connection, reference = answered.connection, answered.reference
    court = await connection.fetch("SELECT kind FROM court_events WHERE reference = $1", reference)
    staff = await connection.fetch(
        "SELECT ref FROM staff WHERE reference = $1 AND role = ANY($2)", reference, [str(role) for role in AFFECTED]
    )
    rendered = await connection.fetchval(
        """
        SELECT content ->> 'review_version' FROM documents
        WHERE reference = $1 AND kind = 'victim_rendition' AND version = $2
        """,
        reference,
        rendition,
    )
    version = answered.place.case["accepted_version"]
    undecided = await connection.fetchval(
        "SELECT count(*) FROM redactions WHERE reference = $1 AND version = $2 AND accepted IS NULL", reference, version
    )
    return ReleaseFacts(
        court=tuple(CourtEventKind(row["kind"]) for row in court),
        accepted_version=version,
        rendition_version=int(rendered) if rendered else None,
        staff=tuple(row["ref"] for row in staff),
        impacts=await _impacts(answered),
        agreed_exceptions=await _agreed(answered),
        undecided_redactions=undecided,
        is_held=await is_held(connection, reference),
    )


async def _impacts(answered: Answered) -> dict[str, str]:
    """The last assessment of each member of staff, by number."""
    rows = await answered.connection.fetch(
        """
        SELECT g.subject, d.answer FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.question = 'staff_impact' AND d.applied_at IS NOT NULL ORDER BY d.applied_at
        """,
        answered.reference,
    )
    return {row["subject"]: row["answer"] for row in rows}


async def _agreed(answered: Answered) -> frozenset[str]:
    """The staff numbers about whom the national team decided that disclosure may go on."""
    rows = await answered.connection.fetch(
        """
        SELECT about FROM escalations WHERE reference = $1 AND kind = 'staff_safety' AND state = 'resolved'
            AND outcome IN ('release', 'change') AND about IS NOT NULL
        """,
        answered.reference,
    )
    return frozenset(row["about"] for row in rows)
