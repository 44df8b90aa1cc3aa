"""Every column of the record: whose data it is and in what words it is told to that person.

One row a column, by `table.column`. A new column must be declared here before `sfo subject-access` is whole again.
"""

from collections.abc import Mapping

from starter import held_columns_case, held_columns_keeping, held_columns_way, held_columns_work
from starter.held import Held, Table

_PARTS = (held_columns_case, held_columns_work, held_columns_way, held_columns_keeping)
HELD: Mapping[str, Held] = {name: held for part in _PARTS for name, held in part.COLUMNS.items()}
TABLES: Mapping[str, Table] = {name: table for part in _PARTS for name, table in part.TABLES.items()}


def columns_of(table: str) -> dict[str, Held]:
    """Return the columns of a table, by name."""
    return {name.partition(".")[2]: held for name, held in HELD.items() if name.partition(".")[0] == table}
