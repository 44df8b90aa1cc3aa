"""Which steps leave which trace in the record, and under which ids a signal is known."""

import pytest

from starter.carried import heard_in
from starter.restored import Stands, Way, look_at
from starter.script import SILENT
from starter.traces import TRACES, WITHOUT_TRACE
from tests.workflows.conftest import Office
from tests.workflows.test_case import opened, running
from workflows.contract.ports import Casework, Digests, Gates


def test_every_activity_is_known_to_leave_a_trace_or_none() -> None:
    ports = (Gates, Casework, Digests)
    names = {
        name for port in ports for name in vars(port) if hasattr(vars(port)[name], "__temporal_activity_definition")
    }
    assert names == TRACES.keys() | WITHOUT_TRACE
    assert not TRACES.keys() & WITHOUT_TRACE


@pytest.mark.parametrize(
    ("signal", "message", "ids"),
    [
        ("decide", {"gate": "g", "decision": "d"}, {"d"}),
        ("court_event", {"kind": "convicted", "event": "e"}, {"e"}),
        ("raise_concern", {"kind": "other", "number": 2}, {"escalation/other-2"}),
        ("enquiry", {"kind": "foi", "number": 1}, {"enquiry/1"}),
        ("calendar", {"holiday": "2027-06-04"}, {"calendar/2027-06-04"}),
        ("pause", {"reason": "trial", "request": "r"}, {"r"}),
        ("pause", {"reason": "trial"}, set()),
    ],
)
def test_under_which_ids_a_signal_is_known(signal: str, message: dict[str, object], ids: set[str]) -> None:
    assert heard_in(signal, message) == ids


async def test_a_healthy_case_agrees_and_each_trace_that_is_lost_is_missed(office: Office) -> None:
    async with running(office, {"commission": [SILENT], "early_look": [SILENT]}, speed=86_400) as (opening, _):
        await opened(office, opening, "review/commission")
        pool, reference = office.record.pool, opening.reference
        await pool.execute("UPDATE cases SET started_at_wall = now()")  # which the delivery notes

        async def agrees() -> Stands | None:
            stands = await look_at(office.client, pool, reference)
            return stands if stands.way is Way.AGREES and not stands.steps else None

        healthy: Stands = await office.until(agrees)
        steps = {step.trace: step.activity for one in healthy.carried.values() for step in one.steps}
        kept = [str(row["key"]) for row in await office.record.rows("SELECT key FROM transitions")]
        tried: set[str] = set()
        async with office.record.owner() as owner:
            for trace in [one for one in kept if one in steps]:
                gone = await owner.fetchrow("DELETE FROM transitions WHERE key = $1 RETURNING *", trace)
                stands = await look_at(office.client, pool, reference)
                assert (stands.steps, stands.way is not Way.AGREES) == (1, True), trace
                assert gone is not None
                columns = ", ".join(f"${number}" for number, _ in enumerate(gone, 1))
                await owner.execute(f"INSERT INTO transitions VALUES ({columns})", *gone.values())
                tried.add(steps[trace])
        assert tried >= {"open_gate", "settle_gate", "judge_charge", "end_stage"}
        assert await agrees()
