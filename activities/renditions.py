"""The victim rendition: the accepted review with its accepted redactions as marked gaps, immutable and hashed."""

from typing import Any

from temporalio.exceptions import ApplicationError

from activities.record import Connection, Row, audit, fingerprint, lock_case
from workflows.contract.messages import Rendition, RenditionRequest
from workflows.contract.questions import REDACTION_GROUNDS

_GROUNDS = {choice.value: choice.label for choice in REDACTION_GROUNDS}


async def prepare_rendition(connection: Connection, request: RenditionRequest) -> Rendition:
    """The rendition stands in the record; the same text again is the same rendition, not another one."""
    await lock_case(connection, request.reference)
    content = await _content(connection, request)
    digest = fingerprint(content)
    known = await connection.fetchval(
        """
        SELECT version FROM documents WHERE reference = $1 AND kind = 'victim_rendition' AND sha256 = $2
        ORDER BY version DESC LIMIT 1
        """,
        request.reference,
        digest,
    )
    number = known or await _insert(connection, request, content, digest)
    return Rendition(rendition=str(number), sha256=digest)


async def _content(connection: Connection, request: RenditionRequest) -> dict[str, Any]:
    review = await connection.fetchval(
        "SELECT content FROM documents WHERE reference = $1 AND kind = 'review' AND version = $2",
        request.reference,
        request.version,
    )
    if review is None:
        raise ApplicationError("the record holds no such version of the review", type="UnknownVersion")
    rows = await connection.fetch(
        "SELECT passage, ground FROM redactions WHERE reference = $1 AND version = $2 AND accepted",
        request.reference,
        request.version,
    )
    # Longest first: a passage inside another one is gone with it.
    gaps = sorted(rows, key=lambda row: (-len(row["passage"]), row["passage"]))
    return {"review_version": request.version, **_redacted(_without_owners(review), gaps)}


def _without_owners(review: dict[str, Any]) -> dict[str, Any]:
    """Who carries out an action is not for the family to know. Rule: Annex J, fully anonymised."""
    actions = [{k: v for k, v in row.items() if k != "owner"} for row in review.get("actions", ())]
    return {**review, "actions": actions}


def _redacted(value: Any, gaps: list[Row]) -> Any:
    """The value with every passage in every text replaced by a gap that names its ground."""
    if isinstance(value, dict):
        return {key: _redacted(part, gaps) for key, part in value.items()}
    if isinstance(value, list):
        return [_redacted(part, gaps) for part in value]
    if isinstance(value, str):
        for gap in gaps:
            value = value.replace(gap["passage"], f"[Redacted: {_GROUNDS.get(gap['ground'], gap['ground'])}]")
    return value


async def _insert(connection: Connection, request: RenditionRequest, content: dict[str, Any], digest: str) -> int:
    number: int = await connection.fetchval(
        """
        INSERT INTO documents (reference, kind, version, content, sha256, at)
        SELECT $1, 'victim_rendition', coalesce(max(version), 0) + 1, $2, $3, $4
        FROM documents WHERE reference = $1 AND kind = 'victim_rendition'
        RETURNING version
        """,
        request.reference,
        content,
        digest,
        request.at,
    )
    await audit(
        connection, request.at, request.reference, "system", "rendition_made", f"r{number}",
        version=request.version, sha256=digest,
    )  # fmt: skip
    return number
