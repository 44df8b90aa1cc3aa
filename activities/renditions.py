"""Renditions in the record: composed from data, rendered to files, each file searched before it may leave.

Nothing is painted over: what was redacted is not in the data from which the files are made.
"""

import asyncio
import hashlib

from temporalio.exceptions import ApplicationError

from activities.means import Means
from activities.opening import role_in_words
from activities.people import Place
from activities.record import Connection, audit, fingerprint, lock_case, transaction
from activities.redacting import called, standing
from activities.release_facts import KINDS, released_rendition, unsettled
from activities.rendering import formats, render
from activities.review_text import Review, review_of
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
        case = await lock_case(connection, request.reference)
        place = Place(connection, await means.directory(connection, request.at), case)
        text = await _made_before(connection, request) or await _compose(place, request)
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


# --- composed and rendered -----------------------------------------------------------------------------


async def _made_before(connection: Connection, request: RenditionRequest) -> RenditionText | None:
    """The internal version has the number of its review and is made once, whatever the directory says later."""
    if request.audience is not Audience.INTERNAL:
        return None
    return await _text(connection, request, request.version)


async def _text(connection: Connection, request: RenditionRequest, number: int | None) -> RenditionText | None:
    content = await connection.fetchval(
        "SELECT content FROM documents WHERE reference = $1 AND kind = $2 AND version = $3",
        request.reference,
        KINDS[request.audience],
        number,
    )
    return RenditionText.model_validate(content) if content else None


async def _compose(place: Place, request: RenditionRequest) -> RenditionText:
    connection = place.connection
    review = await review_of(place, request.version)
    if review is None:
        raise ApplicationError("the record holds no such version of the review", type="UnknownVersion")
    earlier = await _earlier(place, request)
    before = await _text(connection, request, earlier)
    return compose(
        await _without_names_of_owners(place, review),
        await standing(connection, request.reference, request.version, request.audience),
        audience=request.audience,
        review_version=request.version,
        summary=await _summary(connection, request),
        contact=contact_of(place),
        previous=before,
        previous_number=earlier if before else None,
    )


async def _earlier(place: Place, request: RenditionRequest) -> int | None:
    """The rendition that this audience had before: what was released last, or the review that was accepted before."""
    if request.audience is not Audience.INTERNAL:
        return await released_rendition(place.connection, request.reference, KINDS[request.audience])
    accepted: int | None = place.case["accepted_version"]
    return accepted


async def _without_names_of_owners(place: Place, review: Review) -> Review:
    """An action is owned by a role: the review names nobody. Rule: Annex J, fully anonymised."""
    actions = review.get("actions") or ()
    owned = [{**row, "owner": await _role_of(place, str(row.get("owner") or ""))} for row in actions]
    return {**review, "actions": owned} if owned else review


async def _role_of(place: Place, owner: str) -> str:
    """The role of a member of staff or of somebody in the directory; an address tells only that they are neither."""
    person = await place.named(owner) or place.directory.person_by_email(owner)
    words = role_in_words(str(person.roles[0])) if person and person.roles else "somebody who was named for it"
    return f"{words[0].upper()}{words[1:]}" if owner else ""


async def _summary(connection: Connection, request: RenditionRequest) -> list[str]:
    """The plain words with which the document opens, as whoever proposed the redactions wrote them last, if anybody."""
    if request.audience is Audience.INTERNAL:
        return []
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
        SELECT $1, $2, coalesce($6, max(version) + 1, 1), $3, $4, $5 FROM documents WHERE reference = $1 AND kind = $2
        RETURNING version
        """,
        request.reference,
        kind,
        content,
        digest,
        request.at,
        request.version if request.audience is Audience.INTERNAL else None,
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
