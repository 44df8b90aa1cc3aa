"""Disclosure that is shut, opened again, or begun anew: the court, a change of mind, a correction, a closed case."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from starter.opting_in import Wish, opt_in
from starter.script import SILENT, USUAL, Line
from tests.workflows.conftest import Office
from tests.workflows.disclosing import (
    AGAIN,
    DISCLOSURE,
    REASON,
    TOLD,
    WANTS,
    Handle,
    answering,
    asked,
    convicted,
    court,
    ended,
    open_gates,
    recorded,
    released,
    stage_of,
    stands,
    terminated,
    the_case,
    until_state,
)
from tests.workflows.reviewing import a_draft
from tests.workflows.test_case import KIDNAPPING, MURDER, amended, end_of, offence, opened, running
from workflows.contract.messages import CaseOpening, CorrectSignal, OptInSignal
from workflows.contract.vocabulary import CourtEventKind, ReasonCode

pytestmark = pytest.mark.usefixtures("plain_files")

THIRD = "victim-disclosure-3"
HANDED = {
    "handed_over_on": str(datetime.now(UTC).date()), "given_by": "n53lei.head", "received_by": "family",
    "how": "in_person",
}  # fmt: skip


async def stays_open(office: Office, opening: CaseOpening) -> None:
    """Something else is still owed, so that the case does not close meanwhile."""
    await office.record.pool.execute(
        "UPDATE duties SET state = 'owed' WHERE reference = $1 AND kind = 'fed_back'", opening.reference
    )


# --- the court ------------------------------------------------------------------------------------------


async def test_the_court_opens_disclosure_once_shuts_it_and_opens_it_again_and_nobody_is_asked_twice(
    office: Office,
) -> None:
    await asyncio.gather(
        convicted_while_asked(office),
        reduced_and_taken_up_again(office),
        quashed_before_the_release(office),
        quashed_as_it_is_handed_over(office),
    )


async def quashed_before_the_release(office: Office) -> None:
    """Who wants it and who has not answered hear that it is not shared; who was not told yet, or declined, does not."""
    opening = await recorded(office, 4)
    await convicted(office, opening)
    await stays_open(office, opening)
    await stands(office, opening, "v1", **WANTS)
    await stands(office, opening, "v2", **TOLD)
    await stands(office, opening, "v3", referred_on="now")
    await stands(office, opening, "v4", **TOLD, answer="declined")
    lines = {
        "release": [SILENT, USUAL["release"]],
        "offer:v2": [SILENT, Line("declined")],
        "tell_family:v3": [SILENT, Line("no_contact", reasons=REASON)],
        "tell_stopped:v2": [SILENT],
    }
    async with answering(office, opening, lines):
        case, stage = await the_case(office, opening), stage_of(office, opening)
        await opened(office, opening, f"{DISCLOSURE}/release:r1")
        await court(case, CourtEventKind.QUASHED)
        for gate in ("tell_stopped:v1", "tell_stopped:v2", "tell_family:v3"):
            await opened(office, opening, f"{DISCLOSURE}/{gate}")
        await until_state(office, opening, f"{DISCLOSURE}/tell_stopped:v1", "decided")
        await terminated(stage)  # begun anew, it is as shut as before
        await office.answer(stage, f"{opening.reference}/{DISCLOSURE}/tell_stopped:v2", "not_possible", reasons=REASON)
        assert (await end_of(office, opening, DISCLOSURE))["outcome"] == "not_disclosed"
        assert await open_gates(office, opening) == []
        assert sorted(await asked(office, opening, "tell_stopped")) == ["tell_stopped:v1", "tell_stopped:v2"]

        await court(case, CourtEventKind.CONVICTED)
        assert (await end_of(office, opening, AGAIN))["outcome"] == "disclosed"
    assert sorted(await asked(office, opening, part=AGAIN)) == [
        "handover:v1", "offer:v2", "redaction_decision:v1", "redactions:v1", "release:r1", "staff_impact:s1",
        "tell_family:v3",
    ]  # fmt: skip


async def quashed_as_it_is_handed_over(office: Office) -> None:
    """One family has it already; the other hears that it is not shared, and before it does, that it is after all."""
    opening = await recorded(office, 2)
    await convicted(office, opening)
    await released(office, opening)
    for victim in ("v1", "v2"):
        await stands(office, opening, victim, **WANTS)
    lines = {"handover:v2": [SILENT, USUAL["handover"]], "tell_stopped": [SILENT]}
    async with answering(office, opening, lines):
        case = await the_case(office, opening)
        await until_state(office, opening, f"{AGAIN}/handover:v1", "decided")
        await court(case, CourtEventKind.QUASHED)
        await until_state(office, opening, f"{AGAIN}/handover:v2", "withdrawn")
        await office.gate(f"{opening.reference}/{AGAIN}/tell_stopped:v2")
        assert await open_gates(office, opening) == [f"{AGAIN}/tell_stopped:v2"]
        await court(case, CourtEventKind.CONVICTED)
        assert (await end_of(office, opening, AGAIN))["outcome"] == "withdrawn"
        assert (await end_of(office, opening, THIRD))["outcome"] == "disclosed"
        await ended(case)
    assert await asked(office, opening, part=THIRD) == ["handover:v2"]


async def convicted_while_asked(office: Office) -> None:
    """Reported twice while the charge is still being asked about: nobody is told before it is reviewed."""
    lines = {"rosh": [SILENT], "notification": [SILENT], "tell_family": [SILENT]}
    charge: dict[str, Any] = {"rosh_highest": "not_recorded", "offences": [offence(KIDNAPPING)]}
    async with running(office, lines, speed=1, **charge) as (opening, case):
        rosh = f"{opening.reference}/charge/rosh"
        await office.gate(rosh)
        for _ in range(2):
            await court(case, CourtEventKind.CONVICTED)

        async def has_heard_both() -> bool:
            return bool((await case.query("status"))["court"].count("convicted") == 2)

        await office.until(has_heard_both)
        begun = [
            e.start_child_workflow_execution_initiated_event_attributes for e in (await case.fetch_history()).events
        ]
        assert DISCLOSURE not in {one.workflow_type.name for one in begun}
        await office.answer(stage_of(office, opening, "charge"), rosh, "never_assessed")
        for victim in opening.victims:
            await opened(office, opening, f"{DISCLOSURE}/tell_family:{victim}")
        assert sorted(await asked(office, opening, "refer", "tell_family")) == [
            "refer:v1", "refer:v2", "tell_family:v1", "tell_family:v2",
        ]  # fmt: skip


async def reduced_and_taken_up_again(office: Office) -> None:
    reduced = [Line("stops", reasons=REASON)]
    lines = {"notification": [SILENT], "tell_family": [SILENT], "reduced_charge": reduced}
    async with running(office, lines, speed=1, rosh_highest="low") as (opening, case):
        await court(case, CourtEventKind.CONVICTED)
        await opened(office, opening, f"{DISCLOSURE}/tell_family:v1")
        await case.signal("amend_charge", amended(KIDNAPPING))
        assert (await end_of(office, opening, DISCLOSURE))["outcome"] == "withdrawn"
        await until_state(office, opening, f"{DISCLOSURE}/tell_family:v1", "withdrawn")
        await case.signal("amend_charge", amended(MURDER))
        await opened(office, opening, f"{AGAIN}/tell_family:v1")
        assert await asked(office, opening, "refer", part=AGAIN) == []


# --- opting back in -------------------------------------------------------------------------------------


async def test_whoever_opts_back_in_is_taken_up_wherever_disclosure_stands(office: Office) -> None:
    await asyncio.gather(opted_in_while_it_runs(office), opted_in_after_it_ended(office))


async def wanted(case: Handle, victim: str) -> None:
    await case.signal("opt_in", OptInSignal(victim=victim))


async def opted_in_while_it_runs(office: Office) -> None:
    """One leg has ended with a no, one is in the middle of its offer; a third and a fourth are typed by hand."""
    opening = await recorded(office, 4)
    await convicted(office, opening)
    await released(office, opening)
    for victim, answer in (("v1", {"answer": "declined"}), ("v2", {}), ("v3", {"answer": "declined"}), ("v4", {})):
        await stands(office, opening, victim, **TOLD, **answer)
    yes = USUAL["offer"]
    lines = {"offer:v2": [SILENT], "offer:v3": [yes], "offer:v4": [SILENT, yes], "handover": [SILENT]}
    async with answering(office, opening, lines):
        case, stage = await the_case(office, opening), stage_of(office, opening, AGAIN)
        for victim in ("v2", "v4"):
            await office.gate(f"{opening.reference}/{AGAIN}/offer:{victim}")
        for victim in ("v1", "v2"):
            await stands(office, opening, victim, **WANTS)
        for victim in opening.victims:
            await wanted(case, victim)
            await office.gate(f"{opening.reference}/{AGAIN}/handover:{victim}")
        for victim in opening.victims:
            await office.answer(stage, f"{opening.reference}/{AGAIN}/handover:{victim}", "handed_over", HANDED)
        await ended(case)
    assert sorted(await asked(office, opening, "offer")) == ["offer:v2", "offer:v3", "offer:v4", "offer:v4#2"]
    assert (await case.query("status"))["stages_ended"] == [AGAIN]


async def opted_in_after_it_ended(office: Office) -> None:
    """Once on the record, once typed by hand, for which the offer is asked; nobody knows of a ninth family."""
    opening = await recorded(office, 2)
    await convicted(office, opening)
    await stays_open(office, opening)
    for victim in ("v1", "v2"):
        await stands(office, opening, victim, **TOLD, answer="declined")
    async with answering(office, opening, {"offer": [Line("declined")]}):
        case = await the_case(office, opening)
        assert (await end_of(office, opening, DISCLOSURE))["outcome"] == "not_disclosed"
        await stands(office, opening, "v1", **WANTS)
        await wanted(case, "v1")
        assert (await end_of(office, opening, AGAIN))["heard"] == ["v1"]
        await wanted(case, "v2")
        assert (await end_of(office, opening, THIRD))["heard"] == ["v2"]
        await wanted(case, "v9")
        assert await asked(office, opening, "offer", "handover") == ["handover:v1", "offer:v2"]
        status = await case.query("status")
    assert status["stages_ended"] == [DISCLOSURE, AGAIN, THIRD]
    assert (status["stages_open"], status["dead_letters"]) == ([], 1)


# --- the accepted review is wrong -----------------------------------------------------------------------


async def corrected(office: Office, case: Handle, opening: CaseOpening) -> None:
    """Whoever may has it corrected, on the record and by signal."""
    await office.record.pool.execute("UPDATE cases SET corrected_since = now() WHERE reference = $1", opening.reference)
    await case.signal("correct", CorrectSignal(reason=ReasonCode.ERROR_FOUND))


async def test_a_correction_holds_back_the_old_version_and_gives_the_new_one_to_whoever_has_it(office: Office) -> None:
    await asyncio.gather(
        corrected_while_it_runs(office),
        corrected_for_nobody(office),
        corrected_though_acquitted(office),
        nothing_to_correct(office),
    )


async def corrected_while_it_runs(office: Office) -> None:
    """One family has the old version, one was about to; the stage is ended by hand before the first has the new one."""
    opening = await recorded(office, 3)
    await convicted(office, opening)
    await released(office, opening)
    for victim in ("v1", "v2"):
        await stands(office, opening, victim, **WANTS)
    await stands(office, opening, "v3", **TOLD, answer="declined")
    lines = {
        "handover:v1": [USUAL["handover"], SILENT],
        "handover:v2": [SILENT, USUAL["handover"]],
        "draft": [SILENT, USUAL["draft"]],
        "facts": [Line("no_comments")],
        "countersign": [Line("returned", reasons=REASON), USUAL["countersign"]],
        "action": [SILENT, SILENT, USUAL["action"]],
    }
    async with answering(office, opening, lines):
        case, stage = await the_case(office, opening), stage_of(office, opening, AGAIN)
        await until_state(office, opening, f"{AGAIN}/handover:v1", "decided")
        await office.gate(f"{opening.reference}/{AGAIN}/handover:v2")
        for _ in range(2):  # twice at once is once
            await corrected(office, case, opening)
        await until_state(office, opening, f"{AGAIN}/handover:v2", "withdrawn")
        draft = await office.gate(f"{opening.reference}/review/draft")
        assert (draft["deadline"], await open_gates(office, opening)) == ("correction", ["review/draft"])
        assert (await case.query("status"))["dead_letters"] == 1
        text = a_draft(datetime.now(UTC).date())
        await office.answer(stage_of(office, opening, "review"), draft["gate"], "draft_ready", text)
        await until_state(office, opening, f"{AGAIN}/handover:v2#2", "decided")
        await office.gate(f"{opening.reference}/{AGAIN}/handover:v1#2")
        await terminated(stage)
        await office.answer(stage, f"{opening.reference}/{AGAIN}/handover:v1#2", "handed_over", HANDED)
        assert (await end_of(office, opening, AGAIN))["version"] == 3
        for number in (1, 2):
            await opened(office, opening, f"action-plan/action:a{number}")
        await stage_of(office, opening, "action-plan").cancel()  # by hand: begun anew, it asks for the same actions
        await ended(case)
    rounds = await asked(office, opening, "draft", "countersign", "quality")
    assert rounds == ["draft", "countersign:v2", "draft", "countersign:v3", "quality:v3"]
    assert await office.record.value("SELECT review_due FROM cases WHERE reference = $1", opening.reference) is None
    assert await asked(office, opening, "release") == ["release:r2"]
    given = await office.record.rows(
        "SELECT reader, rendition FROM releases WHERE reference = $1 ORDER BY rendition, reader", opening.reference
    )
    assert [(row["reader"], row["rendition"]) for row in given] == [("v1", 1), ("v1", 2), ("v2", 2)]
    assert sorted(await asked(office, opening, "action")) == ["action:a1", "action:a1", "action:a2", "action:a2"]


async def corrected_for_nobody(office: Office) -> None:
    """Whoever has the old version wants no other: disclosure looks once, and the case closes."""
    opening = await recorded(office)
    await convicted(office, opening)
    await released(office, opening, "v1")
    await stands(office, opening, "v1", answer="declined")
    async with answering(office, opening, {"facts": [Line("no_comments")]}):
        case = await the_case(office, opening)
        await end_of(office, opening, AGAIN)
        await corrected(office, case, opening)
        assert (await end_of(office, opening, THIRD))["version"] == 2
        await ended(case)
        assert [part for part in (await case.query("status"))["stages_ended"] if DISCLOSURE in part] == [AGAIN, THIRD]
    assert await asked(office, opening, "redactions", "handover") == []


async def corrected_though_acquitted(office: Office) -> None:
    """What was accepted stands whatever the court did, and so it is put right; it is shared with nobody."""
    opening = await recorded(office)
    await convicted(office, opening, CourtEventKind.ACQUITTED)
    async with answering(office, opening, {"facts": [Line("no_comments")]}):
        case = await the_case(office, opening)
        await corrected(office, case, opening)
        await ended(case)
    state = "SELECT accepted_version, corrected_since FROM cases WHERE reference = $1"
    [row] = await office.record.rows(state, opening.reference)
    assert row == {"accepted_version": 2, "corrected_since": None}
    assert await asked(office, opening, "refer", "redactions") == []


async def nothing_to_correct(office: Office) -> None:
    opening = await recorded(office, version=None)
    case = await the_case(office, opening)
    await corrected(office, case, opening)

    async def is_kept() -> bool:
        return bool((await case.query("status"))["dead_letters"] == 1)

    await office.until(is_kept)
    assert await open_gates(office, opening) == []


# --- a closed case --------------------------------------------------------------------------------------


async def test_a_closed_case_that_is_opened_again_goes_on_from_where_it_stood_and_closes_again(office: Office) -> None:
    """Once for a family that opts back in, once because its review is wrong; what is typed by hand is new each time."""
    opening = await recorded(office)
    await convicted(office, opening)
    await stands(office, opening, "v1", **TOLD, answer="declined")
    async with answering(office, opening, {"facts": [Line("no_comments")]}):
        for part in (DISCLOSURE, AGAIN, THIRD):
            case = await the_case(office, opening)
            await case.signal("raise_concern", {"kind": "other", "reason": "other"})
            assert (await ended(case))["outcome"] in ("not_reviewed", "completed")
            if part == DISCLOSURE:
                async with office.record.pool.acquire() as connection:
                    wish = Wish("copy", "en")
                    taken = await opt_in(
                        connection, opening.reference, "v1", wish, None, "liaison@invented.example.test"
                    )
                assert taken.is_reopened
            elif part == AGAIN:
                await office.record.pool.execute(
                    "UPDATE cases SET closed_on = NULL, corrected_since = now() WHERE reference = $1", opening.reference
                )
    assert await asked(office, opening, "handover", part=AGAIN) == ["handover:v1"]
    assert await asked(office, opening, "draft", "countersign", "quality") == ["draft", "countersign:v2", "quality:v2"]
    assert await asked(office, opening, "handover", part=THIRD) == ["handover:v1"]
    assert await asked(office, opening, "refer", "tell_family", "offer") == []
    raised = "SELECT count(*) FROM escalations WHERE reference = $1 AND state = 'resolved'"
    assert await office.record.value(raised, opening.reference) == 3


# --- by hand --------------------------------------------------------------------------------------------


async def test_ended_by_hand_it_is_begun_anew_and_nobody_is_asked_twice(office: Office) -> None:
    """Cancelled in mid-flight, then terminated: what was answered stays answered, what stands open stands once."""
    opening = await recorded(office, 3)
    await convicted(office, opening)
    lines = {"offer:v2": [SILENT, SILENT], "offer:v3": [Line("declined")], "release": [SILENT, SILENT]}
    async with answering(office, opening, lines):
        case, stage = await the_case(office, opening), stage_of(office, opening)
        for gate in ("offer:v2", "offer:v3", "release:r1"):
            await opened(office, opening, f"{DISCLOSURE}/{gate}")
        await until_state(office, opening, f"{DISCLOSURE}/offer:v3", "decided")
        await stage.cancel()
        standing = [f"{AGAIN}/offer:v2", f"{AGAIN}/release:r1"]
        for gate in standing:
            await office.gate(f"{opening.reference}/{gate}")
        assert await open_gates(office, opening) == standing
        letters = "SELECT count(*) FROM outbox WHERE reference = $1 AND letter = 'asked'"
        before = await office.record.value(letters, opening.reference)
        again = stage_of(office, opening, AGAIN)
        await terminated(again)
        await office.answer(again, f"{opening.reference}/{standing[0]}", "declined")
        await office.answer(again, f"{opening.reference}/{standing[1]}", "released")
        await until_state(office, opening, f"{AGAIN}/release:r1", "decided")
        assert await office.record.value(letters, opening.reference) == before
        await ended(case)
    assert await asked(office, opening, part=AGAIN) == [
        "offer:v2", "redactions:v1", "redaction_decision:v1", "staff_impact:s1", "release:r1", "handover:v1",
    ]  # fmt: skip
