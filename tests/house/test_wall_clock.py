"""Activities take the time from the workflow that calls them or from the record: a worker's own clock moves no date.

`workflows/` is kept from clocks by the determinism checks.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ACTIVITIES = Path(__file__).parents[2] / "activities"
_READS = {"now", "utcnow", "today", "fromtimestamp", "time", "time_ns", "localtime", "gmtime", "formatdate"}


def read(code: str) -> Iterator[str]:
    """Each place where code asks the machine what time it is; a loop's own clock only measures spans."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime" | "date" | "time"), attr=name)) if (
                name in _READS
            ):
                yield f"{name} in line {node.lineno}"
            case ast.ImportFrom(module="time" | "email.utils", names=names):
                yield from (f"{one.name} in line {node.lineno}" for one in names if one.name in _READS)


@pytest.mark.parametrize("path", sorted(ACTIVITIES.rglob("*.py")), ids=lambda path: path.stem)
def test_no_activity_reads_the_clock_of_its_worker(path: Path) -> None:
    assert list(read(path.read_text())) == []


@pytest.mark.parametrize(
    "code", ["datetime.now(UTC)", "date.today()", "time.time()", "from email.utils import formatdate"]
)
def test_a_clock_that_is_read_is_seen(code: str) -> None:
    assert list(read(code))
