"""Charts for a page that stands by itself, and bars: inline SVG without script, font or outside reference.

Drawn here and not by a library: pygal is under the LGPL and its charts fetch a script, matplotlib weighs 30 MB and
draws text as outlines, svgwrite is no longer kept. Widths are shares of the room there is and text keeps its size, so
one chart serves a phone, a screen and paper. Colours are those of the Government Analysis Function, told apart by
whoever sees no difference of red and green; every number also stands as text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

BLUE, TURQUOISE, PINK, ORANGE, GREY = "#12436D", "#28A197", "#801650", "#F46A25", "#6f777b"
MID_BLUE = "#2073BC"
PALETTE = (BLUE, TURQUOISE, PINK, ORANGE, GREY)
"""For kinds that have no order."""
STEPS = ("#B5D8F7", "#6BACE6", MID_BLUE, BLUE)
"""For bands from little to much."""

_DARK_TEXT_ON = {"#B5D8F7", "#6BACE6", TURQUOISE, ORANGE}
_ROW, _BASE, _BAR, _TOP = 54, 15, 18, 22  # pixels: a row, where its words stand, how high its bar is and where
_READABLE = 9.0  # percent of the width that a part needs for its number to stand in it


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture and what its colours stand for; the latter is empty where there is one colour.

    `is_empty`: there is nothing in it to see, and the sentence beside it says so.
    """

    caption: str
    picture: Markup
    is_empty: bool
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a bar; `text` stands in it where there is room."""

    value: float
    colour: str = BLUE
    text: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: what it is about at the left, its number at the right, the bar beneath. `is_small`: drawn pale."""

    label: str
    note: str
    parts: tuple[Part, ...]
    is_small: bool = False


def number(value: float) -> str:
    """A length in SVG, without digits that nobody sees."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def svg(name: str, title: str, description: str, height: int, body: Markup) -> Markup:
    """A picture with a name and a description for whoever does not see it; `name` is unique on its page."""
    return Markup(
        '<svg class="chart" role="img" aria-labelledby="{0}-title {0}-desc" width="100%" height="{1}">'
        '<title id="{0}-title">{2}</title><desc id="{0}-desc">{3}</desc>{4}</svg>'
    ).format(name, height, title, description, body)


def text(x: str, y: float, words: str, *, anchor: str = "start", colour: str = "#0b0c0c", kind: str = "") -> Markup:
    """Words at a place: `x` in pixels or percent, `y` their baseline in pixels."""
    return Markup('<text x="{}" y="{}" text-anchor="{}" fill="{}" class="{}">{}</text>').format(
        x, number(y), anchor, colour, kind, words
    )


def rect(x: float, y: float, width: float, height: float, colour: str, *, opacity: float = 1.0) -> Markup:
    """A filled box: `x` and `width` in percent of the width, `y` and `height` in pixels."""
    return Markup('<rect x="{}%" y="{}" width="{}%" height="{}" fill="{}" fill-opacity="{}"/>').format(
        number(x), number(y), number(width), number(height), colour, number(opacity)
    )


def bars(name: str, title: str, description: str, rows: Sequence[Bar], most: float | None = None) -> Markup:
    """Bars beneath each other on one scale, which ends at `most` or at the longest of them."""
    top = most or max([sum(part.value for part in row.parts) for row in rows], default=0) or 1
    body = Markup("").join(_row(row, n * _ROW, top) for n, row in enumerate(rows))
    return svg(name, title, description, max(1, len(rows)) * _ROW, body)


def _row(row: Bar, y: int, top: float) -> Markup:
    drawn = [
        text("0", y + _BASE, row.label, kind="label"),
        text("100%", y + _BASE, row.note, anchor="end"),
        rect(0, y + _TOP, 100, _BAR, "#f3f2f1"),
    ]
    at = 0.0
    for part in row.parts:
        wide = 100 * part.value / top
        drawn += _part(part, at, wide, y + _TOP, is_small=row.is_small)
        at += wide
    return Markup("").join(drawn)


def _part(part: Part, x: float, wide: float, y: int, *, is_small: bool) -> list[Markup]:
    if not part.value:
        return []
    drawn = [rect(x, y, wide, _BAR, part.colour, opacity=0.45 if is_small else 1)]
    if x:
        drawn.append(Markup('<rect x="{}%" y="{}" width="2" height="{}" fill="#ffffff"/>').format(number(x), y, _BAR))
    if part.text and wide >= _READABLE:
        dark = is_small or part.colour in _DARK_TEXT_ON
        colour = "#0b0c0c" if dark else "#ffffff"
        drawn.append(text(f"{number(x + wide / 2)}%", y + 14, part.text, anchor="middle", colour=colour, kind="inside"))
    return drawn


def legend(entries: Sequence[tuple[str, str]]) -> Markup:
    """What each colour stands for: colour and words, in the order of the parts."""
    items = (
        Markup(
            '<li><svg width="16" height="16" aria-hidden="true"><rect width="16" height="16" fill="{}"/></svg> {}</li>'
        ).format(colour, escape(words))
        for colour, words in entries
    )
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(items))
