"""Every silence there is: what happens to each question of the procedure when nobody ever answers it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.activities.clocked import clocked
from tests.activities.reviewing import write
from tests.builders import LINE_MANAGER, PRACTITIONER, ACase
from tests.conftest import MailServer, Record
from workflows.contract.messages import Chase, Chased, EscalationRef, GateOpened, Lapse, Step
from workflows.contract.questions import QUESTIONS, Silence
from workflows.contract.vocabulary import EscalationKind, Role, Rung, StepKind

# How far silence climbs: from the deputy upwards, never to somebody's own level or below it.
FULL = (Rung.DEPUTY, Rung.SENIOR_LEAD, Rung.REGIONAL_DIRECTOR, Rung.NATIONAL_TEAM)
FROM_THE_LEAD = (Rung.DEPUTY, Rung.REGIONAL_DIRECTOR, Rung.NATIONAL_TEAM)
FROM_THE_DIRECTOR = (Rung.DEPUTY, Rung.NATIONAL_TEAM)
AT_THE_TOP = (Rung.DEPUTY,)

# Question, what it is about, the rungs that it climbs. Nothing here is ever taken as an answer.
CHASED: tuple[tuple[str, str | None, tuple[Rung, ...]], ...] = (
    ("rosh", None, FULL),
    ("offence_class", None, AT_THE_TOP),
    ("public_interest", None, AT_THE_TOP),
    ("reduced_charge", None, AT_THE_TOP),
    ("notification", None, FULL),
    ("early_look", None, FULL),
    ("management_action", "m1", FULL),
    ("confirm_actions", None, FULL),
    ("acknowledge", "overdue-1", AT_THE_TOP),
    ("resolve", "overdue-1", AT_THE_TOP),
    ("enquiry_foi", "1", AT_THE_TOP),
    ("enquiry_sar", "1", AT_THE_TOP),
    ("enquiry_media", "1", FROM_THE_LEAD),
    ("enquiry_review", "1", FULL),
    ("enquiry_prevention", "1", FULL),
    ("enquiry_publication", "1", AT_THE_TOP),
    ("enquiry_other", "1", FULL),
    ("commission", None, FROM_THE_LEAD),
    ("lend", "N56", FULL),
    ("hmip", None, AT_THE_TOP),
    ("draft", None, FULL),
    ("answer_comments", "v1", FULL),
    ("submit", "v1", FULL),
    ("extension", "2027-01-19", AT_THE_TOP),
    ("countersign", "v1", FULL),
    ("quality", "v1", AT_THE_TOP),
    ("action", "a1", FULL),
    ("withdraw_action", "a1", FULL),
    ("invite", PRACTITIONER, FULL),
    ("companion", PRACTITIONER, FULL),
    ("interview", PRACTITIONER, FULL),
    ("give_feedback", PRACTITIONER, FULL),
    ("welfare", Role.LINE_MANAGER.value, FULL),
    ("refer", "v1", FULL),
    ("tell_family", "v1", FULL),
    ("offer", "v1", FULL),
    ("language", "v1", FULL),
    ("tell_stopped", "v1", FULL),
    ("redactions", "v1", FULL),
    ("redaction_decision", "v1", FROM_THE_LEAD),
    ("leaks", "r1", FROM_THE_LEAD),
    ("internal_leaks", "i1", FROM_THE_LEAD),
    ("staff_impact", LINE_MANAGER, FULL),
    ("contingency_plan", LINE_MANAGER, FULL),
    ("release", "r1", FROM_THE_DIRECTOR),
    ("release_public", "p1", AT_THE_TOP),
    ("handover", "v1", FULL),
)
NOBODY_REVIEWS = ("commission", "lend")

# Question, what it is about, where its meaning stands in the record, and what stands there.
LAPSED: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (
        "facts",
        "v1",
        "SELECT version, comments, (SELECT count(*) FROM factual_points) AS points FROM factual_comments",
        {"version": 1, "comments": None, "points": 0},
    ),
    (
        "invitation",
        PRACTITIONER,
        "SELECT reply, chosen, held_on FROM interviews",
        {"reply": "lapsed", "chosen": 1, "held_on": None},
    ),
    (
        "feedback",
        PRACTITIONER,
        "SELECT confirmed_on, (SELECT state FROM duties WHERE kind = 'fed_back') AS duty FROM feedback",
        {"confirmed_on": None, "duty": "closed"},
    ),
)


async def in_the_middle(record: Record, mail_server: MailServer) -> ACase:
    """A case with whatever a question can be about: versions, actions, an interview, feedback, an escalation."""
    case = await clocked(record, mail_server)
    await write(case)
    for statement in (
        """INSERT INTO actions (reference, ref, kind, what, owner_name, owner_email, due_on, version) VALUES
           ($1, 'a1', 'plan', 'Invented', 'Example Owner', 'owner@n53.example.test', '2027-03-01', 1),
           ($1, 'm1', 'management', 'Invented', 'Example Owner', 'owner@n53.example.test', '2026-11-02', NULL)""",
        """INSERT INTO interviews (reference, ref, invited_at, reply, companion, times) VALUES
           ($1, 's1', '2026-10-05', 'accompanied', 'union',
            '[{"on": "2026-10-14", "at": "10:30", "place": "Invented House"}]')""",
        """INSERT INTO feedback (reference, ref, number, given_on, learning, at) VALUES
           ($1, 's1', 1, '2026-10-05', 'Invented', '2026-10-05')""",
        "INSERT INTO duties (reference, kind, subject, at) VALUES ($1, 'fed_back', 's1', '2026-10-05')",
        """INSERT INTO escalations (reference, kind, number, reason, raised_at) VALUES
           ($1, 'overdue', 1, 'other', '2026-10-05')""",
        """INSERT INTO impacts (reference, ref, number, impact, plan, owner_key, owner_name, owner_email, at) VALUES
           ($1, 's2', 1, 'contingency', 'Invented', 'n53.invented', 'Example Owner', 'owner@n53.example.test',
            '2026-10-05')""",
        """INSERT INTO enquiries (reference, number, kind, received_on, at) VALUES
           ($1, 1, 'foi', '2026-10-05', '2026-10-05')""",
    ):
        await record.pool.execute(statement, case.reference)
    return case


async def ask(case: ACase, question: str, subject: str | None) -> GateOpened:
    """Asked of whoever holds the role; a draft already written and the commission are asked once more."""
    ask = 2 if question in ("commission", "draft") else 1
    role = Role(subject) if question == "welfare" and subject else None
    opened = await case.ask(question, subject, ask=ask, role=role)
    meant = role or QUESTIONS[question].role
    assert (opened.role, opened.escalation) == (meant or opened.role, None)
    return opened


async def fire(case: ACase, gate: str, step: Step) -> Chased:
    case.at = step.at
    return await case.gates.chase_gate(Chase(gate=gate, at=step.at, steps=(step,)))


def test_every_question_stands_in_one_of_the_two_tables() -> None:
    chased, lapsed = [row[0] for row in CHASED], [row[0] for row in LAPSED]
    assert sorted(chased + lapsed) == sorted(QUESTIONS)
    assert {key for key, question in QUESTIONS.items() if question.silence is Silence.LAPSE} == set(lapsed)


@pytest.mark.parametrize(("question", "subject", "rungs"), CHASED, ids=[row[0] for row in CHASED])
async def test_silence_is_chased_and_never_an_answer(
    record: Record, mail_server: MailServer, question: str, subject: str | None, rungs: tuple[Rung, ...]
) -> None:
    case = await in_the_middle(record, mail_server)
    opened = await ask(case, question, subject)
    last_climb = max(step.at for step in opened.steps if step.kind is StepKind.CLIMB)
    raised: list[EscalationRef] = []
    further: list[Step] = []
    for step in opened.steps:
        is_late = await record.value("SELECT overdue FROM gates WHERE gate = $1", opened.gate)
        assert is_late is (step.at > opened.due.at + timedelta(seconds=1)), step
        chased = await fire(case, opened.gate, step)
        raised += [chased.escalation] if chased.escalation else []
        further += chased.further
    [row] = await record.rows("SELECT * FROM gates WHERE gate = $1", opened.gate)
    assert (row["state"], row["overdue"], row["climbed"]) == ("open", True, [str(rung) for rung in rungs])
    assert await record.value("SELECT count(*) FROM decisions WHERE gate = $1", opened.gate) == 0
    expected = EscalationKind.REVIEWER if question in NOBODY_REVIEWS else EscalationKind.OVERDUE
    assert [one.kind for one in raised] == [expected] * (Rung.NATIONAL_TEAM in rungs)
    letters = {str(r["letter"]) for r in await record.rows("SELECT letter FROM outbox WHERE gate = $1", opened.gate)}
    assert {"asked", "reminder"} < letters <= {"asked", "reminder", "deputy", "overdue_notice"}
    # It goes on, however long ago the last rung was.
    assert any(step.at > last_climb for step in (*opened.steps, *further) if step.kind is StepKind.REMIND)
    assert further
    later = await fire(case, opened.gate, further[-1])
    assert all(step.at > further[-1].at for step in later.further)
    assert later.further


@pytest.mark.parametrize(("question", "subject", "where", "meaning"), LAPSED, ids=[row[0] for row in LAPSED])
async def test_silence_that_has_a_meaning_gets_it_when_the_period_ends_and_not_before(
    record: Record, mail_server: MailServer, question: str, subject: str, where: str, meaning: dict[str, Any]
) -> None:
    case = await in_the_middle(record, mail_server)
    opened = await ask(case, question, subject)
    *reminders, lapse = opened.steps
    assert {step.kind for step in reminders} == {StepKind.REMIND}
    assert (lapse.kind, lapse.at) == (StepKind.LAPSE, opened.due.at + timedelta(seconds=1))
    for step in reminders:
        await fire(case, opened.gate, step)
    assert await record.rows(where) != [meaning]
    case.at = lapse.at
    settled = await case.gates.lapse_gate(Lapse(gate=opened.gate, at=case.at))
    assert settled.decision is not None
    assert settled.decision.answer == "lapsed"
    assert await record.rows(where) == [meaning]
    [row] = await record.rows("SELECT * FROM gates WHERE gate = $1", opened.gate)
    assert (row["state"], row["overdue"], row["climbed"]) == ("lapsed", False, [])
