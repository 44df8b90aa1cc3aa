"""Members of staff on a real record: told, invited, prepared, accompanied, interviewed, fed back to, cared for."""

from datetime import date
from typing import Any

import pytest

from activities.composition import compose
from tests.builders import OTHER, PRACTITIONER, ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import ChargeReading, Chase, Lapse, Notice, Settled
from workflows.contract.vocabulary import DutyKind, StepKind

CONFIRMED = {"workload_asked": "yes", "support_offered": "yes"}
TIMES = [
    {"on": "2026-10-14", "at": "10:30", "place": "Example House, room 2"},
    {"on": "2026-10-16", "at": "14:00", "place": "By telephone"},
]
REVIEWER, PRACTITIONER_EMAIL = "reviewer.one@n53.example.test", "practitioner@n53.example.test"
SUPPORT = "staff support services"


async def reviewed(record: Record, mail_server: MailServer, **more: Any) -> ACase:
    """A case under review with its managers; what its staff are owed stands in the record."""
    case = await a_case(record.pool, mail_server, **more)
    await case.casework.judge_charge(ChargeReading(reference=case.reference, round=1, at=case.at))
    await case.answer("commission", "appoint", reviewer="n53.reviewer.1", countersigner="n53.countersigner.1")
    return case


async def tell(case: ACase) -> None:
    await case.casework.tell(
        Notice(
            reference=case.reference,
            event=f"{case.reference}/review/under-way",
            letter="review_under_way",
            to=tuple(case.staff),
            at=case.at,
            duty=DutyKind.TOLD,
        )
    )


async def told(record: Record, mail_server: MailServer, **more: Any) -> ACase:
    case = await reviewed(record, mail_server, **more)
    await tell(case)
    return case


async def invited(record: Record, mail_server: MailServer) -> ACase:
    case = await told(record, mail_server)
    assert (await case.answer("invite", "invited", PRACTITIONER, times=TIMES)).decision
    return case


async def page(record: Record, gate: str) -> Any:
    return await record.value("SELECT page FROM gates WHERE gate = $1", gate)


async def interview(record: Record) -> dict[str, Any]:
    [row] = await record.rows("SELECT * FROM interviews")
    return row


async def duty(record: Record, kind: str, subject: str = PRACTITIONER) -> object:
    return await record.value("SELECT state FROM duties WHERE kind = $1 AND subject = $2", kind, subject)


async def lapse(case: ACase, gate: str) -> Settled:
    case.at = await case.pool.fetchval("SELECT due_at FROM gates WHERE gate = $1", gate)
    case.pass_days(1)
    return await case.gates.lapse_gate(Lapse(gate=gate, at=case.at))


async def letters(case: ACase, mail_server: MailServer, email: str, words: str) -> list[str]:
    """The texts of the letters to this address whose subject holds these words, once the sweep has been round."""
    await case.pool.execute("UPDATE outbox SET recorded_at = recorded_at - interval '1 minute'")
    while await case.letters.sweep_once():
        pass
    found = [m.get_body(("plain",)) for m in mail_server.to(email) if words in m["Subject"]]
    return [part.get_content() for part in found if part]


# --- telling and inviting ---------------------------------------------------------------------------


async def test_nobody_is_invited_before_being_told(record: Record, mail_server: MailServer) -> None:
    case = await reviewed(record, mail_server)
    opened = await case.ask("invite", PRACTITIONER)
    decision = await case.decide(opened.gate, "invited", times=TIMES)
    assert (await case.settle(opened.gate, decision)).refused == "not_told"
    assert await record.value("SELECT count(*) FROM interviews") == 0
    assert "has not been told" in (await letters(case, mail_server, REVIEWER, "again"))[0]
    await tell(case)
    again = await case.decide(opened.gate, "invited", times=TIMES)
    assert (await case.settle(opened.gate, again)).decision


async def test_a_proposed_time_leaves_the_time_to_prepare(record: Record, mail_server: MailServer) -> None:
    case = await told(record, mail_server)
    opened = await case.ask("invite", PRACTITIONER)
    assert (await page(record, opened.gate))["not_before"] == "2026-10-12"
    early = [*TIMES, {"on": "2026-10-09", "at": "09:00", "place": "Example House"}]
    decision = await case.decide(opened.gate, "invited", times=early)
    assert (await case.settle(opened.gate, decision)).refused == "incomplete"
    # A page made before the person was told cannot shorten the time either.
    await record.pool.execute("UPDATE gates SET page = page - 'not_before'")
    decision = await case.decide(opened.gate, "invited", times=early)
    assert (await case.settle(opened.gate, decision)).refused == "too_early"


async def test_times_proposed_late_do_not_lie_in_the_past(record: Record, mail_server: MailServer) -> None:
    case = await told(record, mail_server)
    case.pass_days(30)
    opened = await case.ask("invite", PRACTITIONER)
    assert (await page(record, opened.gate))["not_before"] == "2026-11-04"


async def test_the_invitation_names_times_reviewer_and_support(record: Record, mail_server: MailServer) -> None:
    case = await invited(record, mail_server)
    opened = await case.ask("invitation", PRACTITIONER)
    shown = await page(record, opened.gate)
    assert shown["options"]["time"] == [
        {"value": "1", "label": "Wednesday 14 October 2026, 10:30, Example House, room 2"},
        {"value": "2", "label": "Friday 16 October 2026, 14:00, By telephone"},
    ]
    facts = dict(shown["facts"])
    assert "Reviewing-Manager" in facts["Reviewing manager"]
    assert SUPPORT in facts["Support"]
    [text] = await letters(case, mail_server, PRACTITIONER_EMAIL, "Answer an invitation")
    assert SUPPORT in text
    assert "You were involved in a case" in text
    assert "Example House" not in text
    assert "decide something" not in text


async def test_a_time_is_accepted_and_shown_to_the_reviewing_manager(record: Record, mail_server: MailServer) -> None:
    case = await invited(record, mail_server)
    settled = await case.answer("invitation", "accepted", PRACTITIONER, time="2")
    assert settled.decision
    assert settled.decision.facts == {"time": "2"}
    assert await interview(record) | {"reply": "accepted", "chosen": 2, "companion": None} == await interview(record)
    opened = await case.ask("interview", PRACTITIONER)
    facts = dict((await page(record, opened.gate))["facts"])
    assert facts["Time"] == "Friday 16 October 2026, 14:00, By telephone"
    assert facts["Member of staff"] == "Example practitioner, practitioner"


async def test_a_time_that_was_not_offered_is_no_answer(record: Record, mail_server: MailServer) -> None:
    case = await invited(record, mail_server)
    assert (await case.answer("invitation", "accepted", PRACTITIONER, time="3")).refused == "incomplete"


async def test_in_silence_the_first_time_stands(record: Record, mail_server: MailServer) -> None:
    case = await invited(record, mail_server)
    opened = await case.ask("invitation", PRACTITIONER)
    settled = await lapse(case, opened.gate)
    assert settled.decision
    assert settled.decision.answer == "lapsed"
    row = await interview(record)
    assert (row["reply"], row["chosen"]) == ("lapsed", 1)
    asked = await case.ask("interview", PRACTITIONER)
    facts = dict((await page(record, asked.gate))["facts"])
    assert "get in touch" in facts["Answer to the invitation"]
    assert facts["Time"].startswith("Wednesday 14 October")


async def test_when_no_time_suits_the_reviewing_manager_reads_why_and_proposes_others(
    record: Record, mail_server: MailServer
) -> None:
    case = await invited(record, mail_server)
    await case.answer("invitation", "another_time", PRACTITIONER, reasons="On leave that week")
    row = await interview(record)
    assert (row["reply"], row["chosen"]) == ("another_time", None)
    opened = await case.ask("invite", PRACTITIONER, ask=2)
    facts = (await page(record, opened.gate))["facts"]
    assert ["None of those times suited them (5 October 2026)", "On leave that week"] in facts
    other = [{"on": "2026-10-21", "at": "09:15", "place": "Example House"}]
    decision = await case.decide(opened.gate, "invited", times=other)
    assert (await case.settle(opened.gate, decision)).decision
    row = await interview(record)
    assert (row["times"], row["reply"], row["chosen"]) == (other, None, None)


# --- accompanied ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "words"), [("agreed", "Agreed"), ("not_agreed", "Not this time")])
async def test_being_accompanied_is_decided_with_a_reason_that_the_person_can_read(
    record: Record, mail_server: MailServer, answer: str, words: str
) -> None:
    case = await invited(record, mail_server)
    await case.answer(
        "invitation", "accompanied", PRACTITIONER, reasons="I would feel safer", time="1", companion="union"
    )
    opened = await case.ask("companion", PRACTITIONER)
    facts = (await page(record, opened.gate))["facts"]
    assert ["Wishes to be accompanied by", "A trade union representative"] in facts
    assert ["What they wrote (5 October 2026)", "I would feel safer"] in facts
    decision = await case.decide(opened.gate, answer, "Each request by itself")
    first = await case.settle(opened.gate, decision)
    assert first.decision
    assert await case.settle(opened.gate, decision) == first
    row = await interview(record)
    assert (row["companion_agreed"], row["companion_reasons"]) == (answer == "agreed", "Each request by itself")
    invitation = await page(record, case.gate("invitation", PRACTITIONER))
    assert invitation["since"] == [["Being accompanied", words], ["Why", "Each request by itself"]]
    [text] = await letters(case, mail_server, PRACTITIONER_EMAIL, "accompanied")
    assert "/a/" in text
    assert SUPPORT in text
    assert "Each request" not in text
    assert words not in text
    asked = await case.ask("interview", PRACTITIONER)
    shown = dict((await page(record, asked.gate))["facts"])
    decided = "agreed" if answer == "agreed" else "not agreed"
    assert shown["Accompanied"] == f"A trade union representative: {decided}"


async def test_a_decision_without_a_reason_is_none(record: Record, mail_server: MailServer) -> None:
    case = await invited(record, mail_server)
    await case.answer("invitation", "accompanied", PRACTITIONER, time="1", companion="colleague")
    assert (await case.answer("companion", "not_agreed", PRACTITIONER)).refused == "incomplete"


# --- interviewing -----------------------------------------------------------------------------------


async def test_an_interview_needs_telling_inviting_and_time_to_prepare(record: Record, mail_server: MailServer) -> None:
    case = await reviewed(record, mail_server)
    opened = await case.ask("interview", PRACTITIONER)
    refusals: list[str | None] = []

    async def held(on: str) -> None:
        decision = await case.decide(opened.gate, "held", held_on=on, **CONFIRMED)
        refusals.append((await case.settle(opened.gate, decision)).refused)

    await held("2026-10-14")
    await tell(case)
    await held("2026-10-14")
    await case.answer("invite", "invited", PRACTITIONER, times=TIMES)
    await held("2026-10-09")  # the page knows when the time to prepare ends
    await record.pool.execute("UPDATE gates SET page = page - 'not_before'")
    await held("2026-10-09")
    await held("2026-10-14")
    assert refusals == ["not_told", "not_invited", "incomplete", "too_early", None]
    assert await duty(record, "interviewed") == "met"


async def test_workload_and_support_are_confirmed_or_it_does_not_count(record: Record, mail_server: MailServer) -> None:
    case = await invited(record, mail_server)
    assert (await case.answer("interview", "held", PRACTITIONER, held_on="2026-10-14")).refused == "incomplete"


async def test_the_person_is_thanked_once_and_pointed_to_support(record: Record, mail_server: MailServer) -> None:
    case = await invited(record, mail_server)
    opened = await case.ask("interview", PRACTITIONER)
    assert (await page(record, opened.gate))["not_before"] == "2026-10-12"
    decision = await case.decide(opened.gate, "held", held_on="2026-10-14", **CONFIRMED)
    first = await case.settle(opened.gate, decision)
    assert first.decision
    assert await case.settle(opened.gate, decision) == first
    row = await interview(record)
    assert (row["held_on"], row["workload_asked"], row["support_offered"]) == (date(2026, 10, 14), True, True)
    [text] = await letters(case, mail_server, PRACTITIONER_EMAIL, "Thank you")
    assert SUPPORT in text
    assert "feedback" in text
    again = await case.answer("interview", "held", PRACTITIONER, ask=2, held_on="2026-10-15", **CONFIRMED)
    assert again.refused == "already_held"
    assert (await case.answer("invite", "invited", PRACTITIONER, ask=2, times=TIMES)).refused == "already_held"
    gone = await case.answer("interview", "not_possible", PRACTITIONER, ask=3, reasons="Gone")
    assert gone.refused == "already_held"
    assert await duty(record, "interviewed") == "met"


@pytest.mark.parametrize("question", ["invite", "interview"])
async def test_an_interview_that_is_not_possible_is_closed_by_its_reason(
    record: Record, mail_server: MailServer, question: str
) -> None:
    case = await told(record, mail_server)
    assert (await case.answer(question, "not_possible", OTHER)).refused == "incomplete"
    settled = await case.answer(question, "not_possible", OTHER, ask=2, reasons="Left the service")
    assert settled.decision
    assert await duty(record, "interviewed", OTHER) == "closed"
    assert (await interview(record))["not_possible_because"] == "Left the service"
    assert "Left" not in settled.model_dump_json()


async def test_a_rearranged_interview_stays_owed_and_its_reason_is_read(
    record: Record, mail_server: MailServer
) -> None:
    case = await invited(record, mail_server)
    await case.answer("invitation", "accompanied", PRACTITIONER, time="1", companion="colleague")
    await case.answer("companion", "agreed", PRACTITIONER, reasons="Yes")
    await case.answer("interview", "rearrange", PRACTITIONER, reasons="The train did not run")
    assert await duty(record, "interviewed") == "owed"
    opened = await case.ask("invite", PRACTITIONER, ask=2)
    facts = (await page(record, opened.gate))["facts"]
    assert ["Another time was needed (5 October 2026)", "The train did not run"] in facts
    decision = await case.decide(opened.gate, "invited", times=TIMES)
    assert (await case.settle(opened.gate, decision)).decision
    row = await interview(record)
    assert [row[name] for name in ("chosen", "reply", "companion", "companion_agreed")] == [None] * 4


async def test_twenty_interviewees_are_told_and_invited_once_each(record: Record, mail_server: MailServer) -> None:
    people = tuple(("practitioner", f"person{n}@n53.example.test", True) for n in range(1, 23))
    case = await told(record, mail_server, staff=people)
    for ref in case.staff:
        assert (await case.answer("invite", "invited", ref, times=TIMES)).decision
        await case.ask("invitation", ref)
    for email in case.staff.values():
        assert len(await letters(case, mail_server, email, "review is under way")) == 1
        assert len(await letters(case, mail_server, email, "Answer an invitation")) == 1
    assert await record.value("SELECT count(*) FROM duties WHERE kind = 'told' AND state = 'met'") == 22
    opened = await case.ask("welfare", "head_of_pdu", stage="staff-care", role="head_of_pdu")
    assert len((await page(record, opened.gate))["contacts"]) == 22


@pytest.mark.parametrize("letter", ["asked", "reminder", "companion_decided", "interview_held"])
def test_letters_to_members_of_staff_point_to_support(letter: str) -> None:
    words = {"reference": "SFO-2026-00042", "title": "Example", "due": "2027-03-12", "if_silent": "It stands."}
    url = {"url": "https://sfo.example.test/a/token"} if letter in ("asked", "reminder") else {}
    message = compose(
        letter,
        "sfo@example.test",
        "Ann",
        "ann@x.example.test",
        "<a@b>",
        {**words, **url, "for_staff": True, "overdue": 0},
    )
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body
        assert SUPPORT in body.get_content()
        assert "\n\n\n" not in body.get_content()
        assert "somebody else can be asked" not in body.get_content()


async def test_nobody_else_is_pointed_to_support(record: Record, mail_server: MailServer) -> None:
    case = await reviewed(record, mail_server)
    await case.ask("draft")
    [text] = await letters(case, mail_server, REVIEWER, "draft")
    assert SUPPORT not in text


async def test_a_reminder_points_the_person_to_support(record: Record, mail_server: MailServer) -> None:
    case = await told(record, mail_server)
    opened = await case.ask("feedback", PRACTITIONER, stage="staff-feedback")
    step = next(step for step in opened.steps if step.kind is StepKind.REMIND)
    case.at = step.at
    await case.gates.chase_gate(Chase(gate=opened.gate, at=case.at, steps=(step,)))
    [text] = await letters(case, mail_server, PRACTITIONER_EMAIL, "Reminder")
    assert SUPPORT in text
