"""Redactions in a real record: proposals as spans, the second person, what is shown, and what a later version keeps."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.activities.disclosing import (
    ANALYSIS,
    LEAD,
    ON_GROUND,
    REVIEW,
    SHOUTING,
    SISTER,
    STAGE,
    SUMMARY,
    TEAM,
    applied,
    audit_of,
    decide_redactions,
    in_disclosure,
    keep_it_short,
    passage,
    prepare,
    propose,
    redact,
    redactions,
    release,
    say,
    text_of,
    write,
)
from tests.activities.reviewing import facts_on, page_of
from tests.builders import ACase
from tests.conftest import MailServer, Record
from workflows.contract.messages import Settled
from workflows.contract.rendition import Audience

GROUND = "Given in confidence by a third party"
REASON = "A report was not acted on."


@pytest.fixture(autouse=True)
def _kept_short(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_it_short(monkeypatch)


@pytest.fixture(name="case")
async def _case(shared_record: Record, mail_server: MailServer) -> ACase:
    return await in_disclosure(shared_record, mail_server)


def spans(rows: list[dict[str, Any]]) -> list[tuple[str, int, int, str]]:
    return [(row["place"], row["starts"], row["ends"], row["passage"]) for row in rows]


async def facts_before(case: ACase, question: str, subject: str = "v1", ask: int = 1) -> Mapping[str, str]:
    return await facts_on(case, (await case.ask(question, subject, stage=STAGE, ask=ask)).gate)


# --- proposals -------------------------------------------------------------------------------------------


async def test_a_proposal_stands_as_spans_of_its_version(case: ACase) -> None:
    rows = (
        passage(SHOUTING),
        passage("neighbour", "analysis-2", occurrence="all"),
        passage("Load", "findings-1-reasons", ground="personal_data"),
        passage("2 February 2026", "chronology-1-on"),
    )
    applied(await propose(case, *rows))
    found = await redactions(case)
    assert spans(found) == [
        ("analysis-1", 20, 52, SHOUTING),
        ("analysis-2", 4, 13, "neighbour"),
        ("analysis-2", 60, 69, "neighbour"),
        ("findings-1-reasons", 0, 4, "Load"),
        ("chronology-1-on", 0, 15, "2 February 2026"),
    ]
    assert [row["number"] for row in found] == [1, 2, 3, 4, 5]
    assert {(row["proposed_by"], row["accepted"], row["version"]) for row in found} == {(TEAM, None, 1)}
    assert [row["ground"] for row in found][3] == "personal_data"


MISPLACED = {
    "begins a letter late": [passage(SHOUTING[1:])],
    "ends a letter early": [passage("The neighbour reported shoutin")],
    "other words": [passage("The neighbour reported crying.")],
    "another paragraph": [passage(SHOUTING, "analysis-2")],
    "across paragraphs": [passage("Contact went on.\nThe neighbour told")],
    "no such paragraph": [passage(SHOUTING, "analysis-9")],
    "a choice": [passage("Partly", "judgement")],
    "stands there twice": [passage("neighbour", "analysis-2")],
    "not so often": [passage("neighbour", "analysis-2", occurrence="3")],
    "twice the same": [passage(SHOUTING), passage(SHOUTING)],
    "overlapping": [passage(SHOUTING), passage("shouting. Contact")],
    "overlapping all": [passage("neighbour", "analysis-2", occurrence="all"), passage("The neighbour", "analysis-2")],
    "one right, one wrong": [passage(SHOUTING), passage("Nowhere")],
}  # fmt: skip


@pytest.mark.parametrize("what", MISPLACED)
async def test_what_does_not_stand_there_is_refused_by_the_page_and_by_the_record(case: ACase, what: str) -> None:
    opened = await case.ask("redactions", "v1", stage=STAGE)
    fields: dict[str, Any] = {"summary": SUMMARY, "redactions": MISPLACED[what]}
    first = await case.decide(opened.gate, "proposed", **fields)
    assert (await case.settle(opened.gate, first)).refused == "incomplete"
    # A row that was made by hand, past the page: whatever may be chosen there, and without a text to look it up in.
    places = [{"value": row["place"], "label": ""} for row in MISPLACED[what]]
    await case.pool.execute(
        "UPDATE gates SET page = jsonb_set(page - 'document', '{options,redactions}', $2) WHERE gate = $1",
        opened.gate, places,
    )  # fmt: skip
    second = await case.decide(opened.gate, "proposed", **fields)
    assert (await case.settle(opened.gate, second)).refused == "redaction_misplaced"
    assert await redactions(case) == []


async def test_words_of_an_old_version_are_not_found_in_the_new_one(case: ACase) -> None:
    await write(case, 2, analysis=ANALYSIS.replace(SHOUTING, "There was a report."))
    assert (await propose(case, passage(SHOUTING), subject="v2")).refused == "incomplete"
    applied(await propose(case, passage(SHOUTING), subject="v1"))
    assert await redactions(case, "v2") == []


async def test_what_somebody_else_proposed_meanwhile_is_not_proposed_over(case: ACase) -> None:
    late = await case.ask("redactions", "v1", stage=STAGE)
    applied(await propose(case, passage(SHOUTING)))
    decision = await case.decide(late.gate, "proposed", summary=SUMMARY, redactions=[passage("reported shouting")])
    assert (await case.settle(late.gate, decision)).refused == "redaction_misplaced"
    assert spans(await redactions(case)) == [("analysis-1", 20, 52, SHOUTING)]


@pytest.mark.parametrize(
    "moved", ["starts = starts + 1", "ends = ends - 1", "starts = 900, ends = 932", "place = 'gone'"]
)
async def test_a_span_that_is_one_off_in_the_record_makes_no_rendition(case: ACase, moved: str) -> None:
    await redact(case, passage(SHOUTING))
    await case.pool.execute(f"UPDATE redactions SET {moved} WHERE reference = $1", case.reference)
    with pytest.raises(ValueError, match="redaction 1: its passage does not stand in this version"):
        await prepare(case)
    assert await text_of(case) is None


# --- the second person -----------------------------------------------------------------------------------


async def decided_by(case: ACase, email: str, **rows: str) -> Settled:
    opened = await case.ask("redaction_decision", "v1", stage=STAGE, ask=1 + len(await _decisions(case)))
    await case.pool.execute("UPDATE gates SET person_email = $2 WHERE gate = $1", opened.gate, email)
    decisions = [{"number": number.removeprefix("n"), "accepted": said} for number, said in rows.items()]
    return await case.settle(opened.gate, await case.decide(opened.gate, "decided", decisions=decisions))


async def _decisions(case: ACase) -> list[Any]:
    return await case.pool.fetch(
        "SELECT gate FROM gates WHERE reference = $1 AND question = 'redaction_decision'", case.reference
    )


async def test_a_second_person_decides(case: ACase) -> None:
    applied(await propose(case, passage(SHOUTING)))
    assert (await decided_by(case, TEAM, n1="yes")).refused == "is_the_proposer"
    assert (await decided_by(case, TEAM.upper(), n1="yes")).refused == "is_the_proposer"
    assert [row["accepted"] for row in await redactions(case)] == [None]
    applied(await decided_by(case, LEAD, n1="yes"))
    [row] = await redactions(case)
    assert (row["accepted"], row["decided_by"], row["decided_at"]) == (True, LEAD, case.at)


async def test_whoever_proposed_any_passage_that_stands_is_no_second_person_for_it(case: ACase) -> None:
    first = await case.ask("redactions", "v1", stage=STAGE)
    await case.pool.execute("UPDATE gates SET person_email = $2 WHERE gate = $1", first.gate, LEAD)  # it had climbed
    fields: dict[str, Any] = {"summary": SUMMARY, "redactions": [passage(SHOUTING)]}
    applied(await case.settle(first.gate, await case.decide(first.gate, "proposed", **fields)))
    applied(await propose(case, passage(SISTER, "analysis-3")))  # by the SFO Team
    assert (await decided_by(case, LEAD, n1="yes", n2="yes")).refused == "is_the_proposer"
    applied(await decided_by(case, "senior.lead.deputy@n53.example.test", n1="yes", n2="yes"))


async def test_each_passage_has_its_decision_and_what_is_refused_is_shown(case: ACase) -> None:
    applied(await propose(case, passage(SHOUTING), passage(SISTER, "analysis-3")))
    some = [{"number": "1", "accepted": "yes"}]
    assert (await say(case, "redaction_decision", "decided", "v1", decisions=some)).refused == "incomplete"
    applied(await decide_redactions(case, refused=(2,)))
    await prepare(case)
    text = await text_of(case)
    pieces = {b["key"]: b["cells"][0]["pieces"] for section in text["sections"] for b in section["blocks"]}
    assert [(p["text"], p["ground"]) for p in pieces["analysis-1"]] == [
        ("Contact was weekly. ", None), ("", "third_party_confidence"), (" Contact went on.", None),
    ]  # fmt: skip
    assert [p["text"] for p in pieces["analysis-3"]] == [SISTER]
    assert text["removed"] == [{"ground": "third_party_confidence", "passages": 1, "characters": 32}]
    assert await audit_of(case, "redactions_decided") == [
        {"actor": LEAD, "subject": "v1", "accepted": [1], "refused": [2]}
    ]


async def test_nothing_to_remove_is_agreed_only_where_nothing_stands(case: ACase) -> None:
    applied(await propose(case, passage(SHOUTING)))
    assert (await say(case, "redaction_decision", "agreed", "v1")).refused == "redactions_undecided"
    applied(await decide_redactions(case))
    applied(await propose(case))
    assert (await say(case, "redaction_decision", "agreed", "v1")).refused == "redactions_undecided"
    applied(await decide_redactions(case, refused=(1,)))  # decided anew, with all that stands


async def test_more_is_proposed_beside_what_stands(case: ACase) -> None:
    applied(await propose(case, passage(SHOUTING)))
    applied(await say(case, "redaction_decision", "again", "v1", "The sister is named as well"))
    opened = await case.ask("redactions", "v1", stage=STAGE, ask=2)
    page, facts = await page_of(case, opened.gate), await facts_on(case, opened.gate)
    assert facts["Reasons given: decide the proposed redactions"] == "The sister is named as well"
    stands = f"“{SHOUTING}”. {GROUND}. {ON_GROUND['note']} (not decided)"
    assert facts["Passage 1, Analysis of practice, paragraph 1"] == stands
    assert page["standing"] == [{"place": "analysis-1", "start": 20, "end": 52, "text": SHOUTING}]
    assert (await propose(case, passage(SHOUTING))).refused == "incomplete"
    applied(await propose(case, passage(SISTER, "analysis-3")))
    decision = await case.ask("redaction_decision", "v1", stage=STAGE, ask=2)
    listed = (await page_of(case, decision.gate))["redactions"]
    assert [(row["number"], row["passage"], row["accepted"]) for row in listed] == [(1, SHOUTING, ""), (2, SISTER, "")]
    applied(await decide_redactions(case))
    assert [row["accepted"] for row in await redactions(case)] == [True, True]


async def test_what_is_proposed_and_not_decided_yet_holds_the_release(case: ACase) -> None:
    await redact(case, passage("Contact went on."))
    await prepare(case)
    applied(await propose(case, passage(SISTER, "analysis-3")))
    assert await release(case) == "redactions_undecided"
    applied(await decide_redactions(case))
    assert await release(case) == "impact_missing:s1"


# --- how much goes ---------------------------------------------------------------------------------------


async def test_whoever_decides_or_releases_reads_how_much_goes_and_is_warned_where_it_is_much(case: ACase) -> None:
    await redact(case, passage(SHOUTING))
    facts = await facts_before(case, "redaction_decision", ask=9)
    assert (facts[GROUND], facts["Share of the text"]) == ("1 passage, 32 characters", "2%")
    assert facts["The same words still stand in"] == "Strengths and deficiencies, number 1: What was found"
    assert "Warning" not in facts
    await prepare(case)
    facts = await facts_before(case, "release", "r1")
    assert (facts[GROUND], facts["Share of the text that was removed"]) == ("1 passage removed", "1.6%")
    assert "Warning" not in facts
    await redact(case, passage(REASON, "judgement_reasons-1", occurrence="all"))
    for question in ("redactions", "redaction_decision"):
        facts = await facts_before(case, question, ask=10)
        assert facts[GROUND] == "61 passages, 1,592 characters"
        assert facts["Warning"].startswith("More than 10% of the text would go.")
        assert facts["Removed whole"] == "Why this is the judgement, paragraph 1"
    await prepare(case)
    facts = await facts_before(case, "release", "r2")
    assert facts[GROUND] == "61 passages removed"
    assert facts["Warning"].startswith("More than 10% of the text was removed.")


# --- a later version -------------------------------------------------------------------------------------


async def carried(case: ACase) -> Any:
    return await audit_of(case, "redactions_carried")


async def test_a_later_version_keeps_what_is_unchanged_and_asks_again_about_the_rest(case: ACase) -> None:
    told = passage("told the police in May", "analysis-2")
    applied(
        await propose(
            case, passage(SHOUTING), passage(SISTER, "analysis-3"), told, passage("Load", "findings-1-reasons")
        )
    )
    applied(await decide_redactions(case, refused=(2,)))
    changed = ANALYSIS.replace("Nobody asked", "In June nobody asked")
    await write(case, 2, analysis=changed, findings=REVIEW["findings"][1:])
    opened = await case.ask("redactions", "v2", stage=STAGE)
    rows = await redactions(case, "v2")
    assert [(r["number"], r["passage"], r["accepted"], r["earlier"], r["carried_from"]) for r in rows] == [
        (5, SHOUTING, True, None, 1),
        (6, SISTER, False, None, 2),
        (7, "told the police in May", None, True, 3),
    ]
    assert [row["decided_by"] for row in rows] == [LEAD, LEAD, None]
    assert {row["proposed_by"] for row in rows} == {TEAM}
    once = {
        "actor": "system",
        "subject": "v2",
        "before": 1,
        "audience": "victim",
        "kept": 2,
        "asked_again": 1,
        "gone": 1,
    }
    assert await carried(case) == [once]
    assert (await facts_on(case, opened.gate))["Passage 6, Analysis of practice, paragraph 3"].endswith("(to be shown)")
    applied(await propose(case, subject="v2"))
    decision = await case.ask("redaction_decision", "v2", stage=STAGE)
    listed = {row["number"]: row for row in (await page_of(case, decision.gate))["redactions"]}
    assert [listed[number]["accepted"] for number in (5, 6, 7)] == ["yes", "no", ""]
    assert listed[7]["note"].endswith("Asked again, since the text changed; before it was removed.")
    assert listed[5]["note"] == ON_GROUND["note"]
    with pytest.raises(ValueError, match="redaction 7: it is not decided"):
        await prepare(case, 2)
    applied(await decide_redactions(case, "v2", refused=(6,)))
    await case.ask("redactions", "v2", stage=STAGE, ask=5)
    assert [row["number"] for row in await redactions(case, "v2")] == [5, 6, 7]
    assert len(await carried(case)) == 1
    await write(case, 3, analysis=changed)
    await case.ask("redactions", "v3", stage=STAGE)
    assert [(r["carried_from"], r["accepted"]) for r in await redactions(case, "v3")] == [
        (5, True),
        (6, False),
        (7, True),
    ]
    assert [row["before"] for row in await carried(case)] == [1, 2]


async def test_where_nothing_is_left_that_is_noted_once(case: ACase) -> None:
    await redact(case, passage(SHOUTING))
    await write(case, 2, analysis="Contact was weekly.", findings=REVIEW["findings"][1:])
    for ask in (1, 2, 3):
        await case.ask("redactions", "v2", stage=STAGE, ask=ask)
    assert await redactions(case, "v2") == []
    assert [(row["kept"], row["asked_again"], row["gone"]) for row in await carried(case)] == [(0, 0, 1)]


async def test_removed_words_that_stand_in_several_places_now_are_asked_about_in_each(case: ACase) -> None:
    applied(await propose(case, passage("told in confidence", "analysis-3"), passage("reported shouting")))
    applied(await decide_redactions(case, refused=(2,)))
    twice = "Asked later, she was told in confidence. Then he was told in confidence."
    refused_twice = " He reported shouting, reported shouting."
    await write(case, 2, analysis=twice + refused_twice, findings=REVIEW["findings"][1:])
    await case.ask("redactions", "v2", stage=STAGE)
    found = await redactions(case, "v2")
    assert [(row["starts"], row["accepted"], row["earlier"], row["carried_from"]) for row in found] == [
        (21, None, True, 1), (53, None, True, 1),
    ]  # fmt: skip
    assert [(row["asked_again"], row["gone"]) for row in await carried(case)] == [(2, 1)]


async def test_what_was_decided_for_the_public_and_for_victims_stays_apart(case: ACase) -> None:
    await redact(case, passage(SHOUTING))
    await redact(case, passage(SISTER, "analysis-3"), subject="p1", stage="enquiry/1")
    await write(case, 2)
    await case.ask("redactions", "v2", stage=STAGE)
    await case.ask("redactions", "p2", stage="enquiry/1")
    assert [(row["passage"], row["carried_from"]) for row in await redactions(case, "v2")] == [(SHOUTING, 1)]
    assert [(row["passage"], row["carried_from"]) for row in await redactions(case, "p2")] == [(SISTER, 2)]
    assert [(row["audience"], row["subject"]) for row in await carried(case)] == [("victim", "v2"), ("public", "p2")]
    await prepare(case, 2)
    await prepare(case, 2, Audience.PUBLIC)
    for kind, shown, gone in (("victim_rendition", SISTER, SHOUTING), ("public_rendition", SHOUTING, SISTER)):
        analysis = str((await text_of(case, 1, kind))["sections"][2])
        assert shown in analysis
        assert gone not in analysis
