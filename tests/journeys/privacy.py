"""What must not stand where it does not belong: every invented name and sentence, as histories and letters are read."""

import json
import mailbox
import re
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern
from pathlib import Path
from typing import Any

from starter.demo import CHARGES, PARTS
from starter.script import ALWAYS_REVIEWED, BY_PERSON, LATE_REPORTED, USUAL, Line


def invented() -> set[str]:
    """Every name, address and identifier of the demo, and everything that its people type."""
    found = set(typed([USUAL, ALWAYS_REVIEWED, LATE_REPORTED, BY_PERSON]))
    for part in PARTS:
        charge = json.loads((CHARGES / part.file).read_text())
        found |= {charge["crn"], charge["noms"], charge["person"]["name"], charge["offences"][0]["wording"]}
        found |= {person[key] for person in charge["roster"] for key in ("name", "email")}
        found |= {v["name"] for v in charge["victims"]} | {v["liaison_officer_email"] for v in charge["victims"]}
    return found | {"example.test", "Example ", "An invented request"}


def typed(value: Any) -> Iterator[str]:
    """The sentences anywhere in the script; choices and dates may stand in histories."""
    if isinstance(value, Line):
        yield from typed([value.fields, value.reasons])
    elif isinstance(value, Mapping):
        yield from typed(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from typed(item)
    elif isinstance(value, str) and " " in value:
        yield value


def held(text: str) -> set[str]:
    return {name for name in invented() if name.casefold() in text.casefold()}


def payloads_of(message: Any) -> list[Any]:
    """Every payload anywhere in these messages."""
    from temporalio.api.common.v1 import Payload

    found: list[Any] = []
    for part in message if isinstance(message, list) or hasattr(message, "append") else [message]:
        if isinstance(part, Payload):
            found.append(part)
            continue
        for descriptor, value in part.ListFields():
            if descriptor.message_type is None:
                continue
            if descriptor.message_type.GetOptions().map_entry:
                values = list(value.values()) if hasattr(value, "values") else []
                found += payloads_of([v for v in values if hasattr(v, "ListFields")])
            elif hasattr(value, "ListFields"):
                found += payloads_of([value])
            else:
                found += payloads_of(list(value))
    return found


def encodings(stored: str) -> str:
    """The encodings named in a history, search attributes left out: those are never encrypted."""
    without = re.sub(r'"(searchAttributes|indexedFields)":\s*\{.*?\}\s*\}\s*\}', "", stored, flags=re.DOTALL)
    return " ".join(re.findall(r'"encoding":\s*"([^"]+)"', without))


def letters(settings_mailbox: Path | None) -> list[EmailMessage]:
    assert settings_mailbox is not None
    box = mailbox.Maildir(settings_mailbox, create=False)
    return [
        BytesParser(_class=EmailMessage, policy=modern).parsebytes(box.get_bytes(key)) for key, _ in box.iteritems()
    ]
