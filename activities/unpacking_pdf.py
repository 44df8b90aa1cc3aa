"""A PDF taken apart: its pages as they read, every object and stream, and whatever earlier saving left in its bytes.

Text under a black box is text all the same; text in a font whose codes stand for no letters is unreadable, and a page
of drawings without text is too. What its reader complains of has not been read as it stands, and is a finding.
"""

import logging
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from pypdf import PageObject, PdfReader

from activities.unpacked import JOINED, MOST_SHOWN, Unpacking
from activities.unpacking_pdf_bytes import left_over, whole_file
from activities.unpacking_pdf_objects import operand_texts, unpack_objects

MOST_PAGES = 1000
_WRAPPED = 40  # characters from which a line ends because it is full, and its sentence goes on

_SHOWS = frozenset({b"Tj", b"TJ", b"'", b'"'})
_DRAWS = frozenset({b"f", b"F", b"f*", b"S", b"s", b"B", b"B*", b"b", b"b*", b"sh", b"Do"})
# What it warns of may quote the file, which must not go to a log.
_LOG = logging.getLogger("pypdf")
_LOG.propagate = False
_LOG.addHandler(logging.NullHandler())


def unpack_pdf(data: bytes, into: Unpacking) -> None:
    """Unpack a PDF. One that is encrypted, damaged or no PDF at all is unreadable; its bytes are searched anyway."""
    if not data.startswith(b"%PDF-"):
        into.unreadable("file", "it is no PDF")
        whole_file(data, into)
        return
    with _complaints() as complaints:
        try:
            reader = PdfReader(BytesIO(data), strict=True)
            is_readable = not reader.is_encrypted and 0 < len(reader.pages) <= MOST_PAGES
        except Exception as failed:  # a reader of damaged files raises whatever it stumbles over
            into.unreadable("file", f"it is damaged ({type(failed).__name__})")
            whole_file(data, into)
            return
        if not is_readable:
            into.unreadable("file", "it has a password" if reader.is_encrypted else "it has no pages, or too many")
            whole_file(data, into)
            return
        unpack_objects(reader, into)
        pages = [_page(number, page, into) for number, page in enumerate(reader.pages, 1)]
        into.text("pages of the PDF", JOINED.join(pages), coarse=True)
        left_over(data, reader, into)
    for complaint in sorted(complaints):
        into.unreadable("file", f"its reader complains: {complaint}")


@contextmanager
def _complaints() -> Iterator[set[str]]:
    """What the reader of PDF warns of in this thread: the kind of warning, without anything that it quotes."""
    thread, told = threading.get_ident(), set[str]()

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if threading.get_ident() == thread and record.levelno >= logging.WARNING:
                told.add(str(record.msg)[:MOST_SHOWN])

    handler = Listening()
    _LOG.addHandler(handler)
    try:
        yield told
    finally:
        _LOG.removeHandler(handler)


def _page(number: int, page: PageObject, into: Unpacking) -> str:
    where = f"PDF page {number}"
    try:
        text = page.extract_text()
        contents = page.get_contents()
        operations = [] if contents is None else contents.operations
    except Exception as failed:  # as above
        into.unreadable(where, f"it cannot be read ({type(failed).__name__})")
        return ""
    operand_texts(where, operations, into)
    shows = any(operator in _SHOWS for _, operator in operations)
    if not text.strip() and (shows or any(operator in _DRAWS for _, operator in operations)):
        into.unreadable(where, "it shows something, and no text can be read")
    _check_letters(where, text, into)
    flowing = _unwrapped(text)
    into.text(where, flowing)
    return flowing


def _check_letters(where: str, text: str, into: Unpacking) -> None:
    """Signs that stand for no letter come of a font that does not say what its codes mean."""
    unknown = [c for c in text if c == "\ufffd" or (unicodedata.category(c) in ("Cc", "Co", "Cn", "Cs") and c >= " ")]
    unknown += [c for c in text if c < " " and c not in "\n\r\t"]
    if unknown:
        into.unreadable(where, f"{len(unknown)} of its signs stand for no letter")


def _unwrapped(text: str) -> str:
    """Lines that are full go on in the next one, so that a capital there is one in mid-sentence."""
    flowing = ""
    for line in text.split("\n"):
        last = flowing.rpartition("\n")[2]
        goes_on = len(last) >= _WRAPPED and last.rstrip()[-1:] not in (*".!?:;-", "\u2010", "\u00ad")
        flowing += (" " if goes_on else "\n") + line
    return flowing.removeprefix("\n")
