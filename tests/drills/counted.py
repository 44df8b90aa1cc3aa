"""What the drills counted, one row each, for the one table that `make drill` ends with."""

from dataclasses import dataclass

from starter.columns import in_columns

HEADINGS = (
    "drill",
    "what was done",
    "times",
    "cases in flight",
    "answers given",
    "moving again, s",
    "lost",
    "doubled",
    "letters twice",
)
_NUMBERS = range(2, len(HEADINGS))


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was done to a service. `letters_twice` is what SMTP leaves no choice about; None: not counted.

    `lost` and `doubled` are answers that somebody was told are recorded.
    """

    drill: str
    what: str
    times: int
    in_flight: int
    answers: int
    resumed: float | None
    lost: int
    doubled: int
    letters_twice: int | None = None

    def cells(self) -> tuple[str, ...]:
        """The row as the table shows it."""
        resumed = "" if self.resumed is None else f"{self.resumed:.1f}"
        twice = "" if self.letters_twice is None else str(self.letters_twice)
        counts = (self.times, self.in_flight, self.answers, resumed, self.lost, self.doubled, twice)
        return (self.drill, self.what, *map(str, counts))


ROWS: list[Row] = []


def count(row: Row) -> Row:
    """The row stands in the table at the end; also that of a drill that fails afterwards."""
    ROWS.append(row)
    return row


def table(rows: list[Row]) -> list[str]:
    """The lines of the table."""
    return in_columns([HEADINGS, *(row.cells() for row in rows)], numbers=_NUMBERS)
