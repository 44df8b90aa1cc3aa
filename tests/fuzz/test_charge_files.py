"""A charge file of any content: cases that can be judged, or problems that name their place; never an error."""

import json
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import date
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from starter.__main__ import run
from starter.demo import CHARGES
from starter.intake import Pace, charge_key
from starter.judging import rules_in_force
from starter.settings import Settings
from tests.fuzz.persisting import examples, overheard, persist, within
from tests.fuzz.spoiling import as_json, damaged, places, spoilt
from workflows.contract.charge import ChargeBatch, parse_charges

TODAY = date(2026, 11, 23)
RULES = rules_in_force(Settings.with_stand_ins({}), TODAY)
GOOD = [json.loads(path.read_text()) for path in sorted(CHARGES.glob("*.json"))]


def private(document: Any) -> set[str]:
    """The names and addresses of a charge file."""
    told = ("name", "email", "liaison_officer_email", "date_of_birth", "wording")
    return {str(_at(document, place)) for place in places(document) if place[-1] in told}


def _at(document: Any, place: Any) -> Any:
    for key in place:
        document = document[key]
    return document


PRIVATE = frozenset().union(*(private(good) for good in GOOD)) - {"None"}


def test_the_samples_are_good_and_hold_what_must_not_be_told() -> None:
    assert len(GOOD) == 4
    for good in GOOD:
        batch = parse_charges(as_json(good), today=TODAY, directory=RULES.directory)
        assert (len(batch.charges), batch.problems) == (1, ())
    assert len(PRIVATE) > 20


def holds(data: bytes) -> ChargeBatch:
    """What is true of any file: it is read in time, each problem has its place and remedy, and tells of nobody."""
    with within(), overheard() as heard:
        batch = parse_charges(data, today=TODAY, directory=RULES.directory)
        for _, charge in batch.charges:
            RULES.judge(charge)
            charge_key(charge)
            Pace(speed=100.0).clock(charge)
            assert charge.people
    assert batch.charges or batch.problems
    for problem in (*batch.problems, *batch.remarks):
        assert problem.message
        assert problem.remedy
        assert problem.path or problem.message.startswith("the file") or problem.message == "is not an object", problem
        assert not [text for text in PRIVATE if text in str(problem)], problem
    assert heard.lines == []
    return batch


def test_a_file_changed_anywhere_in_its_tree_is_read_or_its_problems_are_named() -> None:
    @examples(200)
    @given(st.sampled_from(GOOD).flatmap(spoilt) | spoilt(GOOD))
    def each(document: Any) -> None:
        holds(as_json(document))

    persist(each)


def test_a_file_with_any_bytes_changed_is_read_or_its_problems_are_named() -> None:
    @examples(150)
    @given(st.sampled_from(GOOD).flatmap(lambda good: damaged(as_json(good))))
    @example(b"[" * 100_000)
    @example(b'{"crn": ' * 100_000)
    @example(b'{"crn": ' + b"9" * 5_000 + b"}")
    def each(data: bytes) -> None:
        holds(data)

    persist(each)


def told(arguments: Sequence[str]) -> tuple[int, str, str]:
    """Run a command: its exit code, what it printed and what it said, by streams as strict as a terminal's."""
    printed, said = TextIOWrapper(BytesIO(), "utf-8"), TextIOWrapper(BytesIO(), "utf-8", errors="backslashreplace")
    with redirect_stdout(printed), redirect_stderr(said):
        code = run(arguments)
    for stream in (printed, said):
        stream.seek(0)
    return code, printed.read(), said.read()


def test_the_command_ends_with_0_or_2_and_says_why(tmp_path: Path) -> None:
    file = tmp_path / "charge.json"

    @examples(15)
    @given(st.sampled_from(GOOD).flatmap(spoilt).map(as_json) | damaged(as_json(GOOD[0])))
    def each(data: bytes) -> None:
        file.write_bytes(data)
        with within(), overheard() as heard:
            code, printed, said = told(["charge", "--dry-run", str(file)])
        assert code in {0, 2}, said
        assert code == 0 or "charge.json: " in said
        assert "Traceback" not in printed + said
        assert not [text for text in PRIVATE if text in "\n".join([printed, said, *heard.lines])]

    persist(each)
