"""The container of a Word file taken apart to its last byte: its entries, and whatever lies between or behind them.

Nothing is taken from what the container says of itself: every entry is unpacked here and measured, and bytes that
belong to no entry, such as those of an entry that was deleted, are a finding.
"""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from activities.unpacked import LARGEST_FILE, LARGEST_PIECE, Unpacking, printable
from workflows.policy.leaks import LeakKind

MOST_ENTRIES = 500

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL_SIZE, _END_SIZE = 46, 22
_DESCRIBED = 0x08
_ENCRYPTED = 0x01
_BROKEN = (BadZipFile, zlib.error, RuntimeError, EOFError, KeyError, OSError, ValueError)


def entries(data: bytes, into: Unpacking) -> Iterator[tuple[str, bytes]]:
    """The entries of a container, each with what is in it. What cannot be read is a finding and is left out."""
    if len(data) > LARGEST_FILE:
        into.unreadable("file", "it is too large to be searched")
        return
    try:
        with ZipFile(BytesIO(data)) as container:
            listed, comment, directory = container.infolist(), container.comment, container.start_dir
    except (*_BROKEN, struct.error):
        into.unreadable("file", "it is no Word file, or it is damaged")
        into.text("file", printable(data), coarse=True)
        return
    if problem := _problem(listed):
        into.unreadable("file", problem)
        into.text("file", printable(data), coarse=True)
        return
    if not into.may_unpack("file", sum(entry.file_size for entry in listed)):
        return
    if comment:
        _told("comment of the container", comment, into)
    yield from _unpacked(data, listed, into, directory, len(comment))


def _problem(listed: list[ZipInfo]) -> str:
    names = [entry.filename.lower() for entry in listed]
    if len(listed) > MOST_ENTRIES:
        return "it has too many parts"
    if any(entry.file_size > LARGEST_PIECE for entry in listed):
        return "a part of it unpacks to too much"
    if len(set(names)) != len(names):
        return "two parts of it have the same name"
    if any(entry.flag_bits & _ENCRYPTED for entry in listed):
        return "a part of it has a password"
    if any(entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for entry in listed):
        return "a part of it is packed in an unusual way"
    return ""


def _unpacked(
    data: bytes, listed: list[ZipInfo], into: Unpacking, directory: int, comment: int
) -> Iterator[tuple[str, bytes]]:
    reached = 0
    for entry in sorted(listed, key=lambda entry: entry.header_offset):
        _between(data[reached : entry.header_offset], into)
        if entry.comment:
            _told("comment of a part", entry.comment, into)
        into.text("name of a part", entry.filename)
        into.text("extra field of a part", printable(entry.extra), coarse=True)
        content, reached = _content(data, entry, into)
        if content is not None:
            yield entry.filename, content
    _between(data[reached:directory], into)
    listing = sum(_CENTRAL_SIZE + len(e.orig_filename.encode()) + len(e.extra) + len(e.comment) for e in listed)
    _between(data[directory + listing : len(data) - comment - _END_SIZE], into)


def _content(data: bytes, entry: ZipInfo, into: Unpacking) -> tuple[bytes | None, int]:
    """What is in an entry, None where that cannot be known, and where the entry ends."""
    where, start = f"part {entry.filename}", entry.header_offset + _LOCAL.size
    head = data[entry.header_offset : start]
    if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
        into.unreadable(where, "it is not where the container says")
        return None, entry.header_offset
    *_, name_size, extra_size = _LOCAL.unpack(head)
    name, body = data[start : start + name_size], start + name_size + extra_size
    if name != entry.orig_filename.encode() and name != entry.orig_filename.encode("cp437", "replace"):
        into.text("name of a part", name.decode("utf-8", "replace"))
        into.unreadable(where, "it has two names")
    into.text("extra field of a part", printable(data[start + name_size : body]), coarse=True)
    end = body + entry.compress_size
    content = _inflated(data[body:end], entry)
    if content is None:
        into.unreadable(where, "it cannot be unpacked")
        into.text(where, printable(data[body:end]), coarse=True)
    if entry.flag_bits & _DESCRIBED:
        end += 16 if data[end : end + 4] == b"PK\x07\x08" else 12
    return content, end


def _inflated(packed: bytes, entry: ZipInfo) -> bytes | None:
    """Unpack an entry up to the size that it says; None where it says anything that is not so."""
    if entry.compress_type == ZIP_STORED:
        content, is_whole = packed, True
    else:
        reader = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = reader.decompress(packed, entry.file_size + 1)
        except zlib.error:
            return None
        is_whole = reader.eof and not reader.unused_data
    is_so = is_whole and len(content) == entry.file_size and zlib.crc32(content) == entry.CRC
    return content if is_so else None


def _told(where: str, comment: bytes, into: Unpacking) -> None:
    text = comment.decode("utf-8", "replace")
    into.text(where, text)
    into.found(LeakKind.HIDDEN_TEXT, where, text[:200])


def _between(left_over: bytes, into: Unpacking) -> None:
    if left_over.strip(b"\0"):
        into.unreadable("bytes that belong to no part", f"{len(left_over)} of them")
        into.text("bytes that belong to no part", printable(left_over), coarse=True)
        into.text("bytes that belong to no part", printable(_any_inflated(left_over)), coarse=True)


def _any_inflated(data: bytes) -> bytes:
    """What an entry that was taken out of the list still holds."""
    start = data.find(b"PK\x03\x04")
    if start < 0 or len(data) < start + _LOCAL.size:
        return b""
    *_, name_size, extra_size = _LOCAL.unpack(data[start : start + _LOCAL.size])
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(
            data[start + _LOCAL.size + name_size + extra_size :], LARGEST_PIECE
        )
    except zlib.error:
        return b""
