"""Every column of the record: whose data it is and in what words it is told to that person.

One row a column, by `table.column`. A new column must be declared here before `sfo subject-access` is whole again.
"""

from collections.abc import Mapping

from starter import held_columns_case, held_columns_way, held_columns_work
from starter.held import Held, Table

HELD: Mapping[str, Held] = {**held_columns_case.COLUMNS, **held_columns_work.COLUMNS, **held_columns_way.COLUMNS}
TABLES: Mapping[str, Table] = {**held_columns_case.TABLES, **held_columns_work.TABLES, **held_columns_way.TABLES}


def columns_of(table: str) -> dict[str, Held]:
    """Return the columns of a table, by name."""
    return {name.partition(".")[2]: held for name, held in HELD.items() if name.partition(".")[0] == table}
