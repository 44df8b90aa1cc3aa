"""What a message about a court says: an HMPPS domain event inside an SNS notification, read strictly.

The envelope and what every domain event has follow github.com/ministryofjustice/hmpps-domain-events. That repository
publishes no event that tells what a court decided (an appearance is told by its id alone), so the types here, and what
their `additionalInformation` holds, are an agreement of ours: deploy/events/court-event.json.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError
from pydantic.alias_generators import to_camel

from workflows.contract.charge import CjsCode, Crn, Day
from workflows.contract.messages import OffenceRef
from workflows.contract.vocabulary import CourtEventKind

KINDS: Mapping[str, CourtEventKind] = {
    "probation-case.court-event.appeared": CourtEventKind.APPEARED,
    "probation-case.court-event.discontinued": CourtEventKind.DISCONTINUED,
    "probation-case.court-event.amended": CourtEventKind.AMENDED,
    "probation-case.court-event.acquitted": CourtEventKind.ACQUITTED,
    "probation-case.court-event.convicted": CourtEventKind.CONVICTED,
    "probation-case.court-event.sentenced": CourtEventKind.SENTENCED,
    "probation-case.court-event.died-responsible": CourtEventKind.DIED_RESPONSIBLE,
    "probation-case.court-event.quashed": CourtEventKind.QUASHED,
}
"""The one table of what we take. Any other type is not for us."""


class UnreadableError(Exception):
    """A message of ours is not as agreed. The text names the field and what is wrong with it, never its value."""


@dataclass(frozen=True, slots=True)
class CourtMessage:
    """What a court did, to whom, for which offences. `amended_to` is the whole charge as it now stands, or empty."""

    kind: CourtEventKind
    crn: str
    on: date
    offences: tuple[tuple[str, date], ...]
    amended_to: tuple[OffenceRef, ...]


class _Part(BaseModel):
    # More may be said than we read, as HMPPS consumers allow; so no key of the sender's can stand in an error.
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, frozen=True, hide_input_in_errors=True)


class _Offence(_Part):
    code: CjsCode
    offence_on: Day


class _Charged(_Offence):
    victim_age: Annotated[StrictInt, Field(ge=0, le=130)] | None = None


class _Information(_Part):
    on_date: Day
    offences: Annotated[tuple[_Offence, ...], Field(min_length=1, max_length=50)]
    amended_to: Annotated[tuple[_Charged, ...], Field(max_length=50)] = ()


class _Identifier(_Part):
    type: StrictStr
    value: StrictStr


class _Person(_Part):
    identifiers: tuple[_Identifier, ...]


class _CourtEvent(_Part):
    event_type: StrictStr
    version: Literal[1]
    occurred_at: datetime
    person_reference: _Person
    additional_information: _Information


class _Crn(_Part):
    crn: Crn


def read(body: str) -> CourtMessage | None:
    """Read a message as the queue holds it; None: it is of a type that is not for us. Raises UnreadableError."""
    envelope = _object(body, "the message")
    if envelope.get("Type") != "Notification":
        raise UnreadableError("Type: not a notification of SNS; leave raw message delivery off")
    event = _object(envelope.get("Message"), "Message")
    event_type = event.get("eventType")
    if not isinstance(event_type, str):
        raise UnreadableError("eventType: missing, or not text")
    kind = KINDS.get(event_type)
    if kind is None:
        return None
    _check_attribute(envelope, event_type)
    return _court_message(kind, event)


def _object(text: Any, name: str) -> dict[str, Any]:
    if not isinstance(text, str):
        raise UnreadableError(f"{name}: missing, or not text")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableError(f"{name}: not JSON") from None
    if not isinstance(found, dict):
        raise UnreadableError(f"{name}: not a JSON object")
    return found


def _check_attribute(envelope: Mapping[str, Any], event_type: str) -> None:
    """A subscription filters by the attribute: one that says something else has come past the filter."""
    attributes = envelope.get("MessageAttributes")
    attribute = attributes.get("eventType") if isinstance(attributes, dict) else None
    if not isinstance(attribute, dict) or attribute.get("Value") != event_type:
        raise UnreadableError("MessageAttributes.eventType: missing, or not the eventType of the message")


def _court_message(kind: CourtEventKind, event: Mapping[str, Any]) -> CourtMessage:
    try:
        found = _CourtEvent.model_validate(event)
        crns = {one.value for one in found.person_reference.identifiers if one.type == "CRN"}
        if len(crns) != 1:
            raise UnreadableError(f"personReference.identifiers: {len(crns)} of type CRN, where one is needed")
        crn = _Crn(crn=crns.pop()).crn
        information = found.additional_information
        amended_to = tuple(OffenceRef.model_validate(one.model_dump()) for one in information.amended_to)
    except ValidationError as error:
        raise UnreadableError(_first(error)) from None
    if (kind is CourtEventKind.AMENDED) is not bool(amended_to):
        raise UnreadableError("additionalInformation.amendedTo: needed by an amended charge, and by nothing else")
    offences = tuple((one.code, one.offence_on) for one in information.offences)
    return CourtMessage(kind, crn, information.on_date, offences, amended_to)


def _first(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['type']}"
