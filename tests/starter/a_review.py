"""An invented review, for whatever reads and writes one, and its Word file as people and attackers leave it."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from docx import Document
from docx.document import Document as WordDocument

from starter.word import Paper, WordError
from starter.word_in import from_word
from starter.word_out import to_word

REVIEW: dict[str, Any] = {
    "sources": [{"what": "Case record, January to October 2026"}, {"what": "Interviews with four members of staff"}],
    "chronology": [
        {"on": "2026-01-12", "what": "Release on licence.\nThe first visit was arranged.", "source": "Case record"},
        {"on": "2026-06-02", "what": "The assessment was reviewed after a move of address."},
    ],
    "analysis": "Seen weekly \u2013 as the plan required.\n\nFrom April once a month.\n\tNo reason is recorded.",
    "findings": [
        {"kind": "strength", "text": "Visits were made jointly and recorded in full."},
        {
            "kind": "deficiency",
            "level": "team",
            "theme": "handover",
            "text": "No review after new facts.",
            "reasons": "Nobody had the mail.",
        },
        {
            "kind": "deficiency",
            "level": "mix",
            "theme": "workload",
            "text": "Contact was reduced.",
            "reasons": "Workload at 138%.",
        },
    ],
    "judgement": "partly",
    "judgement_reasons": "Most steps were taken.",
    "learning": "What bears on risk reaches a practitioner on the same day.",
    "actions": [
        {
            "finding": "2",
            "what": "Give the mailbox an owner.",
            "owner": "s2",
            "due_on": "2027-03-12",
            "improvement": "Nothing lies there for longer than a day.",
        },
        {
            "finding": "3",
            "what": "Decide every reduction.",
            "owner": "s3",
            "due_on": "2027-04-30",
            "improvement": "A decision stands in each of 20 cases.",
        },
    ],
}

REFERENCE = "SFO-2026-00042"
OPTIONS = {
    "actions": [
        {"value": "s2", "label": "Example Manager, line manager"},
        {"value": "s3", "label": "Example Head, head of PDU"},
        {"value": "k1", "label": "Example Twin"},
        {"value": "k2", "label": "Example Twin"},
    ]
}


def written(document: dict[str, Any] = REVIEW, version: int = 2) -> bytes:
    return to_word(document, reference=REFERENCE, version=version, options=OPTIONS)


def read(data: bytes) -> Paper:
    return from_word(data, reference=REFERENCE, options=OPTIONS)


def edited(edit: Callable[[WordDocument], object], document: dict[str, Any] = REVIEW) -> bytes:
    """The file after somebody opened it, did something and saved it."""
    paper = Document(BytesIO(written(document)))
    edit(paper)
    saved = BytesIO()
    paper.save(saved)
    return saved.getvalue()


def repacked(change: Callable[[dict[str, bytes]], object], whole: bytes | None = None) -> bytes:
    """The file, or this one, with its entries changed."""
    with ZipFile(BytesIO(whole or written())) as container:
        entries = {name: container.read(name) for name in container.namelist()}
    change(entries)
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as container:
        for name, content in entries.items():
            container.writestr(name, content)
    return packed.getvalue()


def refused(data: bytes) -> dict[str, str]:
    """The problems of a file that is refused, by section."""
    with pytest.raises(WordError) as error:
        read(data)
    return {problem.field: problem.message for problem in error.value.problems}


def paragraph(paper: WordDocument, text: str) -> Any:
    return next(p for p in paper.paragraphs if p.text == text)


def added_row(paper: WordDocument, table: int, *texts: str) -> None:
    found: Any = paper.tables[table]
    for cell, text in zip(found.add_row().cells, texts, strict=True):
        cell.text = text
