"""The lean read behind lists says of every case what `sfo case` says; it filters, orders, and is written as a table."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from starter.case_filters import Filters, NoSuchPlaceError, Sort, check_places
from starter.case_list import Line, Listed, list_cases
from starter.case_table import as_csv, as_summary, as_table
from starter.casebook import known_cases
from starter.judging import Pinned, pinned_rules
from tests.conftest import MailServer, Record
from tests.drills.ten_thousand import many_cases
from tests.starter.front_desk import a_settings
from tests.starter.test_commands import Sfo
from tests.starter.test_commands import command as command  # the fixture
from workflows.contract.vocabulary import ClockState

OPEN, CLOSED = 800, 40
TODAY = datetime.now(UTC).date()

# Every way in which a case can stand beside another: drawn by the database, always the same.
_SHUFFLED = """
    SELECT setseed(0.42);
    UPDATE sfo.cases SET review_due = current_date + (random() * 110)::integer - 30 WHERE review_due IS NOT NULL;
    UPDATE sfo.cases SET accepted_version = NULL WHERE random() < 0.3;
    UPDATE sfo.cases SET accepted_version = 1 WHERE random() < 0.1;
    UPDATE sfo.cases SET review_overdue = true WHERE random() < 0.05;
    UPDATE sfo.cases SET at_risk = true WHERE random() < 0.1;
    UPDATE sfo.cases SET rulebook = CASE WHEN random() < 0.5 THEN 'of another age' END WHERE random() < 0.08;
    UPDATE sfo.cases SET paused_at = now() - random() * interval '60 days' WHERE random() < 0.15;
    UPDATE sfo.cases SET clock = jsonb_build_object('case_anchor', now() + (random() - 0.5) * interval '150 days',
        'wall_anchor', now() - interval '1 hour', 'speed', 1 + (random() * 50)::integer) WHERE random() < 0.2;
    UPDATE sfo.gates SET overdue = true WHERE random() < 0.03;
    UPDATE sfo.gates SET due_at = now() + (random() - 0.1) * interval '80 days' WHERE state = 'open';
    UPDATE sfo.gates SET due_on = current_date + (random() * 30)::integer - 5
        WHERE state = 'open' AND question = 'facts';
    UPDATE sfo.cases SET review_due = current_date + 3 + (random() * 25)::integer
        WHERE reference IN (SELECT reference FROM sfo.gates WHERE state = 'open' AND question = 'facts');
    UPDATE sfo.cases SET paused_at = now() - random() * interval '9 days'
        WHERE random() < 0.5
        AND reference IN (SELECT reference FROM sfo.gates WHERE state = 'open' AND question = 'facts');
    UPDATE sfo.gates SET paused_at = now() - random() * interval '60 days' WHERE state = 'open' AND random() < 0.1;
    UPDATE sfo.court_events SET kind = (ARRAY['discontinued', 'acquitted', 'convicted'])[1 + (random() * 2)::integer]
        WHERE random() < 0.3;
    UPDATE sfo.court_events SET applied_at = NULL WHERE random() < 0.2;
    UPDATE sfo.duties SET state = 'owed' WHERE random() < 0.2;
    INSERT INTO sfo.decisions (decision, gate, answer, channel, received_at, late)
        SELECT gen_random_uuid(), gate, 'done', 'link', now(), false FROM sfo.gates g WHERE state = 'open'
        AND random() < 0.1 AND NOT EXISTS (SELECT FROM sfo.decisions d WHERE d.gate = g.gate);
    INSERT INTO sfo.bank_holidays VALUES (current_date + 9, 'Invented', 'Invented', 'x')
"""


@pytest_asyncio.fixture(scope="module")
async def shuffled(shared_record: Record) -> Record:
    await many_cases(shared_record, OPEN, CLOSED)
    async with shared_record.superuser() as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(_SHUFFLED)
    return shared_record


@pytest.fixture
def pinned(shuffled: Record) -> Pinned:
    return pinned_rules(a_settings(shuffled, MailServer("smtp://127.0.0.1:1")))


async def listed(record: Record, pinned: Pinned, limit: int | None = None, **filters: Any) -> Listed:
    async with record.pool.acquire() as connection:
        return await list_cases(connection, Filters(**filters), pinned, limit)


async def test_it_says_of_every_case_what_sfo_case_says(shuffled: Record, pinned: Pinned) -> None:
    found = await listed(shuffled, pinned)
    async with shuffled.pool.acquire() as connection:
        known = {one.view["reference"]: one for one in await known_cases(connection, None, pinned)}
    assert (len(found.open), len(found.closed)) == (OPEN, CLOSED)
    for line in (*found.open, *found.closed):
        view, case = known[line.reference].view, known[line.reference].case
        outlook = view["forecast"]
        assert line.clock == (view["clock"] and ClockState(view["clock"])), line
        assert line.overdue is view["overdue"], line
        if line.clock:
            assert line.at_risk is (outlook["at_risk"] if outlook else case["at_risk"]), line
            waiting = [gate for gate in view["open_gates"] if not gate["answered"]]
            assert line.questions == len(waiting)
            first = (waiting[0]["role"], waiting[0]["due"]) if waiting else (None, None)
            assert (line.awaits, line.due_on.isoformat() if line.due_on and waiting else None) == first
        kinds = [(one["kind"], one["state"]) for one in view["escalations"] if one["state"] != "resolved"]
        assert line.escalations == tuple(f"{kind}{'!' if state == 'raised' else ''}" for kind, state in kinds)
        for name in ("region", "pdu", "stage", "ground", "outcome"):
            assert getattr(line, name) == view[name]
        for name in ("opened_on", "closed_on", "review_due", "original_review_due"):
            assert (getattr(line, name) and getattr(line, name).isoformat()) == view[name]
    # Otherwise the shuffle would prove little.
    assert {one.clock for one in found.open} == {*ClockState}
    assert {(one.overdue, one.at_risk) for one in found.open} == {(a, b) for a in (True, False) for b in (True, False)}


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"region": "N53"}, lambda one: one.region == "N53"),
        ({"pdu": "N53LEI"}, lambda one: one.pdu == "N53LEI"),
        ({"stage": "review"}, lambda one: one.stage == "review"),
        ({"ground": "risk"}, lambda one: one.ground == "risk"),
        ({"awaiting": "head_of_pdu"}, lambda one: one.awaits == "head_of_pdu"),
        ({"clock": ClockState.PAUSED}, lambda one: one.clock is ClockState.PAUSED),
        ({"overdue": True}, lambda one: one.overdue),
        ({"at_risk": True}, lambda one: one.at_risk),
        ({"due_before": TODAY}, lambda one: one.due_on < TODAY),
        ({"escalation": "staff_safety"}, lambda one: one.escalations[0].startswith("staff_safety")),
        ({"unacknowledged": True}, lambda one: one.escalations[0].endswith("!")),
        ({"is_open": True}, lambda one: one.closed_on is None),
    ],
    ids=lambda one: "-".join(one) if isinstance(one, dict) else "",
)
async def test_each_filter_finds_what_it_says_and_all_of_it(
    shuffled: Record, pinned: Pinned, filters: dict[str, Any], holds: Any
) -> None:
    everything = (await listed(shuffled, pinned)).open
    found = (await listed(shuffled, pinned, **filters)).open
    assert found
    assert all(map(holds, found))
    if "awaiting" in filters:  # any open question of that role, not only the most urgent of the case
        assert len(found) >= sum(map(holds, everything))
    else:
        assert found == [one for one in everything if _holds(holds, one)]


def _holds(holds: Any, one: Line) -> bool:
    try:
        return bool(holds(one))
    except (IndexError, TypeError):  # no escalation, no date
        return False


async def test_a_later_round_of_a_stage_is_that_stage(shuffled: Record, pinned: Pinned) -> None:
    (one, *_) = (await listed(shuffled, pinned, stage="review")).open
    await shuffled.pool.execute("UPDATE cases SET stage = 'review-2' WHERE reference = $1", one.reference)
    assert one.reference in {line.reference for line in (await listed(shuffled, pinned, stage="review")).open}
    await shuffled.pool.execute("UPDATE cases SET stage = 'review' WHERE reference = $1", one.reference)


async def test_what_is_most_urgent_comes_first_and_what_is_closed_last(shuffled: Record, pinned: Pinned) -> None:
    found = (await listed(shuffled, pinned)).open
    ranks = [0 if o.overdue else 3 if o.clock is ClockState.PAUSED else 1 if o.at_risk else 2 for o in found]
    assert ranks == sorted(ranks)
    late = [one.due_on or date.max for one in found if one.overdue]
    assert late == sorted(late)
    orders: dict[Sort, Callable[[Line], Any]] = {
        Sort.DUE: lambda one: one.due_on or date.max,
        Sort.OPENED: lambda one: one.opened_on,
        Sort.REFERENCE: lambda one: one.reference,
    }
    for sort, key in orders.items():
        ordered = [key(one) for one in (await listed(shuffled, pinned, sort=sort)).open]
        assert ordered == sorted(ordered)


async def test_closed_cases_fill_what_a_page_has_left(shuffled: Record, pinned: Pinned) -> None:
    for limit, closed in ((10, 0), (OPEN, 0), (OPEN + 5, 5), (None, CLOSED)):
        found = await listed(shuffled, pinned, limit)
        assert (len(found.closed), found.closed_number) == (closed, CLOSED)
        assert [one.closed_on for one in found.closed] == sorted(
            (o.closed_on or TODAY for o in found.closed), reverse=True
        )
    only = await listed(shuffled, pinned, 7, is_open=False)
    assert (only.open, len(only.closed)) == ([], 7)
    assert (await listed(shuffled, pinned, overdue=True)).closed_number == 0  # a closed case is never late


# --- as a table -------------------------------------------------------------------------------------

LINE = Line(
    "SFO-2026-00042", "N53", "N53LEI", "review", "risk", ClockState.OVERDUE, True, True, "head_of_pdu", 3,
    date(2026, 11, 30), date(2027, 1, 5), date(2026, 12, 8), ("overdue", "staff_safety!"), date(2026, 10, 5), None,
    None,
)  # fmt: skip
CALM = LINE._replace(
    reference="SFO-2026-00043", clock=ClockState.IN_TIME, overdue=False, at_risk=False, questions=1, escalations=()
)


def test_a_table_has_its_columns_under_each_other_and_says_states_in_words() -> None:
    paused = CALM._replace(clock=ClockState.PAUSED, overdue=True)
    heading, first, second, third = as_table([LINE, CALM, paused])
    assert heading.split() == ["Case", "Clock", "Waits", "for", "Due", "Stage", "PDU", "Review", "due", "Escalations",
                               "Region", "Ground", "Opened"]  # fmt: skip
    for name, cell in (("Clock", "OVERDUE"), ("Waits", "head_of_pdu +2"), ("Review", "2027-01-05 (first 2026-12-08)"),
                       ("Escalations", "overdue, staff_safety NOT ACKNOWLEDGED")):  # fmt: skip
        assert first.index(cell) == heading.index(name)
    assert second[heading.index("Clock") :].startswith("in time")
    assert third[heading.index("Clock") :].startswith("PAUSED, OVERDUE")
    assert "\x1b" not in "".join((heading, first, second, third))
    assert "\x1b[31m" in as_table([LINE], colour=True)[1]


@pytest.mark.parametrize("width", [60, 80, 100, 130, 160, 200])
def test_a_narrow_terminal_leaves_columns_out_and_says_which(width: int) -> None:
    *table, last = as_table([LINE, CALM], width)
    assert all(len(line) <= max(width, 58) for line in table)
    assert table[0].startswith("Case")
    assert last.startswith("Left out for want of room: ") is (width < 200)


def test_the_summary_counts_and_says_whom_is_awaited() -> None:
    found = Listed([LINE, LINE, CALM, CALM._replace(awaits=None)], [], 12_000)
    assert as_summary(found) == (
        "4 open, 2 overdue, 2 at risk, 2 not acknowledged, 12,000 closed\nwaiting for head_of_pdu 3"
    )


def test_csv_reads_back() -> None:
    (row, _) = csv.DictReader(io.StringIO(as_csv([LINE, CALM])))
    assert row == {
        "reference": "SFO-2026-00042", "region": "N53", "pdu": "N53LEI", "stage": "review", "ground": "risk",
        "clock": "overdue", "overdue": "yes", "at_risk": "yes", "awaits": "head_of_pdu", "questions": "3",
        "due_on": "2026-11-30", "review_due": "2027-01-05", "original_review_due": "2026-12-08",
        "escalations": "overdue;staff_safety", "unacknowledged": "staff_safety", "opened_on": "2026-10-05",
        "closed_on": "", "outcome": "",
    }  # fmt: skip


# --- as typed ---------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def some(record: Record) -> Record:
    await many_cases(record, 120, 10)
    return record


async def test_a_list_shows_fifty_sums_up_and_says_what_is_left_out(some: Record, command: Sfo) -> None:
    ended = await command("cases")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith("Case")
    assert len([line for line in lines if line.startswith("SFO-")]) == 50
    assert any(line.startswith("120 open, ") and line.endswith(", 10 closed") for line in lines)
    assert lines[-1] == "50 shown, 80 left out; --limit N or --all shows more"
    assert "\x1b" not in ended.out
    assert len([one for one in (await command("cases", "--all")).out.splitlines() if one.startswith("SFO-")]) == 130
    assert "3 shown, 127 left out" in (await command("cases", "--limit", "3")).out
    assert (await command("cases", "--region", "N53", "--clock", "paused", "--overdue")).out == "no cases\n"


async def test_json_is_of_whole_cases_in_the_same_order_and_all_of_them(some: Record, command: Sfo) -> None:
    views = (await command("cases", "--json")).json
    table = [one.split()[0] for one in (await command("cases", "--all")).out.splitlines() if one.startswith("SFO-")]
    assert [view["reference"] for view in views] == table
    assert {"open_gates", "escalations", "original_review_due", "outcome"} <= set(views[0])
    assert len((await command("cases", "--json", "--limit", "2")).json) == 2
    assert (await command("cases", "--json", "--pdu", "N03WRX")).json == []
    rows = list(csv.DictReader(io.StringIO((await command("cases", "--csv", "--open")).out)))
    assert [row["reference"] for row in rows] == table[:120]
    assert not any(word in json.dumps(views) for word in ("Invented", "@"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--region", "N99"), "--region: there is no 'N99'; it is one of MCG, N03, N07, N51,"),
        (("--pdu", "N53XXX"), "--pdu: there is no 'N53XXX'; it is one of"),
        (("--pdu", "N53LEI", "--region", "N56"), "it is one of N56CAM, N56NOR"),
        (("--stage", "trial"), "'charge', 'notification'"),
        (("--awaiting", "boss"), "'head_of_pdu'"),
        (("--ground", "x"), "'always_reviewed'"),
        (("--clock", "x"), "'at_risk'"),
        (("--escalation", "x"), "'staff_safety'"),
        (("--sort", "x"), "'late', 'due'"),
        (("--due-before", "soon"), "2026-11-30"),
        (("--limit", "0"), "--limit"),
        (("--limit", "3", "--all"), "--limit and --all"),
        (("--csv", "--json"), "--csv and --json"),
    ],
    ids=str,
)
async def test_a_wrong_value_names_the_option_and_what_is_possible(
    command: Sfo, arguments: tuple[str, ...], said: str
) -> None:
    ended = await command("cases", *arguments)
    assert ended.code == 2
    assert arguments[0] in ended.err
    assert said in ended.err


def test_without_a_directory_no_place_is_known() -> None:
    with pytest.raises(NoSuchPlaceError):
        check_places(Filters(pdu="N53LEI"), ())


# --- one case as a story ----------------------------------------------------------------------------


async def test_a_long_story_shows_the_latest_fifteen_things_and_all_on_request(some: Record, command: Sfo) -> None:
    reference = (await command("cases", "--csv", "--closed", "--limit", "1")).out.splitlines()[1].partition(",")[0]
    short, whole = [(await command("case", reference, *more)).out for more in ((), ("--all",))]
    happened = [line for line in whole.splitlines() if line.startswith("        20")]
    shown = [line for line in short.splitlines() if line.startswith("        20")]
    assert len(happened) > len(shown) == 15
    assert happened == sorted(happened, key=lambda line: line.split()[0])
    assert shown == happened[-15:]
    assert f"        {len(happened) - 15} earlier; --all shows them\n" in short
    assert whole.splitlines()[0].startswith(f"{reference}  Closed ")
    assert len(happened) == len(set(happened))  # one of each thing


async def test_a_date_that_moved_stands_beside_the_first(some: Record, command: Sfo) -> None:
    moved = await some.value("SELECT min(reference) FROM cases WHERE review_due <> original_review_due")
    row = await some.pool.fetchrow("SELECT review_due, original_review_due FROM cases WHERE reference = $1", moved)
    assert row is not None
    due, first = (f"{on.day} {on:%B %Y}" for on in row)
    assert f"review due   {due}, first {first}" in (await command("case", str(moved))).out
    assert row["review_due"] - row["original_review_due"] == timedelta(days=28)
