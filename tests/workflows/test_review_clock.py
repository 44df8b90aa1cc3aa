"""How a review stands towards its date, on the real server: at risk, overdue whatever is asked, paused, resumed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle

from starter.script import SILENT
from tests.workflows.conftest import Office
from tests.workflows.reviewing import INTERVIEWED, LEAD, REVIEWER, commissioned, drafted, interviewed, moved
from tests.workflows.test_case import opened, running
from workflows.contract import ids
from workflows.contract.messages import CaseNews, ExtensionSignal, PauseSignal, ReplaceSignal, ResumeSignal
from workflows.contract.vocabulary import ReasonCode, Role
from workflows.policy.calendar import working_days_between
from workflows.policy.due import due, due_moment

DAY = timedelta(days=1)


async def shown(handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    """The search attributes, as operations filter by them."""
    described = await handle.describe()
    return {pair.key.name: pair.value for pair in described.typed_search_attributes}


async def until_shown(office: Office, handle: WorkflowHandle[Any, Any], name: str, value: object) -> None:
    async def is_shown() -> bool:
        return (await shown(handle)).get(name) == value

    await office.until(is_shown)


async def details(handle: WorkflowHandle[Any, Any]) -> str:
    """The short page that operations read in the Temporal UI."""
    metadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return str(metadata.current_details)


async def until_read(office: Office, handle: WorkflowHandle[Any, Any], words: str, *, is_there: bool = True) -> None:
    async def is_read() -> bool:
        return (words in await details(handle)) is is_there

    await office.until(is_read)


async def test_at_risk_shows_while_there_is_time_and_names_what_remains(office: Office) -> None:
    opening, review = await interviewed(office)
    gate = await office.gate(f"{opening.reference}/review/draft")
    assert (await shown(review))["SfoClock"] == "in_time"
    await office.skip_to(review, gate["due_at"] - timedelta(days=30))
    await until_shown(office, review, "SfoClock", "at_risk")
    page = await details(review)
    assert "**at risk**" in page
    assert "draft, facts, submit" in page
    assert len(office.letters(LEAD, "at risk")) == 1
    assert len(office.letters(REVIEWER, "at risk")) == 1


async def test_the_date_passes_while_the_head_of_pdu_looks_at_the_facts_and_everybody_sees_it(office: Office) -> None:
    """No question stands on the review's date then; it is overdue all the same, until the text is submitted."""
    opening, review = await interviewed(office)
    draft = f"{opening.reference}/review/draft"
    due_at = (await office.gate(draft))["due_at"]
    await office.skip_to(review, due_at - timedelta(days=3))
    await drafted(office, opening, review)
    await office.skip_to(review, due_at + timedelta(hours=1))
    await until_shown(office, review, "SfoOverdue", True)
    await until_read(office, review, "**The review is overdue.**")
    assert await office.record.value("SELECT review_overdue FROM cases WHERE reference = $1", opening.reference)
    await office.until(lambda: _letters(office, LEAD, "review overdue"))
    await office.answer(review, f"{opening.reference}/review/facts:v1", "no_comments")
    decided = await office.answer(
        review, f"{opening.reference}/review/submit:v1", "submitted", {"facts_satisfied": "yes"}
    )
    assert (await review.result())["outcome"] == "submitted"
    assert await office.record.value("SELECT late FROM decisions WHERE decision = $1::uuid", decided) is True
    ended = await shown(review)
    assert (ended["SfoOverdue"], ended["SfoClock"]) == (False, "in_time")  # a list of what is late shows what runs
    assert "SfoAwaiting" not in ended


async def _letters(office: Office, email: str, subject: str) -> list[str]:
    return office.letters(email, subject)


async def test_more_time_granted_late_hides_nothing(office: Office) -> None:
    opening, review = await commissioned(office)
    stem = f"{opening.reference}/review"
    original = (await office.gate(f"{stem}/draft"))["due_on"]
    await office.skip_to(review, due_moment(original) + 2 * DAY)
    await until_shown(office, review, "SfoOverdue", True)
    new_on = original + timedelta(days=60)
    await review.signal("request_extension", ExtensionSignal(new_on=new_on, reason=ReasonCode.TRIAL))
    await office.answer(review, f"{stem}/extension:{new_on}", "granted", {"new_on": str(new_on)}, "Invented reason.")
    gate = await office.until(lambda: moved(office, f"{stem}/draft", new_on))
    assert (gate["overdue"], gate["original_due_on"]) == (False, original)
    (request,) = await office.record.rows("SELECT * FROM extension_requests WHERE reference = $1", opening.reference)
    assert (request["reason_code"], request["late"], request["granted_on"]) == ("trial", True, new_on)
    assert (await shown(review))["SfoOverdue"] is True


async def test_a_stage_told_that_the_clock_stands_still_asks_nothing_new_and_fires_nothing(office: Office) -> None:
    opening, review = await commissioned(office)
    stem = f"{opening.reference}/review"
    gate = await office.gate(f"{stem}/draft")
    await review.signal("case_news", CaseNews(paused=True))
    await until_shown(office, review, "SfoClock", "paused")
    assert "SfoDue" not in await shown(review)
    await until_read(office, review, "**The clock stands still.**")
    for member in INTERVIEWED:
        await office.gate(f"{stem}/invite:{member}")
    await office.until(
        lambda: office.record.value("SELECT bool_and(state = 'sent') FROM outbox WHERE letter <> 'receipt'")
    )
    letters = len(office.mail.messages)
    await office.skip_to(review, gate["due_at"] + timedelta(days=40))
    times = [{"on": str(office.now(review).date() + timedelta(days=9)), "at": "10:30", "place": "Invented House"}]
    decided = await office.answer(review, f"{stem}/invite:s1", "invited", {"times": times})
    assert (await office.receipt(review, decided))["applied"]  # an answer counts, paused or not
    assert not await office.record.rows("SELECT 1 FROM gates WHERE gate = $1", f"{stem}/invitation:s1")
    assert len(office.mail.messages) == letters
    assert not await office.record.rows("SELECT 1 FROM gates WHERE gate LIKE $1 AND overdue", f"{stem}/%")
    resumed = due(gate["due_on"] + timedelta(days=70))
    await review.signal("case_news", CaseNews(paused=False, due=resumed))
    await office.gate(f"{stem}/invitation:s1")  # what followed from the answer is asked now
    await until_read(office, review, "**The clock stands still.**", is_there=False)


async def test_pause_and_resume_typed_by_hand_stop_a_whole_case_and_give_the_days_back(office: Office) -> None:
    lines = {"draft": [SILENT]}
    async with running(office, lines, speed=1.0) as (opening, case):
        await opened(office, opening, "review/draft")
        before = await office.record.rows("SELECT * FROM cases WHERE reference = $1", opening.reference)
        await case.signal("pause", PauseSignal(reason=ReasonCode.TRIAL))
        await until_shown(office, case, "SfoClock", "paused")
        review = office.client.get_workflow_handle(f"{ids.case_id(opening.reference)}/review")
        await until_shown(office, review, "SfoClock", "paused")
        assert (await case.query("status"))["clock"] == "paused"
        # At speed 1 the working days of the pause cannot be waited for: the record's pause began ten days earlier.
        for table, column in (
            ("cases", "paused_at"),
            ("gates", "paused_at"),
            ("pauses", "paused_at"),
            ("deadlines", "at"),
        ):
            await office.record.pool.execute(
                f"UPDATE {table} SET {column} = {column} - interval '14 days' WHERE reference = $1", opening.reference
            )
        await case.signal("resume", ResumeSignal(reason=ReasonCode.TRIAL))
        await until_shown(office, case, "SfoClock", "in_time")
        after = await office.record.rows("SELECT * FROM cases WHERE reference = $1", opening.reference)
        assert after[0]["original_review_due"] == before[0]["review_due"]
        given_back = working_days_between(before[0]["review_due"], after[0]["review_due"], frozenset())  # type: ignore[arg-type]
        assert 9 <= given_back <= 12  # ten working days, and the bank holidays that happen to lie there
        await office.until(lambda: moved(office, f"{opening.reference}/review/draft", after[0]["review_due"]))  # type: ignore[arg-type]
        assert (await case.query("status"))["review_due"] == str(after[0]["review_due"])


async def test_a_pause_without_a_review_and_a_manager_in_the_line_are_refused_and_seen(office: Office) -> None:
    async with running(office, {"notification": [SILENT]}, speed=1.0) as (opening, case):
        await opened(office, opening, "notification/notification")
        await case.signal("pause", PauseSignal(reason=ReasonCode.TRIAL))
        replacing = ReplaceSignal(role=Role.REVIEWING_MANAGER, to="n53lei.head", reason=ReasonCode.ILLNESS)
        await case.signal("replace_manager", replacing)

        async def has_two() -> bool:
            return int((await case.query("status"))["dead_letters"]) == 2

        await office.until(has_two)
        query = "SELECT action, detail FROM audit WHERE action LIKE '%_refused' ORDER BY seq"
        refused = await office.record.rows(query)
        assert [(row["action"], row["detail"]["why"]) for row in refused] == [  # type: ignore[index]
            ("pause_refused", "nothing_under_review"),
            ("replacement_refused", "not_appointed"),
        ]
        assert (await shown(case)).get("SfoClock") != "paused"


async def test_a_review_accepted_while_its_clock_stands_still_lets_it_run(office: Office) -> None:
    lines = {"quality": [SILENT], "welfare": [SILENT]}
    async with running(office, lines) as (opening, case):
        gate = await opened(office, opening, "quality-assurance/quality:v1")
        await case.signal("pause", PauseSignal(reason=ReasonCode.TRIAL))
        await until_shown(office, case, "SfoClock", "paused")
        rated = office.client.get_workflow_handle(ids.workflow_of_gate(str(gate["gate"])))
        standards = dict.fromkeys(("analysis_of_practice", "overall_judgements", "learning", "victims"), "good")
        by = gate["page"]["options"]["rated_by"][0]["value"]
        fields = {**standards, "composite": "good", "rated_by": by}
        await office.answer(rated, str(gate["gate"]), "rated", fields, "Invented.", received_at=datetime.now(UTC))
        await office.until(
            lambda: office.record.value("SELECT paused_at IS NULL FROM cases WHERE reference = $1", opening.reference)
        )

        async def runs() -> bool:
            return bool((await shown(case))["SfoClock"] != "paused")

        await office.until(runs)
