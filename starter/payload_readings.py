"""Who had which payloads read or written for the Temporal UI: a record of its own, only ever added to.

It holds directory keys, roles, counts, ids of keys and references of cases. No name, no address, no content.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from starter.connections import Connection

Action: TypeAlias = Literal["decode", "encode"]

REFUSALS: Mapping[str, str] = {
    "origin": "it came from another page than the Temporal UI",
    "not_signed_in": "nobody is signed in",
    "other_role": "whoever is signed in is not operations",
    "nobody_named": "nobody said who it is that reads the shared address",
    "too_large": "the request was too large",
    "too_many": "there were too many payloads",
    "malformed": "the request was not one of the Temporal UI",
    "unreadable": "a payload was altered, or its key is not in the ring",
}
"""Why nothing was read or written, by code."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One request. `person_key` None: nobody is signed in, or the directory lacks them; `refused` None: it was done."""

    action: Action
    person_key: str | None = None
    roles: tuple[str, ...] = ()
    payloads: int = 0
    key_ids: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it stands in the record, with its number and the moment."""

    number: int
    at: datetime
    reading: Reading

    def as_line(self) -> str:
        """Tell it in one line, for a person; the moment in UTC, to the second."""
        one = self.reading
        who = f"{one.person_key or 'nobody known'} ({', '.join(one.roles) or 'no role'})"
        if one.refused:
            what = f"{one.action} refused: {REFUSALS.get(one.refused, one.refused)}"
        else:
            payloads = f"{one.payloads} payload{'' if one.payloads == 1 else 's'}"
            keys = f", key {' '.join(one.key_ids)}" if one.key_ids else ""
            what = f"{one.action}d {payloads}{keys}, {'of ' + ' '.join(one.cases) if one.cases else 'of no case'}"
        return f"{self.number:>6}  {self.at:%Y-%m-%d %H:%M:%S}Z  {who}: {what}"

    def as_json(self) -> dict[str, object]:
        """Tell it for a program."""
        one = self.reading
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "action": one.action,
            "person": one.person_key,
            "roles": list(one.roles),
            "payloads": one.payloads,
            "key_ids": list(one.key_ids),
            "cases": list(one.cases),
            "refused": one.refused,
        }


async def note_reading(connection: Connection, reading: Reading) -> None:
    """Write the row. Only when this has returned may anything be handed out."""
    await connection.execute(
        """INSERT INTO sfo.payload_readings (action, person_key, roles, payloads, key_ids, cases, refused)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        reading.action,
        reading.person_key,
        list(reading.roles),
        reading.payloads,
        list(reading.key_ids),
        list(reading.cases),
        reading.refused,
    )


async def readings_of(connection: Connection, reference: str | None) -> Sequence[Recorded]:
    """Return every request about a case in its order; without a reference every request, the refused ones too."""
    rows = await connection.fetch(
        "SELECT * FROM sfo.payload_readings WHERE $1::text IS NULL OR cases @> ARRAY[$1::text] ORDER BY reading",
        reference,
    )
    return [
        Recorded(
            row["reading"],
            row["recorded_at"],
            Reading(
                row["action"],
                row["person_key"],
                tuple(row["roles"]),
                row["payloads"],
                tuple(row["key_ids"]),
                tuple(row["cases"]),
                row["refused"],
            ),
        )
        for row in rows
    ]
