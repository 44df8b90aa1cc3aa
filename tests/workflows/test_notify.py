"""From a receipt of GOV.UK Notify to the deputy's letter: real record, real Temporal, Notify as documented."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from temporalio.client import Client

from activities.correspondence import Mailer
from deploy.embedded.ports import usable_port
from starter.delivery import Delivery
from starter.gateway import gateway_app
from starter.mailer import SmtpMailer
from starter.notify_mailer import Notify, NotifyMailer
from starter.notify_receipts import PATH
from starter.payloads import data_converter
from starter.relay import Relay
from starter.signals import TemporalAwayError
from tests.starter.fake_notify import KEY, TEMPLATE, TOKEN, TRIAL, FakeNotify, fake_notify, notify_settings
from tests.starter.front_desk import PUBLIC_URL, a_settings
from tests.workflows.conftest import Office
from workflows.contract.vocabulary import Stage

SPOC, DEPUTY = "spoc@n53.example.test", "sfo.team@n53.example.test"


@pytest.fixture
def notify() -> Iterator[FakeNotify]:
    with fake_notify() as notify:
        yield notify


@pytest.fixture
def mailer(notify: FakeNotify) -> Mailer:
    """In the place of the mail server's."""
    return NotifyMailer(Notify(KEY, notify.url, 5), UUID(TEMPLATE))


async def asked(office: Office) -> str:
    """A stage that asks the SPoC."""
    opening = await office.report()
    await office.record.pool.execute("UPDATE cases SET started_at_wall = now()")  # its case is not what is tested
    await office.start(opening, Stage.NOTIFICATION)
    gate = f"{opening.reference}/notification/notification"
    await office.gate(gate)
    return gate


async def letter_to(office: Office, notify: FakeNotify, email: str, subject: str = "") -> str:
    async def look() -> str:
        """The reference of the one that is noted as sent."""
        found = [str(one["reference"]) for one in notify.to(email, subject)]
        query = "SELECT count(*) FROM outbox WHERE letter_id = ANY($1::uuid[]) AND state = 'sent'"
        return found[-1] if found and await office.record.value(query, found) else ""

    return str(await office.until(look))


async def receipt(office: Office, client: Client, notify: FakeNotify, reference: str, status: str) -> int:
    settings = a_settings(office.record, office.mail, **notify_settings(notify))
    pool = office.record.pool
    app = gateway_app(settings, pool, Delivery(client, pool), SmtpMailer(office.mail.url))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC_URL) as web:
        content = json.dumps(notify.receipt(reference, status)).encode()
        reply = await web.post(PATH, content=content, headers={"Authorization": f"Bearer {TOKEN}"})
    return reply.status_code


async def test_a_failure_has_the_deputy_asked_at_once_also_when_temporal_was_away_first(
    office: Office, notify: FakeNotify, tmp_path: Path
) -> None:
    gate, pool = await asked(office), office.record.pool
    reference = await letter_to(office, notify, SPOC)
    assert notify.to(DEPUTY) == []
    nowhere = await Client.connect(f"127.0.0.1:{usable_port(0)}", data_converter=data_converter(office.ring), lazy=True)
    assert await receipt(office, nowhere, notify, reference, "permanent-failure") == 200
    with pytest.raises(TemporalAwayError):
        await Relay(Delivery(nowhere, pool), pool, tmp_path).tick()
    assert notify.to(DEPUTY) == []
    await Relay(Delivery(office.client, pool), pool, tmp_path).tick()
    await letter_to(office, notify, DEPUTY, "As deputy")
    assert await receipt(office, office.client, notify, reference, "permanent-failure") == 200
    await Relay(Delivery(office.client, pool), pool, tmp_path).tick()
    assert await office.record.value("SELECT rung FROM gates WHERE gate = $1", gate) == "deputy"
    assert (len(notify.to(DEPUTY)), office.mail.attempts) == (1, 0)


async def test_an_address_that_is_refused_at_once_climbs_at_once(
    office: Office, notify: FakeNotify, tmp_path: Path
) -> None:
    notify.not_allowed[SPOC] = TRIAL
    await asked(office)

    async def refused() -> object:
        return await office.record.value("SELECT count(*) FROM outbox WHERE state = 'refused'")

    await office.until(refused)
    await Relay(Delivery(office.client, office.record.pool), office.record.pool, tmp_path).tick()
    await letter_to(office, notify, DEPUTY, "As deputy")
    assert notify.to(SPOC) == []
