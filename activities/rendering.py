"""A rendition as a file: from its data, never by painting over a finished one. Rule: facts.md 4.2, 6.4, 6.6.

The same text and number give the same bytes, anywhere and at any time, so that a file can be known by its hash.
"""

from activities.rendering_html import to_html
from activities.rendering_outline import outline
from activities.rendering_pdf import can_write_pdf, to_pdf
from activities.rendering_word import to_word
from workflows.contract.rendition import FileFormat, RenditionText

_WRITERS = {FileFormat.HTML: to_html, FileFormat.WORD: to_word, FileFormat.PDF: to_pdf}


def formats() -> tuple[FileFormat, ...]:
    """What can be rendered here, the most accessible first; PDF only where the extra `pdf` is installed."""
    return tuple(format for format in FileFormat if format is not FileFormat.PDF or can_write_pdf())


def render(text: RenditionText, number: int, format: FileFormat) -> bytes:
    """The file of this rendition; `number` is the rendition's own, which its reader sees as its version.

    Errors: ValueError where a gap's ground is none of the three; RuntimeError where the format cannot be made here.
    Neither says anything of the text.
    """
    return _WRITERS[format](outline(text, number), number)
