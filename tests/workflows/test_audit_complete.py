"""The record and Temporal's own histories hold the same decisions: compared both ways on a real server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client

from starter.__main__ import run
from starter.audit_completeness import REMEDIES, Difference, Report, completeness
from starter.keys import KeyRing
from starter.payloads import data_converter
from starter.script import SILENT, Line
from tests.starter.front_desk import a_settings
from tests.workflows.conftest import Office
from tests.workflows.test_case import KIDNAPPING, end_of, offence, opened, running
from workflows.contract import ids
from workflows.contract.messages import DecideSignal
from workflows.contract.vocabulary import Stage


@dataclass
class Small:
    """A case whose charge was asked about and judged, and that waits for its commission; nobody answers any more."""

    office: Office
    reference: str

    async def report(self) -> Report:
        return await completeness(self.office.record.pool, self.office.client, [self.reference])

    async def kinds(self) -> list[tuple[str, str]]:
        found = (await self.report()).differences
        assert {one.reference for one in found} <= {self.reference}
        return [(one.kind, one.subject.removeprefix(f"{self.reference}/")) for one in found]

    async def settled(self) -> Report:
        """Once nothing is on its way any more, since the case goes on by itself for a moment."""

        async def look() -> Report | None:
            report = await self.report()
            return report if not report.under_way and not report.differences else None

        found: Report = await self.office.until(look)
        return found

    async def past(self, statement: str, *arguments: object) -> None:
        """Changed past the service, by whoever owns the database."""
        async with self.office.record.owner() as owner:
            await owner.execute("ALTER TABLE audit DISABLE TRIGGER USER")
            await owner.execute(statement, *arguments)

    async def applied_past_the_service(self, gate: str) -> Any:
        """A decision with its row of the chain, of which no workflow knows."""
        decision = uuid4()
        await self.past(
            """INSERT INTO decisions (decision, gate, answer, by_email, channel, received_at, late, applied_at)
               VALUES ($1, $2, 'appoint', 'x@example.test', 'link', now(), false, now())""",
            decision, gate,
        )  # fmt: skip
        await self.noted("decision_applied", gate, {"decision": str(decision)})
        return decision

    async def noted(self, action: str, subject: str, detail: dict[str, str]) -> None:
        """A row of the chain."""
        await self.office.record.pool.execute(
            "SELECT sfo.audit_append(now(), $1, 'x', $2, $3, $4)", self.reference, action, subject, detail
        )

    async def decision(self, gate: str) -> Any:
        return await self.office.record.value(
            "SELECT decision FROM decisions WHERE gate = $1 AND void_at IS NULL", f"{self.reference}/{gate}"
        )


@pytest_asyncio.fixture
async def small(office: Office) -> AsyncIterator[Small]:
    lines = {"rosh": [Line("never_assessed")], "commission": [SILENT], "early_look": [SILENT]}
    charge: dict[str, Any] = {"rosh_highest": "not_recorded", "offences": [offence(KIDNAPPING)]}
    async with running(office, lines, speed=86_400, **charge) as (opening, _):
        await opened(office, opening, "review/commission")
        yield Small(office, opening.reference)


async def test_a_case_that_nobody_touched_is_complete_both_ways(small: Small) -> None:
    report = await small.settled()
    applied = await small.office.record.value("SELECT count(*) FROM decisions WHERE applied_at IS NOT NULL")
    assert report.decisions == applied
    assert report.decisions >= 2  # the risk that was asked about, and the notification
    assert report.histories >= 4
    assert (report.cases, report.forgotten, report.differences) == (1, [], [])


async def test_an_answer_that_operations_typed_stands_in_both(office: Office) -> None:
    """Its signal has no id: only what the workflow was given back says which decision it became."""
    lines = {"rosh": [SILENT], "commission": [SILENT], "early_look": [SILENT]}
    charge: dict[str, Any] = {"rosh_highest": "not_recorded", "offences": [offence(KIDNAPPING)]}
    async with running(office, lines, speed=86_400, **charge) as (opening, _):
        gate = f"{opening.reference}/charge/rosh"
        await office.gate(gate)
        handle = office.client.get_workflow_handle(ids.workflow_of_gate(gate))
        await handle.signal("decide", {"gate": gate, "answer": "never_assessed", "reason": "other"})
        await end_of(office, opening, "charge")
        small = Small(office, opening.reference)
        report = await small.settled()
        typed = await office.record.value("SELECT count(*) FROM decisions WHERE channel = 'operations'")
        assert (typed, report.decisions >= 1) == (1, True)
        await small.past("DELETE FROM decisions WHERE channel = 'operations'")
        assert ("not_in_record", "charge/rosh") in await small.kinds()


async def test_a_decision_written_past_the_service_is_in_no_history(small: Small) -> None:
    await small.settled()
    gate = f"{small.reference}/review/commission"
    await small.past(
        """INSERT INTO decisions (decision, gate, answer, by_email, channel, received_at, late, applied_at)
           VALUES ($1, $2, 'appoint', 'x@example.test', 'link', now(), false, now())""",
        uuid4(), gate,
    )  # fmt: skip
    assert await small.kinds() == [("not_in_chain", "review/commission"), ("not_in_history", "review/commission")]


async def test_a_decision_with_its_row_of_the_chain_that_no_history_holds_is_found_until_retention_is_over(
    small: Small,
) -> None:
    await small.settled()
    gate = f"{small.reference}/review/commission"
    decision = await small.applied_past_the_service(gate)
    assert await small.kinds() == [("not_in_history", "review/commission")]
    await small.past(
        "UPDATE audit SET recorded_at = now() - interval '11 years' WHERE detail ->> 'decision' = $1", str(decision)
    )
    report = await small.report()
    assert report.differences == []
    assert report.forgotten == [ids.workflow_of_gate(gate)]


async def test_a_decision_taken_out_of_the_record_is_found_by_the_history_and_by_the_chain(small: Small) -> None:
    await small.settled()
    decision = await small.decision("charge/rosh")
    await small.past("DELETE FROM decisions WHERE decision = $1", decision)
    assert sorted(await small.kinds()) == [("not_in_record", "charge/rosh"), ("only_in_chain", "")]
    await small.past(
        "DELETE FROM audit WHERE action = 'decision_applied' AND detail ->> 'decision' = $1", str(decision)
    )
    assert await small.kinds() == [("not_in_record", "charge/rosh")]


async def test_an_answer_that_a_restore_has_lost_is_told_and_is_no_difference(small: Small) -> None:
    await small.settled()
    decision = await small.decision("charge/rosh")
    await small.past("DELETE FROM decisions WHERE decision = $1", decision)
    await small.past(
        "DELETE FROM audit WHERE action = 'decision_applied' AND detail ->> 'decision' = $1", str(decision)
    )
    await small.noted("lost_in_restore", "charge/rosh", {"kind": "decision", "id": str(uuid4()), "answer": "x"})
    assert await small.kinds() == [("not_in_record", "charge/rosh")]
    await small.noted("lost_in_restore", "charge/rosh", {"kind": "decision", "id": str(decision), "answer": "x"})
    report = await small.report()
    assert (report.differences, report.lost) == ([], [str(decision)])


async def test_answers_of_before_a_case_was_started_again_may_be_in_no_history_and_later_ones_may_not(
    small: Small,
) -> None:
    await small.settled()
    gate = f"{small.reference}/review/commission"
    await small.applied_past_the_service(gate)
    assert await small.kinds() == [("not_in_history", "review/commission")]
    await small.noted("case_restarted", "", {})
    report = await small.report()
    assert (report.differences, report.begun_anew) == ([], [ids.workflow_of_gate(gate)])
    await small.applied_past_the_service(f"{small.reference}/early-look/early_look")
    assert await small.kinds() == [("not_in_history", "early-look/early_look")]


async def test_a_decision_made_void_or_changed_after_it_was_applied_is_found(small: Small) -> None:
    await small.settled()
    decision = await small.decision("charge/rosh")
    await small.past("UPDATE decisions SET answer = 'high' WHERE decision = $1", decision)
    assert await small.kinds() == [("other_answer", "charge/rosh")]
    await small.past("UPDATE decisions SET applied_at = NULL, void_at = now() WHERE decision = $1", decision)
    assert sorted(await small.kinds()) == [("not_applied_in_record", "charge/rosh"), ("only_in_chain", "charge/rosh")]


async def test_a_workflow_that_was_told_of_a_decision_that_the_record_lost_is_found(small: Small) -> None:
    await small.settled()
    gate, lost = f"{small.reference}/review/commission", str(uuid4())
    handle = small.office.client.get_workflow_handle(ids.workflow_of_gate(gate))
    await handle.signal("decide", DecideSignal(gate=gate, decision=lost))
    await handle.signal("decide", "not a decision at all")
    assert (await small.report()).differences == [Difference("unknown_to_record", small.reference, handle.id, lost)]


async def test_an_answer_that_waits_is_under_way_and_no_fault(small: Small) -> None:
    await small.settled()
    await small.office.record.pool.execute(
        """INSERT INTO decisions (decision, gate, answer, by_email, channel, received_at, late)
           VALUES ($1, $2, 'appoint', 'x@example.test', 'link', now(), false)""",
        uuid4(), f"{small.reference}/review/commission",
    )  # fmt: skip
    report = await small.report()
    assert (report.under_way, report.differences) == (1, [])


async def test_a_question_that_lapsed_stands_in_both_and_a_faked_one_does_not(small: Small) -> None:
    await small.settled()
    await small.past("UPDATE gates SET state = 'lapsed' WHERE gate = $1", f"{small.reference}/review/commission")
    assert await small.kinds() == [("not_in_chain", "review/commission"), ("not_in_history", "review/commission")]


async def test_a_lapse_that_a_history_holds_is_no_difference(office: Office) -> None:
    """An invitation is not answered: the period ends, which is a decision of its own in the history."""
    async with running(office, {"invitation": [SILENT], "draft": [SILENT]}) as (opening, _):
        small = Small(office, opening.reference)

        async def over() -> Any:
            return await office.record.rows("SELECT 1 FROM gates WHERE state = 'lapsed'")

        await office.until(over)
        report = await office.until(lambda: _without_difference(small))
        assert report.decisions > 0
        await small.past("UPDATE gates SET state = 'withdrawn' WHERE state = 'lapsed'")
        assert {kind for kind, _ in await small.kinds()} == {"not_in_record", "only_in_chain"}


async def _without_difference(small: Small) -> Report | None:
    report = await small.report()
    return None if report.differences else report


async def test_a_history_under_a_lost_key_is_said_to_be_unreadable(small: Small, office: Office) -> None:
    await small.settled()
    other = await Client.connect(
        office.client.service_client.config.target_host, data_converter=data_converter(KeyRing.generate())
    )
    report = await completeness(office.record.pool, other, [small.reference])
    assert {one.kind for one in report.differences} == {"unreadable"}
    assert all(one.subject.startswith(ids.case_id(small.reference)) for one in report.differences)


async def test_every_case_at_once_names_those_that_the_record_does_not_hold(small: Small, office: Office) -> None:
    await small.settled()
    stranger = "SFO-2026-98765"
    await office.client.start_workflow(
        str(Stage.REVIEW), id=ids.case_id(stranger), task_queue="nobody", execution_timeout=timedelta(minutes=5)
    )

    async def listed() -> Report | None:
        report = await completeness(office.record.pool, office.client, None)
        return report if stranger in {one.reference for one in report.differences} else None

    report = await office.until(listed)
    # Other tests share the server, so there are more of them; the case of this record is none.
    assert {one.kind for one in report.differences} == {"unknown_case"}
    assert (small.reference in {one.reference for one in report.differences}, report.cases) == (False, 1)


async def test_the_command_says_each_difference_with_what_to_do_and_ends_with_1(
    small: Small, office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await small.settled()
    address = office.client.service_client.config.target_host
    more = {"SFO_TEMPORAL_ADDRESS": address, "SFO_PAYLOAD_KEYS": office.ring.encode()}
    for name, value in a_settings(office.record, office.mail, **more).to_environment().items():
        monkeypatch.setenv(name, value)
    assert await asyncio.to_thread(run, ["audit", "complete", small.reference]) == 0
    assert "complete: each decision of the one stands in the other" in capsys.readouterr().out
    decision = await small.decision("charge/rosh")
    await small.past("UPDATE decisions SET answer = 'high' WHERE decision = $1", decision)
    assert await asyncio.to_thread(run, ["audit", "complete", small.reference]) == 1
    said = capsys.readouterr()
    assert f"OTHER ANSWER: {small.reference}/charge/rosh, decision {decision}\n  {REMEDIES['other_answer']}" in said.out
    assert "1 difference between the record and Temporal" in said.err
    assert "example.test" not in said.out + said.err
    assert await asyncio.to_thread(run, ["audit", "complete", small.reference, "--json"]) == 1
    assert '"what_to_do"' in capsys.readouterr().out
    assert await asyncio.to_thread(run, ["audit", "complete", "SFO-2026-99999"]) == 2
    assert "there is no case SFO-2026-99999" in capsys.readouterr().err
    monkeypatch.setenv("SFO_TEMPORAL_ADDRESS", "127.0.0.1:1")
    assert await asyncio.to_thread(run, ["audit", "complete", small.reference]) == 3


async def test_looking_changes_nothing_in_the_record(small: Small) -> None:
    await small.settled()
    newest = "SELECT max(seq) FROM audit"
    before = await small.office.record.value(newest)
    await small.report()
    assert await small.office.record.value(newest) == before
