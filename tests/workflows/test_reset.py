"""Reset, terminated or lost: nobody is written to twice, nothing is decided twice, and the case goes on."""

import asyncio
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig

import worker
from deploy.embedded.ports import usable_port
from deploy.embedded.temporal import embedded_temporal
from starter.delivery import Delivery
from starter.payloads import data_converter
from starter.reports import ReportRefusedError, report_court_event
from starter.restarting import restart
from starter.script import SILENT, Line
from tests.workflows.conftest import Office
from tests.workflows.people import People
from tests.workflows.reconciled import Watched, quiet, reset, soon, started
from tests.workflows.test_case import KIDNAPPING, end_of, offence, opened, running, runs
from workflows.contract import ids
from workflows.contract.vocabulary import CourtEventKind

UNTIL_THE_DRAFT = {"draft": [SILENT], "welfare": [SILENT]}
_ROUND = re.compile(r"-\d+(?=/|$)")


async def twice(office: Office, reference: str) -> dict[str, list[Any]]:
    """What a person would notice as said or asked a second time, in whichever round of a stage it stands."""
    queries = {
        "letters": "SELECT letter, event, to_email FROM outbox WHERE reference = $1",
        "asked": "SELECT gate, to_email FROM outbox WHERE reference = $1 AND letter = 'asked'",
        "decisions": """SELECT d.gate FROM decisions d JOIN gates g USING (gate)
            WHERE g.reference = $1 AND d.applied_at IS NOT NULL""",
        "chain": """SELECT action, subject FROM audit WHERE reference = $1 AND action IN ('gate_opened', 'told',
            'decision_recorded', 'decision_applied', 'stage_ended', 'court_event', 'deadline_fixed')""",
    }
    found = {}
    for what, query in queries.items():
        rows = await office.record.rows(query, reference)
        assert rows, what
        counted = Counter(tuple(_bare(str(value)) for value in row.values()) for row in rows)
        found[what] = [one for one, count in counted.items() if count > 1]
    return found


def _bare(name: str) -> str:
    """The same of every round: SFO-2026-00042/review-2/draft is the draft of the review."""
    head, slash, tail = name.partition("/")
    return f"{head}{slash}{_ROUND.sub('', tail)}"


NOTHING: dict[str, list[Any]] = {"letters": [], "asked": [], "decisions": [], "chain": []}


async def counts(office: Office, reference: str) -> tuple[object, ...]:
    """Rows of the outbox, the decisions and the chain; without what time brings, which is a reminder or a climb."""
    return (
        await office.record.value(
            """SELECT count(*) FROM outbox WHERE reference = $1
               AND letter NOT IN ('reminder', 'at_risk', 'deputy', 'overdue_notice', 'review_late')""",
            reference,
        ),
        await office.record.value(
            "SELECT count(*) FROM decisions d JOIN gates g USING (gate) WHERE g.reference = $1", reference
        ),
        await office.record.value(
            """SELECT count(*) FROM audit WHERE reference = $1
               AND action NOT IN ('gate_chased', 'at_risk', 'review_overdue', 'workflow_stranded')""",
            reference,
        ),
    )


async def goes_on(office: Office, reference: str, gate: str) -> None:
    """Answer the question that stood open, as whoever is asked would."""
    await office.gate(f"{reference}/{gate}")
    (row,) = await office.record.rows(
        "SELECT g.*, c.clock FROM gates g JOIN cases c USING (reference) WHERE gate = $1", f"{reference}/{gate}"
    )
    await People(office, reference, {}).answer(row)


async def test_a_stage_that_is_reset_says_and_decides_nothing_twice_and_goes_on_to_its_end(office: Office) -> None:
    async with running(office, UNTIL_THE_DRAFT, speed=86_400) as (opening, _):
        reference = opening.reference
        await started(office, opening)
        await opened(office, opening, "review/draft")
        await quiet(office, reference)
        before = await counts(office, reference)
        watched = Watched(office, reference)
        await reset(office.client, f"{watched.case}/review")
        await watched.until([("reset", "review")])
        await quiet(office, reference)
        assert await counts(office, reference) == before
        # Told once, as a notice: nothing stands open, nobody is escalated to.
        assert await watched.round() == []
        (row,) = await watched.rows("reset")
        assert row["resolved_at"] is not None
        assert len(await watched.told()) == 1
        assert await watched.escalations() == []
        await goes_on(office, reference, "review/draft")
        assert (await end_of(office, opening, "review"))["outcome"] == "submitted"
        assert await twice(office, reference) == NOTHING


async def test_a_case_that_is_reset_says_and_decides_nothing_twice_and_goes_on(office: Office) -> None:
    """Reset to its first step while two stages run: it keeps a hand on them and goes on with their ends."""
    lines = {"rosh": [Line("never_assessed")], "notification": [SILENT], "commission": [SILENT], "welfare": [SILENT]}
    charge: dict[str, Any] = {"rosh_highest": "not_recorded", "offences": [offence(KIDNAPPING)]}
    async with running(office, lines, speed=1, **charge) as (opening, case):
        reference = opening.reference
        await started(office, opening)
        await end_of(office, opening, "early-look")
        await office.gate(f"{reference}/notification/notification")
        await quiet(office, reference)
        before = await counts(office, reference)
        watched = Watched(office, reference)
        await reset(office.client, case.id)
        await watched.until([("reset", "")])
        again = office.client.get_workflow_handle(case.id)
        await office.until(lambda: runs(again, "notification"))
        await quiet(office, reference)
        assert await counts(office, reference) == before
        await goes_on(office, reference, "notification/notification")
        assert (await end_of(office, opening, "notification"))["outcome"] == "notified"
        skipping = asyncio.create_task(office.skip(again, timedelta(minutes=11)))  # it looks again after ten
        await opened(office, opening, "review/commission")
        skipping.cancel()
        await asyncio.gather(skipping, return_exceptions=True)
        assert await twice(office, reference) == NOTHING


# --- started again ----------------------------------------------------------------------------------------


async def test_a_terminated_case_is_started_again_and_only_asks_what_was_taken_back(office: Office) -> None:
    lines = {"rosh": [Line("never_assessed")], "notification": [SILENT], "early_look": [SILENT], "welfare": [SILENT]}
    charge: dict[str, Any] = {"rosh_highest": "not_recorded", "offences": [offence(KIDNAPPING)]}
    async with running(office, lines, speed=1, **charge) as (opening, case):
        reference = opening.reference
        await started(office, opening)
        await office.gate(f"{reference}/notification/notification")
        await office.gate(f"{reference}/early-look/early_look")
        await case.terminate("drill")
        watched = Watched(office, reference)
        await watched.until([("case_gone", "")])
        await office.gate(f"{reference}/escalation/other-1/acknowledge:other-1")
        await _nothing_runs(office, watched)
        done = await restart(Delivery(office.client, office.record.pool), office.record.pool, reference)
        assert done.sent == ("escalation other-1",)
        await office.gate(f"{reference}/notification-2/notification")
        await office.gate(f"{reference}/early-look-2/early_look")
        await watched.until([])
        # Under load more can be found for a moment, without the minutes of grace that the service gives.
        assert {"case_gone"} <= {row["kind"] for row in await watched.rows() if row["resolved_at"]}
        assert await watched.audited("case_restarted") == ["case_restarted"]
        # The charge was judged with an answer: nobody is asked about it again.
        gates = await office.record.rows("SELECT gate, state FROM gates WHERE reference = $1 ORDER BY gate", reference)
        states = {str(row["gate"]).removeprefix(f"{reference}/"): row["state"] for row in gates}
        assert states["charge/rosh"] == "decided"
        assert not [gate for gate in states if gate.startswith("charge-2")]
        assert states["notification/notification"] == "withdrawn"
        assert states["notification-2/notification"] == "open"
        letters = await office.record.rows(
            "SELECT letter, gate, to_email, count(*) FROM outbox WHERE reference = $1 GROUP BY 1, 2, 3 "
            "HAVING count(*) > 1", reference,
        )  # fmt: skip
        assert letters == []
        # The escalation that ran by itself is the same one, and the case has a hand on it.
        status = await office.client.get_workflow_handle(case.id).query("status")
        assert status["escalations_open"] == ["other-1"]
        assert len(await watched.escalations()) == 1
        # Typed twice it does nothing twice.
        assert (await restart(Delivery(office.client, office.record.pool), office.record.pool, reference)).is_repeated
        assert await watched.audited("case_restarted") == ["case_restarted"]


async def _nothing_runs(office: Office, watched: Watched) -> None:
    async def look() -> bool:
        query = f"ExecutionStatus='Running' AND WorkflowId STARTS_WITH '{watched.case}'"
        found = [one.id async for one in office.client.list_workflows(query)]
        return all("/escalation/" in one for one in found)

    await office.until(look)


async def test_a_case_with_answers_that_would_be_asked_for_again_is_refused(office: Office) -> None:
    async with running(office, UNTIL_THE_DRAFT, speed=86_400) as (opening, case):
        reference = opening.reference
        await started(office, opening)
        await opened(office, opening, "review/draft")
        delivery, pool = Delivery(office.client, office.record.pool), office.record.pool
        with pytest.raises(ReportRefusedError, match=r"runs; nothing is to be started again"):
            await restart(delivery, pool, reference)
        await case.terminate("drill")
        await end_of(office, opening, "review")
        await _nothing_runs(office, Watched(office, reference))
        with pytest.raises(ReportRefusedError, match=r"the stage review was withdrawn with the case after questions"):
            await restart(delivery, pool, reference)
        assert await Watched(office, reference).audited("case_restarted") == []


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE cases SET paused_at = now() WHERE reference = $1", "the clock of its review stands still"),
        ("UPDATE cases SET started_at_wall = NULL WHERE reference = $1", "has not been started yet"),
        (
            "UPDATE cases SET opening = opening || '{\"reopened\": true}' WHERE reference = $1",
            "it had closed and was opened again",
        ),
        (
            """INSERT INTO court_events (event, reference, kind, on_date, at)
               VALUES ($1 || '/court/q', $1, 'quashed', current_date, now())""",
            "the court event quashed",
        ),
        (
            """INSERT INTO escalations (reference, kind, number, reason, outcome, state, raised_at)
               VALUES ($1, 'staff_safety', 1, 'other', 'stop', 'resolved', now())""",
            "the escalation staff_safety-1 stopped the disclosure",
        ),
        (
            """INSERT INTO requests (request, reference, workflow, signal, message, at)
               VALUES (gen_random_uuid(), $1, 'sfo/' || $1, 'correct', '{}', now())""",
            "the request correct",
        ),
        ("UPDATE cases SET closed_on = now(), outcome = 'completed' WHERE reference = $1", "nothing can follow"),
    ],
)
async def test_what_only_the_lost_workflow_knew_is_named(office: Office, statement: str, why: str) -> None:
    opening = await office.report()
    await started(office, opening)
    pool = office.record.pool
    assert (await restart(Delivery(office.client, pool), pool, opening.reference, is_rehearsal=True)).is_rehearsal
    await office.record.pool.execute(statement, opening.reference)
    with pytest.raises(ReportRefusedError, match=why):
        await restart(Delivery(office.client, pool), pool, opening.reference)
    assert await office.record.value("SELECT count(*) FROM audit WHERE action = 'case_restarted'") == 0


@asynccontextmanager
async def lost_afterwards(office: Office) -> AsyncIterator[Office]:
    """The same record and mail on a server of its own, which is gone with all that it held."""
    folder = Path(tempfile.mkdtemp(prefix="sfo-lost-"))
    server = embedded_temporal(folder, port=usable_port(0), ui_port=usable_port(0), time_skipping=True)
    async with server as other:
        client = await Client.connect(other.address, data_converter=data_converter(office.ring))
        one, two = (
            worker.build_worker(client, queue, office.activities, None)
            for queue in (ids.CASEWORK_QUEUE, ids.NATIONAL_QUEUE)
        )
        async with one, two:
            skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
            yield Office(office.record, office.mail, skipper, office.casework, office.activities, ring=office.ring)
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_case_that_temporal_has_lost_with_everything_goes_on_from_the_record(office: Office) -> None:
    """A new, empty server: every stage is missing. Questions that stood open stand as they were, under their ids."""
    async with lost_afterwards(office) as before, running(before, UNTIL_THE_DRAFT, speed=86_400) as (opening, _):
        reference = opening.reference
        await started(office, opening)
        await opened(office, opening, "review/draft")
        today = datetime.now(UTC).date()
        async with office.record.pool.acquire() as connection:
            event, _new = await report_court_event(connection, reference, CourtEventKind.CONVICTED, today)
        await Delivery(before.client, office.record.pool).deliver_court_event(event)
        await office.until(lambda: _applied(office, event))
        await quiet(office, reference)
    was, decided = await counts(office, reference), await _decided(office, reference)
    watched = Watched(office, reference)
    await watched.until([("case_gone", "")])
    assert [row["state"] for row in await watched.rows()] == ["MISSING"]
    done = await restart(Delivery(office.client, office.record.pool), office.record.pool, reference)
    assert done.sent == ("court event convicted", "escalation other-1")
    again = office.client.get_workflow_handle(watched.case)
    await office.until(lambda: runs(again, "review"))
    await goes_on(office, reference, "review/draft")
    answering = asyncio.create_task(People(office, reference, {"welfare": [SILENT], "countersign": [SILENT]}).run())
    try:
        assert (await end_of(office, opening, "review"))["outcome"] == "submitted"
        await soon(lambda: _asked(office, reference, "countersign"))
    finally:
        answering.cancel()
    assert await twice(office, reference) == NOTHING
    assert decided <= await _decided(office, reference)
    assert was < await counts(office, reference)
    await watched.until([])


async def _asked(office: Office, reference: str, part: str) -> list[dict[str, object]]:
    return await office.record.rows("SELECT gate FROM gates WHERE reference = $1 AND stage = $2", reference, part)


async def _applied(office: Office, event: str) -> bool:
    return bool(await office.record.value("SELECT applied_at IS NOT NULL FROM court_events WHERE event = $1", event))


async def _decided(office: Office, reference: str) -> set[object]:
    rows = await office.record.rows("SELECT decision FROM decisions WHERE applied_at IS NOT NULL")
    return {row["decision"] for row in rows}
