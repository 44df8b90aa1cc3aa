"""A log line is JSON with the case and the place of an error, and without anything of a person."""

import json
import logging
import sys
from typing import Any

import asyncpg
import pytest

from starter.log_lines import JsonLines, cleaned


def line(message: str, *arguments: object, error: bool = False, **extra: Any) -> dict[str, Any]:
    info = sys.exc_info() if error else None
    record = logging.LogRecord("activities.gates", logging.WARNING, "x.py", 1, message, arguments, info)
    record.__dict__.update(extra)
    found: dict[str, Any] = json.loads(JsonLines("worker").format(record))
    return found


def test_a_line_names_service_level_and_case() -> None:
    found = line("the review of %s waits", "SFO-2026-00042")
    assert (found["service"], found["level"], found["case"]) == ("worker", "WARNING", "SFO-2026-00042")


def test_a_signal_that_could_not_be_used_is_named_with_the_reason() -> None:
    found = line("A signal could not be used", signal="decide", why="unknown_gate")
    assert (found["signal"], found["why"]) == ("decide", "unknown_gate")
    assert "signal" not in line("late")


def test_the_case_comes_from_where_temporal_says_it_runs() -> None:
    found = line("late", temporal_activity={"workflow_id": "sfo/SFO-2026-00007/review", "activity_type": "open_gate"})
    assert (found["case"], found["workflow"], found["activity"]) == (
        "SFO-2026-00007",
        "sfo/SFO-2026-00007/review",
        "open_gate",
    )


def test_an_error_is_its_type_its_code_and_its_place_and_never_its_text() -> None:
    try:
        try:
            raise asyncpg.UniqueViolationError("Key (email)=(secret@example.test) already exists")
        except asyncpg.UniqueViolationError as cause:
            raise RuntimeError("Secret Name was refused") from cause
    except RuntimeError:
        found = line("Completing activity as failed", error=True)
    assert [error["type"] for error in found["error"]] == ["RuntimeError", "UniqueViolationError"]
    assert found["error"][1]["sqlstate"] == "23505"
    assert "test_log_lines.py" in found["error"][0]["at"][-1]
    assert "ecret" not in json.dumps(found)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to head.lei@n53.example.test: refused", "to [address]: refused"),
        ("GET /a/" + "Ab-_9" * 11 + "x 200", "GET /a/[link] 200"),
        ("<one@example.test>,two@example.test", "<[address]>,[address]"),
        ("postgresql://sfo_app@host/sfo", "postgresql:[address]"),
        ("nothing of a person", "nothing of a person"),
    ],
)
def test_addresses_and_links_are_taken_out(text: str, shown: str) -> None:
    assert cleaned(text) == shown


def test_text_that_would_break_the_line_does_not() -> None:
    assert line("one\ntwo")["message"] == "one\ntwo"
