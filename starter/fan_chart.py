"""A fan chart as inline SVG: bands and middle lines over weeks, readable on a phone, in print and by a screen reader.

Colour is never alone: the lines differ in their dashes and each has its name beside its end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape, quoteattr

WIDTH, HEIGHT = 420, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 86, 14, 34
_APART = 16  # between the names of two lines, so that they can be read


@dataclass(frozen=True)
class Fan:
    """One thing over time: its name, and for each point its low, middle and high value. `kind` is its CSS class."""

    name: str
    kind: str
    values: Sequence[tuple[int, int, int]]


def fan_chart(key: str, title: str, description: str, on: Sequence[date], fans: Sequence[Fan], level: int) -> str:
    """Draw the fans over these dates, two at least, and a level that they are held against, with what it means.

    `key` makes ids unique in a page. The classes `fan-band`, `fan-line`, `fan-level` and `fan-grid` are for its CSS.
    """
    most = max(4, level, *(high for fan in fans for _, _, high in fan.values))
    plane = _Plane(on, most)
    ids = f'aria-labelledby="{key}-title {key}-desc"'
    names = _apart([(plane.y(level), "capacity", "level"), *((plane.y(f.values[-1][1]), f.name, f.kind) for f in fans)])
    return "\n".join(
        [
            f'<svg class="fan" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" {ids} xmlns="http://www.w3.org/2000/svg">',
            f"<title id={quoteattr(key + '-title')}>{escape(title)}</title>",
            f"<desc id={quoteattr(key + '-desc')}>{escape(description)}</desc>",
            *_grid(plane),
            f'<path class="fan-level" d="M{_LEFT} {plane.y(level)}H{WIDTH - _RIGHT}"/>',
            *(_fan(plane, fan) for fan in fans),
            *(f'<text class="fan-name {kind}" x="{WIDTH - _RIGHT + 6}" y="{y + 4}">{escape(name)}</text>'
              for y, name, kind in names),
            "</svg>",
        ]
    )  # fmt: skip


class _Plane:
    """Where dates and numbers lie."""

    def __init__(self, on: Sequence[date], most: int) -> None:
        self.on = on
        self.step = next(step for step in _steps() if step * 5 >= most)
        self.most = self.step * -(-most // self.step)

    def x(self, on: date) -> float:
        share = (on - self.on[0]).days / (self.on[-1] - self.on[0]).days
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: int) -> float:
        return round(HEIGHT - _BOTTOM - value / self.most * (HEIGHT - _TOP - _BOTTOM), 1)


def _steps() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50 and so on."""
    size = 1
    while True:
        yield from (size, 2 * size, 5 * size)
        size *= 10


def _grid(plane: _Plane) -> list[str]:
    lines = []
    for value in range(0, plane.most + 1, plane.step):
        y = plane.y(value)
        lines.append(f'<path class="fan-grid" d="M{_LEFT} {y}H{WIDTH - _RIGHT}"/>')
        lines.append(f'<text class="fan-number" x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{value}</text>')
    firsts = _firsts_of_months(plane.on[0], plane.on[-1])
    every = max(1, -(-len(firsts) // 5))
    for first in firsts[::every]:
        x = plane.x(first)
        foot = HEIGHT - _BOTTOM
        lines.append(f'<path class="fan-grid" d="M{x} {foot}v5"/>')
        lines.append(f'<text class="fan-number" x="{x}" y="{foot + 20}" text-anchor="middle">{first:%b %y}</text>')
    return lines


def _firsts_of_months(start: date, end: date) -> list[date]:
    found, on = [], start
    while (on := date(on.year + on.month // 12, on.month % 12 + 1, 1)) <= end:
        found.append(on)
    return found


def _fan(plane: _Plane, fan: Fan) -> str:
    points = [(plane.x(on), *map(plane.y, values)) for on, values in zip(plane.on, fan.values, strict=True)]
    upper = [f"{x} {high}" for x, _, _, high in points]
    lower = [f"{x} {low}" for x, low, _, _ in reversed(points)]
    line = [f"{x} {middle}" for x, _, middle, _ in points]
    return (
        f'<path class="fan-band {fan.kind}" d="M{"L".join(upper + lower)}Z"/>'
        f'<path class="fan-line {fan.kind}" d="M{"L".join(line)}"/>'
    )


def _apart(names: Sequence[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """The names beside the lines' ends, pushed apart where they would lie on each other, all inside the picture."""
    placed: list[tuple[float, str, str]] = []
    for y, name, kind in sorted(names):
        placed.append((max(y, placed[-1][0] + _APART) if placed else y, name, kind))
    over = max(0.0, placed[-1][0] - (HEIGHT - _BOTTOM))
    return [(round(y - over, 1), name, kind) for y, name, kind in placed]
