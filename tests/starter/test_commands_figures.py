"""`sfo figures` as typed: its table, its lines for a spreadsheet, its page, and what it says of bad input."""

import csv
import io
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from lxml import etree

from starter.charts import Bar, Chart, Part, bars
from starter.figures_charts import charts
from starter.figures_sentences import sentences
from starter.figures_tables import NOTHING, REASON_WORDS, Told, tables
from starter.figures_told import HEADER
from tests.conftest import Record
from tests.house.test_reading_age import is_plain
from tests.seeded import seed
from tests.starter.test_commands import Sfo
from tests.starter.test_commands import command as command  # the fixture
from workflows.policy.due import on_in_london
from workflows.policy.figure_rows import EXTENSION, FIXED, Deficiency, Findings, Move, Period, Round, Row
from workflows.policy.figures import EVERYWHERE, FIGURES, figures
from workflows.policy.figures_of_reviews import REASONS

TODAY = on_in_london(datetime.now(UTC))
DOCS = Path(__file__).parents[2] / "docs"
PRIVATE = re.compile(r"Example (Person|Family)|SFO-\d{4}-\d{5}|@|Invented|X000000|must_change")
"""What the seeded cases hold of people, references and free text."""


@pytest.fixture
async def many(record: Record) -> None:
    async with record.pool.acquire() as connection:
        await seed(connection, 150, TODAY)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("--from", "soon"), "'soon' is not a date; write it as YYYY-MM-DD"),
        (("--to", "2026-02-30"), "is not a date"),
        (("--from", "2026-05-02", "--to", "2026-05-01"), "--from 2026-05-02 is after --to 2026-05-01"),
        (("--to", "2999-01-01"), "--to 2999-01-01 lies in the future; give"),
        (("--from", "2999-01-01"), "is after --to"),
        (("--region", "N99"), "--region N99: the directory has no such region; it has MCG, N03"),
        (("--json", "--csv", "-"), "--csv - and --json would print over each other"),
        (("--html", "/nowhere/figures.html"), "cannot be written"),
    ],
)
async def test_bad_input_is_named_with_its_remedy(command: Sfo, typed: tuple[str, ...], said: str) -> None:
    ended = await command("figures", *typed)
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""


async def test_with_nothing_in_the_record_every_figure_says_so(command: Sfo) -> None:
    ended = await command("figures")
    assert ended.code == 0
    assert "No review was submitted in the period." in ended.out
    first = TODAY.replace(year=TODAY.year - 1, day=1)
    assert f"Figures from {first} to {TODAY}, both included." in ended.out
    assert re.search(rf"^All regions +{NOTHING} +{NOTHING} ", ended.out, re.MULTILINE)


@pytest.mark.usefixtures("many")
async def test_the_table_has_every_figure_with_each_region_beside_the_others(command: Sfo) -> None:
    ended = await command("figures")
    assert ended.code == 0
    for figure in FIGURES:
        assert figure.name.upper() in ended.out
    for region in ("All regions", "East Midlands", "Wales", "Yorkshire and the Humber"):
        assert ended.out.count(region) >= len(FIGURES)
    assert "REHEARSED" not in ended.out
    assert PRIVATE.search(ended.out) is None


@pytest.mark.usefixtures("many")
async def test_one_region_is_shown_by_itself(command: Sfo) -> None:
    ended = await command("figures", "--region", "N53", "--json")
    assert list(ended.json["regions"]) == ["N53"]
    every = (await command("figures", "--json")).json
    assert every["regions"]["N53"] == ended.json["regions"]["N53"]
    assert {one["figure"] for one in every["definitions"]} == {figure.key for figure in FIGURES}


@pytest.mark.usefixtures("many")
async def test_the_lines_are_one_measure_each_under_a_header(command: Sfo, tmp_path: Path) -> None:
    printed = await command("figures", "--csv", "-")
    lines = list(csv.DictReader(io.StringIO(printed.out)))
    assert tuple(lines[0]) == HEADER == ("region", "figure", "measure", "value", "unit", "n")
    assert {line["region"] for line in lines} >= {EVERYWHERE, "N53", "N03"}
    assert len({(line["region"], line["figure"], line["measure"]) for line in lines}) == len(lines)
    for line in lines:
        assert line["unit"] in ("number", "share", "days", "working days")
        assert line["value"] == "" if line["n"] == "0" and line["unit"] != "number" else float(line["value"]) >= 0
        assert line["unit"] != "share" or line["value"] == "" or float(line["value"]) <= 1
    assert PRIVATE.search(printed.out) is None
    file = tmp_path / "figures.csv"
    written = await command("figures", "--csv", str(file))
    assert (written.code, written.out) == (0, "")
    assert "written" in written.err
    assert file.read_text() == printed.out


@pytest.mark.usefixtures("many")
async def test_rehearsed_cases_are_counted_only_when_asked_for_and_said(command: Sfo) -> None:
    real = (await command("figures", "--json")).json
    both = (await command("figures", "--rehearsed", "--json")).json
    begun = [one["regions"][EVERYWHERE]["reviews"]["begun"]["value"] for one in (real, both)]
    assert begun[0] < begun[1]
    assert "REHEARSED CASES ARE INCLUDED" in (await command("figures", "--rehearsed", "--to", "2999-01-01")).out


@pytest.mark.usefixtures("many")
async def test_a_bank_holiday_announced_late_is_no_working_day(command: Sfo, record: Record) -> None:
    await record.pool.execute(
        "INSERT INTO bank_holidays (holiday, name, source, announced_by) "
        "SELECT day::date, 'Invented', 'invented', 'x@example.test' "
        "FROM generate_series($1::date - 1000, $1::date, '1 day') AS day",
        TODAY,
    )
    found = (await command("figures", "--json")).json["regions"][EVERYWHERE]["notification"]
    assert found["appearance_to_notification_working_median"]["value"] == 0


@pytest.mark.usefixtures("many")
async def test_the_page_stands_by_itself_and_names_nobody(command: Sfo, tmp_path: Path) -> None:
    file = tmp_path / "figures.html"
    assert (await command("figures", "--html", str(file))).code == 0
    text = file.read_text()
    assert PRIVATE.search(text.replace("@media", "").replace("@page", "").replace("@supports", "")) is None
    assert re.search(r"(?:src|srcset|xlink:href|action)=|url\(|@import|https?://|<script|<link|<iframe", text) is None
    page = BeautifulSoup(text, "html.parser")
    leads_to = [str(link["href"]) for link in page.find_all("a")]
    assert all(place.startswith("#") and page.find(id=place[1:]) for place in leads_to)
    ids = [one["id"] for one in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert [h2["id"] for h2 in page.find_all("h2")] == [*(figure.key for figure in FIGURES), "definitions"]
    for figure in page.find_all("figure"):
        assert words_of(figure, "figcaption")
        (picture,) = figure.find_all("svg", role="img")
        assert words_of(picture, "title")
        assert words_of(picture, "desc")
        named = str(picture["aria-labelledby"]).split()
        assert [one["id"] for one in picture.find_all(["title", "desc"])] == named
    for section in page.find_all("section"):
        assert words_of(section, "caption")
    for definition in (figure.definition for figure in FIGURES):
        assert definition in page.get_text()
    for svg in page.find_all("svg", class_="chart"):
        etree.fromstring(str(svg))  # well-formed by itself


def words_of(within: Tag, name: str) -> str:
    found = within.find(name)
    assert found is not None, name
    return found.get_text(strip=True)


async def test_the_help_says_how_each_figure_is_counted(command: Sfo) -> None:
    ended = await command("figures", "--help")
    told = " ".join(ended.out.split())
    for figure in FIGURES:
        assert f"{figure.name}. {figure.definition}" in told


# --- words and pictures -------------------------------------------------------------------------------


def test_every_definition_reads_plainly() -> None:
    is_plain([figure.definition for figure in FIGURES])


def test_the_document_has_every_figure_as_it_is_defined() -> None:
    written = (DOCS / "figures.md").read_text()
    for figure in FIGURES:
        assert f"| {figure.name} | `{figure.key}` | {figure.definition} |" in written


def test_every_reason_that_can_be_chosen_has_words() -> None:
    assert set(REASON_WORDS) == set(REASONS)


@pytest.mark.usefixtures("many")
async def test_each_figure_has_its_sentence_and_a_chart_where_there_is_something_to_see(
    command: Sfo, tmp_path: Path
) -> None:
    file = tmp_path / "figures.html"
    await command("figures", "--html", str(file))
    page = BeautifulSoup(file.read_text(), "html.parser")
    without = {str(one["aria-labelledby"]) for one in page.find_all("section") if one.find("figure") is None}
    assert without == {"moved_otherwise", "definitions"}
    assert len(page.find_all("figure")) == 18


def test_of_nothing_there_are_sentences_and_no_empty_chart() -> None:
    period = Period(TODAY.replace(day=1), TODAY)
    told = Told(period, {EVERYWHERE: "All regions"}, figures([], period, frozenset()))
    said = sentences(told)
    assert set(said) == {figure.key for figure in FIGURES}
    assert all(said.values())
    assert [chart for figure in FIGURES for chart in charts(told, figure.key, said[figure.key])] == []


def test_a_sentence_counts_compares_and_says_what_more_there_is() -> None:
    north, south = (given_more_time(region, granted, 6) for region, granted in (("N07", 5), ("N53", 1)))
    month = Period(date(2026, 5, 1), date(2026, 5, 31))
    regions = {EVERYWHERE: "All regions", "N07": "North", "N53": "South"}
    told = Told(month, regions, figures([*north, *south], month, frozenset()))
    assert sentences(told)["extended"] == (
        "6 of 12 reviews submitted were given more time (50%). Half of those had 20 days or more, and the longest "
        "20 days. Highest in North with 83%, lowest in South with 17%."
    )
    assert sentences(told)["late"] == (
        "6 of 12 reviews were submitted after the date that counts (50%). 12 came after the first date that was set. "
        "Highest in South with 83%, lowest in North with 17%."
    )
    (share, days) = charts(told, "extended", "")
    assert (
        [label for label, _ in drawn(share)] == [label for label, _ in drawn(days)] == ["All regions", "North", "South"]
    )
    assert [width for _, width in drawn(share)] == ["50%", "83.33%", "16.67%"]  # of 0 to 100%
    assert [width for _, width in drawn(days)] == ["100%"] * 3  # of the longest
    (submitted,) = (one for one in charts(told, "reviews", "") if one.caption == "Reviews submitted")
    assert [label for label, _ in drawn(submitted)] == ["North", "South"]  # their sum would dwarf each


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            [[("team", "advice"), ("mix", "advice")], [("individual", "workload")]],
            "3 deficiencies: 1 individual, 1 team, 0 organisational and 1 at several levels. "
            "Most often: advice to the court or the Parole Board, 2 of them in 1 review. Strengths found: 0.",
        ),
        (
            [[("team", "workload")], [("team", "records")]],
            "2 deficiencies: 0 individual, 2 team, 0 organisational and 0 at several levels. "
            "Most often, 1 of each: records, workload and staffing. Strengths found: 0.",
        ),
        (
            [[("team", "")]],
            "1 deficiency: 0 individual, 1 team, 0 organisational and 0 at several levels. Strengths found: 0.",
        ),
    ],
)
def test_causes_are_told_by_level_and_theme(found: list[list[tuple[str, str]]], said: str) -> None:
    month = Period(date(2026, 5, 1), date(2026, 5, 31))
    rows = [with_findings(*review) for review in found]
    told = Told(month, {EVERYWHERE: "All regions"}, figures(rows, month, frozenset()))
    assert sentences(told)["causes"] == said
    by_theme, by_region, _ = tables(told, next(one for one in FIGURES if one.key == "causes"))
    assert [row for row in by_theme.rows if row[1] != "0"] == [row for row in by_theme.rows if row[-2] != "0"]
    assert sum(int(row[1]) for row in by_theme.rows) == sum(map(len, found))
    assert [row[1:] for row in by_region.rows] == [[row[1] for row in by_theme.rows]]


def with_findings(*coded: tuple[str, str]) -> Row:
    """A review accepted on 20 May with these deficiencies, each by level and theme."""
    return Row(
        "N53",
        charged_on=date(2026, 1, 20),
        moves=(Move(date(2026, 2, 10), date(2026, 5, 10), FIXED),),
        rounds=(Round(date(2026, 5, 10), date(2026, 5, 20)),),
        findings=Findings(tuple(Deficiency(*one) for one in coded)),
    )


def given_more_time(region: str, granted: int, number: int) -> list[Row]:
    """So many reviews submitted on 20 May, due on the 10th; so many of them were given until the 30th."""
    fixed, moved = (
        Move(date(2026, 2, 10), date(2026, 5, 10), FIXED),
        Move(date(2026, 5, 1), date(2026, 5, 30), EXTENSION),
    )
    return [
        Row(
            region,
            charged_on=date(2026, 1, 20),
            moves=(fixed, moved) if n < granted else (fixed,),
            rounds=(Round(date(2026, 5, 20)),),
        )
        for n in range(number)
    ]


def drawn(chart: Chart) -> list[tuple[str, str]]:
    """Each bar's label with its width."""
    picture = etree.fromstring(chart.picture)
    labels = [str(one.text) for one in picture.iter("text") if one.get("class") == "label"]
    return list(zip(labels, [one.get("width") for one in picture.iter("rect")][1::2], strict=True))


def test_what_stands_in_a_bar_is_escaped_and_a_bar_is_as_long_as_its_share() -> None:
    picture = bars("b", "A & B", "<two>", [Bar("North & South", "25%", (Part(0.25), Part(0.5)))], most=1)
    assert "&lt;two&gt;" in picture
    drawn = etree.fromstring(picture)
    assert [one.get("width") for one in drawn.iter("rect") if one.get("width").endswith("%")] == ["100%", "25%", "50%"]
    assert [one.text for one in drawn.iter("text")] == ["North & South", "25%"]
