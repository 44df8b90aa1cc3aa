"""The bytes of a PDF beside its reader: earlier revisions, objects that nothing leads to, data behind the end."""

import re
import zlib
from collections.abc import Iterator

from pypdf import PdfReader

from activities.unpacked import LARGEST_PIECE, Unpacking, printable
from workflows.policy.leaks import LeakKind

_END = b"%%EOF"
_OBJECT = re.compile(rb"(?<![\d.])(\d{1,10})[ \r\n]+(\d{1,5})[ \r\n]+obj\b")
_LITERAL = re.compile(rb"\(((?:[^()\\]|\\.|\([^()]{0,200}\)){0,500}+)\)", re.DOTALL)  # longer ones stand as they are
_HEX = re.compile(rb"<([0-9A-Fa-f\s]{6,})>")
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|\r?\n|.)", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b""}


def whole_file(data: bytes, into: Unpacking) -> None:
    """All of the bytes, and what is packed in them, where no reader could make anything of the file."""
    _told("bytes of the file", data, into)


def left_over(data: bytes, reader: PdfReader, into: Unpacking) -> None:
    """What lies in the bytes and is no part of the document that a reader shows."""
    ends = data.count(_END)
    if ends != 1 or data.count(b"startxref") != 1:
        into.found(LeakKind.REVISION, "earlier version in the bytes of the PDF", f"saved {max(ends, 1)} times over")
    behind = data[data.rfind(_END) + len(_END) :]
    if behind.strip():
        into.unreadable("bytes behind the end of the PDF", f"{len(behind)} of them")
        _told("bytes behind the end of the PDF", behind, into)
    for body in _not_listed(data, reader):
        into.found(LeakKind.REVISION, "earlier version in the bytes of the PDF", f"an object of {len(body)} bytes")
        _told("earlier version in the bytes of the PDF", body, into)
    into.text("bytes of the file", printable(data), coarse=True)


def _not_listed(data: bytes, reader: PdfReader) -> Iterator[bytes]:
    """Objects that the table of contents does not lead to, up to where the next one begins."""
    listed = {offset for offsets in reader.xref.values() for offset in offsets.values()}
    starts = [match.start() for match in _OBJECT.finditer(data)]
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        if start not in listed:
            yield data[start:end]


def _told(where: str, data: bytes, into: Unpacking) -> None:
    """The text in some bytes of a PDF: as it stands, in its strings, and packed in its streams."""
    into.text(where, printable(data), coarse=True)
    into.text(where, "\n".join(_strings(data)))
    for packed in _streams(data):
        unpacked = _inflated(packed)
        if not into.may_unpack(where, len(unpacked)):
            return
        into.text(where, printable(unpacked), coarse=True)
        into.text(where, "\n".join(_strings(unpacked)))


def _streams(data: bytes) -> Iterator[bytes]:
    end = 0
    while (start := data.find(b"stream", end)) >= 0:
        end = data.find(b"endstream", start + 6)
        if end < 0:
            end = len(data)
        yield data[start + 6 : end].lstrip(b"\r\n")
        end += len(b"endstream")


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, LARGEST_PIECE)
    except zlib.error:
        return b""


def _strings(data: bytes) -> Iterator[str]:
    """The strings of PDF's code, in brackets or in hexadecimal; only what reads as text."""
    for literal in _LITERAL.findall(data):
        yield _read(_ESCAPED.sub(_escaped, literal))
    for digits in _HEX.findall(data):
        even = re.sub(rb"\s", b"", digits)
        yield _read(bytes.fromhex((even + b"0" * (len(even) % 2)).decode()))


def _escaped(match: re.Match[bytes]) -> bytes:
    told = match[1]
    if told.isdigit():
        return bytes([int(told, 8) & 0xFF])
    return _NAMED.get(told, b"" if told.strip() == b"" else told)


def _read(string: bytes) -> str:
    is_wide = string.startswith(b"\xfe\xff")
    text = string[2:].decode("utf-16-be", "ignore") if is_wide else string.decode("latin-1")
    seen = sum(sign.isprintable() for sign in text)
    return text if text and seen >= 0.9 * len(text) else ""
