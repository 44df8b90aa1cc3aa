"""Opens cases: one transaction puts a charge on the record, with everyone in it by number; the workflow follows."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from starter.connections import Connection, Pool
from starter.record import append_audit
from starter.relations import relate_to_earlier_charges
from workflows.contract.charge import Charge
from workflows.contract.directory import Directory
from workflows.contract.messages import CaseClock, CaseOpening, StaffRef
from workflows.contract.vocabulary import Role
from workflows.policy.due import on_in_london

_REHEARSAL_STARTS = time(9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a case's clock runs: real, or in a rehearsal `speed` times as fast from `anchor` on.

    Without an anchor a rehearsal starts at 9:00 UTC on the day of the charge.
    """

    speed: float = 1.0
    anchor: datetime | None = None

    def clock(self, charge: Charge) -> CaseClock:
        """Start the clock of a case now."""
        now = datetime.now(UTC)
        if self.speed == 1 and self.anchor is None:
            return CaseClock(case_anchor=now, wall_anchor=now)
        anchor = self.anchor or datetime.combine(charge.charged_on, _REHEARSAL_STARTS)
        return CaseClock(case_anchor=anchor, wall_anchor=now, speed=self.speed)


@dataclass(frozen=True, slots=True)
class Opened:
    """A charge on the record: under which reference, and whether it is there since now."""

    reference: str
    is_new: bool


async def open_cases(
    pool: Pool, charges: Iterable[Charge], pace: Pace, directory: Directory | None = None
) -> list[Opened]:
    """Put each charge on the record and return what became of each, in their order.

    A charge that is there already returns its case. Every case is one transaction. Starting the workflow is
    `Delivery.start_case`, which the relay does for whatever was not started.
    """
    opened = []
    for charge in charges:
        async with pool.acquire() as connection:
            opened.append(await open_case(connection, charge, pace, directory))
    return opened


async def open_case(connection: Connection, charge: Charge, pace: Pace, directory: Directory | None = None) -> Opened:
    """Put one charge on the record, once however often it is reported. Repeat-safe by `charge_key`.

    Another charge on the same person is an own case, related to the earlier ones; with a directory the senior leads
    of the open ones are told. Rule: facts.md 8.2.10.
    """
    async with connection.transaction():
        key = charge_key(charge)
        # Two reports on one person at the same moment: the second waits here and then finds the first's case.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", charge.crn)
        known = await connection.fetchval("SELECT reference FROM sfo.cases WHERE charge_key = $1", key)
        if known:
            return Opened(known, is_new=False)
        number = await connection.fetchval("SELECT nextval('sfo.case_number')")
        reference = f"SFO-{charge.charged_on.year}-{number:05d}"
        await _insert(connection, reference, key, charge, pace.clock(charge))
        await relate_to_earlier_charges(connection, reference, charge.crn, directory)
        return Opened(reference, is_new=True)


def charge_key(charge: Charge) -> str:
    """Identify a charge: the person and every offence with its full code and date, in any order."""
    offences = sorted((offence.code, offence.offence_on.isoformat()) for offence in charge.offences)
    return hashlib.sha256(json.dumps([charge.crn, offences]).encode()).hexdigest()


async def _insert(connection: Connection, reference: str, key: str, charge: Charge, clock: CaseClock) -> None:
    opening = _opening(reference, charge, clock)
    await _insert_case(connection, charge, opening, key)
    await connection.executemany(
        """INSERT INTO sfo.offences (reference, round, number, code, offence_on, victim_age, wording)
           VALUES ($1, 1, $2, $3, $4, $5, $6)""",
        [
            (reference, number, offence.code, offence.offence_on, offence.victim_age, offence.wording)
            for number, offence in enumerate(charge.offences, start=1)
        ],
    )
    await connection.executemany(
        "INSERT INTO sfo.staff (reference, ref, role, name, email, in_line) VALUES ($1, $2, $3, $4, $5, $6)",
        [
            (reference, staff.ref, entry.role, entry.name, entry.email, staff.in_line)
            for staff, entry in zip(opening.staff, charge.people, strict=True)
        ],
    )
    await connection.executemany(
        "INSERT INTO sfo.victims (reference, ref, name, liaison_officer_email, aliases) VALUES ($1, $2, $3, $4, $5)",
        [
            (reference, ref, victim.name, victim.liaison_officer_email, list(victim.aliases))
            for ref, victim in zip(opening.victims, charge.victims, strict=True)
        ],
    )
    detail = {"region": charge.region, "pdu": charge.pdu, "speed": clock.speed, "offences": len(charge.offences)}
    await append_audit(connection, clock.case_anchor, reference, "intake", "case_opened", reference, detail)


def _opening(reference: str, charge: Charge, clock: CaseClock) -> CaseOpening:
    return CaseOpening(
        reference=reference,
        clock=clock,
        region=charge.region,
        pdu=charge.pdu,
        charged_on=charge.charged_on,
        appeared_on=charge.first_appearance_on,
        staff=tuple(
            StaffRef(ref=f"s{number}", role=Role(entry.role.value), in_line=entry.is_in_line)
            for number, entry in enumerate(charge.people, start=1)
        ),
        victims=tuple(f"v{number}" for number in range(1, len(charge.victims) + 1)),
        shows_dates=True,
    )


async def _insert_case(connection: Connection, charge: Charge, opening: CaseOpening, key: str) -> None:
    row: dict[str, Any] = {
        "reference": opening.reference,
        "charge_key": key,
        "crn": charge.crn,
        "noms": charge.noms,
        "person_name": charge.person.name,
        "person_aliases": list(charge.person.aliases),
        "date_of_birth": charge.person.date_of_birth,
        "region": charge.region,
        "pdu": charge.pdu,
        "supervision_type": charge.supervision.type,
        "supervision_started_on": charge.supervision.started_on,
        "supervision_ended_on": charge.supervision.ended_on,
        "rosh": charge.rosh_highest,
        "charged_on": charge.charged_on,
        "court": charge.court,
        "appeared_on": charge.first_appearance_on,
        "public_interest": _public_interest(charge),
        "clock": opening.clock.model_dump(mode="json"),
        "opening": opening.model_dump(mode="json"),
        "opened_on": on_in_london(opening.clock.case_anchor),
    }
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await connection.execute(f"INSERT INTO sfo.cases ({', '.join(row)}) VALUES ({places})", *row.values())


def _public_interest(charge: Charge) -> str | None:
    """Keep the reasons given; a bare `true` proposes without any."""
    if isinstance(charge.public_interest, str):
        return charge.public_interest
    return "proposed" if charge.public_interest else None
