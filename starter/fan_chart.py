"""A fan chart: bands and middle lines over weeks, readable on a phone, in print and by a screen reader.

Made of the pieces of `charts`: the picture is as wide as there is room, its words keep their size. Colour is never
alone: the lines differ in their dashes and each has its name beside its end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from starter.charts import number, svg, text

_HEIGHT, _TOP, _FOOT = 280, 14, 246  # pixels: of it all, where the highest value lies, where nought does
_LEFT, _RIGHT, _GAP = 12.0, 76.0, 2.0  # percent: where the dates begin and end, before the names
_APART = 20  # pixels between the names of two lines, so that they can be read
_MOST_MONTHS = 3  # named on the foot, so that they can be read on a phone
_GRID, _LEVEL = "#b1b4b6", "#0b0c0c"


@dataclass(frozen=True, slots=True)
class Fan:
    """One thing over time: its name, for each point its low, middle and high value, and how its line is drawn."""

    name: str
    values: Sequence[tuple[int, int, int]]
    colour: str
    dashes: str = ""


def fan_chart(name: str, title: str, description: str, on: Sequence[date], fans: Sequence[Fan], level: int) -> Markup:
    """Draw the fans over these dates, two at least, and a level that they are held against, the capacity.

    `name` is unique on its page.
    """
    plane = _Plane(on, max(4, level, *(high for fan in fans for _, _, high in fan.values)))
    ends = [(plane.y(level), "capacity", ""), *((plane.y(fan.values[-1][1]), fan.name, "label") for fan in fans)]
    drawn = [
        *_grid(plane),
        _line((_LEFT, _RIGHT), (plane.y(level), plane.y(level)), _LEVEL, "2 4"),
        _inside(plane, fans),
        *(text(f"{number(_RIGHT + _GAP)}%", y + 5, end, kind=kind) for y, end, kind in _apart(ends)),
    ]
    return svg(name, title, description, _HEIGHT, Markup("").join(drawn))


class _Plane:
    """Where dates and numbers lie."""

    def __init__(self, on: Sequence[date], most: int) -> None:
        self.on = on
        self.days = (on[-1] - on[0]).days
        self.step = next(step for step in _steps() if step * 5 >= most)
        self.most = self.step * -(-most // self.step)

    def x(self, on: date) -> float:
        """In percent of the width."""
        return _LEFT + (on - self.on[0]).days / self.days * (_RIGHT - _LEFT)

    def y(self, value: int) -> float:
        """In pixels."""
        return round(_FOOT - value / self.most * (_FOOT - _TOP), 1)


def _steps() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50 and so on."""
    size = 1
    while True:
        yield from (size, 2 * size, 5 * size)
        size *= 10


def _grid(plane: _Plane) -> Iterator[Markup]:
    for value in range(0, plane.most + 1, plane.step):
        y = plane.y(value)
        yield _line((_LEFT, _RIGHT), (y, y), _GRID)
        yield text(f"{number(_LEFT - _GAP)}%", y + 5, str(value), anchor="end")
    firsts = _firsts_of_months(plane.on[0], plane.on[-1])
    for first in firsts:
        yield _line((plane.x(first), plane.x(first)), (_FOOT, _FOOT + 5), _GRID)
    for first in firsts[:: max(1, -(-len(firsts) // _MOST_MONTHS))]:
        yield text(f"{number(plane.x(first))}%", _FOOT + 24, f"{first:%b %y}", anchor="middle")


def _line(x: tuple[float, float], y: tuple[float, float], colour: str, dashes: str = "") -> Markup:
    """From and to: `x` in percent of the width, `y` in pixels."""
    return Markup('<line x1="{}%" x2="{}%" y1="{}" y2="{}" stroke="{}" stroke-dasharray="{}"/>').format(
        *map(number, (*x, *y)), colour, dashes
    )


def _firsts_of_months(start: date, end: date) -> list[date]:
    found, on = [], start
    while (on := date(on.year + on.month // 12, on.month % 12 + 1, 1)) <= end:
        found.append(on)
    return found


def _inside(plane: _Plane, fans: Sequence[Fan]) -> Markup:
    """The fans in a picture of their own, a day wide and a pixel high, stretched to the room; their lines are not."""
    return Markup(
        '<svg x="{}%" width="{}%" height="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" overflow="visible">'
    ).format(number(_LEFT), number(_RIGHT - _LEFT), _HEIGHT, plane.days, _HEIGHT) + Markup("{}</svg>").format(
        Markup("").join(_fan(plane, fan) for fan in fans)
    )


def _fan(plane: _Plane, fan: Fan) -> Markup:
    points = [((on - plane.on[0]).days, *map(plane.y, values)) for on, values in zip(plane.on, fan.values, strict=True)]
    upper = [f"{x} {high}" for x, _, _, high in points]
    lower = [f"{x} {low}" for x, low, _, _ in reversed(points)]
    middle = [f"{x} {y}" for x, _, y, _ in points]
    return Markup(
        '<path d="M{}Z" fill="{}" fill-opacity=".25"/><path d="M{}" fill="none" stroke="{}" stroke-width="2.5" '
        'stroke-dasharray="{}" vector-effect="non-scaling-stroke"/>'
    ).format("L".join(upper + lower), fan.colour, "L".join(middle), fan.colour, fan.dashes)


def _apart(names: Sequence[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """The names beside the lines' ends, pushed apart where they would lie on each other, all inside the picture."""
    placed: list[tuple[float, str, str]] = []
    for y, name, kind in sorted(names):
        placed.append((max(y, placed[-1][0] + _APART) if placed else y, name, kind))
    over = max(0.0, placed[-1][0] - _FOOT)
    return [(y - over, name, kind) for y, name, kind in placed]
