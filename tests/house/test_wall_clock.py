"""Activities take the time from the workflow that calls them or from the record: a worker's own clock moves no date.

`workflows/` is kept from clocks by the determinism checks. The record is asked by one name, so that a drill can step
its clock (`tests/drills/wrong_clock.py`), and no row is dated by the beginning of a transaction that waited long.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ACTIVITIES = PROJECT / "activities"
_OTHER_NAMES = re.compile(
    r"(?<![.\w])(?:now|statement_timestamp|transaction_timestamp|timeofday) *\(\)"
    r"|\bcurrent_(?:date|time|timestamp)\b|\blocaltime(?:stamp)?\b",
    re.IGNORECASE,
)
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


def said_to_the_record(path: Path) -> str:
    """A schema's file without its comments, or the words in quotation marks of a module."""
    if path.suffix == ".sql":
        return re.sub(r"--.*", "", path.read_text())
    texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    return "\n".join(text for text in texts if isinstance(text, str))


@pytest.mark.parametrize("folder", ["activities", "starter", "deploy/schema", "deploy/keys"])
def test_the_record_is_asked_for_the_time_by_one_name(folder: str) -> None:
    paths = [path for path in (PROJECT / folder).rglob("*") if path.suffix in (".py", ".sql")]
    assert paths
    assert {path.name: found for path in paths if (found := _OTHER_NAMES.findall(said_to_the_record(path)))} == {}


@pytest.mark.parametrize("words", ["DEFAULT now()", "recorded_at < CURRENT_TIMESTAMP - $1", "due_on = current_date"])
def test_another_name_for_the_time_is_seen(words: str) -> None:
    assert _OTHER_NAMES.search(words)
