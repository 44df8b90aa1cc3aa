"""Names and messages that running cases, links and operators rely on: they may only grow."""

import inspect
import json
from enum import StrEnum
from pathlib import Path
from typing import Any

import pydantic
from temporalio import workflow

from starter.registered import BY_TYPE
from workflows.contract import messages, ports, vocabulary
from workflows.contract.questions import QUESTIONS

WIRE = Path(__file__).parent / "wire.json"


def definition(cls: type) -> workflow._Definition:
    return workflow._Definition.must_from_class(cls)


def current_wire() -> dict[str, Any]:
    """Everything on the wire, as plain data."""
    models = {
        name: {field: str(info.annotation) for field, info in model.model_fields.items()}
        for name, model in inspect.getmembers(messages, inspect.isclass)
        if issubclass(model, pydantic.BaseModel) and model.__module__.startswith("workflows.contract.message")
    }
    return {
        "workflows": {
            name: {
                "signals": sorted(n for n in definition(cls).signals if n),
                "queries": sorted(n for n in definition(cls).queries if n and not n.startswith("__")),
            }
            for name, cls in BY_TYPE.items()
        },
        "activities": sorted(
            name
            for port in (ports.Gates, ports.Casework, ports.Digests)
            for name, member in inspect.getmembers(port)
            if hasattr(member, "__temporal_activity_definition")
        ),
        "messages": models,
        "enums": {
            name: sorted(str(member) for member in enum)
            for name, enum in inspect.getmembers(vocabulary, inspect.isclass)
            if issubclass(enum, StrEnum) and enum is not StrEnum
        },
        "questions": {q.key: sorted(a.value for a in q.answers) for q in QUESTIONS.values()},
    }


def missing(before: Any, now: Any, path: str = "") -> list[str]:
    """What stood before and does not stand now."""
    if isinstance(before, dict):
        gone = [f"{path}/{key}" for key in before if key not in now]
        return gone + [m for key in before if key in now for m in missing(before[key], now[key], f"{path}/{key}")]
    if isinstance(before, list):
        return [f"{path}: {item}" for item in before if item not in now]
    return [] if before == now else [f"{path}: was {before}, is {now}"]


def test_what_running_cases_rely_on_still_stands() -> None:
    committed = json.loads(WIRE.read_text())
    gone = missing(committed, current_wire())
    assert not gone, f"A running case, a link or an operator relies on these: {gone}"


def test_everything_on_the_wire_is_committed() -> None:
    """After adding to the wire: python -m tests.house.test_wire writes the file anew."""
    added = missing(current_wire(), json.loads(WIRE.read_text()))
    assert not added, f"Commit what was added, once it is meant to stay: {added}"


def test_removing_a_name_would_be_noticed() -> None:
    wire = json.loads(WIRE.read_text())
    wire["workflows"]["review"]["signals"].append("an_old_signal")
    assert missing(wire, current_wire()) == ["/workflows/review/signals: an_old_signal"]


def test_the_names_that_the_outside_relies_on() -> None:
    assert set(BY_TYPE) == {
        "sfo-case", "charge", "notification", "early-look", "review", "countersign", "quality-assurance",
        "staff-feedback", "victim-disclosure", "action-plan", "staff-care", "escalation", "enquiry", "weekday-digest",
    }  # fmt: skip
    signals = {name: set(definition(cls).signals) for name, cls in BY_TYPE.items()}
    of_the_case = signals.pop("sfo-case")
    assert signals.pop("weekday-digest") == set()  # it asks nobody anything
    assert {"court_event", "raise_concern", "amend_charge", "enquiry"} <= of_the_case
    assert {"pause", "resume", "transfer", "replace_manager"} <= of_the_case
    assert all({"decide", "reassign", "calendar", "case_news"} <= s for s in signals.values())
    assert {"acknowledge", "resolve"} <= signals["escalation"]
    assert "request_extension" in signals["review"]
    queries = {name: set(definition(cls).queries) for name, cls in BY_TYPE.items()}
    assert "status" in queries.pop("sfo-case")
    assert "receipt" not in queries.pop("weekday-digest")
    assert all("receipt" in q for q in queries.values())


if __name__ == "__main__":
    WIRE.write_text(json.dumps(current_wire(), indent=1, sort_keys=True) + "\n")
