"""A rendition as one page of HTML: its headings, landmarks and gaps are read by a screen reader as they stand."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from activities.rendering_paper import Paper
from activities.rendering_words import LANGUAGE

TEMPLATES = Path(__file__).parent / "renditions"

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def to_html(paper: Paper, number: int) -> bytes:
    """The page in UTF-8: its looks inside it, no script, no image, nothing fetched from anywhere."""
    return _ENVIRONMENT.get_template("document.html").render(paper=paper, number=number, lang=LANGUAGE).encode()
