"""Bad input and pressure on the real server: many people, many extensions, two at once, those who may not, silence."""

import asyncio
import shutil
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowHandle

from starter.record import Asked, Offer, record_decision
from starter.script import SILENT
from tests.workflows import conftest
from tests.workflows.conftest import Office
from tests.workflows.reviewing import (
    COUNTERSIGNER,
    DIRECTOR,
    REVIEWER,
    Review,
    a_draft,
    commissioned,
    drafted,
    held,
    invited,
    moved,
)
from tests.workflows.test_case import opened, running
from workflows.contract import ids
from workflows.contract.messages import (
    CareBrief,
    CaseOpening,
    DecideSignal,
    ExtensionSignal,
    ReassignSignal,
    ReplaceSignal,
)
from workflows.contract.vocabulary import Channel, ReasonCode, Role, Stage
from workflows.policy.due import due_moment

HEAD_OF_PDU = "head.lei@n53.example.test"

# Temporal warns at 10,240 events or 10 MB and ends a workflow at five times that. A review with twenty interviewees
# stays at a seventh of the warning, so that reminders, another time and extensions fit in beside them.
MOST_EVENTS, MOST_BYTES = 1_500, 500_000


async def written_up(office: Office, **charge: Any) -> tuple[CaseOpening, Review]:
    """A review that waits for its draft; nobody could be interviewed."""
    opening, review = await commissioned(office, **charge)
    for member in ("s1", "s2"):
        gate = f"{opening.reference}/review/invite:{member}"
        await office.answer(review, gate, "not_possible", reasons="Invented reason.")
    await office.gate(f"{opening.reference}/review/draft")
    return opening, review


def unused(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """The dead letters that the worker's log names: the signal and why it could not be used."""
    found = [r for r in caplog.records if r.getMessage().startswith("A signal could not be used")]
    named = [(str(vars(r)["signal"]), str(vars(r)["why"])) for r in found]
    return [one for one in named if one != ("stage_news", "the case is not running")]  # a stage by itself has no case


async def refused(office: Office, caplog: pytest.LogCaptureFixture, signal: str, code: str) -> None:
    """Wait until the log names this dead letter, and take it out."""

    async def named() -> bool:
        return (signal, code) in unused(caplog)

    await office.until(named)
    assert unused(caplog) == [(signal, code)]
    caplog.clear()


# --- many people ----------------------------------------------------------------------------------------


def twenty_one() -> list[dict[str, Any]]:
    """Twenty who are interviewed and a Head of PDU who is not; one of the twenty stands there in two roles."""
    roles = ["practitioner"] * 10 + ["line_manager"] * 4 + ["other"] * 6 + ["head_of_pdu"]
    people = [
        {"role": role, "name": f"Invented Person {n}", "email": f"person.{n}@invented.example.test"}
        for n, role in enumerate(roles, start=1)
    ]
    return [*people, {**people[0], "role": "other"}]


OF_EACH = """
    SELECT s.ref, told.at AS told_at, i.invited_at, i.held_on, met.at AS met_at,
        (SELECT array_agg(at) FROM outbox WHERE to_email = s.email AND letter = 'review_under_way') AS written_at,
        (SELECT count(*) FROM outbox WHERE to_email = s.email AND letter = 'asked'
            AND gate = $1 || '/review/invitation:' || s.ref) AS invitations
    FROM staff s LEFT JOIN interviews i USING (reference, ref)
    LEFT JOIN duties told
        ON (told.reference, told.subject, told.kind, told.state) = (s.reference, s.ref, 'told', 'met')
    LEFT JOIN duties met
        ON (met.reference, met.subject, met.kind, met.state) = (s.reference, s.ref, 'interviewed', 'met')
    WHERE s.reference = $1 ORDER BY length(s.ref), s.ref
"""


async def test_twenty_interviewees_are_told_invited_and_interviewed_in_one_review(office: Office) -> None:
    opening, review = await commissioned(office, roster=twenty_one())
    members = [f"s{n}" for n in range(1, 21)]
    await asyncio.gather(*(invited(office, opening, review, member) for member in members))
    await office.skip(review, timedelta(days=15))
    await asyncio.gather(*(held(office, opening, review, member) for member in members))
    await drafted(office, opening, review)
    stem = f"{opening.reference}/review"
    await office.answer(review, f"{stem}/facts:v1", "no_comments")
    await office.answer(review, f"{stem}/submit:v1", "submitted", {"facts_satisfied": "yes"})
    assert (await review.result())["outcome"] == "submitted"

    people: list[dict[str, Any]] = await office.record.rows(OF_EACH, opening.reference)
    *interviewees, head = people
    assert [person["ref"] for person in interviewees] == members
    for person in interviewees:
        assert person["written_at"] == [person["told_at"]]
        assert person["told_at"] < person["invited_at"] < person["met_at"]
        assert person["held_on"] == person["met_at"].date()
        assert person["invitations"] == 1
    assert head["written_at"] == [head["told_at"]]
    assert (head["invited_at"], head["met_at"], head["invitations"]) == (None, None, 0)

    history = await review.fetch_history()
    events, size = len(history.events), sum(event.ByteSize() for event in history.events)
    said = f"a review with twenty interviewees has {events:,} events and {size:,} bytes"
    assert events < MOST_EVENTS, said
    assert size < MOST_BYTES, said


# --- more time ------------------------------------------------------------------------------------------


@pytest.fixture
def strict_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rulebook with a review of one month, a cap of three on all extensions, and the director beyond it."""
    for folder in ("rulebook", "directory"):
        shutil.copytree(conftest.DEPLOY / folder, tmp_path / folder)
    [book] = (tmp_path / "rulebook").glob("*.toml")
    text = book.read_text()
    for figure, old, new in (
        ("[deadlines.review]", "amount = 3", "amount = 1"),
        ("[extension.cap_months]", "value = 12", "value = 3"),
        ("[extension.cap_decider]", '"national_team"', '"regional_director"'),
    ):
        before, found, after = text.partition(figure)
        assert found
        text = before + figure + after.replace(old, new, 1)
    book.write_text(text)
    monkeypatch.setattr(conftest, "DEPLOY", tmp_path)


async def asked_for(office: Office, review: Review, opening: CaseOpening, new_on: date, ask: str = "") -> str:
    """More time is asked for by hand, as operations type it; the gate of its decision."""
    await review.signal("request_extension", ExtensionSignal(new_on=new_on, reason=ReasonCode.TRIAL))
    gate = f"{opening.reference}/review/extension:{new_on}{ask}"
    await office.gate(gate)
    return gate


async def granted(office: Office, review: Review, gate: str, new_on: date) -> dict[str, Any]:
    """The question on the review's date, once it stands at the new one."""
    decided = await office.answer(review, gate, "granted", {"new_on": str(new_on)}, "Invented reason.")
    assert (await office.receipt(review, decided))["applied"]
    draft = f"{gate.rpartition('/')[0]}/draft"
    row: dict[str, Any] = await office.until(lambda: moved(office, draft, new_on))
    return row


async def test_ten_extensions_late_and_in_time_are_counted_and_the_eleventh_goes_beyond_the_cap(
    strict_rules: None, office: Office
) -> None:
    opening, review = await written_up(office)
    draft = f"{opening.reference}/review/draft"
    original = (await office.gate(draft))["due_on"]
    dates = [original + timedelta(weeks=number) for number in range(11)]
    for number, (due, new_on) in enumerate(pairwise(dates), start=1):
        if number % 2:
            await office.skip_to(review, due_moment(due) + timedelta(days=4))
        gate = await asked_for(office, review, opening, new_on)
        assert (await office.gate(gate))["role"] == "national_team"
        assert (await granted(office, review, gate, new_on))["original_due_on"] == original

    # Beyond the cap another role decides, and reads how often it was.
    beyond = original + timedelta(weeks=14)
    gate = await asked_for(office, review, opening, beyond)
    row = await office.gate(gate)
    assert (row["role"], row["person_email"]) == ("regional_director", DIRECTOR)
    facts = dict(row["page"]["facts"])
    assert facts["Extensions granted so far"] == "10"
    assert facts["All extensions together"].endswith("only the regional director")
    await granted(office, review, gate, beyond)

    [case] = await office.record.rows("SELECT * FROM cases WHERE reference = $1", opening.reference)
    # Late is late, however often more time is granted afterwards.
    assert (case["review_due"], case["original_review_due"], case["review_overdue"]) == (beyond, original, True)
    moves = await office.record.rows(
        "SELECT due_on, original_due_on, late FROM deadlines WHERE reference = $1 AND rule = 'extension' ORDER BY id",
        opening.reference,
    )
    assert [move["due_on"] for move in moves] == [*dates[1:], beyond]
    assert [move["late"] for move in moves] == [True, False] * 5 + [False]
    assert {move["original_due_on"] for move in moves} == {original}
    await nothing_fired_twice(office, draft, dates[:10:2])


async def nothing_fired_twice(office: Office, gate: str, missed: list[date]) -> None:
    """Each missed date was marked once, each rung told once, and nobody was reminded twice on one day."""
    chases: list[dict[str, Any]] = await office.record.rows(
        "SELECT at, detail -> 'steps' AS steps FROM audit WHERE action = 'gate_chased' AND subject = $1 ORDER BY seq",
        gate,
    )
    fired = [(step, row["at"]) for row in chases for step in row["steps"]]
    overdue = [at for step, at in fired if step == "overdue:asked"]
    assert len(overdue) == len(missed)
    for at, on in zip(overdue, missed, strict=True):
        assert timedelta(0) < at - due_moment(on) < timedelta(hours=1)
    assert sorted(step for step, _ in fired if step.startswith("climb:")) == ["climb:deputy", "climb:senior_lead"]
    reminded: list[dict[str, Any]] = await office.record.rows(
        """SELECT (at AT TIME ZONE 'Europe/London')::date AS day, count(*) FROM outbox
           WHERE gate = $1 AND letter = 'reminder' AND to_email = $2 GROUP BY 1 ORDER BY 1""",
        gate,
        REVIEWER,
    )
    assert [day["count"] for day in reminded] == [1] * len(reminded)
    assert len(reminded) >= 10


@pytest.mark.parametrize(
    ("days", "code"), [(-400, "in_the_past"), (-1, "not_later"), (0, "not_later")], ids=["past", "earlier", "the same"]
)
async def test_more_time_until_a_date_that_gives_none_is_asked_of_nobody(
    office: Office, caplog: pytest.LogCaptureFixture, days: int, code: str
) -> None:
    opening, review = await written_up(office)
    due = (await office.gate(f"{opening.reference}/review/draft"))["due_on"]
    await review.signal("request_extension", {"new_on": str(due + timedelta(days=days)), "reason": "trial"})
    await refused(office, caplog, "request_extension", code)
    await asked_for(office, review, opening, due + timedelta(days=7))  # the next one is taken as ever
    asked = "SELECT count(*) FROM gates WHERE reference = $1 AND question = 'extension'"
    assert await office.record.value(asked, opening.reference) == 1


async def test_a_request_for_time_is_refused_shortened_and_never_lengthened(office: Office) -> None:
    opening, review = await written_up(office)
    draft = f"{opening.reference}/review/draft"
    due = (await office.gate(draft))["due_on"]
    wished, given = due + timedelta(days=30), due + timedelta(days=10)

    gate = await asked_for(office, review, opening, wished)
    decided = await office.answer(review, gate, "refused", reasons="Invented reason.")
    assert (await office.receipt(review, decided))["applied"]
    gate = await asked_for(office, review, opening, wished, "#2")
    assert (await office.gate(draft))["due_on"] == due
    longer = await office.answer(review, gate, "granted", {"new_on": str(wished + timedelta(days=1))}, "Invented.")
    assert await office.receipt(review, longer) == {"applied": False, "code": "later_than_asked"}
    await granted(office, review, gate, given)
    assert (await office.until(lambda: moved(office, draft, given)))["original_due_on"] == due
    moves = await office.record.rows(
        "SELECT due_on, late FROM deadlines WHERE reference = $1 AND rule = 'extension'", opening.reference
    )
    assert moves == [{"due_on": given, "late": False}]


# --- two at once ----------------------------------------------------------------------------------------


async def sent_at_once(office: Office, review: Review, gate: str, *offers: Offer) -> list[bool]:
    """Each offer as the gateway takes it, from its own connection, signalled twice; which of them were recorded."""
    row = await office.gate(gate)
    by = Asked(row["person_email"], row["person_name"], "asked")

    async def send(offer: Offer) -> bool:
        async with office.record.pool.acquire() as connection:
            outcome = await record_decision(connection, gate, by, offer)
        for _ in range(2):
            await review.signal("decide", DecideSignal(gate=gate, decision=str(offer.decision)))
        return outcome.is_new

    return list(await asyncio.gather(*(send(offer) for offer in offers)))


def an_offer(answer: str, fields: dict[str, Any]) -> Offer:
    return Offer(uuid4(), answer, fields, None, Channel.LINK)


async def test_a_draft_submitted_twice_at_once_is_one_version(office: Office) -> None:
    opening, review = await written_up(office)
    gate = f"{opening.reference}/review/draft"
    drafts = [{**a_draft(datetime.now(UTC).date()), "learning": f"Invented try {n}."} for n in range(2)]
    offers = [an_offer("draft_ready", fields) for fields in drafts]
    recorded = await sent_at_once(office, review, gate, *offers)
    assert sorted(recorded) == [False, True]
    won, lost = offers if recorded[0] else offers[::-1]
    await office.gate(f"{opening.reference}/review/facts:v1")
    assert (await office.receipt(review, str(won.decision)))["applied"]
    documents = await office.record.rows(
        "SELECT version, content ->> 'learning' AS learning, decision FROM documents WHERE reference = $1",
        opening.reference,
    )
    assert documents == [{"version": 1, "learning": won.fields["learning"], "decision": won.decision}]
    applied = await office.record.rows("SELECT decision FROM decisions WHERE gate = $1", gate)
    assert applied == [{"decision": won.decision}]
    receipt = await review.query("receipt", str(lost.decision))
    assert receipt is None or not receipt["applied"]


async def test_submitting_by_link_and_revising_by_hand_at_once_is_one_of_the_two(office: Office) -> None:
    opening, review = await written_up(office)
    await drafted(office, opening, review)
    stem = f"{opening.reference}/review"
    await office.answer(review, f"{stem}/facts:v1", "no_comments")
    await office.gate(f"{stem}/submit:v1")
    typed = DecideSignal(gate=f"{stem}/submit:v1", answer="revise", reason=ReasonCode.ASKED_BY_PHONE)
    await asyncio.gather(
        sent_at_once(office, review, f"{stem}/submit:v1", an_offer("submitted", {"facts_satisfied": "yes"})),
        review.signal("decide", typed),
    )

    async def decided() -> Any:
        return await office.record.rows(
            "SELECT answer, channel FROM decisions WHERE gate = $1 AND applied_at IS NOT NULL", f"{stem}/submit:v1"
        )

    [counted] = await office.until(decided)
    if counted["answer"] == "submitted":
        assert (await review.result())["outcome"] == "submitted"
    else:
        await office.gate(f"{stem}/draft#2")
    is_again = await office.record.value("SELECT count(*) FROM gates WHERE gate = $1", f"{stem}/draft#2")
    assert is_again == (counted["answer"] == "revise")
    assert len(await decided()) == 1


# --- those who may not ----------------------------------------------------------------------------------


async def standing(office: Office, gate: str) -> dict[str, Any]:
    """Whom the question is asked of, and whose links to it live."""
    row = await office.gate(gate)
    links = await office.record.rows(
        "SELECT email FROM links WHERE gate = $1 AND revoked_at IS NULL ORDER BY email", gate
    )
    return {"asked": row["person_key"], "role": row["role"], "links": [link["email"] for link in links]}


@pytest.mark.parametrize(
    ("to", "code"),
    [("n53lei.head", "in_the_line"), ("s1", "in_the_line"), ("n53.countersigner.1", "is_the_countersigner")],
    ids=["head of the unit", "practitioner", "countersigner"],
)
async def test_a_draft_is_never_reassigned_to_somebody_who_is_not_independent(
    office: Office, caplog: pytest.LogCaptureFixture, to: str, code: str
) -> None:
    opening, review = await written_up(office)
    draft = f"{opening.reference}/review/draft"
    before = await standing(office, draft)
    assert before == {"asked": "n53.reviewer.1", "role": "reviewing_manager", "links": [REVIEWER]}
    await review.signal("reassign", ReassignSignal(gate=draft, to=to, reason=ReasonCode.ABSENCE))
    await refused(office, caplog, "reassign", code)
    assert await standing(office, draft) == before
    await drafted(office, opening, review)  # whoever was asked answers as ever


NOT_THEIRS = (
    (Role.COUNTERSIGNING_MANAGER, "n53.reviewer.1", "is_the_author"),
    (Role.COUNTERSIGNING_MANAGER, "n53lei.head", "in_the_line"),
    (Role.REVIEWING_MANAGER, "n53.director", "in_the_line"),
    (Role.REVIEWING_MANAGER, "n53.countersigner.1", "is_the_countersigner"),
    (Role.REVIEWING_MANAGER, "n53.nobody", "unknown_person"),
)


async def test_neither_the_author_nor_the_line_gets_the_countersignature_or_the_review(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(office, {"countersign": [SILENT]}) as (opening, case):
        gate = f"{opening.reference}/countersign/countersign:v1"
        await opened(office, opening, "countersign/countersign:v1")
        before, appointed = await standing(office, gate), await appointments(office, opening)
        assert before["links"] == [COUNTERSIGNER]
        for number, (role, to, code) in enumerate(NOT_THEIRS, start=1):
            await replace(case, role, to)
            await refused(office, caplog, "replace_manager", code)
            assert (await case.query("status"))["dead_letters"] == number
        stage = office.client.get_workflow_handle(ids.workflow_of_gate(gate))
        await stage.signal("reassign", ReassignSignal(gate=gate, to="n53.reviewer.1", reason=ReasonCode.ABSENCE))
        await refused(office, caplog, "reassign", "is_the_author")
        assert await standing(office, gate) == before
        assert await appointments(office, opening) == appointed

        # Whoever handed the review over is its author still; somebody independent takes the countersignature.
        await replace(case, Role.REVIEWING_MANAGER, "n53.reviewer.2")
        await replace(case, Role.COUNTERSIGNING_MANAGER, "n53.reviewer.1")
        await refused(office, caplog, "replace_manager", "is_the_author")
        await replace(case, Role.COUNTERSIGNING_MANAGER, "n53.countersigner.2")
        await office.until(lambda: is_asked(office, gate, "n53.countersigner.2"))
        assert await appointments(office, opening) == {
            "reviewing_manager": "n53.reviewer.2",
            "countersigning_manager": "n53.countersigner.2",
        }
        assert (await case.query("status"))["dead_letters"] == len(NOT_THEIRS) + 1


async def replace(case: WorkflowHandle[Any, Any], role: Role, to: str) -> None:
    await case.signal("replace_manager", ReplaceSignal(role=role, to=to, reason=ReasonCode.ILLNESS))


async def is_asked(office: Office, gate: str, key: str) -> bool:
    return bool((await standing(office, gate))["asked"] == key)


async def appointments(office: Office, opening: CaseOpening) -> dict[str, str]:
    rows = await office.record.rows("SELECT * FROM appointments WHERE reference = $1", opening.reference)
    return {str(row["role"]): str(row["person_key"]) for row in rows}


# --- silence --------------------------------------------------------------------------------------------


async def test_each_silence_that_has_a_meaning_lets_the_work_go_on(office: Office) -> None:
    """The interviewee, the Head of PDU and the person fed back to never answer; every other silence is chased."""
    one = [{"role": "practitioner", "name": "Invented One", "email": "one@invented.example.test"}]
    opening, review = await commissioned(office, roster=one)
    stem = f"{opening.reference}/review"
    times = [{"on": str(office.now(review).date() + timedelta(days=n)), "at": "10:30", "place": "Invented House"}
             for n in (12, 14)]  # fmt: skip
    await office.answer(review, f"{stem}/invite:s1", "invited", {"times": times})
    await lapsed(office, review, f"{stem}/invitation:s1")
    interview = await office.gate(f"{stem}/interview:s1")
    assert dict(interview["page"]["facts"])["Time"].endswith("10:30, Invented House")
    chosen = await office.record.rows("SELECT reply, chosen FROM interviews WHERE reference = $1", opening.reference)
    assert chosen == [{"reply": "lapsed", "chosen": 1}]

    await office.answer(review, f"{stem}/interview:s1", "not_possible", reasons="Invented reason.")
    await drafted(office, opening, review)
    await lapsed(office, review, f"{stem}/facts:v1")
    offered = await office.record.rows(
        "SELECT version, comments FROM factual_comments WHERE reference = $1", opening.reference
    )
    assert offered == [{"version": 1, "comments": None}]
    await office.answer(review, f"{stem}/submit:v1", "submitted", {"facts_satisfied": "yes"})
    assert (await review.result())["outcome"] == "submitted"

    telling = await office.start(opening, Stage.STAFF_FEEDBACK)
    stem = f"{opening.reference}/staff-feedback"
    given = {"given_on": str(office.now(telling).date()), "learning": "Invented."}
    await office.answer(telling, f"{stem}/give_feedback:s1", "given", given)
    await lapsed(office, telling, f"{stem}/feedback:s1")
    assert (await telling.result())["outcome"] == "fed_back"
    duty = "SELECT state FROM duties WHERE reference = $1 AND kind = 'fed_back'"
    assert await office.record.value(duty, opening.reference) == "closed"


async def lapsed(office: Office, handle: WorkflowHandle[Any, Any], gate: str) -> None:
    """Nobody answers: an hour before the end the question stands, an hour after it does not."""
    due_at = (await office.gate(gate))["due_at"]
    await office.skip_to(handle, due_at - timedelta(hours=1))
    assert await office.record.value("SELECT state FROM gates WHERE gate = $1", gate) == "open"
    await office.skip_to(handle, due_at + timedelta(hours=1))

    async def has_lapsed() -> bool:
        return await office.record.value("SELECT state FROM gates WHERE gate = $1", gate) == "lapsed"

    await office.until(has_lapsed)


# --- one person in two roles ----------------------------------------------------------------------------


async def test_one_person_in_two_roles_is_one_person_who_does_not_look_after_themselves(office: Office) -> None:
    """The head of the delivery unit was the line manager of the case too, and a practitioner is named twice."""
    ash = {"name": "Invented Ash", "email": "ash@invented.example.test"}
    roster = [
        {"role": "practitioner", **ash},
        {"role": "line_manager", "name": "Invented Head", "email": HEAD_OF_PDU},
        {"role": "head_of_pdu", "name": "Invented Head", "email": HEAD_OF_PDU.upper()},
        {"role": "other", "name": ash["name"], "email": "Ash@Invented.Example.Test"},
    ]
    opening, _ = await commissioned(office, roster=roster)
    assert [(member.ref, member.role) for member in opening.staff] == [
        ("s1", Role.PRACTITIONER),
        ("s2", Role.LINE_MANAGER),
    ]
    stem = f"{opening.reference}/review"
    for member in ("s1", "s2"):
        await office.gate(f"{stem}/invite:{member}")
    for email in (ash["email"], HEAD_OF_PDU):
        assert len(office.letters(email, "review is under way")) == 1
    invites = "SELECT count(*) FROM gates WHERE reference = $1 AND question = 'invite'"
    assert await office.record.value(invites, opening.reference) == 2

    care = await cared_for(office, opening)
    by_line_manager = await office.gate(f"{opening.reference}/staff-care/welfare:line_manager")
    by_head = await office.gate(f"{opening.reference}/staff-care/welfare:head_of_pdu")
    assert by_line_manager["person_email"] == HEAD_OF_PDU
    assert [row["member"] for row in by_line_manager["page"]["contacts"]] == ["s1"]
    assert [row["member"] for row in by_head["page"]["contacts"]] == ["s2"]
    assert by_head["person_key"] == "n53lei.head.deputy"  # the head of the unit is whom it is about
    await care.cancel()


async def cared_for(office: Office, opening: CaseOpening) -> WorkflowHandle[Any, Any]:
    brief = CareBrief(
        staff=opening.staff,
        **opening.model_dump(include={"reference", "clock", "region", "pdu"}),
        ground="always_reviewed",
        rulebook="2026-04-01",
    )
    return await office.client.start_workflow(
        ids.STAFF_CARE, brief, id=f"{ids.case_id(opening.reference)}/{ids.STAFF_CARE}", task_queue=ids.CASEWORK_QUEUE
    )
