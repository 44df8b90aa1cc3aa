"""Receipts of GOV.UK Notify at the gateway: what a failure means, and what nobody without the token can do."""

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from activities.in_hand import Became
from starter.gateway import gateway_app
from starter.mailer import SmtpMailer
from starter.notify_mailer import Notify, NotifyMailer
from starter.notify_receipts import LARGEST, PATH
from starter.relay import Relay
from starter.signals import TemporalAwayError
from tests.builders import ACase, a_case
from tests.conftest import MailServer, Record
from tests.starter.fake_notify import KEY, TEMPLATE, TOKEN, FakeNotify, fake_notify, notify_settings
from tests.starter.front_desk import PUBLIC_URL, FakeTemporal, a_settings

SPOC = "spoc@n53.example.test"


@pytest.fixture
def notify() -> Iterator[FakeNotify]:
    with fake_notify() as notify:
        yield notify


@pytest.fixture
def temporal() -> FakeTemporal:
    return FakeTemporal()


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer, notify: FakeNotify) -> ACase:
    """A case whose letters go by Notify, with a question to the SPoC, whose deputy is the SFO Team."""
    mailer = NotifyMailer(Notify(KEY, notify.url, 5), UUID(TEMPLATE))
    case = await a_case(record.pool, mail_server, mailer=mailer)
    await record.pool.execute("UPDATE cases SET started_at_wall = now()")
    await case.ask("notification", stage="notification")
    return case


def a_web(record: Record, mail_server: MailServer, temporal: FakeTemporal, **settings: str) -> httpx.AsyncClient:
    mailer = SmtpMailer(mail_server.url, timeout=5)
    app = gateway_app(a_settings(record, mail_server, **settings), record.pool, temporal.delivery(record), mailer)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL)


@pytest.fixture
def web(record: Record, mail_server: MailServer, temporal: FakeTemporal, notify: FakeNotify) -> httpx.AsyncClient:
    return a_web(record, mail_server, temporal, **notify_settings(notify))


async def post(web: httpx.AsyncClient, receipt: Any, token: str | None = TOKEN) -> httpx.Response:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    content = receipt if isinstance(receipt, bytes) else json.dumps(receipt).encode()
    return await web.post(PATH, content=content, headers=headers)


def reference(notify: FakeNotify) -> str:
    return str(notify.to(SPOC)[-1]["reference"])


async def ticks(record: Record, temporal: FakeTemporal, folder: Path) -> None:
    relay = Relay(temporal.delivery(record), record.pool, folder)
    for _ in range(3):
        await relay.tick()


async def nothing_happened(record: Record) -> bool:
    states = {row["state"] for row in await record.rows("SELECT state FROM outbox")}
    return states == {"sent"} and await record.rows("SELECT * FROM returned_mail") == []


# --- what follows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code"), [("permanent-failure", "5.0.0"), ("temporary-failure", "4.0.0"), ("technical-failure", "5.3.0")]
)
async def test_a_letter_that_nobody_got_lets_its_question_climb_once_however_often_it_is_said(
    case: ACase, web: httpx.AsyncClient, notify: FakeNotify, temporal: FakeTemporal, record: Record, tmp_path: Path,
    status: str, code: str,
) -> None:  # fmt: skip
    receipt = notify.receipt(reference(notify), status)
    replies = await asyncio.gather(*(post(web, receipt) for _ in range(5)))
    assert [(reply.status_code, reply.content) for reply in replies] == [(200, b"")] * 5
    await ticks(record, temporal, tmp_path)
    (signal,) = temporal.signals
    assert (signal.name, signal.content) == ("undeliverable", {"gate": case.gate("notification", stage="notification")})
    [row] = await record.rows("SELECT state, error_code, told_workflow FROM outbox")
    assert (row["state"], row["error_code"], row["told_workflow"]) == ("refused", 550, True)
    [back] = await record.rows("SELECT kind, status FROM returned_mail")
    assert back == {"kind": "failed", "status": code}
    [audit] = await record.rows("SELECT detail FROM audit WHERE action = 'letter_returned'")
    assert audit["detail"] == {"kind": "failed", "letter": "asked", "status": code}


async def test_with_temporal_away_it_is_recorded_first_and_the_relay_delivers_it_later(
    case: ACase, web: httpx.AsyncClient, notify: FakeNotify, temporal: FakeTemporal, record: Record, tmp_path: Path
) -> None:
    temporal.is_away = True
    assert (await post(web, notify.receipt(reference(notify), "permanent-failure"))).status_code == 200
    assert await record.value("SELECT state FROM outbox") == "refused"
    with pytest.raises(TemporalAwayError):
        await ticks(record, temporal, tmp_path)
    temporal.is_away = False
    await ticks(record, temporal, tmp_path)
    assert len(temporal.signals) == 1


async def test_a_receipt_that_comes_before_the_worker_has_noted_the_sending_is_not_undone_by_it(
    case: ACase, web: httpx.AsyncClient, notify: FakeNotify, record: Record
) -> None:
    await record.pool.execute("UPDATE outbox SET state = 'sending', attempts = 0")
    await post(web, notify.receipt(reference(notify), "permanent-failure"))
    await case.letters._mark(UUID(reference(notify)), Became("sent"))
    assert await record.value("SELECT state FROM outbox") == "refused"


async def test_with_the_record_away_notify_is_told_to_say_it_again(
    case: ACase, web: httpx.AsyncClient, notify: FakeNotify, record: Record
) -> None:
    receipt = notify.receipt(reference(notify), "permanent-failure")
    async with record.owner() as owner:
        await owner.execute("ALTER TABLE sfo.returned_mail RENAME TO returned_away")
    assert (await post(web, receipt)).status_code == 503
    async with record.owner() as owner:
        await owner.execute("ALTER TABLE sfo.returned_away RENAME TO returned_mail")
    assert (await post(web, receipt)).status_code == 200
    assert await record.value("SELECT state FROM outbox") == "refused"


@pytest.mark.parametrize("status", ["delivered", "sending", "invented"])
async def test_what_is_no_failure_is_taken_and_nothing_follows(
    case: ACase, web: httpx.AsyncClient, notify: FakeNotify, record: Record, status: str
) -> None:
    assert (await post(web, notify.receipt(reference(notify), status))).status_code == 200
    assert await nothing_happened(record)


@pytest.mark.parametrize(
    "named", [None, "", "11111111-1111-4111-8111-111111111111", "somebody else's", "\x00", "1" * 900]
)
async def test_a_reference_that_is_none_of_ours_is_answered_the_same_and_nothing_follows(
    case: ACase, web: httpx.AsyncClient, notify: FakeNotify, record: Record, named: str | None
) -> None:
    reply = await post(web, notify.receipt(named, "permanent-failure"))
    assert (reply.status_code, reply.content) == (200, b"")
    assert await nothing_happened(record)


# --- who may ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), "\u00e9"])
async def test_without_the_token_nothing_is_read_and_nothing_told(
    case: ACase, web: httpx.AsyncClient, notify: FakeNotify, record: Record, token: str | None
) -> None:
    real, made_up = reference(notify), str(uuid4())
    replies = [await _raw(web, notify.receipt(one, "permanent-failure"), token) for one in (real, made_up)]
    assert [(reply.status_code, reply.content) for reply in replies] == [(401, b"")] * 2
    assert await nothing_happened(record)


async def _raw(web: httpx.AsyncClient, receipt: Any, token: str | None) -> httpx.Response:
    headers = [] if token is None else [(b"authorization", b"Bearer " + token.encode())]
    return await web.post(PATH, content=json.dumps(receipt).encode(), headers=headers)


@pytest.mark.parametrize("scheme", ["Basic", "bearer", ""])
async def test_the_token_alone_or_by_another_scheme_is_no_token(
    case: ACase, web: httpx.AsyncClient, notify: FakeNotify, scheme: str
) -> None:
    receipt = json.dumps(notify.receipt(reference(notify), "permanent-failure")).encode()
    reply = await web.post(PATH, content=receipt, headers={"Authorization": f"{scheme} {TOKEN}".strip()})
    assert reply.status_code == 401


@pytest.mark.parametrize(
    "content",
    [
        b"", b"x", b"[]", b"null", b"{}", b'"a"', b"\xff\xfe", b"[" * 5_000, b'{"reference": "a"}',
        b'{"reference": 5, "status": "permanent-failure"}', b'{"reference": null, "status": ["a"]}',
        b'{"reference": {"a": 1}, "status": {}}', b'{"reference": NaN, "status": NaN}',
    ],
)  # fmt: skip
async def test_what_is_no_receipt_is_refused_without_a_word(web: httpx.AsyncClient, content: bytes) -> None:
    reply = await post(web, content)
    assert (reply.status_code, reply.content) == (400, b"")


async def test_a_long_body_is_not_read_to_its_end(
    case: ACase, web: httpx.AsyncClient, notify: FakeNotify, record: Record
) -> None:
    receipt = notify.receipt(reference(notify), "permanent-failure") | {"more": "x" * LARGEST}
    assert (await post(web, receipt)).status_code == 413
    assert (await post(web, b"x" * 3_000_000)).status_code == 413
    assert await nothing_happened(record)


async def test_nothing_of_a_receipt_is_logged(
    case: ACase, web: httpx.AsyncClient, notify: FakeNotify, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await post(web, notify.receipt(reference(notify), "permanent-failure"))
    await post(web, notify.receipt(reference(notify), "permanent-failure"), "wrong-token")
    assert "a letter by Notify came back: permanent-failure" in caplog.text
    assert f"POST {PATH} 200" in caplog.text
    for secret in ("somebody@example.test", TOKEN, "wrong-token", SPOC):
        assert secret not in caplog.text


# --- off unless it is set up --------------------------------------------------------------------------


async def test_without_the_settings_there_is_no_such_page_and_letters_go_by_smtp(
    record: Record, mail_server: MailServer, temporal: FakeTemporal, notify: FakeNotify
) -> None:
    web = a_web(record, mail_server, temporal)
    assert (await post(web, notify.receipt(str(uuid4()), "permanent-failure"))).status_code == 404
    settings = a_settings(record, mail_server)
    assert NotifyMailer.of(settings) is None
    assert set((await web.get("/health")).json()["components"]) == {"database", "temporal", "mail"}


async def test_with_them_health_says_whether_notify_answers(
    record: Record, mail_server: MailServer, temporal: FakeTemporal, web: httpx.AsyncClient
) -> None:
    assert (await web.get("/health")).json()["components"]["notify"]["status"] == "UP"
    gone = a_web(record, mail_server, temporal, **notify_settings(FakeNotify(url="http://127.0.0.1:1")))
    health = await gone.get("/health")
    assert (health.status_code, health.json()["components"]["notify"]["status"]) == (503, "DOWN")
