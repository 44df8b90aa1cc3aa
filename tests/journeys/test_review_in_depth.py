"""The review in depth, everything real: one test for each paragraph of what a review owes to people and to its date.

Four invented cases run side by side in rehearsal time. Their people know nothing but their letters and the pages;
operations and managers who change a case type `sfo`, each time as a process of its own.
"""

import json
from collections import Counter
from datetime import date
from typing import Any
from zipfile import ZipFile

import pytest
from dateutil.relativedelta import relativedelta

from tests.journeys.in_depth import LEAD, Played, appointed
from tests.journeys.in_depth import played as played  # the fixture
from tests.journeys.staged import typed
from workflows.contract import ids
from workflows.policy.calendar import add_working_days, working_days_between

pytestmark = pytest.mark.journey


# --- commissioning --------------------------------------------------------------------------------------


async def test_a_region_declines_another_lends_and_a_reviewer_who_falls_ill_hands_over(played: Played) -> None:
    case, seen = played.deep, played.seen
    assert [(d["answer"], d["subject"]) for d in await case.decisions("lend")] == [
        ("declined", "N56"), ("accepted", "MCG"),
    ]  # fmt: skip
    assert (seen["lent"]["organisation"], seen["lent"]["email"]) == ("MCG", "reviewer.one@mcg.example.test")
    assert seen["after"] == seen["before"]  # the clock, the draft's question and the invitations are intact
    assert (await case.letters("reviewer_replaced")) == ["reviewer.one@mcg.example.test"]
    written = await case.rows(
        "SELECT DISTINCT author_email FROM sfo.documents WHERE reference = $1 AND kind = 'review'"
    )
    assert [row["author_email"] for row in written] == ["reviewer.two@n53.example.test"]


async def test_nobody_left_is_noticed_at_once_climbs_and_ends_with_the_inspectorate(played: Played) -> None:
    case = played.nobody
    (noticed,) = await case.rows("SELECT * FROM sfo.audit WHERE reference = $1 AND action = 'nobody_eligible'")
    commission = await case.rows("SELECT * FROM sfo.gates WHERE reference = $1 AND question = 'commission'")
    assert noticed["at"] == commission[0]["opened_at"]
    assert noticed["detail"]["missing"] == ["reviewer"]
    refused = commission[0]["page"]["refused"]["reviewer"]
    assert {one["reason"] for one in refused} == {"In the line management of the case"}
    raised = await case.rows("SELECT * FROM sfo.escalations WHERE reference = $1 AND kind = 'reviewer'")
    assert [row["number"] for row in raised] == [1]  # unanswered: the national team, once
    assert raised[0]["raised_at"] > commission[0]["due_at"]
    assert (played.seen["hmip"]["organisation"], played.seen["hmip"]["email"]) == (
        "hmip", "inspector@invented.example.test",
    )  # fmt: skip


# --- the three-month limit --------------------------------------------------------------------------------


async def test_the_limit_is_forecast_overdue_extended_and_never_forgotten(played: Played) -> None:
    case, seen = played.changed, played.seen
    row = (await case.rows("SELECT * FROM sfo.cases WHERE reference = $1"))[0]
    assert row["original_review_due"] == row["notified_on"] + relativedelta(months=3)
    at_risk = await case.rows("SELECT * FROM sfo.audit WHERE reference = $1 AND action = 'at_risk' ORDER BY seq")
    assert at_risk
    assert all(one["detail"]["days_needed"] > one["detail"]["days_left"] >= 0 for one in at_risk)
    assert seen["overdue"]["clock"] == "overdue"
    told = {"reviewer.one@n53.example.test", "senior.lead@n56.example.test"}  # of the region where the case is by then
    assert set(await case.letters("at_risk")) == told
    requests = await case.rows("SELECT * FROM sfo.extension_requests WHERE reference = $1 ORDER BY at")
    assert [(r["granted"], r["late"]) for r in requests] == [(True, False), (False, False), (True, True)]
    assert requests[0]["granted_on"] == seen["shorter"] < requests[0]["new_on"]
    moves = await case.rows(
        "SELECT rule, due_on, late FROM sfo.deadlines WHERE reference = $1 AND what = 'review' ORDER BY id"
    )
    assert [(m["rule"], m["late"]) for m in moves] == [
        ("review", False), ("pause", False), ("extension", False), ("extension", True),
    ]  # fmt: skip
    assert row["review_due"] == moves[-1]["due_on"] == seen["late"]
    assert row["review_overdue"]  # an extension asked late hides nothing
    letters = await case.rows(
        "SELECT event, to_email, count(*) AS times FROM sfo.outbox WHERE reference = $1 GROUP BY event, to_email"
    )
    assert all(one["times"] == 1 for one in letters)
    climbed = await case.rows("SELECT climbed FROM sfo.gates WHERE reference = $1 AND question = 'draft'")
    assert all(len(set(one["climbed"])) == len(one["climbed"]) for one in climbed)


# --- interviews -------------------------------------------------------------------------------------------


async def test_each_interviewed_person_was_told_given_time_invited_and_heard_or_not_with_a_reason(
    played: Played,
) -> None:
    case = played.deep
    duties = await case.rows("SELECT * FROM sfo.duties WHERE reference = $1 AND kind IN ('told', 'interviewed')")
    told = {d["subject"]: d for d in duties if d["kind"] == "told"}
    heard = {d["subject"]: d for d in duties if d["kind"] == "interviewed"}
    assert set(told) == {"s1", "s2", "s3", "s4"}
    assert set(heard) == {"s1", "s2", "s4"}  # practitioners and managers; the Head of PDU is asked about facts
    assert sorted(d["state"] for d in heard.values()) == ["closed", "met", "met"]
    interviews = {r["ref"]: r for r in await case.rows("SELECT * FROM sfo.interviews WHERE reference = $1")}
    for ref, row in interviews.items():
        assert told[ref]["at"] <= row["invited_at"]
        if row["held_on"]:
            assert row["workload_asked"]
            assert row["support_offered"]
            assert working_days_between(told[ref]["at"].date(), row["held_on"], frozenset()) >= 5
        else:
            assert row["not_possible_because"]
    assert len(await case.decisions("invite")) > 3  # another time, and one that was rearranged
    (companion,) = await case.decisions("companion")
    assert companion["answer"] == "not_agreed"
    assert len(await case.letters("companion_decided")) == 1
    for letter in ("review_under_way", "interview_held", "companion_decided"):
        bodies = await case.rows("SELECT count(*) AS n FROM sfo.outbox WHERE reference = $1 AND letter = $2", letter)
        assert bodies[0]["n"] > 0, letter


# --- the document -----------------------------------------------------------------------------------------


async def test_each_version_is_fixed_and_goes_out_as_json_and_as_word(played: Played, tmp_path: Any) -> None:
    case = played.deep
    documents = await case.rows("SELECT * FROM sfo.documents WHERE reference = $1 AND kind = 'review' ORDER BY version")
    assert [d["version"] for d in documents] == list(range(1, len(documents) + 1))
    assert len(documents) == 4  # revised before it was submitted, then returned twice
    file = tmp_path / "review.docx"
    await typed(case.running, "review", "export", case.reference, "--output", str(file))
    assert ZipFile(file).testzip() is None
    exported = json.loads(await typed(case.running, "review", "export", case.reference, "--version", "2"))
    assert exported == documents[1]["content"]


# --- factual accuracy -------------------------------------------------------------------------------------


async def test_facts_are_commented_and_answered_or_the_silence_is_the_opportunity_given(played: Played) -> None:
    points = await played.deep.rows("SELECT * FROM sfo.factual_points WHERE reference = $1")
    assert len(points) == 4
    assert all(p["accepted"] is False and p["answer"] for p in points)
    satisfied = [
        d["fields"]["facts_satisfied"]
        for question, answer in (("submit", "submitted"), ("countersign", "signed"))
        for d in await played.deep.decisions(question)
        if d["answer"] == answer
    ]
    assert set(satisfied) == {"yes"}
    assert len(satisfied) == 5
    (silent,) = await played.changed.rows("SELECT * FROM sfo.factual_comments WHERE reference = $1")
    assert silent["comments"] is None
    (gate,) = await played.changed.rows("SELECT * FROM sfo.gates WHERE reference = $1 AND question = 'facts'")
    assert gate["state"] == "lapsed"


# --- countersignature and quality -------------------------------------------------------------------------


async def test_rounds_with_their_reasons_differences_and_durations_stay_visible(played: Played) -> None:
    case = played.deep
    assert [d["answer"] for d in await case.decisions("countersign")] == ["returned", "signed", "signed"]
    ratings = await case.rows("SELECT * FROM sfo.ratings WHERE reference = $1 ORDER BY round")
    assert [(r["composite"], r["accepted"]) for r in ratings] == [("inadequate", False), ("good", True)]
    rounds = json.loads(await typed(case.running, "review", "rounds", case.reference, "--json"))
    assert [r["outcome"] for r in rounds] == ["sent back", "sent back", "sent back", "accepted"]
    assert [r["by"] for r in rounds] == [
        "the reviewing manager", "the countersigning manager", "the national team", "the national team",
    ]  # fmt: skip
    assert all(r["days"] >= 0 for r in rounds)
    drafts = await case.rows(
        "SELECT page FROM sfo.gates WHERE reference = $1 AND question = 'draft' ORDER BY opened_at"
    )
    assert "Invented demand: judge." in json.dumps(drafts[-1]["page"]["facts"])


# --- staff feedback and care --------------------------------------------------------------------------------


async def test_everybody_is_fed_back_to_confirms_is_silent_or_could_not_be_reached(played: Played) -> None:
    case = played.deep
    duties = await case.rows("SELECT * FROM sfo.duties WHERE reference = $1 AND kind = 'fed_back'")
    assert Counter(d["state"] for d in duties) == {"met": 2, "closed": 2}
    rows = await case.rows("SELECT * FROM sfo.feedback WHERE reference = $1")
    assert sum(1 for r in rows if r["attempted_on"] and r["attempted_because"]) == 1
    assert sum(1 for r in rows if r["confirmed_on"]) == 2
    assert max(r["number"] for r in rows) == 2  # whoever said "not yet" was given feedback again
    assert all(r["learning"] for r in rows if r["given_on"])


async def test_staff_were_looked_after_at_every_stage_and_never_by_themselves(played: Played) -> None:
    case = played.deep
    contacts = await case.rows("SELECT * FROM sfo.welfare_contacts WHERE reference = $1 ORDER BY at")
    assert {c["ref"] for c in contacts} == {"s1", "s2", "s3", "s4"}
    assert all(c["outside_offered"] for c in contacts)
    assert len({c["stage"].split("-")[0] for c in contacts}) >= 3
    own = await case.rows(
        "SELECT w.ref FROM sfo.welfare_contacts w JOIN sfo.staff s USING (reference, ref) "
        "WHERE reference = $1 AND lower(w.by_email) = lower(s.email)"
    )
    assert own == []
    duties = await case.rows("SELECT * FROM sfo.duties WHERE reference = $1 AND kind = 'cared_for'")
    assert {d["state"] for d in duties} == {"met"}


# --- management action and referral -------------------------------------------------------------------------


async def test_a_management_action_is_chased_done_and_confirmed_and_a_referral_leaves_no_trace(played: Played) -> None:
    case = played.deep
    (action,) = await case.rows("SELECT * FROM sfo.actions WHERE reference = $1 AND kind = 'management'")
    assert (action["state"], action["done_on"] is not None) == ("done", True)
    gates = await case.rows("SELECT * FROM sfo.gates WHERE reference = $1 AND question = 'management_action'")
    assert gates[0]["overdue"]
    assert [d["answer"] for d in await case.decisions("confirm_actions")] == ["not_confirmed", "confirmed"]
    rows = await case.rows("SELECT fields FROM sfo.decisions JOIN sfo.gates USING (gate) WHERE reference = $1")
    assert not any("referral" in row["fields"] for row in rows)
    assert "referral" not in json.dumps(await case.view())


# --- the action plan ----------------------------------------------------------------------------------------


async def test_an_action_is_done_with_evidence_or_withdrawn_by_a_decision_alone(played: Played) -> None:
    case = played.deep
    actions = await case.rows("SELECT * FROM sfo.actions WHERE reference = $1 AND kind = 'plan' ORDER BY ref")
    assert sorted(a["state"] for a in actions) == ["done", "withdrawn"]
    assert all(a["finding"] == 2 and a["improvement"] for a in actions)
    assert all(a["evidence"] and a["done_on"] for a in actions if a["state"] == "done")
    assert [d["answer"] for d in await case.decisions("withdraw_action")] == ["refused", "agreed"]


# --- changes mid-review -------------------------------------------------------------------------------------


async def test_a_pause_stops_everything_and_gives_the_working_days_back(played: Played) -> None:
    case, seen = played.changed, played.seen
    pause = seen["pause"]
    before, after = seen["unpaused"]["due"], pause["new_due"]
    assert pause["review_due"] == before
    assert seen["chased_in_pause"] == 0
    assert seen["paused"]["clock"] == "paused"
    holidays = await bank_holidays()
    paused_on, resumed_on = pause["paused_at"].date(), pause["resumed_at"].date()
    assert pause["days_left"] == working_days_between(paused_on, before, holidays)
    assert working_days_between(resumed_on, after, holidays) == pause["days_left"]
    for letter in ("clock_paused", "clock_resumed"):
        told = await case.letters(letter)
        assert "reviewer.one@n53.example.test" in told
        assert len(told) == len(set(told)), letter


async def bank_holidays() -> frozenset[date]:
    from activities.bank_holidays import england_and_wales

    return england_and_wales()


async def test_a_case_that_moves_is_found_in_its_new_place_with_its_dates_and_managers(played: Played) -> None:
    case = played.changed
    row = (await case.rows("SELECT * FROM sfo.cases WHERE reference = $1"))[0]
    assert (row["region"], row["pdu"]) == ("N56", "N56CAM")
    assert (await appointed(case))["organisation"] == "N53"  # lent from now on, and still the reviewer
    assert {LEAD, "senior.lead@n56.example.test"} <= set(await case.letters("case_transferred"))
    client = case.delivery.client
    for part in ("", "/review", "/countersign", "/staff-care"):
        described = await client.get_workflow_handle(ids.case_id(case.reference) + part).describe()
        shown = {pair.key.name: pair.value for pair in described.typed_search_attributes}
        assert (shown["SfoRegion"], shown["SfoPdu"]) == ("N56", "N56CAM"), part


async def test_a_bank_holiday_announced_late_moves_what_spans_it_and_tells_people_once(played: Played) -> None:
    case, seen = played.changed, played.seen
    assert "announced" in seen["announced"]
    (gate,) = await case.rows("SELECT * FROM sfo.gates WHERE reference = $1 AND question = 'facts'")
    assert gate["original_due_on"] == seen["facts"]["due_on"]
    assert gate["due_on"] == add_working_days(seen["facts"]["due_on"], 1, await bank_holidays() | {seen["holiday"]})
    rebased = await case.rows("SELECT * FROM sfo.audit WHERE reference = $1 AND action = 'deadline_rebased'")
    assert gate["gate"] in {one["subject"] for one in rebased}
    told = await case.letters("date_moved")
    assert gate["person_email"] in told
    assert len(told) == len(set(told))


async def test_a_second_charge_and_joint_cases_are_cross_referenced(played: Played) -> None:
    related = {(r["reference"], r["kind"]) for r in (await played.changed.view())["related"]}
    assert related == {(played.second.reference, "same_person")}
    joint = {(r["reference"], r["kind"]) for r in (await played.deep.view())["related"]}
    assert joint == {(played.nobody.reference, "joint")}


async def test_acquitted_after_acceptance_the_learning_stands_and_dropped_before_it_people_are_told(
    played: Played,
) -> None:
    assert (await played.changed.view())["outcome"] == "completed"
    states = await played.changed.rows("SELECT state FROM sfo.actions WHERE reference = $1 AND kind = 'plan'")
    assert {row["state"] for row in states} == {"done"}
    assert (await played.nobody.view())["outcome"] == "discontinued"
    staff = await played.nobody.rows("SELECT email FROM sfo.staff WHERE reference = $1")
    assert await played.nobody.letters("review_stopped") == sorted(row["email"] for row in staff)


async def test_the_audit_chain_of_all_of_it_holds(played: Played) -> None:
    assert await played.pool.fetch("SELECT * FROM sfo.audit_verify()") == []
