"""What a file was unpacked into: its pieces of text, and what its making gives away. Used by the unpacking modules.

Whatever cannot be read becomes a finding here, and never an error: an error could be caught and passed over.
"""

import re
from dataclasses import dataclass
from hashlib import sha256

from workflows.policy.leaks import Extract, Leak, LeakKind, on_one_line

LARGEST_FILE = 50_000_000  # bytes
LARGEST_UNPACKED = 60_000_000  # bytes, of everything in one file together
LARGEST_PIECE = 30_000_000  # bytes, of one part or stream of it
MOST_TEXT = 4_000_000  # characters: several times the longest review, with all that surrounds it
# Between pieces that are searched as one: a name may go on from one to the next, an address or a number does not.
JOINED = "-\n"
MOST_SHOWN = 200  # characters of a hidden text that a person is shown

_RUN = 6  # signs in a row that are taken for text in what is none
_PRINTABLE = re.compile(rb"(?:[\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}){%d,}" % _RUN)
_WIDE = re.compile(rb"(?:[\x20-\x7e\xa0-\xff]\x00){%d,}|(?:\x00[\x20-\x7e\xa0-\xff]){%d,}" % (_RUN, _RUN))

_LINKED = re.compile(r"\s*([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_RUN_BY_A_LINK = ("javascript", "vbscript")
_TOLD_BY_A_LINK = ("mailto", "tel")  # their targets are searched as text, and fetch nothing


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The pieces of text of a file, to be searched, and what is already found in how it is made."""

    extracts: tuple[Extract, ...]
    structure: tuple[Leak, ...]


class Unpacking:
    """Collects the pieces of one file. `depth`: how many files it lies within."""

    def __init__(self) -> None:
        """Nothing has been unpacked."""
        self.extracts: list[Extract] = []
        self.structure: list[Leak] = []
        self.depth = 0
        self._characters = 0
        self._bytes = 0

    def may_unpack(self, where: str, size: int) -> bool:
        """Whether so many bytes more may be unpacked; where they may not, that is a finding."""
        self._bytes += size
        if self._bytes > LARGEST_UNPACKED:
            self.unreadable(where, "it unpacks to too much")
        return self._bytes <= LARGEST_UNPACKED

    def text(self, where: str, text: str, *, coarse: bool = False) -> None:
        """A piece of text was found; too much of it altogether is unreadable."""
        if not text.strip():
            return
        self._characters += len(text)
        if self._characters > MOST_TEXT:
            self.unreadable(where, "the file holds too much text to be searched")
            return
        self.extracts.append(Extract(on_one_line(where), text, coarse))

    def found(self, kind: LeakKind, where: str, excerpt: str, matched: str = "") -> None:
        """The file is made in a way that must be looked at."""
        self.structure.append(Leak(kind, on_one_line(where), on_one_line(excerpt), on_one_line(matched)))

    def unreadable(self, where: str, why: str) -> None:
        """A piece could not be read, so nothing is known about it. Rule: fail closed."""
        self.found(LeakKind.UNREADABLE, where, why)

    def binary(self, kind: LeakKind | None, where: str, data: bytes) -> None:
        """Something that is no text: the finding that it is (None: it may stand), and the runs of text in it."""
        if kind:
            self.found(kind, where, f"{len(data)} bytes, {sha256(data).hexdigest()[:16]}")
        self.text(where, printable(data), coarse=True)

    def link(self, where: str, target: str) -> None:
        """A link. What would be fetched or run by it is a finding; its target is searched like any text."""
        self.text(where, target)
        scheme = _LINKED.match(target)
        name = scheme[1].lower() if scheme else ""
        if not target.strip() or target.lstrip().startswith("#") or name in _TOLD_BY_A_LINK:
            return
        if name in _RUN_BY_A_LINK:
            self.found(LeakKind.SCRIPT, where, target[:MOST_SHOWN])
        elif name == "data":
            kind = LeakKind.IMAGE if target.lstrip()[5:].lower().startswith("image/") else LeakKind.ATTACHMENT
            self.found(kind, where, f"{target[:40]}, {sha256(target.encode('utf-8', 'replace')).hexdigest()[:16]}")
        else:
            self.found(LeakKind.EXTERNAL_LINK, where, target[:MOST_SHOWN], target)

    def owner(self, where: str, name: str) -> None:
        """Somebody is said to have made, changed or owned the file."""
        self.text(where, name)
        if name.strip():
            self.found(LeakKind.METADATA, where, name[:MOST_SHOWN], name)

    def done(self) -> Unpacked:
        """Everything that was found."""
        return Unpacked(tuple(self.extracts), tuple(self.structure))


def printable(data: bytes) -> str:
    """The runs of text in bytes that are none, one a line, in UTF-8 or UTF-16."""
    plain = (run.decode("utf-8", "ignore") for run in _PRINTABLE.findall(data))
    wide = (run.replace(b"\x00", b"").decode("latin-1") for run in _WIDE.findall(data))
    return "\n".join((*plain, *wide))
