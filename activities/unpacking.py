"""A file of a rendition taken apart to its last byte, so that all of it can be searched before it is released."""

from activities.unpacked import LARGEST_FILE, Unpacked, Unpacking
from activities.unpacking_html import unpack_html
from activities.unpacking_pdf import unpack_pdf
from activities.unpacking_word import unpack_word
from workflows.contract.rendition import FileFormat

_UNPACK = {FileFormat.HTML: unpack_html, FileFormat.WORD: unpack_word, FileFormat.PDF: unpack_pdf}


def unpack(format: FileFormat, data: bytes) -> Unpacked:
    """Every piece of text of the file, and what its making gives away.

    Bytes that are no such file, are damaged, are too many, or unpack to too much are a finding; none is an error.
    """
    into = Unpacking()
    if len(data) > LARGEST_FILE:
        into.unreadable("file", "it is too large to be searched")
        return into.done()
    try:
        _UNPACK[format](data, into)
    except Exception as failed:  # whatever goes wrong in a reader, the file was not read; its words stay out of this
        into.unreadable("file", f"it cannot be taken apart ({type(failed).__name__})")
    return into.done()
