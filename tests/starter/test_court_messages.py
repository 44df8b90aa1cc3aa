"""What is taken as a court event, and that the schema that others are given says the same."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from starter.court_messages import KINDS, UnreadableError, read
from workflows.contract.vocabulary import CourtEventKind

SCHEMA = json.loads((Path(__file__).parents[2] / "deploy" / "events" / "court-event.json").read_text())
SAYS = Draft202012Validator(SCHEMA)
CRN = "X900001"
Change = Callable[[dict[str, Any]], Any]


def an_event(kind: str = "convicted") -> dict[str, Any]:
    event: dict[str, Any] = {
        "eventType": f"probation-case.court-event.{kind}",
        "version": 1,
        "occurredAt": "2026-11-27T09:10:15.123456789+00:00",
        "personReference": {"identifiers": [{"type": "CRN", "value": CRN}]},
        "additionalInformation": {
            "onDate": "2026-11-26",
            "offences": [{"code": "SX03001A", "offenceOn": "2026-10-02"}],
        },
    }
    if kind == "amended":
        event["additionalInformation"]["amendedTo"] = [{"code": "COML025", "offenceOn": "2026-10-02", "victimAge": 12}]
    return event


def a_body(event: Any, said: str | None = None) -> str:
    attribute = {"Type": "String", "Value": said or event["eventType"]}
    envelope = {
        "Type": "Notification",
        "MessageId": "m",
        "Message": json.dumps(event),
        "MessageAttributes": {"eventType": attribute},
    }
    return json.dumps(envelope)


def test_there_is_one_type_for_each_kind_of_court_event_and_the_schema_has_them_all() -> None:
    assert sorted(KINDS.values()) == sorted(CourtEventKind)
    assert sorted(KINDS) == sorted(SCHEMA["properties"]["eventType"]["enum"])
    assert all(name.rpartition(".")[2].replace("-", "_") == kind for name, kind in KINDS.items())


@pytest.mark.parametrize("kind", [name.rpartition(".")[2] for name in KINDS])
def test_each_is_read_as_the_schema_has_it(kind: str) -> None:
    event = an_event(kind)
    SAYS.validate(event)
    found = read(a_body(event))
    assert found
    assert (found.kind, found.crn, str(found.on)) == (kind.replace("-", "_"), CRN, "2026-11-26")
    assert [(code, str(on)) for code, on in found.offences] == [("SX03001A", "2026-10-02")]
    assert [(o.code, o.victim_age) for o in found.amended_to] == ([("COML025", 12)] if kind == "amended" else [])


def _inside(event: dict[str, Any]) -> dict[str, Any]:
    return event["additionalInformation"]  # type: ignore[no-any-return]


WRONG: dict[str, tuple[str, Change]] = {
    "another version": ("version", lambda e: e.update(version=2)),
    "no moment": ("occurredAt", lambda e: e.pop("occurredAt")),
    "nobody": ("personReference", lambda e: e.pop("personReference")),
    "no CRN": ("personReference.identifiers", lambda e: e["personReference"].update(identifiers=[])),
    "two CRNs": (
        "personReference.identifiers",
        lambda e: e["personReference"]["identifiers"].append({"type": "CRN", "value": "X900002"}),
    ),
    "no form of a CRN": ("crn", lambda e: e["personReference"]["identifiers"][0].update(value="x900001")),
    "no information": ("additionalInformation", lambda e: e.pop("additionalInformation")),
    "no day": ("additionalInformation.onDate", lambda e: _inside(e).pop("onDate")),
    "a moment for a day": ("additionalInformation.onDate", lambda e: _inside(e).update(onDate="2026-11-26T00:00:00")),
    "a number for a day": ("additionalInformation.onDate", lambda e: _inside(e).update(onDate=20261126)),
    "no offence": ("additionalInformation.offences", lambda e: _inside(e).update(offences=[])),
    "too many": (
        "additionalInformation.offences",
        lambda e: _inside(e).update(offences=_inside(e)["offences"] * 51),
    ),
    "no code": ("additionalInformation.offences.0.code", lambda e: _inside(e)["offences"][0].update(code="murder")),
    "amended as another": (
        "additionalInformation.amendedTo",
        lambda e: _inside(e).update(amendedTo=[{"code": "COML025", "offenceOn": "2026-10-02"}]),
    ),
    "amended to nothing": (
        "additionalInformation.amendedTo",
        lambda e: e.update(eventType="probation-case.court-event.amended"),
    ),
}


@pytest.mark.parametrize(("field", "change"), WRONG.values(), ids=WRONG)
def test_what_is_not_as_agreed_is_named_by_its_field_without_its_value_and_the_schema_refuses_it_too(
    field: str, change: Change
) -> None:
    event = copy.deepcopy(an_event())
    change(event)
    assert not SAYS.is_valid(event)
    with pytest.raises(UnreadableError) as refused:
        read(a_body(event))
    assert str(refused.value).startswith(f"{field}: ")
    assert not any(said in str(refused.value) for said in ("900001", "900002", "murder", "2026"))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        json.dumps(an_event()),
        json.dumps({"Type": "SubscriptionConfirmation", "Message": "{}"}),
        json.dumps({"Type": "Notification"}),
        json.dumps({"Type": "Notification", "Message": 5}),
        json.dumps({"Type": "Notification", "Message": "no"}),
        json.dumps({"Type": "Notification", "Message": "{}"}),
        a_body(an_event(), said="person.alert.created"),
        json.dumps({"Type": "Notification", "Message": json.dumps(an_event()), "MessageAttributes": []}),
    ],
)
def test_what_is_no_notification_of_one_event_is_refused(body: str) -> None:
    with pytest.raises(UnreadableError):
        read(body)


def test_another_type_is_not_for_us_whatever_it_holds() -> None:
    assert read(a_body({"eventType": "person.court-appearance.completed"})) is None


def test_more_than_is_agreed_is_not_read() -> None:
    event = an_event() | {"publishedAt": "then", CRN: CRN}
    _inside(event)["narrative"] = "invented words"
    SAYS.validate(event)
    assert read(a_body(event)) == read(a_body(an_event()))


def _keyed(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.text(), values)


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | _keyed(x))


@given(st.sampled_from(["version", "occurredAt", "personReference", "additionalInformation"]), _JSON)
def test_whatever_stands_in_a_field_is_read_or_refused(field: str, value: Any) -> None:
    event = an_event() | {field: value}
    try:
        read(a_body(event))
    except UnreadableError as refused:
        assert CRN not in str(refused)  # noqa: PT017  # what is said is the point


@given(st.text())
def test_any_text_is_read_or_refused(body: str) -> None:
    try:
        read(body)
    except UnreadableError:
        return
