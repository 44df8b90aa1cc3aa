"""A review whose clock is stopped and runs again, on a real record: nothing fires, nothing is lost, all is visible."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from activities.composition import compose
from tests.activities.clocked import (
    AGAIN,
    DUE,
    LATER,
    LEAD,
    REVIEWER,
    STOPPED,
    announce,
    ask_draft,
    at,
    clocked,
    gate_row,
    letters,
    pause,
    reschedule,
    resume,
    words_of,
)
from tests.builders import a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import (
    ClockStart,
    PauseRecord,
)
from workflows.contract.vocabulary import ReasonCode, StepKind
from workflows.policy import due as moments


async def test_a_pause_stops_the_clock_and_tells_each_person_asked_once(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    draft = await ask_draft(case)
    await case.ask("invite", "s1")
    welfare = await case.ask("confirm_actions", stage="early-look")
    paused = await pause(case, STOPPED)
    assert (paused.is_paused, paused.due) == (True, None)
    assert await case.column("paused_at") == at(STOPPED)
    assert (await gate_row(record, draft.gate))["paused_at"] == at(STOPPED)
    assert (await gate_row(record, welfare.gate))["paused_at"] is None  # not a stage of the review
    assert await letters(record, "clock_paused") == [REVIEWER]
    assert len([m for m in mail_server.to(REVIEWER) if "stands still" in m["Subject"]]) == 1
    [row] = await record.rows("SELECT * FROM pauses")
    assert (row["number"], row["reason_code"], row["review_due"], row["days_left"]) == (1, "trial", DUE, 43)
    assert await record.value("SELECT count(*) FROM audit WHERE action = 'clock_paused'") == 1


async def test_resuming_gives_the_remaining_working_days_back_and_keeps_the_original(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    draft = await ask_draft(case)
    await pause(case, STOPPED)
    resumed = await resume(case, AGAIN)
    assert resumed.is_paused is False
    assert resumed.due == moments.due(LATER)
    assert (await case.column("review_due"), await case.column("original_review_due")) == (LATER, DUE)
    assert await case.column("paused_at") is None
    rows = await record.rows("SELECT rule, due_on, original_due_on, late FROM deadlines ORDER BY id")
    assert rows[-1] == {"rule": "pause", "due_on": LATER, "original_due_on": DUE, "late": False}
    [row] = await record.rows("SELECT resumed_at, new_due, resume_reason_code FROM pauses")
    assert row == {"resumed_at": at(AGAIN), "new_due": LATER, "resume_reason_code": "trial"}
    assert (await gate_row(record, draft.gate))["paused_at"] == at(STOPPED)  # until its own schedule is made anew
    rearmed = await reschedule(case, draft.gate)
    assert (rearmed.due, rearmed.overdue) == (moments.due(LATER), False)
    assert all(step.at > case.at for step in rearmed.steps)
    assert {StepKind.REMIND, StepKind.OVERDUE, StepKind.CLIMB} <= {s.kind for s in rearmed.steps}
    after = await gate_row(record, draft.gate)
    assert (after["paused_at"], after["due_on"], after["original_due_on"]) == (None, LATER, DUE)
    assert await reschedule(case, draft.gate) == rearmed


async def test_the_letter_of_resuming_names_each_questions_new_date(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    await ask_draft(case)
    case.at = at(date(2026, 10, 30))
    await case.ask("invite", "s1")  # five working days: Friday 6 November
    await pause(case, STOPPED)
    await resume(case, AGAIN)
    assert await letters(record, "clock_resumed") == [REVIEWER]
    [message] = [m for m in mail_server.to(REVIEWER) if "runs again" in m["Subject"]]
    text = words_of(message)
    assert "review is due: 19 January 2027" in text
    assert "Write the draft review: please answer by 19 January 2027" in text
    assert "Invite a member of staff to an interview: please answer by 20 November 2026" in text


async def test_a_question_counted_in_working_days_gets_its_own_days_back_and_still_moves_with_a_holiday(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    case.at = at(date(2026, 10, 30))
    opened = await case.ask("invite", "s1")
    assert opened.due.on == date(2026, 11, 6)
    await pause(case, STOPPED)  # four working days are left
    await resume(case, AGAIN)
    rearmed = await reschedule(case, opened.gate)
    assert rearmed.due.on == date(2026, 11, 20)
    row = await gate_row(record, opened.gate)
    assert (row["counted_from"], row["counted_days"], row["original_due_on"]) == (AGAIN, 4, date(2026, 11, 6))
    await announce(record, date(2026, 11, 19))
    moved = await reschedule(case, opened.gate, date(2026, 11, 19))
    assert moved.due.on == date(2026, 11, 23)


async def test_a_holiday_announced_during_the_pause_costs_nobody_a_day(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    case.at = at(date(2026, 10, 30))
    opened = await case.ask("invite", "s1")
    await pause(case, STOPPED)
    await announce(record, date(2026, 11, 4))
    await resume(case, AGAIN)
    assert (await reschedule(case, opened.gate)).due.on == date(2026, 11, 20)
    assert (await reschedule(case, opened.gate, date(2026, 11, 4))).due.on == date(2026, 11, 20)


async def test_a_second_pause_and_a_second_resume_change_nothing(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    await ask_draft(case)
    await pause(case, STOPPED)
    assert (await pause(case, STOPPED + timedelta(days=1), "another")).is_paused
    assert await record.value("SELECT count(*) FROM pauses") == 1
    assert await case.column("paused_at") == at(STOPPED)
    await resume(case, AGAIN)
    again = await resume(case, AGAIN + timedelta(days=7), "another-end")
    assert (again.is_paused, again.due) == (False, moments.due(LATER))
    assert await case.column("review_due") == LATER
    assert await letters(record, "clock_paused") == await letters(record, "clock_resumed") == [REVIEWER]


async def test_a_repeated_delivery_of_the_same_pause_is_one_pause(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    await ask_draft(case)
    first = await pause(case, STOPPED, "event-1")
    assert await pause(case, STOPPED + timedelta(days=2), "event-1") == first
    await resume(case, AGAIN, "event-2")
    assert await pause(case, AGAIN, "event-1") == first  # a late repeat stops nothing again
    assert await case.column("paused_at") is None


async def test_two_pauses_each_give_their_days_back(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    draft = await ask_draft(case)
    await pause(case, STOPPED)
    await resume(case, AGAIN)
    await reschedule(case, draft.gate)
    await pause(case, date(2026, 11, 23))
    await resume(case, date(2026, 11, 30))
    assert await case.column("review_due") == date(2027, 1, 26)
    assert (await reschedule(case, draft.gate)).due.on == date(2027, 1, 26)
    assert [r["number"] for r in await record.rows("SELECT number FROM pauses ORDER BY number")] == [1, 2]


async def test_a_question_that_slept_through_two_pauses_gets_both_back(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    case.at = at(date(2026, 10, 30))
    opened = await case.ask("invite", "s1")
    await pause(case, STOPPED)
    await resume(case, AGAIN)
    await pause(case, date(2026, 11, 18))
    await resume(case, date(2026, 11, 25))
    assert (await reschedule(case, opened.gate)).due.on == date(2026, 11, 27)  # two of its four days were left


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("review_due", None, "nothing_under_review"),
        ("accepted_version", 1, "review_accepted"),
        ("closed_on", date(2026, 11, 1), "case_closed"),
    ],
)
async def test_a_clock_that_does_not_run_cannot_be_stopped(
    record: Record, mail_server: MailServer, column: str, value: object, why: str
) -> None:
    case = await clocked(record, mail_server)
    await record.pool.execute(f"UPDATE cases SET {column} = $1", value)
    assert (await pause(case, STOPPED)).is_paused is False
    assert await record.value("SELECT count(*) FROM pauses") == 0
    assert await record.value("SELECT detail->>'why' FROM audit WHERE action = 'pause_refused'") == why


async def test_a_review_that_the_court_has_ended_has_no_clock_to_stop_and_whoever_asked_is_told(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    await record.pool.execute(
        "INSERT INTO court_events (event, reference, kind, on_date, at, applied_at) "
        "VALUES ('e', $1, 'discontinued', '2026-10-20', $2, $2)",
        case.reference, case.at,
    )  # fmt: skip
    request = uuid4()
    await record.pool.execute(
        "INSERT INTO requests (request, reference, workflow, signal, message, asked_by, at) "
        "VALUES ($1, $2, 'w', 'pause', '{}', $3, $4)",
        request, case.reference, LEAD, case.at,
    )  # fmt: skip
    assert (await pause(case, STOPPED, f"{case.reference}/pause/{request}")).is_paused is False
    assert await record.value("SELECT detail->>'why' FROM audit WHERE action = 'pause_refused'") == "review_ended"
    [message] = [m for m in mail_server.to(LEAD) if "Not possible" in m["Subject"]]
    assert "the prosecution has ended" in words_of(message)


async def test_resuming_what_never_stood_still_changes_nothing(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    assert (await resume(case, AGAIN)).model_dump() == {"is_paused": False, "due": None, "refused": None}


async def test_a_review_that_was_stopped_during_the_pause_has_no_date_to_give_back(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    await ask_draft(case)
    await pause(case, STOPPED)
    await record.pool.execute("UPDATE cases SET review_due = NULL, original_review_due = NULL")
    assert (await resume(case, AGAIN)).model_dump() == {"is_paused": False, "due": None, "refused": None}
    assert await case.column("paused_at") is None
    assert await letters(record, "clock_resumed") == []


async def test_a_date_fixed_during_the_pause_gets_back_only_the_days_since(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    await pause(case, STOPPED)
    await record.pool.execute("UPDATE cases SET review_due = NULL, original_review_due = NULL")
    case.at = at(date(2026, 11, 9))
    fixed = await case.casework.start_review_clock(
        ClockStart(reference=case.reference, at=case.at, rulebook="2026-04-01")
    )
    assert fixed.due.on == date(2027, 2, 9)
    await resume(case, AGAIN)
    assert await case.column("review_due") == date(2027, 2, 16)


async def test_who_asked_for_the_pause_and_why_stand_in_the_record_and_not_in_a_letter(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    await ask_draft(case)
    request = uuid4()
    await record.pool.execute(
        """
        INSERT INTO requests (request, reference, workflow, signal, message, reasons, asked_by, at)
        VALUES ($1, $2, $3, 'pause', '{}', 'The judge asked that nobody be interviewed.', $4, $5)
        """,
        request,
        case.reference,
        f"sfo/{case.reference}",
        "senior.lead@n53.example.test",
        case.at,
    )
    await pause(case, STOPPED, str(request))
    [row] = await record.rows("SELECT paused_by, reasons FROM pauses")
    assert row == {
        "paused_by": "senior.lead@n53.example.test", "reasons": "The judge asked that nobody be interviewed.",
    }  # fmt: skip
    assert await record.value("SELECT actor FROM audit WHERE action = 'clock_paused'") == row["paused_by"]
    assert "judge" not in str(await record.rows("SELECT detail FROM audit"))
    assert all("judge" not in words_of(message) for message in mail_server.messages)


@pytest.mark.parametrize("letter", ["clock_paused", "clock_resumed", "date_moved"])
def test_a_letter_about_dates_holds_no_more_than_reference_question_and_date(letter: str) -> None:
    words = {"reference": "SFO-2026-00042", "due": "2027-01-19", "questions": [{"title": "Ask", "due": "2027-01-19"}]}
    text = words_of(compose(letter, "sfo@example.test", "Ann", "ann@x.example.test", "<a@b>", words))
    assert "SFO-2026-00042" in text
    assert "http" not in text


async def test_a_pause_of_a_case_that_is_not_in_the_record_is_refused(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    unknown = PauseRecord(reference="SFO-2026-99999", at=case.at, event="e", reason=ReasonCode.TRIAL)
    with pytest.raises(Exception, match="no such case"):
        await case.casework.pause_review(unknown)
