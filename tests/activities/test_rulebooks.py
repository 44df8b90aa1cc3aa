import os
import shutil
import socket
from datetime import date
from pathlib import Path

import pytest

from activities.bank_holidays import england_and_wales, published_until
from activities.rulebooks import FileRulebooks, RulebookError
from workflows.contract.vocabulary import OffenceCategory
from workflows.policy.calendar import add_working_days

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name in ("rulebook", "directory"):
        shutil.copytree(DEPLOY / name, tmp_path / name)
    return tmp_path


def books(folder: Path) -> FileRulebooks:
    return FileRulebooks(folder / "rulebook", folder / "directory")


def rewrite(path: Path, old: str, new: str, to: Path | None = None) -> None:
    text = path.read_text()
    assert old in text
    (to or path).write_text(text.replace(old, new))


def test_the_shipped_files_are_in_force_and_complete() -> None:
    shipped = books(DEPLOY)
    book = shipped.in_force(date(2026, 11, 23))
    assert book.version == "2026-04-01"
    assert shipped.version(book.version) is book
    assert shipped.offences(book.version).classify("SX03001A", None) is OffenceCategory.MANDATORY
    assert shipped.offences(book.version) is shipped.offences(book.version)
    assert shipped.directory(date(2026, 11, 23)).region("N53") is not None


def test_the_latest_file_of_the_past_is_in_force(files: Path) -> None:
    folder = files / "rulebook"
    rewrite(folder / "2026-04-01.toml", '\nversion = "2026-04-01"\neffective_on = 2026-04-01',
            '\nversion = "2027-01-01"\neffective_on = 2027-01-01', folder / "2027-01-01.toml")  # fmt: skip
    two = books(files)
    assert two.in_force(date(2026, 12, 31)).version == "2026-04-01"
    assert two.in_force(date(2027, 1, 1)).version == "2027-01-01"
    assert two.version("2026-04-01").effective_on == date(2026, 4, 1)


def test_before_the_first_file_nothing_is_in_force() -> None:
    with pytest.raises(RulebookError, match=r"nothing is in force on 2026-03-31; the first .* 2026-04-01"):
        books(DEPLOY).in_force(date(2026, 3, 31))


def test_a_version_that_is_gone_is_named_with_the_remedy() -> None:
    with pytest.raises(RulebookError, match=r"no rulebook '2019-01-01'; put the file back \(here: 2026-04-01\)"):
        books(DEPLOY).version("2019-01-01")


def test_a_wrong_figure_is_named_by_file_and_path(files: Path) -> None:
    rewrite(files / "rulebook/2026-04-01.toml", 'unit = "calendar_months"', 'unit = "moons"')
    with pytest.raises(RulebookError) as error:
        books(files).in_force(date(2026, 11, 23))
    assert "rulebook/2026-04-01.toml: deadlines.review.unit: is none of the values allowed; write one of" in str(
        error.value
    )


def test_a_wrong_offence_is_named_by_file_and_line(files: Path) -> None:
    rewrite(files / "rulebook/offences-2026-04-01.csv", "Soliciting murder,", ",")
    with pytest.raises(RulebookError, match=r"offences-2026-04-01\.csv: line 3\.title: is missing"):
        books(files).offences("2026-04-01")


def test_a_missing_offence_table_is_named(files: Path) -> None:
    os.remove(files / "rulebook/offences-2026-04-01.csv")
    with pytest.raises(RulebookError, match=r"offences-2026-04-01\.csv: cannot be read, No such file"):
        books(files).offences("2026-04-01")


def test_an_unknown_deputy_in_the_directory_is_named(files: Path) -> None:
    rewrite(files / "directory/2026-04-01.toml", 'deputy = "n53.senior_lead.deputy"', 'deputy = "n53.nobody"')
    with pytest.raises(RulebookError, match=r"directory/2026-04-01\.toml: regions\.N53\.people\[3\]\.deputy: nobody"):
        books(files).directory(date(2026, 11, 23))


def test_a_file_under_another_name_is_refused(files: Path) -> None:
    (files / "rulebook/2026-04-01.toml").rename(files / "rulebook/new.toml")
    with pytest.raises(RulebookError, match=r"new\.toml: version: is 2026-04-01, not the name of the file"):
        books(files).in_force(date(2026, 11, 23))


def test_two_files_from_one_date_are_refused(files: Path) -> None:
    folder = files / "rulebook"
    rewrite(folder / "2026-04-01.toml", 'version = "2026-04-01"', 'version = "copy"', folder / "copy.toml")
    with pytest.raises(RulebookError, match="is the date of another file too"):
        books(files).in_force(date(2026, 11, 23))


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match=r"holds no \.toml file; point the setting at the right folder"):
        FileRulebooks(tmp_path, tmp_path).in_force(date(2026, 11, 23))


def test_a_file_in_another_encoding_is_named(files: Path) -> None:
    (files / "rulebook/2026-04-01.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RulebookError, match="is not UTF-8 text"):
        books(files).in_force(date(2026, 11, 23))


# --- bank holidays --------------------------------------------------------------------------------------


def test_the_published_days_need_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    days = england_and_wales()
    assert {date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1), date(2023, 5, 8)} <= days
    assert date(2026, 3, 17) not in days  # St Patrick's Day is Northern Ireland's


def test_a_day_announced_in_any_rulebook_counts(files: Path) -> None:
    path = files / "rulebook/2026-04-01.toml"
    extra = '\n[[bank_holidays]]\non = 2027-05-17\nname = "Announced"\nsource = "a proclamation"\n'
    path.write_text(path.read_text() + extra)
    announced = books(files).announced_holidays()
    assert announced == {date(2027, 5, 17)}
    assert add_working_days(date(2027, 5, 14), 1, england_and_wales()) == date(2027, 5, 17)
    assert add_working_days(date(2027, 5, 14), 1, england_and_wales(announced)) == date(2027, 5, 18)


def test_the_published_days_reach_a_year_past_any_review_opened_now() -> None:
    assert published_until() >= date(2028, 12, 26)
