"""Rulebooks, offence tables and directories of any content: refused by file and field, or whole enough to count by.

What is taken is used: every date is counted, every question's steps are planned, every role is looked up.
"""

import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.rulebooks import FileRulebooks, RulebookError
from starter.judging import RulesError, rules_in_force
from starter.settings import Settings
from tests.fuzz.persisting import examples, overheard, persist, within
from tests.fuzz.spoiling import as_toml, damaged, spoilt
from workflows.contract.directory import Directory
from workflows.contract.problems import DataError
from workflows.contract.questions import QUESTIONS, Silence
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import Role, Rung
from workflows.policy import ahead, deadlines, reminders
from workflows.policy.authority import Ties
from workflows.policy.climbing import Place, climb
from workflows.policy.offences import OffenceTable

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RULEBOOK = (DEPLOY / "rulebook/2026-04-01.toml").read_text("utf-8")
OFFENCES = (DEPLOY / "rulebook/offences-2026-04-01.csv").read_text("utf-8")
DIRECTORY = (DEPLOY / "directory/2026-04-01.toml").read_text("utf-8")
DAYS = st.dates(date(2026, 4, 1), date(2040, 1, 1))


def read_or_refused(read: Callable[[], Any]) -> Any:
    """What is read, or None where it is refused with the field and the remedy. Anything else comes through."""
    found, problems = None, None
    with overheard() as heard:
        try:
            with within():
                found = read()
        except DataError as error:
            problems = error.problems
    assert heard.lines == []
    assert problems is None or len(problems) > 0
    for problem in problems or ():
        assert problem.message
        assert problem.remedy
        assert problem.path or problem.message.startswith(("is not TOML", "holds no offence")), problem
    return found


# --- rulebooks --------------------------------------------------------------------------------------


def counts(book: Rulebook, on: date) -> None:
    """Every deadline gives a date, every question its steps, the review its longest extension, in time."""
    with within():
        for key, rule in book.deadlines.items():
            due_on = deadlines.due_on(rule, on, ())
            assert due_on > on
            for role in (Role.SPOC, Role.NATIONAL_TEAM):
                steps = reminders.schedule(book, key, on, due_on, (), lapses=False, role=role)
                assert steps == tuple(sorted(steps, key=lambda step: step.at))
        for question in QUESTIONS.values():
            due_on = deadlines.due_on(book.deadlines[question.deadline], on, ())
            lapses = question.silence is Silence.LAPSE
            assert reminders.schedule(book, question.deadline, on, due_on, (), lapses=lapses, role=Role.SPOC)
        ahead.looks(book, deadlines.due_on(book.deadlines["review"], on, ()), ())
        deadlines.extended(on, deadlines.proposed(on, months=1), book)


def test_a_rulebook_changed_anywhere_is_refused_or_every_date_can_be_counted_by_it() -> None:
    whole = tomllib.loads(RULEBOOK)
    assert read_or_refused(lambda: Rulebook.from_toml(as_toml(whole))) == Rulebook.from_toml(RULEBOOK)

    @examples(150)
    @given(spoilt(whole).map(as_toml), DAYS)
    def each(text: str, on: date) -> None:
        if book := read_or_refused(lambda: Rulebook.from_toml(text)):
            counts(book, on)

    persist(each)


def test_an_offence_table_with_any_bytes_changed_is_refused_or_places_every_code_of_it() -> None:
    @examples(60)
    @given(damaged(OFFENCES.encode()))
    def each(data: bytes) -> None:
        if table := read_or_refused(lambda: OffenceTable.from_csv(data.decode("utf-8", "replace"))):
            for row in table.rows:
                assert table.row(row.first_code) is row
                table.classify(row.last_code, None)

    persist(each)


# --- directories ------------------------------------------------------------------------------------


def test_a_directory_changed_anywhere_is_refused_or_has_everybody_who_may_be_asked() -> None:
    whole = tomllib.loads(DIRECTORY)
    assert read_or_refused(lambda: Directory.from_toml(as_toml(whole))) == Directory.from_toml(DIRECTORY)
    small = whole | {"regions": {"N53": whole["regions"]["N53"]}}
    assert read_or_refused(lambda: Directory.from_toml(as_toml(small)))

    @examples(150)
    @given(spoilt(small).map(as_toml), DAYS)
    def each(text: str, on: date) -> None:
        if found := read_or_refused(lambda: Directory.from_toml(text)):
            everybody_can_be_asked(found, on)

    persist(each)


def everybody_can_be_asked(found: Directory, on: date) -> None:
    """Each region has somebody for each question, and whoever hears of silence can be told at every rung."""
    for code, region in found.regions.items():
        for pdu in region.pdus:
            assert found.people_for(Role.HEAD_OF_PDU, code, pdu)
            assert found.people_for(Role.SPOC, code, pdu)
        place = Place(found, code, next(iter(region.pdus)), on)
        for person in region.people:
            assert found.person_by_email(person.email.upper()) is person
            for rung in (Rung.DEPUTY, Rung.SENIOR_LEAD, Rung.REGIONAL_DIRECTOR):
                climb(rung, "notification", person.email, place, Ties(place.pdu))


# --- the files as they lie in a folder ------------------------------------------------------------------


FILES = {
    "rulebook/2026-04-01.toml": RULEBOOK.encode(),
    "rulebook/offences-2026-04-01.csv": OFFENCES.encode(),
    "directory/2026-04-01.toml": DIRECTORY.encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_any_bytes_changed_is_refused_by_its_name_by_the_worker_and_by_the_commands(
    name: str, tmp_path: Path
) -> None:
    for other, content in FILES.items():
        (tmp_path / other).parent.mkdir(exist_ok=True)
        (tmp_path / other).write_bytes(content)
    here = Settings.with_stand_ins(
        {"SFO_RULEBOOK_DIR": str(tmp_path / "rulebook"), "SFO_DIRECTORY_DIR": str(tmp_path / "directory")}
    )
    on = date(2026, 11, 23)

    def by_the_worker() -> None:
        files = FileRulebooks(tmp_path / "rulebook", tmp_path / "directory")
        files.offences(files.in_force(on).version)
        files.directory(on)

    by_the_worker()

    @examples(20)
    @given(damaged(FILES[name]))
    def each(data: bytes) -> None:
        (tmp_path / name).write_bytes(data)
        for read, kind in ((by_the_worker, RulebookError), (lambda: rules_in_force(here, on), RulesError)):
            said = None
            try:
                with within():
                    read()
            except kind as error:
                said = str(error)
            assert said is None or name.partition("/")[0] in said

    persist(each)
