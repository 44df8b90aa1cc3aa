"""What a rendition is made of before it becomes a file: headings, paragraphs, lists and tables of runs of words.

A format adds its looks to these and nothing else, so that every format says the same in the same order.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Run:
    """Words of one kind. `target`: of a link, `tel:…`, `mailto:…` or `#place`. `language`: where not that of the paper.

    In `text` the only control character is the line feed, which is a new line.
    """

    text: str
    kind: Literal["plain", "strong", "gap", "link"] = "plain"
    target: str = ""
    language: str = ""


Runs = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; the title is level 1. `place`: what a link calls it."""

    level: int
    runs: Runs
    place: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph. A `label` names the paragraph after it; a `notice` stands apart."""

    runs: Runs
    kind: Literal["plain", "label", "notice"] = "plain"
    place: str = ""


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list. One with a `name` is a way to other places of the paper."""

    items: tuple[Runs, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Labels, each with what stands under it."""

    rows: tuple[tuple[Runs, Runs], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a heading row."""

    name: str
    head: tuple[str, ...]
    rows: tuple[tuple[Runs, ...], ...]


Element = Heading | Paragraph | Bullets | Pairs | Table


@dataclass(frozen=True, slots=True)
class Paper:
    """The whole of it. `running` stands on every page, `source` at the end; `status` says which version this is."""

    title: str
    kind: str
    status: str
    running: str
    source: str
    elements: tuple[Element, ...]


def runs_of(element: Element) -> Iterator[Run]:
    """Every run of an element in the order of reading."""
    match element:
        case Heading() | Paragraph():
            yield from element.runs
        case Bullets():
            yield from (run for item in element.items for run in item)
        case Pairs():
            yield from (run for pair in element.rows for runs in pair for run in runs)
        case Table():
            yield from (Run(line) for line in element.head)
            yield from (run for row in element.rows for runs in row for run in runs)


def is_blank(runs: Runs) -> bool:
    """Whether nothing stands there for a reader."""
    return not any(run.text.strip() for run in runs)


_NEW_LINE = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_REPLACEMENT = "\ufffd"
# What sets a direction of writing, and what ends it.
_POP, _POP_ISOLATE = "\u202c", "\u2069"
_ENDS = dict.fromkeys("\u202a\u202b\u202d\u202e", _POP) | dict.fromkeys("\u2066\u2067\u2068", _POP_ISOLATE)


def shown(text: str) -> str:
    """The text as every format can hold it: other line ends become a line feed, a tab a space.

    What no file may hold (control characters, half characters, noncharacters) becomes U+FFFD, so that it is seen.
    A direction of writing ends with the text, or the gap behind it would be shown backwards.
    """
    characters = "".join(map(_shown, _NEW_LINE.sub("\n", text).replace("\t", " ")))
    return characters + _open_directions(characters)


def _shown(character: str) -> str:
    if character == "\n" or character.isprintable():
        return character
    is_noncharacter = 0xFDD0 <= ord(character) <= 0xFDEF or ord(character) & 0xFFFE == 0xFFFE
    is_unfit = is_noncharacter or unicodedata.category(character) in ("Cc", "Cs")
    return _REPLACEMENT if is_unfit else character


def _open_directions(text: str) -> str:
    """What is missing at the end of the text to end every direction that it sets."""
    ends: list[str] = []
    for character in text:
        if character in _ENDS:
            ends.append(_ENDS[character])
        elif character == _POP_ISOLATE and _POP_ISOLATE in ends:
            while ends.pop() != _POP_ISOLATE:
                pass  # an isolate ends what was begun in it
        elif character == _POP and ends and ends[-1] == _POP:
            ends.pop()
    return "".join(reversed(ends))
