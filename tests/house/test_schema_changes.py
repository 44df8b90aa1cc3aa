"""A change of the schema expands, or says that it contracts; and squawk finds nothing that hurts a running release."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from starter.schema import KEYS_DIR, SCHEMA_DIR, kind_of

BEFORE_THE_RULE = 9
"""Files up to this number are applied everywhere and cannot be edited; all of them ran before any release was live."""

PROJECT = Path(__file__).resolve().parents[2]
HELD = [path for path in sorted(SCHEMA_DIR.glob("*.sql")) if int(path.name[:4]) > BEFORE_THE_RULE]
HELD += sorted(KEYS_DIR.glob("*.sql"))
TAKES_AWAY = (
    "DROP TABLE",
    "DROP COLUMN",
    "DROP FUNCTION",
    "RENAME ",
    "SET NOT NULL",
    "ALTER TYPE",
    "DROP VIEW",
    "REVOKE ",
)


def squawk(path: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "squawk"
    return subprocess.run(
        [str(program), "--config", str(PROJECT / ".squawk.toml"), "--reporter", "gcc", str(path)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def without_comments(sql: str) -> str:
    return "\n".join(line.partition("--")[0] for line in sql.splitlines()).upper()


def to_others(sql: str) -> str:
    """Without what a file revokes on tables and functions that it makes itself: nobody has used those yet."""
    made = set(re.findall(r"CREATE (?:TABLE|FUNCTION) ([\w.]+)", sql))
    return re.sub(
        r"REVOKE [^;]+? ON (?:FUNCTION )?([^;]+?) FROM [^;]+;",
        lambda found: "" if {one.strip() for one in found[1].split(",")} <= made else found[0],
        sql,
    )


def wrong_with(path: Path) -> list[str]:
    sql = path.read_text(encoding="utf-8")
    kind, found = kind_of(sql), squawk(path)
    wrong = [] if kind else [f"{path.name}: begin it with `-- expands: what` or `-- contracts: what, since when`"]
    wrong += [
        f"{path.name}: {words.strip()} takes something away, so its first line is `-- contracts: ...`"
        for words in TAKES_AWAY
        if kind == "expands" and words in to_others(without_comments(sql))
    ]
    return wrong + ([found.stdout + found.stderr] if found.returncode and kind != "contracts" else [])


@pytest.mark.parametrize("path", HELD, ids=lambda path: path.name)
def test_every_change_says_what_it_is_and_hurts_nobody(path: Path) -> None:
    assert wrong_with(path) == []


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("ALTER TABLE sfo.cases ADD planted text;", "begin it with"),
        ("-- expands: nothing\nALTER TABLE sfo.cases DROP COLUMN pdu;", "takes something away"),
        (
            "-- expands: nothing\nCREATE TABLE sfo.own (a text);\nREVOKE ALL ON sfo.cases FROM sfo_app;",
            "takes something away",
        ),
        ("-- expands: nothing\nALTER TABLE sfo.cases RENAME COLUMN pdu TO unit;", "renaming-column"),
        ("-- expands: a column\nALTER TABLE sfo.cases ADD planted text NOT NULL;", "adding-required-field"),
        ("-- expands: a check\nALTER TABLE sfo.cases ADD CHECK (pdu <> '');", "constraint-missing-not-valid"),
    ],
)
def test_what_hurts_is_found(tmp_path: Path, sql: str, what: str) -> None:
    path = tmp_path / "0010_planted.sql"
    path.write_text(sql)
    assert what in "\n".join(wrong_with(path))


@pytest.mark.parametrize(
    "sql",
    [
        "-- expands: a column and its index\nALTER TABLE sfo.cases ADD planted text;\n"
        "CREATE INDEX planted ON sfo.cases (planted);",
        "-- expands: a table\nCREATE TABLE sfo.own (a text);\nREVOKE ALL ON sfo.own FROM sfo_app;",
        "-- contracts: nobody reads it since release 2\nALTER TABLE sfo.cases DROP COLUMN planted;",
    ],
)
def test_what_hurts_nobody_passes(tmp_path: Path, sql: str) -> None:
    path = tmp_path / "0010_planted.sql"
    path.write_text(sql)
    assert wrong_with(path) == []
