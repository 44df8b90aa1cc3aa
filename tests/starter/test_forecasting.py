"""`sfo forecast`: what it reads from a real record, what it prints and writes, and how bad input ends."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from starter import progress
from tests.conftest import MailServer, Record
from tests.starter.a_backlog import Backlog
from tests.starter.test_casebook import working_days
from tests.starter.test_commands import Sfo
from tests.starter.test_commands import command as command  # the fixture
from workflows.policy.due import on_in_london

TODAY = on_in_london(datetime.now(UTC))


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def ahead(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.fixture
def backlog(record: Record, mail_server: MailServer) -> Backlog:
    return Backlog(record, mail_server)


async def region(command: Sfo, code: str = "N53", *options: str) -> dict[str, Any]:
    ended = await command("forecast", "--region", code, "--runs", "20", "--json", *options)
    assert ended.code == 0, ended.err
    (found,) = ended.json["regions"]
    assert isinstance(found, dict)
    return found


async def test_open_reviews_come_from_the_record_with_what_each_still_needs(command: Sfo, backlog: Backlog) -> None:
    await backlog.review(came_on=ago(20), due_on=ahead(70), begun_on=ago(15))
    await backlog.review(came_on=ago(120), due_on=ago(30), begun_on=ago(100))
    await backlog.review(came_on=ago(40), due_on=ahead(50), paused_on=ago(3))
    await backlog.review(came_on=ago(200), due_on=ago(110), begun_on=ago(190), submitted_on=ago(115))
    await backlog.review(region="N56", came_on=ago(20), due_on=ahead(70))
    found = await region(command)
    assert (found["open"], found["overdue"], found["paused"]) == (2, 1, 1)
    assert (found["reviewers"], found["carries"]) == (3, 2)
    assert (await region(command, "N56"))["open"] == 1
    # Draft, facts, answers and submission: nobody is owed an interview, so 25 working days, and both begin at once.
    assert found["clears_on"]["p10"] == working_days(25).isoformat()


async def test_nobody_works_on_a_bank_holiday_that_was_announced_late(command: Sfo, backlog: Backlog) -> None:
    await backlog.review(came_on=ago(120), due_on=ago(30), begun_on=ago(100))
    before = await region(command)
    await backlog.record.pool.execute(
        "INSERT INTO bank_holidays (holiday, name, source, announced_by) "
        "SELECT day::date, 'Invented', 'invented', 'x@example.test' "
        "FROM generate_series($1::date, $2::date, '1 day') AS day",
        ahead(1),
        ahead(14),
    )
    assert (await region(command))["clears_on"]["p10"] > before["clears_on"]["p10"]


async def test_arrivals_are_those_of_the_last_year_or_of_as_long_as_the_record_is(
    command: Sfo, backlog: Backlog
) -> None:
    await backlog.review(came_on=ago(50), due_on=ahead(40))
    await backlog.review(came_on=ago(73), due_on=ahead(18))
    found = await region(command)
    assert found["sources"]["arrivals"] == "record: 2 in the last 74 days"
    assert found["arrivals_a_month"] == pytest.approx(2 / 74 * 365.25 / 12, abs=0.001)
    await backlog.review(came_on=ago(364), due_on=ago(270), begun_on=ago(360), submitted_on=ago(300))
    await backlog.review(came_on=ago(365), due_on=ago(270), begun_on=ago(360), submitted_on=ago(300))
    assert (await region(command))["sources"]["arrivals"] == "record: 3 in the last 365 days"


async def test_a_record_of_a_few_days_is_taken_for_four_weeks(command: Sfo, backlog: Backlog) -> None:
    await backlog.review(came_on=ago(1), due_on=ahead(90))
    assert (await region(command))["sources"]["arrivals"] == "record: 1 in the last 28 days"


async def test_ten_submitted_reviews_tell_how_long_one_takes_and_nine_do_not(command: Sfo, backlog: Backlog) -> None:
    for number in range(9):
        await backlog.review(came_on=ago(300), due_on=ago(200), begun_on=ago(280), submitted_on=ago(210 - 7 * number))
    found = await region(command)
    assert found["durations"] == [35]
    assert found["sources"]["durations"] == "rulebook: 35 working days each; 9 submitted on record, 10 are needed"
    tenth = await backlog.review(came_on=ago(300), due_on=ago(200), begun_on=ago(280), submitted_on=ago(210))
    found = await region(command)
    assert len(found["durations"]) == 10
    assert found["sources"]["durations"] == "record: 10 reviews of this region"
    assert (await region(command, "N56"))["sources"]["durations"] == "record: 10 reviews of all regions"
    shortest = min(found["durations"])
    at = datetime.now(UTC)
    await backlog.record.pool.execute(
        """
        INSERT INTO pauses (reference, number, reason_code, paused_at, resumed_at)
        VALUES ($1, 1, 'trial', $2, $3)
        """,
        tenth,
        at - timedelta(days=252),
        at - timedelta(days=238),
    )
    paused = (await region(command))["durations"]
    assert 8 <= shortest - min(paused) <= 10  # two weeks of the pause do not count, less bank holidays


async def test_managers_come_from_the_directory_and_are_not_there_while_they_are_away(
    command: Sfo, backlog: Backlog, record: Record
) -> None:
    quiet = ("--arrivals", "N53=0")
    for _ in range(6):
        await backlog.review(came_on=ago(20), due_on=ahead(70), begun_on=ago(15))
    before = await region(command, "N53", *quiet)
    for number in (1, 2):
        await record.pool.execute(
            "INSERT INTO absences VALUES (gen_random_uuid(), $1, NULL, $2, $3, 'lead@n53.example.test')",
            f"n53.reviewer.{number}",
            TODAY,
            ahead(60),
        )
    after = await region(command, "N53", *quiet)
    assert after["reviewers"] == before["reviewers"] == 3
    assert after["submitted"] == before["submitted"]
    assert before["clears_on"]["median"] == TODAY.isoformat()
    assert after["clears_on"]["median"] >= ahead(50).isoformat()  # when the two are back
    shown = await command("forecast", "--region", "N53", "--runs", "5")
    assert "managers 3 (directory, without those who are away, while they are; 2 absences known)" in shown.out


async def test_a_lent_manager_is_busy_at_home_and_the_inspectorate_takes_no_place(
    command: Sfo, backlog: Backlog
) -> None:
    await backlog.review(came_on=ago(20), due_on=ahead(70), begun_on=ago(15), organisation="N56")
    await backlog.review(came_on=ago(20), due_on=ahead(70), begun_on=ago(15), organisation="hmip")
    here = await region(command, "N53", "--arrivals", "N53=0")
    lender = await region(command, "N56", "--arrivals", "N56=0")
    assert (here["open"], lender["open"]) == (2, 0)
    assert lender["utilisation"] > here["utilisation"] == 0
    assert "written elsewhere: 2" in (await command("forecast", "--region", "N53", "--runs", "5")).out
    assert "written here for other regions: 1" in (await command("forecast", "--region", "N56", "--runs", "5")).out


async def test_rehearsed_cases_are_left_out_unless_asked_for(command: Sfo, backlog: Backlog) -> None:
    await backlog.review(came_on=ago(5), due_on=ahead(85), speed=10)
    shown = await command("forecast", "--region", "N53", "--runs", "5")
    assert "1 rehearsed cases are left out" in shown.out
    assert (await region(command))["open"] == 0
    found = await region(command, "N53", "--rehearsed")
    assert (found["open"], found["sources"]["arrivals"]) == (1, "record: 1 in the last 28 days")


async def test_a_rehearsed_case_is_counted_as_if_its_day_were_today(command: Sfo, backlog: Backlog) -> None:
    reference = await backlog.review(came_on=ago(205), due_on=ago(190))
    at = datetime.now(UTC)
    await backlog.record.pool.execute(
        "UPDATE cases SET clock = jsonb_build_object('case_anchor', $2::text, 'wall_anchor', $3::text) "
        "WHERE reference = $1",
        reference,
        (at - timedelta(days=200)).isoformat(),
        at.isoformat(),
    )
    assert (await region(command))["open"] == 0  # as fast as real time, but on other dates
    found = await region(command, "N53", "--rehearsed")
    assert (found["open"], found["overdue"]) == (1, 0)  # ten days are left
    assert found["sources"]["arrivals"] == "record: 1 in the last 28 days"


async def test_the_same_seed_gives_the_same_numbers_whichever_regions_are_asked(command: Sfo, backlog: Backlog) -> None:
    await backlog.review(came_on=ago(20), due_on=ahead(70))
    await backlog.review(region="N56", came_on=ago(20), due_on=ahead(70))
    options = ("--runs", "30", "--arrivals", "N53=5", "--json")
    everywhere = (await command("forecast", *options)).json["regions"]
    assert [one["region"] for one in everywhere] == sorted(one["region"] for one in everywhere)
    assert len(everywhere) == 12
    alone = (await command("forecast", "--region", "N53", *options)).json["regions"]
    two = (await command("forecast", "--region", "N56", "--region", "N53", *options)).json["regions"]
    assert alone == [one for one in everywhere if one["region"] == "N53"]
    assert two == [one for one in everywhere if one["region"] in ("N53", "N56")]
    other = (await command("forecast", "--region", "N53", "--seed", "2", *options)).json["regions"]
    assert other != alone


async def test_what_is_given_takes_the_place_of_what_is_known_and_is_said_to_be_given(command: Sfo) -> None:
    given = ("--reviewers", "N53=1", "--arrivals", "N53=3.5", "--carries", "1")
    found = await region(command, "N53", *given)
    assert (found["reviewers"], found["arrivals_a_month"], found["carries"]) == (1, 3.5, 1)
    assert found["sources"] | {"open": 0, "durations": 0} == {
        "open": 0, "durations": 0, "reviewers": "given", "arrivals": "given", "carries": "given",
    }  # fmt: skip
    table = (await command("forecast", "--region", "N53", *given, "--runs", "50")).out
    assert re.search(r"^N53 +East Midlands +0 +0 +1 x 1 +3\.5 +\d+% ", table, re.MULTILINE)
    assert "Where from:" in table
    assert "Assumed:" in table
    more = await command("forecast", "--region", "N53", "--arrivals", "N53=9", "--reviewers", "N53=1")
    assert re.search(r"clear today, then grows by \d\.\d a month", more.out)


async def test_the_weeks_are_written_as_rows(command: Sfo, backlog: Backlog, tmp_path: Path) -> None:
    await backlog.review(came_on=ago(120), due_on=ago(30), begun_on=ago(100))
    printed = await command("forecast", "--region", "N53", "--months", "1", "--runs", "20", "--csv", "-")
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert {row["region"] for row in rows} == {"N53"}
    assert [row["on"] for row in rows] == [ahead(7 * n).isoformat() for n in range(len(rows))]
    assert (rows[0]["open_median"], rows[0]["overdue_p10"], rows[0]["overdue_p90"]) == ("1", "1", "1")
    file = tmp_path / "weeks.csv"
    ended = await command("forecast", "--region", "N53", "--months", "1", "--runs", "20", "--csv", str(file), "--json")
    assert file.read_text() == printed.out
    weeks = ended.json["regions"][0]["weeks"]
    assert [[row["open_p10"], row["open_median"], row["open_p90"]] for row in rows] == [
        [str(value) for value in week["open"]] for week in weeks
    ]


async def test_the_page_stands_alone_and_has_every_number_in_a_table(
    command: Sfo, backlog: Backlog, tmp_path: Path
) -> None:
    await backlog.review(came_on=ago(120), due_on=ago(30), begun_on=ago(100))
    file = tmp_path / "forecast.html"
    ended = await command("forecast", "--html", str(file), "--runs", "20", "--arrivals", "N53=6")
    assert ended.code == 0
    page = BeautifulSoup(file.read_text(), "html.parser")
    assert not page.select("script, link, img, iframe")
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", file.read_text())
    charts = page.select("svg[role=img]")
    assert len(charts) == 12
    for chart in charts:
        named = [page.select_one(f"#{one}") for one in str(chart["aria-labelledby"]).split()]
        assert all(one and one.get_text(strip=True) for one in named)
    ids = [str(one["id"]) for one in page.select("[id]")]
    assert len(ids) == len(set(ids))
    section = page.select_one("#N53")
    assert section
    first = section.select("details table tbody tr")[0]
    assert [cell.get_text(strip=True) for cell in first.select("td")] == ["1 (1 to 1)", "1 (1 to 1)"]
    assert "Example" not in file.read_text()  # no person is in it


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--region", "N99"), "--region: there is no region N99; the directory has MCG, "),
        (("--reviewers", "N99=2"), "--reviewers: there is no region N99"),
        (("--region", "N53", "--arrivals", "N56=2"), "N56 is not among the regions asked for; add --region N56"),
        (("--reviewers", "N53=-1"), "--reviewers: 'N53=-1' is not REGION=whole number from 0 to 200"),
        (("--reviewers", "N53=2.5"), "'N53=2.5' is not REGION=whole number"),
        (("--reviewers", "N53=201"), "'N53=201' is not REGION=whole number from 0 to 200"),
        (("--reviewers", "N53"), "'N53' is not REGION=whole number"),
        (("--arrivals", "N53=nan"), "'N53=nan' is not REGION=number"),
        (("--arrivals", "N53=inf"), "'N53=inf' is not REGION=number"),
        (("--arrivals", "=3"), "'=3' is not REGION=number"),
        (("--arrivals", "N53=1", "--arrivals", "N53=2"), "--arrivals: N53 is given twice"),
        (("--months", "0"), "'--months': 0 is not in the range"),
        (("--runs", "100000"), "'--runs': 100000 is not in the range"),
        (("--carries", "0"), "'--carries': 0 is not in the range"),
        (("--seed", "x"), "'--seed': 'x' is not a valid integer"),
        (("--csv", "-", "--json"), "--csv - and --json both print"),
        (("--html", "/nowhere/at/all.html"), "/nowhere/at/all.html: cannot be written"),
    ],
)
async def test_bad_input_ends_with_2_and_is_named(command: Sfo, options: tuple[str, ...], said: str) -> None:
    ended = await command("forecast", *options)
    assert ended.code == 2
    assert said in ended.err


async def test_what_takes_long_says_how_far_it_is(command: Sfo, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = await command("forecast", "--region", "N53", "--runs", "2")
    assert quick.err == ""
    monkeypatch.setattr(progress, "SAID_EVERY", 0.0)
    slow = await command("forecast", "--region", "N53", "--runs", "2")
    assert slow.err.splitlines() == ["region 1 of 1, run 1 of 2", "region 1 of 1, run 2 of 2"]
    assert slow.out == quick.out


async def test_a_record_out_of_reach_ends_with_3(command: Sfo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFO_DATABASE_URL", "postgresql://sfo_app@127.0.0.1:1/sfo")
    assert (await command("forecast")).code == 3
