"""Rows of cells as columns for a terminal."""

from collections.abc import Container, Sequence

GAP = "  "


def in_columns(rows: Sequence[Sequence[str]], numbers: Container[int] = ()) -> list[str]:
    """Write the rows under each other, each column as wide as its widest cell; `numbers` are set to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        GAP.join(
            cell.rjust(width) if place in numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
