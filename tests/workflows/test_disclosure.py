"""Disclosure on the real server: the legs side by side, what may be given, holds, languages, and what it costs."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.worker import Replayer

from starter.sandbox import workflow_runner
from starter.script import SILENT, USUAL, Line
from tests.workflows.conftest import KNOWN_LATER, PLANTED, Office
from tests.workflows.disclosing import (
    CONCERN,
    DISCLOSURE,
    EXCEPTIONAL,
    REASON,
    TOLD,
    WANTS,
    accepted,
    answering,
    asked,
    convicted,
    ended,
    news,
    open_gates,
    recorded,
    released,
    stage_of,
    stands,
    the_case,
    the_stage,
    translated,
    until_state,
)
from tests.workflows.test_case import end_of, opened
from workflows.victim_disclosure import VictimDisclosure

STAFF = [
    {"role": role, "name": f"Invented {role}", "email": f"{role}@invented.example.test"}
    for role in ("practitioner", "line_manager", "head_of_pdu")
]


pytestmark = pytest.mark.usefixtures("plain_files")


# --- the legs -------------------------------------------------------------------------------------------


async def test_each_family_has_its_own_leg_and_is_asked_once_for_each_thing(office: Office) -> None:
    """Yes, no, nobody to tell, no contact, and one that answers late and no longer wants it when it is handed over."""
    opening = await recorded(office, 5)
    await convicted(office, opening)
    lines = {
        "offer:v2": [Line("declined")],
        "refer:v3": [Line("nobody", reasons=REASON)],
        "tell_family:v4": [Line("no_contact", reasons=REASON)],
        "offer:v5": [Line("not_answered"), Line("later"), Line("accepted", {"wish": "both", "language": "en"})],
        "handover:v5": [Line("declined")],
    }
    async with answering(office, opening, lines):
        stage = await the_stage(office, opening)
        assert (await ended(stage))["outcome"] == "disclosed"
    expected = {
        "refer": ["v1", "v2", "v3", "v4", "v5"],
        "tell_family": ["v1", "v2", "v4", "v5"],
        "offer": ["v1", "v2", "v5", "v5#2", "v5#3"],
        "handover": ["v1", "v5"],
    }
    for question, about in expected.items():
        found = await asked(office, opening, question)
        assert sorted(one.partition(":")[2] for one in found) == about, question
    given = await office.record.rows("SELECT reader, rendition FROM releases WHERE reference = $1", opening.reference)
    assert given == [{"reader": "v1", "rendition": 1}]
    owed = "SELECT count(*) FROM duties WHERE reference = $1 AND kind LIKE 'victim%' AND state = 'owed'"
    assert await office.record.value(owed, opening.reference) == 0


async def test_a_family_that_decides_later_is_asked_from_the_day_that_it_named_and_not_before(office: Office) -> None:
    opening = await recorded(office, 1, version=None)
    await convicted(office, opening)
    await stands(office, opening, "v1", **TOLD)
    stage = await the_stage(office, opening, version=None)
    named = office.now(stage).date() + timedelta(days=40)
    first = f"{opening.reference}/{DISCLOSURE}/offer:v1"
    await office.answer(stage, first, "later", {"ask_again_on": str(named)})
    await until_state(office, opening, f"{DISCLOSURE}/offer:v1", "decided")
    await office.skip(stage, timedelta(days=38))
    assert await asked(office, opening, "offer") == ["offer:v1"]
    assert await open_gates(office, opening) == []
    assert len(office.letters("liaison.1@invented.example.test")) == 1
    await office.skip(stage, timedelta(days=2))
    await office.answer(stage, f"{first}#2", "declined")
    assert (await ended(stage))["outcome"] == "not_disclosed"


async def test_told_at_conviction_it_waits_inside_until_the_review_is_accepted(office: Office) -> None:
    opening = await recorded(office, 1, version=None)
    await convicted(office, opening)
    async with answering(office, opening):
        stage = await the_stage(office, opening, version=None)
        await until_state(office, opening, f"{DISCLOSURE}/offer:v1", "decided")
        assert [(await stage.query("receipt", "none")), await open_gates(office, opening)] == [None, []]
        shown = {p.key.name for p in (await stage.describe()).typed_search_attributes}
        assert "SfoAwaiting" not in shown
        await accepted(office, opening, 1)
        await news(stage, accepted_version=1)
        assert (await ended(stage))["outcome"] == "disclosed"
    assert await asked(office, opening) == [
        "refer:v1", "tell_family:v1", "offer:v1", "redactions:v1", "redaction_decision:v1", "staff_impact:s1",
        "release:r1", "handover:v1",
    ]  # fmt: skip


# --- what may be given ----------------------------------------------------------------------------------


async def test_what_must_go_is_proposed_again_and_a_plan_that_cannot_be_is_assessed_again(office: Office) -> None:
    """More must be removed; the search finds a name, and that it must go; a plan fails; the director refuses once."""
    opening = await recorded(office, version=None)
    await accepted(office, opening, 1, learning=f"Invented learning about {PLANTED}.")
    await convicted(office, opening)
    await stands(office, opening, "v1", **WANTS)
    plan = Line("contingency", {"plan": "Invented plan.", "owner": "n53lei.head"})
    lines = {
        "redaction_decision": [Line("again", reasons=REASON), Line("agreed")],
        "leaks": [Line("redact", reasons=REASON), USUAL["leaks"]],
        "staff_impact": [plan],
        "contingency_plan": [Line("not_possible", reasons=REASON), USUAL["contingency_plan"]],
        "release": [Line("not_released", reasons=REASON), USUAL["release"]],
    }
    async with answering(office, opening, lines):
        stage = await the_stage(office, opening)
        assert (await ended(stage))["outcome"] == "disclosed"
    assert await asked(office, opening) == [
        "redactions:v1", "redaction_decision:v1", "redactions:v1#2", "redaction_decision:v1#2",
        "staff_impact:s1", "contingency_plan:s1", "staff_impact:s1#2", "contingency_plan:s1#2",
        "leaks:r1", "redactions:v1#3", "redaction_decision:v1#3", "leaks:r1#2",
        "release:r1", "redactions:v1#4", "redaction_decision:v1#4", "release:r1#2", "handover:v1",
    ]  # fmt: skip


DECIDED = {
    "release": ("disclosed", ["release:r1", "handover:v1"]),
    "change": ("disclosed", ["staff_impact:s1#2", "release:r1", "handover:v1"]),
    "stop": ("not_disclosed", ["tell_stopped:v1"]),
}


async def test_an_exceptional_impact_holds_until_the_national_team_has_decided(office: Office) -> None:
    await asyncio.gather(*(exceptional(office, outcome) for outcome in DECIDED))


async def exceptional(office: Office, outcome: str) -> None:
    """One family wants the review, one has declined it; who declined is not told that it is stopped."""
    opening = await recorded(office, 2)
    await convicted(office, opening)
    await stands(office, opening, "v1", **WANTS)
    await stands(office, opening, "v2", **TOLD, answer="declined")
    lines = {
        "staff_impact": [EXCEPTIONAL, USUAL["staff_impact"]],
        "acknowledge": [SILENT],
        "resolve": [Line(outcome, reasons=REASON)],
    }
    async with answering(office, opening, lines):
        case = await the_case(office, opening)
        acknowledge = f"{opening.reference}/{CONCERN}/acknowledge:staff_safety-1"
        await office.gate(acknowledge)
        assert (await case.query("status"))["on_hold"]
        assert await open_gates(office, opening) == [acknowledge.partition("/")[2]]
        held = await asked(office, opening, part=DISCLOSURE)
        await office.answer(stage_of(office, opening, CONCERN), acknowledge, "acknowledged")
        end, after = DECIDED[outcome]
        assert (await end_of(office, opening, DISCLOSURE))["outcome"] == end
        await ended(case)
    assert held == ["redactions:v1", "redaction_decision:v1", "staff_impact:s1"]
    assert await asked(office, opening, part=DISCLOSURE) == held + after


async def test_a_hold_takes_back_what_is_asked_and_its_end_asks_again(office: Office) -> None:
    """Each step of it is the same for a worker that has it in its cache and for one that begins with its history."""
    opening = await recorded(office)
    await convicted(office, opening)
    await stands(office, opening, "v1", **WANTS)
    lines = {"release": [SILENT, USUAL["release"]], "handover": [SILENT, USUAL["handover"]]}
    async with answering(office, opening, lines):
        stage = await the_stage(office, opening)
        for gate in (f"{DISCLOSURE}/release:r1", f"{DISCLOSURE}/handover:v1"):
            await opened(office, opening, gate)
            await news(stage, held=True)
            await until_state(office, opening, gate, "withdrawn")
            assert await open_gates(office, opening) == []
            await news(stage, held=False)
            await until_state(office, opening, f"{gate}#2", "decided")
        assert (await ended(stage))["outcome"] == "disclosed"
    forgetful = Replayer(
        workflows=[VictimDisclosure],
        workflow_runner=workflow_runner(),
        data_converter=office.client.data_converter,
    )
    await forgetful.replay_workflow(await stage.fetch_history())


# --- who becomes known later ----------------------------------------------------------------------------


async def test_who_becomes_known_is_searched_for_in_what_was_released_while_it_is_being_handed_over(
    office: Office,
) -> None:
    """The second family is referred late, and its name stands in what the first one is about to be given."""
    opening = await recorded(office, 2, version=None)
    await accepted(office, opening, 1, learning=f"Invented learning about {KNOWN_LATER}.")
    await convicted(office, opening)
    await stands(office, opening, "v1", **WANTS)
    referred = {"referred_on": str(datetime.now(UTC).date()), "officer_name": "Invented", "is_child": "no"}
    lines = {
        "refer": [SILENT],
        "tell_family": [Line("no_contact", reasons=REASON)],
        "leaks": [Line("redact", reasons=REASON), USUAL["leaks"]],
        "handover": [SILENT, USUAL["handover"]],
    }
    async with answering(office, opening, lines):
        stage = await the_stage(office, opening)
        handover, refer = (f"{opening.reference}/{DISCLOSURE}/{gate}" for gate in ("handover:v1", "refer:v2"))
        await office.gate(handover)
        await office.answer(stage, refer, "referred", {**referred, "also_known_as": KNOWN_LATER})
        await until_state(office, opening, f"{DISCLOSURE}/handover:v1", "withdrawn")
        assert (await ended(stage))["outcome"] == "disclosed"
    assert (await asked(office, opening, "redactions", "leaks", "staff_impact", "release", "handover")) == [
        "redactions:v1", "staff_impact:s1", "release:r1", "handover:v1",
        "leaks:r1", "redactions:v1#2", "leaks:r2", "release:r2", "handover:v1#2",
    ]  # fmt: skip


async def test_a_name_that_changes_nothing_takes_no_question_back(office: Office) -> None:
    """The case says that somebody is new; or an answer is refused, because the stage had not heard of it."""
    opening = await recorded(office)
    await convicted(office, opening)
    await stands(office, opening, "v1", **WANTS)
    lines = {"release": [SILENT], "handover": [SILENT]}
    async with answering(office, opening, lines):
        stage = await the_stage(office, opening)
        release, handover = (f"{opening.reference}/{DISCLOSURE}/{gate}" for gate in ("release:r1", "handover:v1"))
        await office.gate(release)
        await office.record.pool.execute("UPDATE staff SET name = 'Invented New One' WHERE ref = 's1'")
        refused = await office.answer(stage, release, "released")
        assert (await office.receipt(stage, refused))["code"] == "not_searched"
        await office.gate(f"{release}#2")
        await office.answer(stage, f"{release}#2", "released")
        await office.gate(handover)
        await office.record.pool.execute("UPDATE victims SET adult = 'Invented New Two' WHERE ref = 'v1'")
        await news(stage, named=True)
        day = str(office.now(stage).date())
        handed = {"handed_over_on": day, "given_by": "n53.senior_lead", "received_by": "family", "how": "in_person"}
        searched = """SELECT EXISTS (SELECT FROM file_searches JOIN cases USING (reference, names)
            WHERE reference = $1)"""
        await office.until(lambda: office.record.value(searched, opening.reference))
        await office.answer(stage, handover, "handed_over", handed)
        assert (await ended(stage))["outcome"] == "disclosed"
    assert await asked(office, opening, "handover") == ["handover:v1"]


# --- languages ------------------------------------------------------------------------------------------


async def test_another_language_is_arranged_before_the_handover_and_what_must_go_is_translated_again(
    office: Office,
) -> None:
    """One family has an interpreter; two get translations at once, and in one of them something must go."""
    opening = await recorded(office, 3)
    await convicted(office, opening)
    await released(office, opening)
    for victim, language in (("v1", "other"), ("v2", "cy"), ("v3", "cy")):
        await stands(office, opening, victim, **WANTS, language=language)
    lines = {"language": [SILENT], "language:v1": [USUAL["language"]], "leaks": [SILENT]}
    arranged = {"arranged_on": str(datetime.now(UTC).date())}
    async with answering(office, opening, lines):
        stage = await the_stage(office, opening)
        for gate, text in (("v2", PLANTED), ("v3", "Testun dyfeisiedig"), ("v2#2", "Testun glân")):
            asked_for = f"{opening.reference}/{DISCLOSURE}/language:{gate}"
            await office.gate(asked_for)
            await translated(office, opening, gate, text)
            await office.answer(stage, asked_for, "translated", arranged)
            await until_state(office, opening, f"{DISCLOSURE}/language:{gate}", "decided")
            if gate == "v3":  # while it is being settled what was found in the first, the second is searched
                leaks = f"{opening.reference}/{DISCLOSURE}/leaks:r1"
                await office.answer(stage, leaks, "redact", reasons=REASON)
        assert (await ended(stage))["outcome"] == "disclosed"
    assert await asked(office, opening, "leaks", part=DISCLOSURE) == ["leaks:r1"]
    order = await asked(office, opening, "language", "handover", part=DISCLOSURE)
    assert order.index("language:v2#2") < order.index("handover:v2")
    assert sorted(order) == [
        "handover:v1", "handover:v2", "handover:v3", "language:v1", "language:v2", "language:v2#2", "language:v3",
    ]  # fmt: skip
    given = await office.record.rows(
        "SELECT reader, language FROM releases WHERE reference = $1 ORDER BY reader", opening.reference
    )
    assert [(row["reader"], row["language"]) for row in given] == [("v1", "en"), ("v2", "v2-2"), ("v3", "v3-1")]


# --- what it costs --------------------------------------------------------------------------------------

MOST_EVENTS, MOST_KILOBYTES = 340, 95


async def test_a_disclosure_with_two_families_and_a_hold_keeps_a_small_history(office: Office) -> None:
    """From the referral to both handovers, with one round of redactions, a hold, and a second look at the impact."""
    opening = await recorded(office, 2, roster=STAFF)
    await convicted(office, opening)
    lines = {
        "staff_impact:s1": [EXCEPTIONAL, USUAL["staff_impact"]],
        "resolve": [Line("change", reasons=REASON)],
        "leaks": [USUAL["leaks"]],
    }
    async with answering(office, opening, lines):
        await ended(await the_case(office, opening))
    cost: dict[str, tuple[int, float]] = {}
    for part in (DISCLOSURE, CONCERN):
        info = (await stage_of(office, opening, part).describe()).raw_description.workflow_execution_info
        cost[part] = (info.history_length, info.history_size_bytes / 1024)
    told = ", ".join(f"{part} {events} events {size:.0f} KiB" for part, (events, size) in cost.items())
    assert cost[DISCLOSURE][0] < MOST_EVENTS, told
    assert cost[DISCLOSURE][1] < MOST_KILOBYTES, told
