"""The offence table: how a CJS code stands to the SFO list. Rule: facts.md 7, 1.13 to 1.15.

An inchoate suffix (A attempt, B aid, C conspire, E encourage or assist, I incite) counts as the main offence.
A code that the table does not hold is unknown, never "not an SFO": people are asked. Rule: design.md 2, charge.
"""

from dataclasses import dataclass, field
from typing import Self

from workflows.contract.problems import DataError, Problem
from workflows.contract.rulebook import OffenceRow
from workflows.contract.vocabulary import OffenceCategory

INCHOATE_SUFFIXES = frozenset("ABCEI")
CHILD_UNDER = 13  # years; Rule: facts.md 1.13
_STEM = 7  # characters of a CJS code without its suffix


def main_offence(code: str) -> str:
    """The code without its inchoate suffix, or as it is when there is none that we know."""
    return code[:-1] if len(code) == _STEM + 1 and code[-1] in INCHOATE_SUFFIXES else code


@dataclass(frozen=True)
class OffenceTable:
    """Rows of code ranges. Errors: `DataError` where two rows hold the same code."""

    rows: tuple[OffenceRow, ...]
    _by_code: dict[str, OffenceRow] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_code: dict[str, OffenceRow] = {}
        doubles = [
            Problem(code, f"stands in '{by_code[code].title}' and in '{row.title}'", "keep one of the rows")
            for row in self.rows
            for code in row.codes()
            if by_code.setdefault(code, row) is not row
        ]
        if doubles:
            raise DataError(doubles)
        object.__setattr__(self, "_by_code", by_code)

    @classmethod
    def from_csv(cls, text: str) -> Self:
        """Read the table from CSV text. Errors: `DataError`, each with its line and column."""
        return cls(OffenceRow.from_csv(text))

    def row(self, code: str) -> OffenceRow | None:
        """The row that holds this code, with or without an inchoate suffix, or none."""
        return self._by_code.get(main_offence(code))

    def is_age_missing(self, code: str, victim_age: int | None) -> bool:
        """Whether the victim's age is missing where it decides. Rule: facts.md 7, child under 13."""
        row = self.row(code)
        return row is not None and row.age_decides and victim_age is None

    def classify(self, code: str, victim_age: int | None) -> OffenceCategory:
        """Place the offence; unknown for a code not held and for an age missing where it decides.

        A sexual offence whose victim is given as under 13 is mandatory whatever the code's own wording.
        """
        row = self.row(code)
        if row is None or self.is_age_missing(code, victim_age):
            return OffenceCategory.UNKNOWN
        if row.under_13 is not None and victim_age is not None and victim_age < CHILD_UNDER:
            return row.under_13
        return row.category
