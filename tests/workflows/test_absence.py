"""Somebody goes away while a question stands open: whoever stands in is asked at once, by the real ladder."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from starter.absences import Wanted, set_absence
from starter.delivery import Delivery
from starter.judging import rules_in_force
from starter.relay import Relay
from starter.script import SILENT
from tests.starter.front_desk import a_settings
from tests.workflows.conftest import Office
from tests.workflows.test_case import opened, running
from workflows.policy.due import on_in_london

NATIONAL = "sfo.team@national.example.test"


async def away(office: Office, person: str, deputy: str) -> None:
    """Set it from today on, as the national team may for everybody."""
    today = on_in_london(datetime.now(UTC))
    directory = rules_in_force(a_settings(office.record, office.mail), today).directory
    one, other = directory.person(person), directory.person(deputy)
    assert one
    assert other
    async with office.record.pool.acquire() as connection:
        wanted = Wanted(uuid4(), one, today, today + timedelta(days=9), other)
        await set_absence(connection, directory, wanted, NATIONAL, today)


async def test_whoever_stands_in_is_asked_when_the_absence_begins_and_not_when_it_is_overdue(
    office: Office, tmp_path: Path
) -> None:
    async with running(office, {"notification": [SILENT], "early_look": [SILENT]}, speed=1) as (opening, _):
        gate = f"{opening.reference}/notification/notification"
        await opened(office, opening, "notification/notification")
        row = await office.gate(gate)
        assert (row["person_key"], row["deputy_email"], row["overdue"]) == ("n53.spoc", None, False)
        await away(office, "n53.spoc", "n53.sfo_team")
        relay = Relay(Delivery(office.client, office.record.pool), office.record.pool, tmp_path)
        await relay.tick()
        asked = await office.until(
            lambda: office.record.rows("SELECT * FROM outbox WHERE gate = $1 AND letter = 'deputy'", gate)
        )
        assert [letter["to_email"] for letter in asked] == ["sfo.team@n53.example.test"]
        row = await office.gate(gate)
        assert (row["deputy_key"], row["rung"], row["overdue"]) == ("n53.sfo_team", "deputy", False)
        await relay.tick()
        assert await office.record.value("SELECT count(*) FROM escalations") == 0
