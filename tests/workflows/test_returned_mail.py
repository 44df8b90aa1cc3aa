"""From a message that comes back over SMTP to the deputy's letter: real mail, real record, real Temporal."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from deploy.embedded.ports import usable_port
from starter.delivery import Delivery
from starter.payloads import data_converter
from starter.relay import Relay
from starter.signals import TemporalAwayError
from tests.starter import came_back
from tests.starter.returning import PostOffice, post_office, sender_of
from tests.workflows.conftest import Office
from workflows.contract.vocabulary import Stage

SPOC, DEPUTY, LEAD = "spoc@n53.example.test", "sfo.team@n53.example.test", "senior.lead@n53.example.test"


@pytest_asyncio.fixture
async def post(tmp_path: Path) -> AsyncIterator[PostOffice]:
    async with post_office(tmp_path, "sfo+*@service.example.test") as post:
        yield post


def a_relay(office: Office, client: Client, post: PostOffice, tmp_path: Path) -> Relay:
    pool = office.record.pool
    return Relay(Delivery(client, pool), pool, tmp_path, post.reader(pool, office.ring.readable))


async def asked(office: Office) -> str:
    """A stage that asks the SPoC, whose letter has left."""
    opening = await office.report()
    await office.record.pool.execute("UPDATE cases SET started_at_wall = now()")  # its case is not what is tested
    await office.start(opening, Stage.NOTIFICATION)
    gate = f"{opening.reference}/notification/notification"
    await office.gate(gate)
    await letter_to(office, SPOC)
    return gate


async def letter_to(office: Office, email: str, subject: str = "") -> None:
    async def look() -> list[str]:
        return office.letters(email, subject)

    await office.until(look)


async def rung(office: Office, gate: str) -> object:
    return await office.record.value("SELECT rung FROM gates WHERE gate = $1", gate)


@pytest.mark.parametrize("text", [came_back.POSTFIX, came_back.EXCHANGE, came_back.EXCHANGE_AWAY])
async def test_a_letter_that_comes_back_has_the_deputy_asked_at_once(
    office: Office, post: PostOffice, tmp_path: Path, text: str
) -> None:
    gate = await asked(office)
    assert office.letters(DEPUTY) == []
    await post.bring(sender_of(office.mail, SPOC), text)
    await a_relay(office, office.client, post, tmp_path).tick()
    await letter_to(office, DEPUTY, "as deputy")
    assert await rung(office, gate) == "deputy"


async def test_with_temporal_away_first_an_absence_waits_in_the_record_and_climbs_once_for_each_person(
    office: Office, post: PostOffice, tmp_path: Path
) -> None:
    gate = await asked(office)
    nowhere = await Client.connect(f"127.0.0.1:{usable_port(0)}", data_converter=data_converter(office.ring), lazy=True)
    relay = a_relay(office, office.client, post, tmp_path)
    await post.bring(sender_of(office.mail, SPOC), came_back.EXCHANGE_AWAY)
    with pytest.raises(TemporalAwayError):
        await a_relay(office, nowhere, post, tmp_path).tick()
    assert post.names("new") == []
    assert office.letters(DEPUTY) == []

    await relay.tick()
    await letter_to(office, DEPUTY, "as deputy")
    await post.bring(sender_of(office.mail, SPOC), came_back.EXCHANGE_AWAY)
    await post.bring(sender_of(office.mail, DEPUTY), came_back.GMAIL_AWAY)
    await relay.tick()
    await letter_to(office, LEAD, "no answer yet")
    await relay.tick()
    assert await rung(office, gate) == "senior_lead"
    assert len(office.letters(DEPUTY)) == 1
    sent = await office.record.rows("SELECT climbs, told_workflow FROM returned_mail")
    assert sent == [{"climbs": True, "told_workflow": True}] * 2
