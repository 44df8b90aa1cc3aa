"""A rendition as a page shows it: its text with the gaps, and which files of it there are."""

from typing import Any

from activities.people import Place
from activities.record import Connection
from activities.release_facts import KINDS
from workflows.contract.questions import REDACTION_GROUNDS
from workflows.contract.rendition import Audience, Cell, RenditionText

_GROUNDS = {choice.value: choice.label for choice in REDACTION_GROUNDS}


async def files_on_page(
    connection: Connection, reference: str, kind: str, number: int, victim: str = ""
) -> dict[str, Any]:
    """Which files there are: `kind`, `version`, `languages`, `formats`; of translations those for this victim."""
    rows = await connection.fetch(
        """
        SELECT language, format FROM rendition_files WHERE reference = $1 AND kind = $2 AND version = $3
        ORDER BY at, language, array_position(ARRAY['html', 'docx', 'pdf'], format)
        """,
        reference,
        kind,
        number,
    )
    shown = [row for row in rows if "-" not in row["language"] or row["language"].partition("-")[0] == victim]
    return {
        "kind": kind,
        "version": number,
        "languages": list(dict.fromkeys(row["language"] for row in shown)),
        "formats": list(dict.fromkeys(row["format"] for row in shown)),
    }


async def offer_internal(place: Place, page: dict[str, Any], name: str, version: int) -> None:
    """The page offers the files of the internal version, where it was made of this version of the review."""
    files = await files_on_page(place.connection, place.reference, KINDS[Audience.INTERNAL], version)
    if files["formats"]:
        page[name] = files


async def text_on_page(connection: Connection, reference: str, kind: str, number: int) -> dict[str, Any]:
    """The text as its reader will see it: each section under its heading, a gap in words."""
    content = await connection.fetchval(
        "SELECT content FROM documents WHERE reference = $1 AND kind = $2 AND version = $3", reference, kind, number
    )
    if content is None:
        return {}
    text = RenditionText.model_validate(content)
    opening: dict[str, Any] = {"In short": "\n".join(text.summary)} if text.summary else {}
    changes = [f"{change.label}: {change.kind}" for change in text.changes]
    opening |= {f"What changed since version {text.changed_since}": changes} if changes else {}
    return opening | {
        section.heading: [{cell.label or block.label: said(cell) for cell in block.cells} for block in section.blocks]
        for section in text.sections
    }


def said(cell: Cell) -> str:
    """The text of a cell, a gap as `[Removed: its ground]`."""
    return "".join(f"[Removed: {_GROUNDS[p.ground]}]" if p.ground else p.text for p in cell.pieces)
