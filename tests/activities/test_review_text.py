"""The review's text in a real record: its versions, facts and comments, submission, signature, rating, rounds."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from starter.record import Asked, Offer, record_decision
from tests.activities.reviewing import (
    ANSWERS,
    COMMENTS,
    DRAFT,
    commissioned,
    drafted,
    facts_on,
    page_of,
    rate,
    rated_by,
    submit,
    submitted,
    write,
)
from tests.builders import HEAD, ACase
from tests.conftest import MailServer, Record
from workflows.contract.messages import DecideSignal, Lapse, Settlement, Withdrawal
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Channel
from workflows.policy.answers import check_answer

REVIEWER = "reviewer.one@n53.example.test"
HEAD_OF_PDU = "head.lei@n53.example.test"


async def comment(case: ACase, comments: list[dict[str, str]] = COMMENTS, version: str = "1") -> None:
    settled = await case.answer("facts", "comments", f"v{version}", comments=comments)
    assert settled.decision is not None, settled.refused


# --- versions --------------------------------------------------------------------------------------


async def test_versions_follow_each_other_and_nobody_can_change_one(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    assert await write(case, ask=2, learning="Listen more") == "2"
    rows = await record.rows("SELECT version, sha256, author_email FROM documents ORDER BY version")
    assert [(row["version"], row["author_email"]) for row in rows] == [(1, REVIEWER), (2, REVIEWER)]
    assert rows[0]["sha256"] != rows[1]["sha256"]
    async with record.owner() as owner:
        with pytest.raises(Exception, match="immutable"):
            await owner.execute("UPDATE documents SET content = '{}'")


async def test_the_next_draft_starts_from_the_last_version_and_knows_whom_not_to_name(
    record: Record, mail_server: MailServer
) -> None:
    case = await commissioned(record, mail_server)
    first = await page_of(case, (await case.ask("draft")).gate)
    assert "start_from" not in first
    people = {person["name"]: person["who"] for person in first["names"]}
    assert people["Example Supervised Person"] == "supervised person"
    assert people["Example head_of_pdu"] == "head of PDU"
    assert people["Example Family 1"] == "victim or family"
    assert "reviewing manager" in people.values()
    assert first["identifiers"] == ["X123456"]
    await case.settle(case.gate("draft"), await case.decide(case.gate("draft"), "draft_ready", **DRAFT))
    again = await page_of(case, (await case.ask("draft", stage="review-2")).gate)
    assert again["start_from"] == DRAFT


async def test_a_draft_sent_twice_at_once_is_one_version(record: Record, mail_server: MailServer) -> None:
    case = await commissioned(record, mail_server)
    opened = await case.ask("draft")
    by = Asked(REVIEWER, "Example Reviewer", "asked")
    offers = [Offer(uuid4(), "draft_ready", {**DRAFT, "learning": f"Try {n}"}, None, Channel.LINK) for n in range(4)]

    async def send(offer: Offer) -> Any:
        async with record.pool.acquire() as connection:
            outcome = await record_decision(connection, opened.gate, by, offer)
        signal = DecideSignal(gate=opened.gate, decision=str(offer.decision))
        settled = await case.gates.settle_gate(Settlement(gate=opened.gate, at=case.at, signal=signal))
        return outcome.is_new, settled.decision is not None

    done = await asyncio.gather(*(send(offer) for offer in offers))
    assert sum(is_new for is_new, _ in done) == 1
    assert sum(is_applied for _, is_applied in done) == 1
    assert all(is_new == is_applied for is_new, is_applied in done)
    assert await record.value("SELECT count(*) FROM documents") == 1
    assert await record.value("SELECT count(*) FROM decisions") == 2  # the commission and the draft


# --- factual accuracy ------------------------------------------------------------------------------


async def test_the_head_of_pdu_comments_paragraph_by_paragraph(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    opened = await case.ask("facts", "v1")
    page = await page_of(case, opened.gate)
    offered = {option["value"]: option["label"] for option in page["options"]["comments"]}
    assert {"analysis-1", "findings-1", "findings-2", "judgement"} <= set(offered)
    assert page["document"] == DRAFT
    settled = await case.settle(opened.gate, await case.decide(opened.gate, "comments", comments=COMMENTS))
    assert settled.decision is not None
    assert "fortnightly" not in settled.model_dump_json()
    rows = await record.rows("SELECT * FROM factual_points ORDER BY number")
    assert [(r["version"], r["number"], r["paragraph"]) for r in rows] == [(1, 1, "analysis-1"), (1, 2, "findings-1")]
    assert {row["commented_by"] for row in rows} == {HEAD_OF_PDU}
    assert await record.value("SELECT comments FROM factual_comments") == "2 comments"
    assert await record.value("SELECT state FROM duties WHERE kind = 'facts_offered' AND subject = $1", HEAD) == "met"


async def test_a_comment_on_a_paragraph_that_is_not_there_is_refused(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    wrong = [{"paragraph": "analysis-9", "comment": "Not there"}]
    assert (await case.answer("facts", "comments", "v1", comments=wrong)).refused == "incomplete"
    assert await record.value("SELECT count(*) FROM factual_points") == 0


async def test_silence_is_the_opportunity_given(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    opened = await case.ask("facts", "v1")
    await case.gates.lapse_gate(Lapse(gate=opened.gate, at=opened.due.at))
    assert await record.rows("SELECT version, comments FROM factual_comments") == [{"version": 1, "comments": None}]
    facts = await facts_on(case, (await case.ask("submit", "v1")).gate)
    assert facts["Comments on factual accuracy"] == "The opportunity was given; no comment"


async def test_each_comment_is_answered_and_both_managers_read_it(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    await comment(case)
    assert (await submit(case, "1")).refused == "comments_unanswered"
    opened = await case.ask("answer_comments", "v1")
    page = await page_of(case, opened.gate)
    assert [(c["number"], c["paragraph"], c["comment"]) for c in page["comments"]] == [
        ("1", "analysis-1", "Contact was fortnightly."),
        ("2", "findings-1", "The report came from a relative."),
    ]
    assert page["comments"][0]["label"].startswith("Analysis of practice")
    assert page["document"] == DRAFT
    one = await case.settle(opened.gate, await case.decide(opened.gate, "answered", answers=ANSWERS[:1]))
    assert one.refused == "incomplete"
    settled = await case.settle(opened.gate, await case.decide(opened.gate, "answered", answers=ANSWERS))
    assert settled.decision is not None
    rows = await record.rows("SELECT accepted, answer, answered_by FROM factual_points ORDER BY number")
    assert [(row["accepted"], row["answer"]) for row in rows] == [(True, None), (False, ANSWERS[1]["answer"])]
    assert {row["answered_by"] for row in rows} == {REVIEWER}
    for question, stage in (("submit", "review"), ("countersign", "countersign")):
        facts = await facts_on(case, (await case.ask(question, "v1", stage=stage, ask=2)).gate)
        told = [value for label, value in facts.items() if label.startswith("Comment ")]
        assert told == [
            "Contact was fortnightly.\nAccepted.",
            "The report came from a relative.\nNot accepted. The record names the neighbour.",
        ]


async def test_a_comment_on_an_old_version_is_refused_and_its_author_told(
    record: Record, mail_server: MailServer
) -> None:
    case = await drafted(record, mail_server)
    opened = await case.ask("facts", "v1")
    decision = await case.decide(opened.gate, "comments", comments=COMMENTS)
    await write(case, ask=2)
    assert (await case.settle(opened.gate, decision)).refused == "old_version"
    assert await record.value("SELECT count(*) FROM factual_points") == 0
    [letter] = [m for m in mail_server.to(HEAD_OF_PDU) if "again" in m["Subject"]]
    assert "newer version" in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]


async def test_a_comment_that_comes_after_its_question_was_closed_is_void_and_its_author_told(
    record: Record, mail_server: MailServer
) -> None:
    case = await drafted(record, mail_server)
    opened = await case.ask("facts", "v1")
    decision = await case.decide(opened.gate, "comments", comments=COMMENTS)
    mail_server.messages.clear()
    await case.gates.withdraw_gates(Withdrawal(reference=case.reference, gates=(opened.gate,), at=case.at))
    assert (await case.settle(opened.gate, decision)).refused in ("withdrawn", "void")
    assert await record.value("SELECT count(*) FROM factual_points") == 0
    assert len(mail_server.to(HEAD_OF_PDU)) == 1


# --- submitting ------------------------------------------------------------------------------------


async def test_submitting_needs_the_facts_offered(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    opened = await case.ask("submit", "v1")
    decision = await case.decide(opened.gate, "submitted", facts_satisfied="yes")
    assert (await case.settle(opened.gate, decision)).refused == "facts_not_offered"
    await case.answer("facts", "no_comments", "v1")
    decision = await case.decide(opened.gate, "submitted", facts_satisfied="yes")
    assert (await case.settle(opened.gate, decision)).decision is not None
    signed = await case.answer("countersign", "signed", "v1", stage="countersign", facts_satisfied="yes")
    assert signed.decision is not None


async def put(record: Record, case: ACase, content: dict[str, Any]) -> None:
    """A version as an earlier release or another way in may have left it."""
    await record.pool.execute(
        "INSERT INTO documents (reference, kind, version, content, sha256, at) VALUES ($1, 'review', 1, $2, 'x', $3)",
        case.reference,
        content,
        case.at,
    )
    await case.answer("facts", "no_comments", "v1")


@pytest.mark.parametrize("part", sorted(set(DRAFT) - {"actions"}))
async def test_a_review_without_a_part_is_not_submitted_and_the_page_lists_it(
    record: Record, mail_server: MailServer, part: str
) -> None:
    case = await commissioned(record, mail_server)
    await put(record, case, {name: value for name, value in DRAFT.items() if name != part})
    facts = await facts_on(case, (await case.ask("submit", "v1")).gate)
    assert facts["Still to be put right"]
    assert (await submit(case, "1")).refused == "incomplete_review"
    revised = await case.answer("submit", "revise", "v1", ask=2, reasons="A part is missing")
    assert revised.decision is not None
    again = await facts_on(case, (await case.ask("draft", ask=2)).gate)
    assert again["Still to be put right"] == facts["Still to be put right"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Contact with Mr Zzyzxperson was weekly.", "a name of somebody in the case"),
        ("The record of X123456 was read.", "a CRN"),
        ("Ring 020 7946 0018 to hear more.", "a phone number"),
        ("Write to someone@example.test about it.", "an email address"),
    ],
)
async def test_a_review_that_names_somebody_is_not_submitted_and_the_page_says_where(
    record: Record, mail_server: MailServer, words: str, kind: str
) -> None:
    case = await commissioned(record, mail_server)
    await put(record, case, {**DRAFT, "analysis": f"All was well.\n{words}"})
    # Known only since the draft was written: what counts are the names as the record holds them now.
    await record.pool.execute("UPDATE cases SET person_name = 'Invented Zzyzxperson'")
    opened = await case.ask("submit", "v1")
    facts = await facts_on(case, opened.gate)
    assert facts["Names somebody"].endswith(kind)
    assert "Analysis of practice, paragraph 2" in facts["Names somebody"]
    assert "Zzyzx" not in str(facts)
    settled = await submit(case, "1")
    assert settled.refused == "names_somebody:analysis"
    [letter] = [m for m in mail_server.to(REVIEWER) if "again" in m["Subject"]]
    assert "Zzyzx" not in letter.as_string()
    assert "Look at: analysis" in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]


async def test_nobody_may_be_interviewed_untold_when_it_is_submitted(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    await case.answer("facts", "no_comments", "v1")
    await record.pool.execute(
        "INSERT INTO duties VALUES ($1, 'interviewed', 's1', 'met', NULL, $2)", case.reference, case.at
    )
    assert (await submit(case, "1")).refused == "not_told"


# --- rounds ----------------------------------------------------------------------------------------


async def test_a_returned_review_comes_back_with_its_text_and_the_reasons(
    record: Record, mail_server: MailServer
) -> None:
    case = await drafted(record, mail_server)
    await case.answer("countersign", "returned", "v1", stage="countersign", reasons="Say why the handover was late")
    opened = await case.ask("draft", stage="review-2")
    facts = await facts_on(case, opened.gate)
    assert facts["Reasons given: countersign the review"] == "Say why the handover was late"
    assert (await page_of(case, opened.gate))["document"]["learning"] == "Listen"


async def test_the_author_never_countersigns(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    await submitted(case, "1")
    opened = await case.ask("countersign", "v1", stage="countersign")
    decision = await case.decide(opened.gate, "signed", by=REVIEWER, facts_satisfied="yes")
    assert (await case.settle(opened.gate, decision)).refused in ("is_the_author", "not_asked")


async def test_three_rounds_stay_visible_with_reasons_days_and_differences(
    record: Record, mail_server: MailServer
) -> None:
    case = await drafted(record, mail_server)
    case.pass_days(10)
    await submitted(case, "1")
    case.pass_days(5)
    await case.answer("countersign", "returned", "v1", stage="countersign", reasons="Say why")
    assert await write(case, "review-2", learning="Listen, and say so") == "2"
    case.pass_days(3)
    await submitted(case, "2", "review-2")
    signed = await case.answer("countersign", "signed", "v2", stage="countersign-2", facts_satisfied="yes")
    assert signed.decision is not None
    case.pass_days(2)
    assert (await rate(case, "inadequate", "2", must_change="The judgement")).decision is not None
    await write(case, "review-3", judgement="no")
    await submitted(case, "3", "review-3")
    facts = await facts_on(case, (await case.ask("countersign", "v3", stage="countersign-3")).gate)
    first, second, third = (facts[f"Round {n}, version {n}"] for n in (1, 2, 3))
    assert first == (
        "Begun on 5 October 2026, submitted on 15 October 2026, returned by the countersigning manager "
        "on 20 October 2026 after 15 days. Say why"
    )
    assert "returned by the national team on 25 October 2026 after 5 days" in second
    assert third.endswith("submitted on 25 October 2026")
    assert facts["Changed since version 1"] == "Learning, paragraph 1 changed"
    assert "Were all reasonable steps taken? changed" in facts["Changed since version 2"]
    rows = await record.rows("SELECT round, version, is_returned FROM rounds ORDER BY round")
    assert [(row["round"], row["version"], row["is_returned"]) for row in rows] == [
        (1, 1, True), (2, 2, True), (3, 3, None),
    ]  # fmt: skip


# --- quality ---------------------------------------------------------------------------------------


async def test_a_review_below_the_mark_is_returned_with_what_must_change(
    record: Record, mail_server: MailServer
) -> None:
    case = await drafted(record, mail_server)
    settled = await rate(case, "inadequate", must_change="Give the judgement its grounds")
    assert settled.decision is not None
    assert settled.decision.facts["accepted"] == "no"
    assert settled.decision.refs == {}
    assert "grounds" not in settled.model_dump_json()
    assert await case.column("accepted_version") is None
    [row] = await record.rows("SELECT round, ratings, composite, accepted FROM ratings")
    assert (row["round"], row["composite"], row["accepted"]) == (1, "inadequate", False)
    assert set(row["ratings"]) == {  # type: ignore[call-overload]
        "rated_by", "analysis_of_practice", "overall_judgements", "learning", "victims", "composite", "must_change",
    }  # fmt: skip
    facts = await facts_on(case, (await case.ask("draft", stage="review-2")).gate)
    assert facts["What must change"] == "Give the judgement its grounds"
    assert facts["Reasons given: rate the quality of the review"] == "Clear"


async def test_below_the_mark_it_must_be_said_what_must_change(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    page = await page_of(case, (await case.ask("quality", "v1", stage="quality-assurance")).gate)
    assert page["accepted_rating"] == "good"
    assert (await rate(case, "requires_improvement")).refused in ("must_change_missing", "incomplete")
    assert await record.value("SELECT count(*) FROM ratings") == 0


async def test_the_sample_says_who_rates(record: Record, mail_server: MailServer) -> None:
    seen = set()
    for _ in range(40):
        case = await drafted(record, mail_server)
        seen.add(rated_by(case))
        opened = await case.ask("quality", "v1", stage="quality-assurance")
        page = await page_of(case, opened.gate)
        assert [option["value"] for option in page["options"]["rated_by"]] == [rated_by(case)]
        facts = await facts_on(case, opened.gate)
        assert ("record the inspectorate's ratings" in facts["Inspectorate's sample"]) == (rated_by(case) == "hmip")
        other = "national_team" if rated_by(case) == "hmip" else "hmip"
        both = [{"value": value, "label": value} for value in ("hmip", "national_team")]
        await record.pool.execute(
            "UPDATE gates SET page = jsonb_set(page, '{options,rated_by}', $2) WHERE gate = $1", opened.gate, both
        )
        code = (await rate(case, "good", rated_by=other)).refused
        assert code == ("hmip_sample" if rated_by(case) == "hmip" else "not_sampled")
        assert (await rate(case, "good")).decision is not None
        if seen == {"hmip", "national_team"}:
            break
    assert seen == {"hmip", "national_team"}
    rows = await record.rows("SELECT by_hmip_sample, ratings ->> 'rated_by' AS rated_by FROM ratings")
    assert {(row["by_hmip_sample"], row["rated_by"]) for row in rows} == {(True, "hmip"), (False, "national_team")}


def test_the_page_alone_tells_that_what_must_change_is_missing() -> None:
    page = {"accepted_rating": "good", "options": {"rated_by": [{"value": "hmip", "label": "HMIP"}]}}
    standards = dict.fromkeys(("analysis_of_practice", "overall_judgements", "learning", "victims"), "good")
    fields = {**standards, "rated_by": "hmip", "composite": "inadequate"}
    places = [problem.field for problem in check_answer(QUESTIONS["quality"], "rated", fields, "Weak", page)]
    assert places == ["must_change"]
