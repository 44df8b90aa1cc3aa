"""Bad input and pressure on the real server: many people, many extensions, two at once, those who may not, silence."""

import asyncio
import shutil
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from starter.record import Asked, Offer, record_decision
from tests.workflows import conftest
from tests.workflows.conftest import Office
from tests.workflows.reviewing import (
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
from workflows.contract.messages import (
    CaseOpening,
    DecideSignal,
    ExtensionSignal,
)
from workflows.contract.vocabulary import Channel, ReasonCode
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
