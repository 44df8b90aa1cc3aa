"""A rendition of a review: what one kind of reader is given, as data. Every file of it is rendered from this.

What was redacted is not in it: a gap holds the ground and nothing of the text. Rule: Annex J (victims), facts.md 4.2.
"""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from .directory import Contact as Contact


class Audience(StrEnum):
    """For whom a rendition is made; the three differ in text. Rule: facts.md 4.2, public version."""

    INTERNAL = "internal"
    VICTIM = "victim"
    PUBLIC = "public"


class FileFormat(StrEnum):
    """The files in which a rendition leaves: HTML first, Word, and PDF/UA where the extra `pdf` is installed."""

    HTML = "html"
    WORD = "docx"
    PDF = "pdf"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Piece(_Part):
    """A run of text; or, where `ground` is set, a gap: then `text` is empty and the ground one of Annex J's three."""

    text: str = ""
    ground: str | None = None


class Cell(_Part):
    """What stands under one label: `What was found`; the label of a plain paragraph is empty."""

    label: str = ""
    pieces: tuple[Piece, ...]


class Block(_Part):
    """One paragraph or row. `key` as in `policy.document.paragraphs`, `findings-2`; `label`: `Findings, number 2`."""

    key: str
    label: str
    cells: tuple[Cell, ...]


class Section(_Part):
    """One part of the review under its heading."""

    name: str
    heading: str
    blocks: tuple[Block, ...]


class Removed(_Part):
    """How much was removed on one ground: passages, and their characters."""

    ground: str
    passages: int
    characters: int


class Change(_Part):
    """A place that differs from the rendition that was released before this one."""

    label: str
    kind: Literal["added", "removed", "changed"]


class RenditionText(_Part):
    """The whole of it. `summary`: paragraphs in plain words; `share`: of the review's characters, 0 to 1, removed.

    `changes` and `changed_since` are set where an earlier rendition was released: the reader is told what differs.
    """

    audience: Audience
    language: str = "en"
    review_version: int
    summary: tuple[str, ...] = ()
    sections: tuple[Section, ...]
    removed: tuple[Removed, ...] = ()
    share: float = 0.0
    changes: tuple[Change, ...] = ()
    changed_since: int | None = None
    contact: Contact | None = None
