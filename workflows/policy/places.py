"""Where the text of a review stands, as a reader is shown it, and where it may be cut.

A place is one paragraph of a text, `analysis-2`, or one cell of a row, `findings-2-text`. Its text is what a reader
sees: a date in words, a choice by its label. A cut never goes through a word or through what looks like one sign.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from typing import Any

from workflows.contract.columns import COLUMNS, Column

from .document import PARTS, Document, heading, in_rows, lines
from .field_rules import plain

# Who carries out an action leaves with no version, so nobody has to propose it. Rule: Annex J, fully anonymised.
OWNER = "owner"

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
_JOINER = "\N{ZERO WIDTH JOINER}"
_NEAR = 8  # characters beside a cut that tell whether it goes through a word


@dataclass(frozen=True, slots=True)
class Place:
    """One text that a reader is shown; `block` is its paragraph or row, with the key of `document.paragraphs`.

    `column` and its label, `cell`, are empty outside of a row. `is_prose`: a text of its own; a date or a short entry
    says something only together with its row. `is_redactable`: not so for a choice and for the owner of an action.
    """

    key: str
    label: str
    text: str
    part: str
    block: str
    block_label: str
    column: str = ""
    cell: str = ""
    is_prose: bool = True
    is_redactable: bool = True


def places(document: Document) -> dict[str, Place]:
    """Every paragraph and cell that a redaction may point at, by its key, in the order of the review."""
    return {place.key: place for place in shown(document) if place.is_redactable}


def shown(document: Document) -> Iterator[Place]:
    """Every text of the document that is not empty, choices and owners too, in the order of the review."""
    for part, content in in_rows(document).items():
        if isinstance(content, list):
            yield from _rows(part, content)
        elif part in PARTS and PARTS[part].choices:
            yield from _chosen(part, content)
        else:
            for number, line in enumerate(lines(content), start=1):
                key, label = f"{part}-{number}", f"{heading(part)}, paragraph {number}"
                yield Place(key, label, line, part, key, label)


def _chosen(part: str, content: Any) -> Iterator[Place]:
    text, is_label = _said(content, Column(part, "", "choice", PARTS[part].choices))
    if text:
        yield Place(part, heading(part), text, part, part, heading(part), is_redactable=not is_label)


def _rows(part: str, rows: Sequence[Any]) -> Iterator[Place]:
    known = {column.name: column for column in COLUMNS.get(PARTS[part].kind, ())} if part in PARTS else {}
    for number, row in enumerate(rows, start=1):
        block, label = f"{part}-{number}", f"{heading(part)}, number {number}"
        if isinstance(row, Mapping):
            for name in (*known, *(other for other in row if other not in known)):
                yield from _cell(part, block, label, name, known.get(name), row.get(name))
        elif text := _said(row, None)[0]:
            yield Place(block, label, text, part, block, label)


def _cell(part: str, block: str, label: str, name: str, column: Column | None, value: Any) -> Iterator[Place]:
    text, is_label = _said(value, column)
    cell = column.label.partition(" (")[0] if column else name.replace("_", " ").capitalize()
    is_prose = column is not None and column.kind == "long_text"
    is_redactable = not is_label and name != OWNER
    if text:
        key, label_here = f"{block}-{name}", f"{label}: {cell}"
        yield Place(key, label_here, text, part, block, label, name, cell, is_prose, is_redactable)


def _said(value: Any, column: Column | None) -> tuple[str, bool]:
    """A value as it is shown, and whether that is the label of a choice, which nobody typed."""
    text = "" if value is None else plain(value).replace("\r\n", "\n")
    for choice in (column.choices or ()) if column else ():
        if choice.value == text:
            return choice.label, True
    return (_in_words(text) if column and column.kind == "date" else text), False


def _in_words(text: str) -> str:
    """An ISO date as people write it, 12 March 2027; anything else as it is."""
    try:
        on = date.fromisoformat(text) if _ISO.fullmatch(text) else None
    except ValueError:
        on = None
    return f"{on.day} {on:%B %Y}" if on else text


# --- Where a text may be cut -------------------------------------------------------------------------


def is_inside_word(text: str, at: int) -> bool:
    """Whether a cut before the character `at` goes through a word, or through what a reader sees as one sign."""
    return 0 < at < len(text) and (_cuts_sign(text, at) or _cuts_word(text, at))


def word_at(text: str, at: int) -> str:
    """The word or sign through which a cut before the character `at` goes; empty: it goes through none."""
    start = end = at
    while is_inside_word(text, start):
        start -= 1
    while is_inside_word(text, end):
        end += 1
    return text[start:end]


def _cuts_word(text: str, at: int) -> bool:
    """O'Brien is one word; a girl's is a girl and an s. What nobody sees, a soft hyphen, parts no word."""
    before = [c for c in text[max(0, at - _NEAR) : at] if unicodedata.category(c) != "Cf"]
    after = [c for c in text[at : at + _NEAR] if unicodedata.category(c) != "Cf"]
    if not before or not after:
        return False
    if after[0] in _APOSTROPHES and _is_letter(before[-1]):
        return "".join(takewhile(_is_letter, after[1:])).lower() not in ("", "s")
    if before[-1] in _APOSTROPHES and _is_letter(after[0]):
        return len(before) > 1 and _is_letter(before[-2])
    return _is_letter(before[-1]) and _is_letter(after[0])


def _is_letter(sign: str) -> bool:
    return sign.isalnum() or sign == "_" or unicodedata.category(sign).startswith("M")


def _cuts_sign(text: str, at: int) -> bool:
    """Before an accent, in a flag, in a family or a skin tone, or between the halves of a surrogate pair."""
    before, after = text[at - 1], text[at]
    return (
        unicodedata.category(after).startswith("M")
        or _is_joined(text, at)
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or "\U000e0020" <= after <= "\U000e007f"
        or ("\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff")
        or (_is_flag_letter(after) and _flag_letters_before(text, at) % 2 == 1)
    )


def _is_joined(text: str, at: int) -> bool:
    """Whether a joiner makes one sign of the symbols on both sides, as in a family; of letters it makes none."""
    left, right = text[max(0, at - _NEAR) : at].rstrip(_JOINER), text[at : at + _NEAR].lstrip(_JOINER)
    beside = [unicodedata.category(sign)[0] for sign in left[-1:] + right[:1]]
    return _JOINER in text[at - 1 : at + 1] and len(beside) == 2 and set(beside) <= {"S", "M"}


def _flag_letters_before(text: str, at: int) -> int:
    return sum(1 for _ in takewhile(lambda i: _is_flag_letter(text[i]), range(at - 1, -1, -1)))


def _is_flag_letter(sign: str) -> bool:
    return "\U0001f1e6" <= sign <= "\U0001f1ff"
