"""The rings are rotated in three steps under running cases, as the runbook says; and a payload key is lost for good."""

import re
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from starter.keys import KeyRing, PayloadKeyError
from starter.restored import look_at
from tests.conftest import MailServer
from tests.drills.harm import put_down
from tests.workflows.conftest import Office
from tests.workflows.site import Held, Site, a_site
from workflows.contract import ids
from workflows.policy import links

pytestmark = pytest.mark.drill  # servers of its own, started again and again

_LINK = re.compile(r"/a/([A-Za-z0-9_~.-]+)")


@pytest.fixture
async def site(mail_server: MailServer) -> AsyncIterator[Site]:
    async with a_site(mail_server) as site:
        yield site


@pytest.fixture
async def site_before_case_keys(mail_server: MailServer) -> AsyncIterator[Site]:
    """What is sealed with the ring itself: payloads of no case, and all of them before cases had keys."""
    async with a_site(mail_server, has_case_keys=False) as site:
        yield site


def behind(ring: KeyRing, other: KeyRing) -> KeyRing:
    """The other key is behind the active one."""
    return KeyRing(ring.active_id, {**ring.readable, **other.readable})


async def a_case(office: Office) -> str:
    opening = await office.report(speed=1.0)
    await office.record.pool.execute("UPDATE cases SET started_at_wall = now() WHERE reference = $1", opening.reference)
    await office.client.start_workflow(
        "sfo-case", opening, id=ids.case_id(opening.reference), task_queue=ids.CASEWORK_QUEUE
    )
    await office.gate(f"{opening.reference}/notification/notification")
    await office.gate(f"{opening.reference}/early-look/early_look")
    return opening.reference


async def answer(office: Office, gate: str) -> None:
    (row,) = await office.record.rows(
        "SELECT g.*, c.clock FROM gates g JOIN cases c USING (reference) WHERE gate = $1", gate
    )
    await Held(office, str(row["reference"]), set()).answer(row)

    async def is_applied() -> bool:
        return await office.record.value("SELECT state FROM gates WHERE gate = $1", gate) == "decided"

    await office.until(is_applied)


def keys_of_links(mail: MailServer, ring: KeyRing) -> set[str]:
    """Under which keys the links of all letters were sealed; each opens with this ring."""
    found = set()
    for message in mail.messages:
        body = message.get_body(("plain",))
        for token in _LINK.findall(body.get_content() if body else ""):
            assert links.open_(token, ring.readable)
            found |= {kid for kid, key in ring.readable.items() if _opens(token, {kid: key})}
    return found


def _opens(token: str, keys: dict[str, bytes]) -> bool:
    try:
        return bool(links.open_(token, keys))
    except Exception:
        return False


async def keys_of_payloads(client: Client, reference: str) -> set[str]:
    found = set()
    async for run in client.list_workflows(f"WorkflowId STARTS_WITH 'sfo/{reference}'"):
        history = await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
        found |= set(re.findall(r"encryption-key-id.{0,40}?value: \"(k[0-9a-f]{8})\"", str(history.events), re.S))
    return found


async def test_rings_are_rotated_in_three_steps_under_running_cases(
    site_before_case_keys: Site, mail_server: MailServer
) -> None:
    site = site_before_case_keys
    old, new = KeyRing.generate(), KeyRing.generate()
    site.ring = old
    async with site.at_work() as office:
        first = await a_case(office)
    site.ring = behind(old, new)  # step 1: all can read it
    async with site.at_work() as office:
        await answer(office, f"{first}/notification/notification")
        await office.gate(f"{first}/review/commission")
        assert await keys_of_payloads(office.client, first) == {old.active_id}
    site.ring = behind(new, old)  # step 2: it is used
    async with site.at_work() as office:
        second = await a_case(office)
        await answer(office, f"{first}/early-look/early_look")
        await answer(office, f"{first}/review/commission")
        assert await keys_of_payloads(office.client, first) == {old.active_id, new.active_id}
        assert await keys_of_payloads(office.client, second) == {new.active_id}
        assert keys_of_links(mail_server, site.ring) == {old.active_id, new.active_id}
        assert (await look_at(office.client, office.record.pool, first)).steps == 0  # nothing is unreadable
    # Step 3, too early: what was sealed with the old key is unreadable, and that is said with its id.
    site.ring = new
    async with site.office() as office:
        with pytest.raises(PayloadKeyError, match=old.active_id):
            await look_at(office.client, office.record.pool, first)
        # A case that was opened after step 2 does not need it.
        assert (await look_at(office.client, office.record.pool, second)).steps == 0
    site.ring = behind(new, old)  # put back behind the active one
    async with site.at_work() as office:
        assert (await look_at(office.client, office.record.pool, first)).steps == 0
        assert (await put_down(office.record.pool, "keys", "rotated in three steps", 3)).lost == 0


async def test_without_the_payload_key_nothing_moves_or_is_lost_and_cases_start_anew_from_the_record(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site.at_work() as office:
        case = await a_case(office)
        await answer(office, f"{case}/notification/notification")
        await office.gate(f"{case}/review/commission")
    lost, site.ring = site.ring, KeyRing.generate()
    code, said = await site.command("restored", "--dry-run", capsys=capsys, patch=monkeypatch)
    assert code == 2, said
    assert lost.active_id in said
    assert "SFO_PAYLOAD_KEYS" in said
    # Found nowhere: Temporal starts empty, with a new key, and so does the store of the cases' keys.
    await site.empty_store_of_keys()
    await site.stop()
    site.lose_temporal()
    await site.start()
    code, said = await site.command("restored", capsys=capsys, patch=monkeypatch)
    assert (code, "it is started from the record" in said) == (0, True)
    async with site.at_work() as office:
        await answer(office, f"{case}/review/commission")
        assert await keys_of_payloads(office.client, case) == set()  # each under the case's own new key
        assert await office.record.value("SELECT count(*) FROM gates WHERE question = 'notification'") == 1
        assert (await put_down(office.record.pool, "keys", "lost for good; begun anew from the record")).lost == 0
