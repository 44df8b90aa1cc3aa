"""Which steps leave which trace in the record, and under which ids a signal is known."""

import pytest

from starter.carried import heard_in
from starter.traces import TRACES, WITHOUT_TRACE
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
