"""A signal of any content, to any handler of any workflow: taken as its message, or a dead letter; never an error.

The handlers are the real ones on real workflows; what a running workflow would do next is left out. One wrong step in
them would stop the workflow for good, whoever sent the signal, so this looks at the handlers by themselves and often;
`tests/workflows/test_any_signal.py` sends the same to workflows that run.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import MetricMeter, RawValue
from temporalio.contrib.pydantic import PydanticPayloadConverter

from starter.registered import BY_TYPE
from tests.fuzz.persisting import examples, overheard, persist, within
from tests.fuzz.spoiling import as_json, damaged, junk, spoilt
from tests.house.test_docs import inputs
from workflows.asking.asking_signals import AskingSignals
from workflows.asking.gate import Gate
from workflows.asking.inbox import KEPT, DeadLetters
from workflows.case import Case
from workflows.contract import ids
from workflows.contract.messages import (
    CalendarSignal,
    CaseClock,
    CaseNews,
    CaseOpening,
    GateRequest,
    StageNews,
    UndeliverableSignal,
)
from workflows.contract.vocabulary import EscalationKind, EscalationOutcome, Stage

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
REFERENCE = "SFO-2026-00042"
PRIVATE = "Invented Private Person"  # stands in what is sent and must stand nowhere else
GATE = f"{REFERENCE}/notification/notification"

# What the service itself sends; the messages that people type stand in the documents.
BY_THE_SERVICE: Mapping[str, BaseModel] = {
    "undeliverable": UndeliverableSignal(gate=GATE),
    "calendar": CalendarSignal(holiday=date(2027, 1, 4)),
    "case_news": CaseNews(
        held=True,
        paused=False,
        region="N53",
        pdu="N53LEI",
        resolved=EscalationKind.STAFF_SAFETY,
        outcome=EscalationOutcome.HOLD,
        number=1,
    ),
    "stage_news": StageNews(stage=Stage.REVIEW, overdue=True),
}
SAMPLES: dict[str, Any] = {name: message.model_dump(mode="json") for name, message in BY_THE_SERVICE.items()}
SAMPLES |= {name: json.loads(text) for name, _, text in inputs()}
HANDLERS = sorted(
    (kind, str(name)) for kind, cls in BY_TYPE.items() for name in workflow._Definition.must_from_class(cls).signals
)


def a_workflow(kind: str) -> Any:
    """A workflow as it is before its first step, a question standing open."""
    cls: Any = BY_TYPE[kind]
    if cls is Case:
        clock = CaseClock(case_anchor=NOW, wall_anchor=NOW)
        opening = CaseOpening(
            reference=REFERENCE, clock=clock, region="N53", pdu="N53LEI", charged_on=date(2026, 11, 20)
        )
        return Case(opening)
    made = cls()
    if isinstance(made, AskingSignals):
        request = GateRequest(gate=GATE, at=NOW, rulebook="2026-04-01", question="notification")
        made.gates[GATE] = Gate(request)
    return made


@pytest.fixture(autouse=True)
def outside_of_a_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """What handlers ask of Temporal while a workflow runs."""
    monkeypatch.setattr(workflow, "payload_converter", PydanticPayloadConverter)
    monkeypatch.setattr(workflow, "metric_meter", lambda: MetricMeter.noop)
    monkeypatch.setattr(workflow, "upsert_search_attributes", lambda _: None)
    monkeypatch.setattr(workflow, "logger", logging.getLogger("outside"))


def payloads(sample: Any) -> st.SearchStrategy[Payload]:
    """What can arrive: a message with something wrong, any JSON, any bytes, and no payload to speak of."""
    told = st.just({"gate": PRIVATE, "reason": PRIVATE, "decision": PRIVATE, "kind": PRIVATE})
    data = (
        (spoilt(sample) | spoilt([sample]) | junk | told).map(as_json)
        | damaged(as_json(sample))
        | st.binary(max_size=40)
    )
    kinds = st.sampled_from(
        [b"json/plain"] * 8 + [b"json/protobuf", b"binary/plain", b"binary/null", b"binary/encrypted", b"", b"\xff"]
    )
    return st.builds(lambda kind, content: Payload(metadata={"encoding": kind}, data=content), kinds, data)


def test_every_signal_has_a_sample_that_is_taken() -> None:
    assert {name for _, name in HANDLERS} == SAMPLES.keys()
    for kind, name in HANDLERS:
        made = a_workflow(kind)
        sample = {**SAMPLES[name], **({"gate": GATE} if "gate" in SAMPLES[name] else {})}
        sent(made, name, Payload(metadata={"encoding": b"json/plain"}, data=as_json(sample)))
        assert made.dead_letters.count == 0, (kind, name, made.dead_letters.letters)


def sent(made: Any, name: str, *given: Payload) -> None:
    """Hand a signal with its inputs to its handler, as Temporal does."""
    handler = workflow._Definition.must_from_class(type(made)).signals[name]
    assert handler.arg_types == [RawValue], "Temporal would read the input by itself, and fail"
    assert handler.fn(made, *map(RawValue, given)) is None, "a handler that waits"


def taken(made: Any) -> list[Any]:
    """What was taken as a message, to be acted on in its turn."""
    if isinstance(made, Case):
        return [*made.listening.inbox]
    gates, early = made.gates.values(), made.early.values()
    return [*chain(*early), *chain.from_iterable([*gate.offers, *gate.reassignments] for gate in gates)]


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_signal_of_any_content_is_taken_or_is_a_dead_letter_that_tells_nothing(name: str) -> None:
    kinds = [kind for kind, each in HANDLERS if each == name]

    @examples(60)
    @given(
        st.sampled_from(kinds),
        st.lists(payloads(SAMPLES[name]), max_size=3) | payloads(SAMPLES[name]).map(lambda p: [p]),
    )
    def each(kind: str, given: list[Payload]) -> None:
        made = a_workflow(kind)
        with within(), overheard() as heard:
            for _ in range(2):
                sent(made, name, *given)
        kept: DeadLetters = made.dead_letters
        assert kept.count in ({0, 1, 2} if len(given) == 1 else {2})
        assert all(isinstance(message, BaseModel) for message in taken(made))
        assert len(kept.letters) == min(kept.count, KEPT)
        assert all(letter.startswith(f"{name}: ") for letter in kept.letters)
        assert PRIVATE not in " ".join([*kept.letters, *heard.lines])
        assert len(heard.lines) == kept.count

    persist(each)


def test_ten_thousand_signals_that_cannot_be_read_are_counted_and_few_are_kept() -> None:
    made = a_workflow("notification")
    for _ in range(10_000):
        sent(made, "decide", Payload(metadata={"encoding": b"json/plain"}, data=b"{"))
    assert made.dead_letters.count == 10_000
    assert len(made.dead_letters.letters) == KEPT


def test_the_gate_of_the_samples_is_one_of_the_stage() -> None:
    assert ids.workflow_of_gate(GATE) == f"sfo/{REFERENCE}/notification"
