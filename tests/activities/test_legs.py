"""Each victim's or family's leg in a real record: what answers write, what the stage finds, what is owed."""

import asyncio
from datetime import date

import pytest

from tests.activities.disclosing import (
    LEAD,
    REFERRED,
    STAGE,
    WANTS,
    applied,
    audit_of,
    close,
    court,
    duties,
    hand_over,
    in_disclosure,
    keep_it_short,
    leg,
    legs,
    letters_to,
    register,
    release,
    released,
    say,
    search,
    superuser,
    tell,
    victim_row,
    wants,
)
from tests.activities.reviewing import facts_on, page_of
from tests.builders import ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import ChargeReading, CourtRecord, Leg, LegsFound
from workflows.contract.vocabulary import CourtEventKind, Role

QUASHED, CONVICTED = CourtEventKind.QUASHED, CourtEventKind.CONVICTED


@pytest.fixture(autouse=True)
def _kept_short(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_it_short(monkeypatch)


@pytest.fixture(name="case")
async def _case(shared_record: Record, mail_server: MailServer) -> ACase:
    return await in_disclosure(shared_record, mail_server)


@pytest.fixture(name="given")
async def _given(shared_record: Record, mail_server: MailServer) -> ACase:
    """Rendition 1 is released, and the first family wants it."""
    return await released(shared_record, mail_server)


# --- referred, told, offered ---------------------------------------------------------------------------


async def test_a_referral_names_the_officer_who_is_asked_from_now_on(case: ACase) -> None:
    officer = {"officer_name": " Invented Officer Two ", "officer_email": "Officer.Two@N53.example.test"}
    applied(await say(case, "refer", "referred", "v1", **{**REFERRED, **officer}))
    row = await victim_row(case)
    assert (row["referred_on"], row["officer_name"]) == (date(2026, 10, 7), "Invented Officer Two")
    assert (row["liaison_officer_email"], row["is_child"]) == ("officer.two@n53.example.test", False)
    await case.ask("tell_family", "v1", stage=STAGE)
    assert await letters_to(case, "officer.two@n53.example.test") == ["Invented Officer Two"]
    assert await letters_to(case, "officer1@n53.example.test") == []


async def test_the_officer_on_record_stays_where_no_other_address_is_given(case: ACase) -> None:
    opened = await case.ask("refer", "v2", stage=STAGE)
    assert (await facts_on(case, opened.gate))["Liaison officer on record"] == "officer2@n53.example.test"
    await case.settle(opened.gate, await case.decide(opened.gate, "referred", officer_email=" ", **REFERRED))
    assert (await victim_row(case, "v2"))["liaison_officer_email"] == "officer2@n53.example.test"
    assert (await leg(case, "v1")).referred_on is None


async def test_a_child_is_referred_with_a_responsible_adult(case: ACase) -> None:
    child = {**REFERRED, "is_child": "yes"}
    assert (await say(case, "refer", "referred", "v1", **child)).refused == "incomplete"
    assert (await say(case, "refer", "referred", "v1", **child, adult="  ")).refused == "incomplete"
    assert (await leg(case)).referred_on is None
    applied(await say(case, "refer", "referred", "v1", **child, adult="Invented Aunt One"))
    row = await victim_row(case)
    assert (row["is_child"], row["adult"]) == (True, "Invented Aunt One")
    told = await case.ask("tell_family", "v1", stage=STAGE)
    assert (await facts_on(case, told.gate))["Speak with, on the child's behalf"] == "Invented Aunt One"


async def test_other_names_are_kept_once_and_added_to(case: ACase) -> None:
    await say(case, "refer", "referred", "v1", **REFERRED, also_known_as="Invented Alias B, Invented Alias A,, ")
    await say(case, "refer", "referred", "v1", **REFERRED, also_known_as="Invented Alias A, Invented Alias C")
    assert (await victim_row(case))["aliases"] == ["Invented Alias A", "Invented Alias B", "Invented Alias C"]
    assert (await victim_row(case, "v2"))["aliases"] == []


@pytest.mark.parametrize(("question", "answer"), [("refer", "nobody"), ("tell_family", "no_contact")])
async def test_a_leg_with_nobody_to_tell_is_closed_with_all_that_it_was_owed(
    case: ACase, question: str, answer: str
) -> None:
    # They had opted in before anybody spoke with them, so that they were owed the review as well.
    await case.pool.execute(
        "UPDATE victims SET answer = 'accepted' WHERE reference = $1 AND ref = 'v1'", case.reference
    )
    await case.pool.execute("INSERT INTO duties VALUES ($1, 'victim_given', 'v1', 'owed', NULL, now())", case.reference)
    assert (await say(case, question, answer, "v1")).refused == "incomplete"
    applied(await say(case, question, answer, "v1", "Invented reasons"))
    assert (await leg(case)).is_closed
    assert set((await duties(case)).values()) == {"closed"}
    assert set((await duties(case, "v2")).items()) == {("told", "owed"), ("answered", "owed")}


async def test_telling_meets_its_duty_once_and_says_what_they_should_hear(case: ACase) -> None:
    opened = await case.ask("tell_family", "v1", stage=STAGE)
    facts = await facts_on(case, opened.gate)
    assert facts["Whom they can call"].startswith("Example Victim Liaison Unit, East Midlands, 01632 960001")
    assert "under probation supervision" in facts["What they should hear"]
    await case.settle(opened.gate, await case.decide(opened.gate, "told", told_on="2026-10-08"))
    assert await leg(case) == Leg(victim="v1", is_told=True)
    assert await duties(case) == {"told": "met", "answered": "owed"}


async def test_who_wants_it_is_owed_it_as_they_asked_for_it(case: ACase) -> None:
    assert (await say(case, "offer", "accepted", "v1")).refused == "incomplete"
    other = {"wish": "read_out", "language": "other"}
    assert (await say(case, "offer", "accepted", "v1", **other)).refused == "incomplete"
    applied(await say(case, "offer", "accepted", "v1", **other, language_other="Invented Language"))
    row = await victim_row(case)
    assert (row["wish"], row["language"], row["language_other"]) == ("read_out", "other", "Invented Language")
    assert row["answered_on"] == case.at.date()
    assert await duties(case) == {"told": "owed", "answered": "met", "given": "owed"}
    assert await leg(case) == Leg(victim="v1", answer="accepted", needs_language=True)


async def test_later_and_no_answer_are_no_refusal(case: ACase) -> None:
    applied(await say(case, "offer", "later", "v1", ask_again_on="2027-03-01"))
    settled = applied(await say(case, "offer", "later", "v2"))
    assert settled.decision is not None
    assert settled.decision.facts == {}
    row = await victim_row(case)
    assert (row["ask_again_on"], row["answered_on"]) == (date(2027, 3, 1), None)
    applied(await say(case, "offer", "not_answered", "v1"))
    assert (await victim_row(case))["ask_again_on"] is None
    assert {found.answer for found in (await legs(case)).legs} == {"not_answered", "later"}
    assert (await duties(case))["answered"] == (await duties(case, "v2"))["answered"] == "owed"
    again = await case.ask("offer", "v1", stage=STAGE, ask=3)
    facts = await facts_on(case, again.gate)
    assert facts["Do not offer it again"].startswith("It has been offered")
    said = [value for label, value in (await page_of(case, again.gate))["facts"] if label == "Recorded before"]
    assert said[0].startswith("They wanted to decide later")
    assert said[1].startswith("They had not answered")


async def test_the_date_that_a_family_names_is_handed_to_the_stage(case: ACase) -> None:
    settled = applied(await say(case, "offer", "later", "v1", ask_again_on="2027-03-01"))
    assert settled.decision is not None
    assert settled.decision.facts == {"ask_again_on": "2027-03-01"}
    again = await case.ask("offer", "v1", stage=STAGE, ask=2, counted_from=date(2027, 3, 1))
    assert again.due.on == date(2027, 3, 31)  # Good Friday and Easter Monday come before
    assert (await facts_on(case, again.gate))["Not before"] == "1 March 2027"


async def test_a_no_closes_nothing_but_their_answer(case: ACase) -> None:
    await tell(case)
    applied(await say(case, "offer", "declined", "v1"))
    assert await duties(case) == {"told": "met", "answered": "met"}
    assert (await leg(case)).answer == "declined"
    assert (await victim_row(case))["wish"] is None


@pytest.mark.parametrize(("answer", "left", "given"), [
    ("declined", "declined", "closed"), ("later", "accepted", "owed"), ("not_answered", "accepted", "owed"),
])  # fmt: skip
async def test_who_opted_in_while_the_offer_was_open_stays_so_until_they_say_no(
    case: ACase, answer: str, left: str, given: str
) -> None:
    opened = await case.ask("offer", "v1", stage=STAGE)
    await case.pool.execute(
        "UPDATE victims SET answer = 'accepted' WHERE reference = $1 AND ref = 'v1'", case.reference
    )
    await case.pool.execute("INSERT INTO duties VALUES ($1, 'victim_given', 'v1', 'owed', NULL, now())", case.reference)
    await case.settle(opened.gate, await case.decide(opened.gate, answer))
    assert (await leg(case)).answer == left
    assert (await duties(case))["given"] == given


# --- due dates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("question", "subject_to", "counted_from", "due_on"), [
    ("refer", "conviction", date(2026, 10, 6), date(2026, 10, 20)),
    ("refer", "conviction", date(2026, 12, 18), date(2027, 1, 6)),  # over Christmas
    ("tell_family", "referral", date(2026, 10, 7), date(2026, 11, 4)),
    ("tell_family", "referral", date(2027, 3, 1), date(2027, 3, 31)),  # over Easter
])  # fmt: skip
async def test_a_leg_is_due_counted_from_what_it_follows(
    case: ACase, question: str, subject_to: str, counted_from: date, due_on: date
) -> None:
    opened = await case.ask(question, "v1", stage=STAGE, counted_from=counted_from)
    assert opened.due.on == due_on
    row = await case.pool.fetchrow("SELECT * FROM gates WHERE gate = $1", opened.gate)
    assert row is not None
    assert (row["counted_from"], row["counted_days"]) == (counted_from, 10 if subject_to == "conviction" else 20)


async def test_the_stage_finds_the_conviction_that_the_referral_counts_from(
    shared_record: Record, mail_server: MailServer
) -> None:
    case = await in_disclosure(shared_record, mail_server, is_convicted=False)
    assert (await legs(case)).convicted_on is None
    await court(case, CONVICTED, date(2026, 10, 5))
    await court(case, CourtEventKind.SENTENCED, date(2026, 11, 20))
    assert (await legs(case)).convicted_on == date(2026, 10, 5)
    await court(case, QUASHED, date(2027, 2, 1))
    assert (await legs(case)).convicted_on is None
    await court(case, CONVICTED, date(2027, 5, 3))
    await court(case, CourtEventKind.SENTENCED, date(2027, 6, 1))
    assert (await legs(case)).convicted_on == date(2027, 5, 3)


# --- what a conviction owes, and its quashing ------------------------------------------------------------


async def test_a_conviction_recorded_twice_owes_once(case: ACase) -> None:
    at = case.at
    twice = CourtRecord(reference=case.reference, at=at, event=f"{case.reference}/twice", kind=CONVICTED, on=at.date())
    await tell(case)
    await asyncio.gather(*(case.casework.record_court_event(twice) for _ in range(3)))
    assert await duties(case) == {"told": "met", "answered": "owed"}
    assert len([row for row in await audit_of(case, "court_event") if row["subject"] == twice.event]) == 1


async def test_a_conviction_before_the_review_exists_owes_the_families_once_one_is_due(
    shared_record: Record, mail_server: MailServer
) -> None:
    case = await a_case(shared_record.pool, mail_server)
    await court(case, CONVICTED)
    assert await duties(case) == {}
    await case.casework.judge_charge(ChargeReading(reference=case.reference, round=1, at=case.at))
    assert await duties(case) == {"told": "owed", "answered": "owed"}
    found = await legs(case)
    assert (found.released, found.convicted_on) == (None, case.at.date())
    await wants(case)
    assert await hand_over(case) == "not_released"
    assert await release(case) == "not_accepted"


async def test_a_quashing_closes_what_is_open_and_a_new_conviction_owes_only_what_was_not_given(
    given: ACase,
) -> None:
    await wants(given, "v2")
    await search(given)
    assert await hand_over(given, "v1") is None
    await court(given, QUASHED)
    assert await duties(given) == {"told": "met", "answered": "met", "given": "met"}
    assert await duties(given, "v2") == {"told": "met", "answered": "met", "given": "closed"}
    assert await hand_over(given, "v2") == "not_convicted"
    await court(given, CONVICTED)
    assert await duties(given) == {"told": "met", "answered": "met", "given": "met"}
    assert await duties(given, "v2") == {"told": "met", "answered": "met", "given": "owed"}
    found = {one.victim: one for one in (await legs(given)).legs}
    assert (found["v1"].given, found["v2"].given, found["v2"].answer) == (1, None, "accepted")
    assert await hand_over(given, "v2") is None
    assert [row["reader"] for row in await register(given)] == ["v1", "v2"]


async def test_a_quashing_leaves_closed_what_people_have_closed(case: ACase) -> None:
    await wants(case, "v1")
    applied(await say(case, "handover", "declined", "v1"))
    applied(await say(case, "tell_family", "no_contact", "v2", "Invented reasons"))
    await court(case, QUASHED)
    await court(case, CONVICTED)
    assert (await duties(case))["given"] == "closed"
    assert set((await duties(case, "v2")).values()) == {"closed"}


async def test_who_says_yes_in_the_moment_of_a_quashing_is_owed_it_only_after_another_conviction(case: ACase) -> None:
    opened = await case.ask("offer", "v1", stage=STAGE)
    decision = await case.decide(opened.gate, "accepted", **WANTS)
    await court(case, QUASHED)
    applied(await case.settle(opened.gate, decision))
    assert await duties(case) == {"told": "closed", "answered": "met", "given": "closed"}
    await court(case, CONVICTED)
    assert await duties(case) == {"told": "owed", "answered": "met", "given": "owed"}


async def test_a_quashing_that_the_case_has_not_heard_of_yet_shuts_already(given: ACase) -> None:
    await given.pool.execute(
        "INSERT INTO court_events (event, reference, kind, on_date, at) VALUES ($1, $2, 'quashed', $3, $4)",
        f"{given.reference}/court/quashed-waiting", given.reference, given.at.date(), given.at,
    )  # fmt: skip
    assert await hand_over(given) == "not_convicted"
    assert await register(given) == []


async def test_that_it_will_not_be_shared_is_told_once_and_anew_only_after_another_conviction(case: ACase) -> None:
    await wants(case)
    await court(case, QUASHED)
    assert (await say(case, "tell_stopped", "told", "v1")).refused == "incomplete"
    assert (await say(case, "tell_stopped", "not_possible", "v1")).refused == "incomplete"
    applied(await say(case, "tell_stopped", "told", "v1", told_on="2026-10-09"))
    assert ((await leg(case)).is_stop_told, (await leg(case, "v2")).is_stop_told) == (True, False)
    applied(await say(case, "tell_stopped", "not_possible", "v2", "They moved abroad"))
    assert (await victim_row(case, "v2"))["stopped_told_on"] == case.at.date()
    await court(case, CONVICTED)
    assert (await leg(case)).is_stop_told is False
    applied(await say(case, "tell_stopped", "told", "v1", told_on="2026-10-12"))
    await court(case, CourtEventKind.SENTENCED)  # nothing opens that was not open before
    assert (await leg(case)).is_stop_told is True


async def test_the_stage_finds_how_each_leg_stands_and_what_was_released(given: ACase) -> None:
    assert await hand_over(given) is None
    applied(await say(given, "refer", "nobody", "v2", "Nobody is known"))
    await given.pool.execute(
        "INSERT INTO victims VALUES ($1, 'v10', 'Invented Family', 'o@x.example.test')", given.reference
    )
    assert await legs(given) == LegsFound(
        legs=(
            Leg(victim="v1", referred_on=date(2026, 10, 7), is_told=True, answer="accepted", given=1),
            Leg(victim="v2", is_closed=True),
            Leg(victim="v10"),
        ),
        convicted_on=date(2026, 10, 6),
        released=1,
        released_version=1,
    )


# --- a leg that the record no longer holds -----------------------------------------------------------------


async def test_a_leg_that_was_taken_out_of_the_record_ends_and_holds_nothing_up(
    shared_record: Record, given: ACase
) -> None:
    await tell(given, "v2")
    opened = {
        question: await given.ask(question, "v2", stage=STAGE, ask=2) for question in ("refer", "tell_family", "offer")
    }
    async with superuser(shared_record) as connection:
        await connection.execute("DELETE FROM victims WHERE reference = $1 AND ref = 'v2'", given.reference)
    assert [found.victim for found in (await legs(given)).legs] == ["v1"]
    assert "victim_answered:v2" in (await close(given)).unmet

    async def answer(question: str, said: str, **fields: str) -> str | None:
        gate = opened[question].gate
        return (await given.settle(gate, await given.decide(gate, said, **fields))).refused

    assert await answer("refer", "referred", **REFERRED) is None
    assert await answer("tell_family", "told", told_on="2026-10-08") is None
    assert await answer("offer", "accepted", **WANTS) == "unknown_victim"  # nothing may be promised
    assert await answer("offer", "declined") is None
    assert await hand_over(given, "v2") == "unknown_victim"
    applied(await say(given, "handover", "declined", "v2"))
    assert await duties(given, "v2") == {"told": "met", "answered": "met", "given": "closed"}
    assert [code for code in (await close(given)).unmet if code.endswith(":v2") and "gate" not in code] == []
    assert await register(given) == []


async def test_nobody_is_left_to_speak_with_a_leg_that_was_taken_out_so_the_senior_lead_hears_of_it(
    shared_record: Record, case: ACase
) -> None:
    async with superuser(shared_record) as connection:
        await connection.execute("DELETE FROM victims WHERE reference = $1 AND ref = 'v2'", case.reference)
    opened = await case.ask("tell_family", "v2", stage=STAGE)
    assert (opened.role, opened.escalation is not None) == (Role.SENIOR_LEAD, True)
    assert await letters_to(case, LEAD) == ["Example Senior-Lead N53"]
