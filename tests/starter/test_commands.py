"""The command line: what it prints, how it ends, and that an error says what to do next."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from starter.__main__ import run
from tests.builders import DEPLOY
from tests.conftest import MailServer, Record
from tests.starter.front_desk import a_case_now, a_settings
from tests.starter.test_intake import a_charge


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Sfo = Callable[..., Awaitable[Ended]]


@pytest.fixture
def command(
    record: Record,
    mail_server: MailServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Sfo:
    """The command line as typed, with a record and without Temporal."""
    settings = a_settings(record, mail_server, SFO_DATA_DIR=str(tmp_path / "data"))
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)

    async def ended(*arguments: str) -> Ended:
        capsys.readouterr()
        code = await asyncio.to_thread(run, arguments)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return ended


def a_file(folder: Path, content: Any, name: str = "charge.json") -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def an_entry(**changes: Any) -> dict[str, Any]:
    return {**a_charge().model_dump(mode="json"), **changes}


# --- charge -----------------------------------------------------------------------------------------


async def test_a_charge_opens_a_case_and_says_reference_ground_and_workflow(command: Sfo, tmp_path: Path) -> None:
    file = a_file(tmp_path, an_entry())
    ended = await command("charge", file)
    assert (ended.code, ended.out) == (0, "SFO-2026-00001  always_reviewed  sfo/SFO-2026-00001\n")
    assert "the relay delivers it" in ended.err
    again = await command("charge", file)
    assert (again.code, again.out.strip()) == (0, "SFO-2026-00001  always_reviewed  sfo/SFO-2026-00001  (open already)")


async def test_a_dry_run_judges_and_opens_nothing(command: Sfo, record: Record, tmp_path: Path) -> None:
    below = an_entry(rosh_highest="low", offences=[{"code": "OF61002", "offence_on": "2026-10-02"}])
    outside = an_entry(offences=[{"code": "COML025", "offence_on": "2025-10-02"}])
    ended = await command("charge", a_file(tmp_path, [an_entry(), below, outside]), "--dry-run", "--json")
    assert ended.code == 0
    assert ended.json[0] == {"index": 0, "ground": "always_reviewed", "reason": "named_offence"}
    assert ended.json[2] == {"index": 2, "ground": "none", "reason": "outside_supervision"}
    assert [set(one) for one in ended.json] == [{"index", "ground", "reason"}] * 3
    assert await record.value("SELECT count(*) FROM cases") == 0


async def test_a_dry_run_needs_no_service_and_no_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = a_file(tmp_path, an_entry())
    assert await asyncio.to_thread(run, ["charge", file, "--dry-run"]) == 0
    assert capsys.readouterr().out == "[0]  always_reviewed  named_offence\n"


async def test_a_bad_entry_is_named_and_does_not_stop_the_good_one(
    command: Sfo, record: Record, tmp_path: Path
) -> None:
    bad = an_entry(crn="X654321", charged_on="yesterday", extra=1, person={"name": "Secret Name", "born": 1})
    ended = await command("charge", a_file(tmp_path, [bad, an_entry()]))
    assert ended.code == 2
    assert "[0].charged_on: is not a date" in ended.err
    assert "[0].extra: there is no such field" in ended.err
    assert "Secret Name" not in ended.err
    assert await record.value("SELECT count(*) FROM cases") == 1


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "7", '"text"', "\x00", '{"crn": 1e999}', "[" * 5000, '{"crn": "X", "crn": "Y"}']
)
async def test_a_bad_charge_file_ends_with_2_and_a_remedy(command: Sfo, tmp_path: Path, content: str) -> None:
    ended = await command("charge", a_file(tmp_path, content))
    assert ended.code == 2
    assert ended.err
    assert "Traceback" not in ended.err


async def test_of_fifty_charges_with_a_bad_one_the_others_are_opened(
    command: Sfo, record: Record, tmp_path: Path
) -> None:
    entries = [an_entry(crn=f"X{number:06d}") for number in range(50)]
    entries[31] = an_entry(crn="X000031", charged_on="yesterday")
    ended = await command("charge", a_file(tmp_path, entries), "--json")
    assert ended.code == 2
    assert [line for line in ended.err.splitlines() if "charge.json: [" in line] == [
        line for line in ended.err.splitlines() if "[31].charged_on: is not a date" in line
    ]
    assert "[31].charged_on: is not a date" in ended.err
    assert [one["index"] for one in ended.json] == [number for number in range(50) if number != 31]
    assert await record.value("SELECT count(*) FROM cases") == 49


async def test_a_missing_and_an_unreadable_file_end_with_2(command: Sfo, tmp_path: Path) -> None:
    assert (await command("charge", str(tmp_path / "none.json"))).code == 2
    assert (await command("charge", str(tmp_path))).code == 2
    (tmp_path / "latin.json").write_bytes(b'{"crn": "\xff"}')
    assert (await command("charge", str(tmp_path / "latin.json"))).code == 2


async def test_several_files_are_numbered_through(command: Sfo, tmp_path: Path) -> None:
    files = [a_file(tmp_path, [an_entry()] * 2, "a.json"), a_file(tmp_path, an_entry(), "b.json")]
    ended = await command("charge", *files, "--dry-run", "--json")
    assert [(one["index"], Path(one["file"]).name) for one in ended.json] == [
        (0, "a.json"),
        (1, "a.json"),
        (2, "b.json"),
    ]


async def test_the_demos_charges_are_good(command: Sfo) -> None:
    files = sorted(str(path) for path in (DEPLOY / "demo").glob("*.json"))
    assert (await command("charge", *files, "--dry-run")).code == 0


@pytest.mark.parametrize("speed", ["nan", "inf", "1e9", "0", "-1"])
async def test_a_speed_that_no_clock_can_run_at_is_bad_input(command: Sfo, tmp_path: Path, speed: str) -> None:
    ended = await command("charge", a_file(tmp_path, [an_entry()]), "--speed", speed)
    assert ended.code == 2
    assert "--speed" in ended.err


async def test_a_rehearsal_runs_at_its_speed(command: Sfo, record: Record, tmp_path: Path) -> None:
    file = a_file(tmp_path, an_entry())
    assert (await command("charge", file, "--speed", "100", "--anchor", "2026-11-02")).code == 0
    assert await record.value("SELECT (clock->>'speed')::float FROM cases") == 100
    assert await record.value("SELECT opened_on FROM cases") == date(2026, 11, 2)
    assert (await command("charge", file, "--speed", "0")).code == 2


# --- case and cases ---------------------------------------------------------------------------------


async def test_a_case_is_shown_with_what_the_outside_relies_on(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    case = await a_case_now(record, mail_server)
    gate = (await case.ask("notification", stage="notification")).gate
    await record.pool.execute(
        """INSERT INTO escalations (reference, kind, number, reason, raised_at)
           VALUES ($1, 'overdue', 1, 'other', now())""",
        case.reference,
    )
    view = (await command("case", case.reference, "--json")).json
    assert {
        "reference", "stage", "ground", "opened_on", "review_due", "original_review_due", "overdue", "open_gates",
        "escalations", "closed_on", "outcome",
    } <= set(view)  # fmt: skip
    (shown,) = view["open_gates"]
    assert (shown["gate"], shown["role"], shown["round"], shown["overdue"]) == (gate, "spoc", 1, False)
    assert shown["due"] == str(await record.value("SELECT due_on FROM gates"))
    (escalation,) = view["escalations"]
    assert escalation["id"] == f"sfo/{case.reference}/escalation/overdue-1"
    assert (escalation["kind"], escalation["state"]) == ("overdue", "raised")
    assert view["overdue"] is False
    assert "Example" not in json.dumps(view)
    assert gate in (await command("case", case.reference)).out


async def test_overdue_shows_while_no_worker_has_marked_it(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    case = await a_case_now(record, mail_server)
    await case.ask("notification", stage="notification")
    await record.pool.execute("UPDATE gates SET due_at = opened_at - interval '1 day'")
    assert (await command("case", case.reference, "--json")).json["overdue"] is True
    assert "OVERDUE" in (await command("cases", "--overdue")).out


async def test_cases_are_listed_by_region_and_state(command: Sfo, record: Record, mail_server: MailServer) -> None:
    first, second = await a_case_now(record, mail_server), await a_case_now(record, mail_server)
    await record.pool.execute(
        "UPDATE cases SET closed_on = '2026-12-01', outcome = 'completed' WHERE reference = $1", second.reference
    )

    async def listed(*options: str) -> list[str]:
        return [view["reference"] for view in (await command("cases", "--json", *options)).json]

    assert await listed() == [first.reference, second.reference]
    assert await listed("--open") == [first.reference]
    assert await listed("--closed", "--region", "N53") == [second.reference]
    assert await listed("--region", "N57") == []
    assert (await command("case", "SFO-2026-99999")).code == 2


# --- decide -----------------------------------------------------------------------------------------


async def test_an_answer_by_command_is_recorded_as_the_page_would(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    case = await a_case_now(record, mail_server)
    gate = (await case.ask("notification", stage="notification")).gate
    email = str(await record.value("SELECT person_email FROM gates"))
    ended = await command("decide", gate, "sent", "--as", email.upper(), "--field", "sent_on=2026-10-05")
    assert ended.code == 0
    assert "recorded" in ended.out
    (row,) = await record.rows("SELECT * FROM decisions")
    assert (row["channel"], row["by_email"], row["fields"]) == ("command", email, {"sent_on": "2026-10-05"})
    again = await command("decide", gate, "sent", "--as", email, "--field", "sent_on=2026-10-06")
    assert again.code == 1
    assert "was decided" in again.err


async def test_rows_are_given_as_json(command: Sfo, record: Record, mail_server: MailServer) -> None:
    case = await a_case_now(record, mail_server)
    gate = (await case.ask("early_look", stage="early-look")).gate
    email = str(await record.value("SELECT person_email FROM gates"))
    fields = ["--field", "referral=no", "--field", 'actions=[{"what": "Meet", "owner": "s1", "due_on": "2026-12-01"}]']
    nobody = await command("decide", gate, "actions", "--as", email, *fields)
    assert (nobody.code, "--person: one of n53.sfo_team.deputy, or a full name" in nobody.err) == (2, True)
    said = ("--person", "n53.sfo_team.deputy")
    assert (await command("decide", gate, "actions", "--as", email, *said, *fields)).code == 0
    assert await record.value("SELECT person_email FROM decisions") == "sfo.team.deputy@n53.example.test"
    wrong = await command("decide", gate, "actions", "--as", email, "--field", "actions=[")
    assert wrong.code in (1, 2)


async def test_who_was_not_asked_is_refused_and_what_is_missing_is_named(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    case = await a_case_now(record, mail_server)
    gate = (await case.ask("notification", stage="notification")).gate
    email = str(await record.value("SELECT person_email FROM gates"))
    stranger = await command("decide", gate, "sent", "--as", "x@example.test", "--field", "sent_on=2026-10-05")
    assert (stranger.code, "was not asked of this person" in stranger.err) == (1, True)
    missing = await command("decide", gate, "sent", "--as", email)
    assert (missing.code, "sent_on: Date sent: enter a date" in missing.err) == (2, True)
    assert (await command("decide", gate, "lost", "--as", email)).code == 2
    assert (await command("decide", "SFO-2026-00001/x/y", "sent", "--as", email)).code == 2
    await record.pool.execute("UPDATE gates SET state = 'withdrawn'")
    assert (await command("decide", gate, "sent", "--as", email, "--field", "sent_on=2026-10-05")).code == 1
    assert await record.value("SELECT count(*) FROM decisions") == 0


async def test_the_deputy_answers_only_once_asked(command: Sfo, record: Record, mail_server: MailServer) -> None:
    case = await a_case_now(record, mail_server)
    gate = (await case.ask("notification", stage="notification")).gate
    typed = ("decide", gate, "sent", "--as", "deputy@example.test", "--field", "sent_on=2026-10-05")
    assert (await command(*typed)).code == 1
    await record.pool.execute("UPDATE gates SET deputy_email = 'deputy@example.test', deputy_name = 'Example'")
    assert (await command(*typed)).code == 0
    assert await record.value("SELECT by_rung FROM decisions") == "deputy"


# --- reports ----------------------------------------------------------------------------------------


async def test_a_court_event_is_reported_once(command: Sfo, record: Record, mail_server: MailServer) -> None:
    reference = (await a_case_now(record, mail_server)).reference
    typed = ("court-event", reference, "--kind", "convicted", "--on", "2026-10-05")
    assert (await command(*typed)).out.strip().endswith("recorded")
    assert (await command(*typed)).out.strip().endswith("recorded already")
    assert (await command("court-event", reference, "--kind", "convicted", "--on", "2026-10-01")).code == 1
    assert (await command("court-event", reference, "--kind", "fined", "--on", "2026-10-05")).code == 2
    assert (await command("court-event", reference, "--kind", "convicted", "--on", "5 May")).code == 2


async def test_a_court_event_of_an_unknown_case_is_refused_by_its_reference(command: Sfo, record: Record) -> None:
    ended = await command("court-event", "SFO-2026-99999", "--kind", "convicted", "--on", "2026-10-05")
    assert ended.code == 1
    assert "there is no case SFO-2026-99999" in ended.err
    assert await record.value("SELECT count(*) FROM court_events") == 0


async def test_an_amended_charge_takes_its_offences(command: Sfo, record: Record, mail_server: MailServer) -> None:
    reference = (await a_case_now(record, mail_server)).reference
    amended = ("court-event", reference, "--kind", "amended", "--on", "2026-10-05")
    assert (await command(*amended)).code == 2
    assert (await command(*amended, "--offence", "murder")).code == 2
    assert (await command(*amended, "--offence", "COML025:2026-10-02", "--offence", "SX03001A:2026-10-02:12")).code == 0
    (row,) = await record.rows("SELECT * FROM court_events")
    assert row["offences"] == [
        {"code": "COML025", "offence_on": "2026-10-02", "victim_age": None},
        {"code": "SX03001A", "offence_on": "2026-10-02", "victim_age": 12},
    ]


async def test_a_concern_an_enquiry_and_a_request_reach_the_record(
    command: Sfo, record: Record, mail_server: MailServer, tmp_path: Path
) -> None:
    reference = (await a_case_now(record, mail_server)).reference
    words = a_file(tmp_path, "A threat was made", "words.txt")
    assert (await command("concern", reference, "--kind", "staff_safety", "--file", words)).code == 0
    assert await record.value("SELECT concern FROM escalations") == "A threat was made"
    assert (await command("concern", reference, "--kind", "staff_safety")).code == 2
    assert (await command("concern", reference, "--kind", "other", "--text", "x", "--file", words)).code == 2
    assert (await command("enquiry", reference, "--kind", "foi", "--received-on", "2026-10-05")).code == 0
    assert await record.value("SELECT kind FROM enquiries") == "foi"
    extend = ("extend", reference, "--to", "2027-03-01", "--reason-code", "trial", "--as", "author@example.test")
    assert "no review date" in (await command(*extend)).err
    await record.pool.execute("UPDATE cases SET review_due = '2027-01-05', original_review_due = '2027-01-05'")
    await record.pool.execute(
        """INSERT INTO appointments (reference, role, person_key, name, email, at)
           VALUES ($1, 'reviewing_manager', 'n53.x', 'Example', 'author@example.test', now())""",
        reference,
    )
    assert (await command(*extend)).code == 0
    assert "still waiting" in (await command(*extend)).err
