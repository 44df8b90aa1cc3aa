"""Renditions in the record: composed from data, rendered to files, each file searched before it may leave.

Nothing is painted over: what was redacted is not in the data from which the files are made.
"""

import asyncio
import hashlib

from temporalio.exceptions import ApplicationError

from activities.means import Means
from activities.people import Place
from activities.record import Connection, audit, fingerprint, lock_case, transaction
from activities.redacting import standing
from activities.release_facts import KINDS, released_rendition, unsettled
from activities.rendering import formats, render
from activities.review_text import review_of
from activities.searching import contact_of, search
from workflows.contract.messages import Rendition, RenditionRequest
from workflows.contract.rendition import Audience, RenditionText
from workflows.policy.renditions import compose


async def prepare_rendition(means: Means, request: RenditionRequest) -> Rendition:
    """The rendition and its files stand in the record, searched; the same text again is the same rendition.

    Three short transactions: rendering and searching take seconds, and nobody waits for the case's row meanwhile.
    Errors: ApplicationError `UnknownVersion`.
    """
    async with transaction(means.pool) as connection:
        place = Place(connection, means.directory(request.at), await lock_case(connection, request.reference))
        text = await _compose(place, request)
        number = await _number_of(connection, request, text)
    await _render(means, request, text, number)
    return await _searched(means, request, number)


async def search_files(means: Means, request: RenditionRequest) -> Rendition:
    """Every file of this rendition was searched, a translation that was given back since too.

    `request.version` is the rendition's number. Errors: ApplicationError `UnknownVersion`.
    """
    return await _searched(means, request, request.version)


async def _searched(means: Means, request: RenditionRequest, number: int) -> Rendition:
    kind = KINDS[request.audience]
    async with transaction(means.pool) as connection:
        digest = await connection.fetchval(
            "SELECT sha256 FROM documents WHERE reference = $1 AND kind = $2 AND version = $3",
            request.reference,
            kind,
            number,
        )
    if digest is None:
        raise ApplicationError("the record holds no such rendition", type="UnknownVersion")
    await search(means, request, number)
    async with transaction(means.pool) as connection:
        left = await unsettled(connection, request.reference, kind, number)
    return Rendition(rendition=str(number), sha256=digest, leaks=left)


def called(audience: Audience, number: int) -> str:
    """How questions and the audit name a rendition, `r1` for victims, `p1` for the public."""
    return f"{'p' if audience is Audience.PUBLIC else 'r'}{number}"


# --- composed and rendered -----------------------------------------------------------------------------


async def _compose(place: Place, request: RenditionRequest) -> RenditionText:
    connection, kind = place.connection, KINDS[request.audience]
    review = await review_of(place, request.version)
    if review is None:
        raise ApplicationError("the record holds no such version of the review", type="UnknownVersion")
    earlier = await released_rendition(connection, request.reference, kind)
    before = await connection.fetchval(
        "SELECT content FROM documents WHERE reference = $1 AND kind = $2 AND version = $3",
        request.reference,
        kind,
        earlier,
    )
    return compose(
        review,
        await standing(connection, request.reference, request.version, request.audience),
        audience=request.audience,
        review_version=request.version,
        summary=await _summary(connection, request),
        contact=contact_of(place),
        previous=RenditionText.model_validate(before) if before else None,
        previous_number=earlier if before else None,
    )


async def _summary(connection: Connection, request: RenditionRequest) -> list[str]:
    """The plain words with which the document opens, as whoever proposed the redactions wrote them last."""
    subject = f"{'p' if request.audience is Audience.PUBLIC else 'v'}{request.version}"
    written: str | None = await connection.fetchval(
        """
        SELECT d.fields ->> 'summary' FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.question = 'redactions' AND g.subject = $2 AND d.applied_at IS NOT NULL
        ORDER BY d.applied_at DESC, d.recorded_at DESC LIMIT 1
        """,
        request.reference,
        subject,
    )
    return [line.strip() for line in (written or "").split("\n") if line.strip()]


async def _number_of(connection: Connection, request: RenditionRequest, text: RenditionText) -> int:
    """The number under which this text stands; it is new only where no rendition has the same text."""
    kind, content = KINDS[request.audience], text.model_dump(mode="json")
    digest = fingerprint(content)
    number: int | None = await connection.fetchval(
        "SELECT max(version) FROM documents WHERE reference = $1 AND kind = $2 AND sha256 = $3",
        request.reference,
        kind,
        digest,
    )
    if number is not None:
        return number
    number = await connection.fetchval(
        """
        INSERT INTO documents (reference, kind, version, content, sha256, at)
        SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5 FROM documents WHERE reference = $1 AND kind = $2
        RETURNING version
        """,
        request.reference,
        kind,
        content,
        digest,
        request.at,
    )
    assert number is not None  # noqa: S101  # an aggregate gives one row
    await audit(
        connection, request.at, request.reference, "system", "rendition_made", called(request.audience, number),
        version=request.version, sha256=digest,
    )  # fmt: skip
    return number


async def _render(means: Means, request: RenditionRequest, text: RenditionText, number: int) -> None:
    """Each format once, byte for byte as it will leave; all of them or none."""
    kind = KINDS[request.audience]
    async with transaction(means.pool) as connection:
        is_there = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM rendition_files WHERE reference = $1 AND kind = $2 AND version = $3)",
            request.reference,
            kind,
            number,
        )
    if is_there:
        return
    files = [(str(format_), await asyncio.to_thread(render, text, number, format_)) for format_ in formats()]
    async with transaction(means.pool) as connection:
        await connection.executemany(
            """
            INSERT INTO rendition_files (reference, kind, version, language, format, bytes, sha256, at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
            """,
            [
                (
                    request.reference, kind, number, text.language, format_, data,
                    hashlib.sha256(data).hexdigest(), request.at,
                )
                for format_, data in files
            ],
        )  # fmt: skip
