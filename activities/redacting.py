"""Redactions in the record: what stands on a version, what an earlier version hands on, and what is proposed anew."""

from collections.abc import Mapping, Sequence
from typing import Any

from activities.asked import Asking
from activities.record import Connection, Row, audit, remember, remembered
from workflows.contract.rendition import Audience
from workflows.policy.redaction import Carried, Redaction, Span, carried_over, places
from workflows.policy.spans import overlap
from workflows.policy.spans import standing as stands_at

_CALLED = {"v": Audience.VICTIM, "r": Audience.VICTIM, "p": Audience.PUBLIC, "i": Audience.INTERNAL}
_CALLS = {audience: letter for letter, audience in _CALLED.items()}  # of two, the letter of the rendition


def audience_of(subject: str) -> Audience:
    """For whom a question about redactions or a rendition is: `v3`, `r1` victims, `p3`, `p1` the public, `i3` ours."""
    return _CALLED[subject[:1]]


def called(audience: Audience, number: int) -> str:
    """How questions and the audit name a rendition: `r1` for victims, `p1` for the public, `i3` inside HMPPS."""
    return f"{_CALLS[audience]}{number}"


async def standing(connection: Connection, reference: str, version: int, audience: Audience) -> list[Redaction]:
    """The redactions of this version that count, decided or not, in their order."""
    rows = await connection.fetch(
        """
        SELECT * FROM redactions WHERE reference = $1 AND version = $2 AND audience = $3
            AND withdrawn_at IS NULL AND place IS NOT NULL ORDER BY number
        """,
        reference,
        version,
        str(audience),
    )
    return [_redaction(row) for row in rows]


def _redaction(row: Row) -> Redaction:
    return Redaction(
        number=row["number"],
        version=row["version"],
        span=Span(row["place"], row["starts"], row["ends"], row["passage"]),
        ground=row["ground"],
        note=row["note"],
        proposed_by=row["proposed_by"] or "",
        accepted=row["accepted"],
        decided_by=row["decided_by"],
    )


async def insert(
    connection: Connection, reference: str, audience: Audience, redactions: Sequence[Redaction], **columns: Any
) -> None:
    """The redactions stand under the next numbers of the case. `columns`: `carried_from` and `earlier`, by position."""
    first = await connection.fetchval(
        "SELECT coalesce(max(number), 0) + 1 FROM redactions WHERE reference = $1", reference
    )
    nothing = [None] * len(redactions)
    await connection.executemany(
        """
        INSERT INTO redactions (reference, number, version, audience, place, starts, ends, passage, ground, note,
            proposed_by, accepted, decided_by, carried_from, earlier)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        """,
        [
            (
                reference, number, one.version, str(audience), one.span.place, one.span.start, one.span.end,
                one.span.text, one.ground, one.note, one.proposed_by, one.accepted, one.decided_by, carried, earlier,
            )
            for number, (one, carried, earlier) in enumerate(
                zip(redactions, columns.get("carried_from", nothing), columns.get("earlier", nothing), strict=True),
                start=first,
            )
        ],
    )  # fmt: skip


async def carry_over(asking: Asking) -> None:
    """A later version has what was decided on the one before; what changed around it is asked again.

    Once for each version and audience: nothing is carried where something stands already. Rule: Annex J; facts.md 6.6.
    """
    connection, reference, version = asking.place.connection, asking.place.reference, asking.number
    audience = audience_of(asking.request.subject or "")
    key = f"{reference}/redactions-carried/{audience}/{version}"
    before = await _version_before(connection, reference, version, audience)
    if before is None or await standing(connection, reference, version, audience) or await remembered(connection, key):
        return
    old, new = [await _text(connection, reference, number) for number in (before, version)]
    earlier = await standing(connection, reference, before, audience)
    carried = carried_over(old, new, earlier, version=version)
    again, gone = _asked_again(carried, old, new)
    proposed = [_anew(one, span, version) for one, span in again]
    await insert(
        connection,
        reference,
        audience,
        [*carried.kept, *proposed],
        carried_from=[one.number for one in (*carried.kept, *proposed)],
        earlier=[*(None for _ in carried.kept), *(one.accepted for one, _ in again)],
    )
    await remember(connection, key, None)
    await audit(
        connection, asking.request.at, reference, "system", "redactions_carried", asking.request.subject or "",
        before=before, audience=audience, kept=len(carried.kept), asked_again=len(again), gone=gone,
    )  # fmt: skip


def _asked_again(
    carried: Carried, old: Mapping[str, Any], new: Mapping[str, Any]
) -> tuple[list[tuple[Redaction, Span]], int]:
    """Where each is proposed again, and how many stand nowhere any more.

    Words to be removed that stand in several places now are proposed in each of them, in their part of the review
    where they stand there: better asked about too often than shown.
    """
    taken = [one.span for one in carried.kept] + [one.span for one in carried.asked_again if one.span]
    found, gone = list[tuple[Redaction, Span]](), 0
    for one in carried.asked_again:
        spans = [one.span] if one.span else []
        if one.why == "ambiguous" and one.redaction.accepted is not False:
            spans = [hit for hit in _hits(one.redaction.span, old, new) if not any(overlap(hit, t) for t in taken)]
            taken += spans
        found += [(one.redaction, span) for span in spans]
        gone += not spans
    return found, gone


def _hits(span: Span, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Span]:
    was, there = places(old).get(span.place), places(new)
    everywhere = list(stands_at(span.text, there.values()))
    return [hit for hit in everywhere if was and there[hit.place].part == was.part] or everywhere


def _anew(one: Redaction, span: Span, version: int) -> Redaction:
    """Proposed once more where its words stand now; the second person decides as if for the first time."""
    return Redaction(one.number, version, span, one.ground, one.note, one.proposed_by)


async def _version_before(connection: Connection, reference: str, version: int, audience: Audience) -> int | None:
    found: int | None = await connection.fetchval(
        """
        SELECT max(version) FROM redactions WHERE reference = $1 AND version < $2 AND audience = $3
            AND withdrawn_at IS NULL AND place IS NOT NULL
        """,
        reference,
        version,
        str(audience),
    )
    return found


async def _text(connection: Connection, reference: str, version: int) -> dict[str, Any]:
    content: dict[str, Any] = await connection.fetchval(
        "SELECT content FROM documents WHERE reference = $1 AND kind = 'review' AND version = $2", reference, version
    )
    return content
