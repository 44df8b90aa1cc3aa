"""Letters by GOV.UK Notify, over real HTTP to a service that answers as documented: taken, put off, refused, lost."""

import asyncio
import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest

from activities.correspondence import Correspondence, Letter
from activities.record import transaction
from starter.mailer import MailTroubleError
from starter.notify_mailer import AT_ONCE, Notify, NotifyMailer
from tests.builders import LINK_KEY, a_case, a_correspondence
from tests.conftest import MailServer, Record
from tests.starter.fake_notify import KEY, REPLY_TO, TEAM, TEMPLATE, TRIAL, FakeNotify, RefusedError, fake_notify
from workflows.policy.links import open_

ANN = "ann@x.example.test"
RATE = RefusedError(429, "RateLimitError", "Exceeded rate limit for key type LIVE of 3000 requests per 60 seconds")
DAILY = RefusedError(429, "TooManyRequestsError", "Exceeded send limits (250000) for today")
BROKEN = RefusedError(500, "Exception", "Internal server error")
AWAY = RefusedError(503, "Exception", "Service unavailable")
A_PROXY = RefusedError(502, "ValidationError", "email_address: can't send to this recipient")
NO_TEMPLATE = RefusedError(400, "BadRequestError", "Template not found")
NO_KEY = RefusedError(403, "AuthError", "Invalid token: API key not found")


@pytest.fixture
def notify() -> Iterator[FakeNotify]:
    with fake_notify() as notify:
        yield notify


def a_mailer(notify: FakeNotify, *, key: str = KEY, timeout: float = 5, reply_to: str | None = None) -> NotifyMailer:
    return NotifyMailer(Notify(key, notify.url, timeout), UUID(TEMPLATE), UUID(reply_to) if reply_to else None)


async def queued(
    record: Record, mail_server: MailServer, mailer: NotifyMailer, email: str = ANN, name: str = "Ann"
) -> Correspondence:
    """One letter in the record, and whoever sends it."""
    case = await a_case(record.pool, mail_server)
    letters = a_correspondence(record.pool, mail_server, mailer=mailer)
    letter = Letter("e1", "review_under_way", name, email, case.reference, datetime.now(UTC))
    async with transaction(record.pool) as connection:
        await letters.queue(connection, letter)
    return letters


async def age(record: Record) -> None:
    """Let the back-off pass without waiting for it."""
    await record.pool.execute(
        "UPDATE outbox SET recorded_at = recorded_at - interval '1 hour', "
        "claimed_at_wall = claimed_at_wall - interval '1 hour'"
    )


async def standing(record: Record) -> tuple[object, object]:
    [row] = await record.rows("SELECT state, error_code FROM outbox")
    return row["state"], row["error_code"]


# --- taken --------------------------------------------------------------------------------------------


async def test_a_letter_goes_by_the_template_with_its_own_id_as_reference_and_by_no_mail_server(
    record: Record, mail_server: MailServer, notify: FakeNotify
) -> None:
    letters = await queued(record, mail_server, a_mailer(notify, reply_to=REPLY_TO), name="Ann [of] # N53")
    await asyncio.gather(*(letters.send_waiting(["e1"]) for _ in range(5)))
    [one] = notify.took
    assert await standing(record) == ("sent", None)
    assert one["reference"] == str(await record.value("SELECT letter_id FROM outbox"))
    assert (one["email_address"], one["template_id"], one["email_reply_to_id"]) == (ANN, TEMPLATE, REPLY_TO)
    assert one["personalisation"]["subject"].startswith("SFO-2026-")
    assert one["personalisation"]["body"].startswith("Dear Ann \\[of\\] # N53\n\n")
    assert mail_server.attempts == 0
    assert notify.asked == 0  # a first try has nothing to ask about


async def test_the_link_in_a_letter_opens_to_its_row(
    record: Record, mail_server: MailServer, notify: FakeNotify
) -> None:
    case = await a_case(record.pool, mail_server, mailer=a_mailer(notify))
    await case.ask("notification", stage="notification")
    [one] = notify.to("spoc@n53.example.test")
    [url] = [line for line in one["personalisation"]["body"].splitlines() if "/a/" in line]
    link = open_(url.rpartition("/")[2], {"k1": LINK_KEY})
    assert link == (await record.pool.fetchval("SELECT link FROM links")).bytes


# --- later --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refusal", [RATE, DAILY, BROKEN, AWAY, A_PROXY, NO_TEMPLATE, NO_KEY], ids=str)
async def test_what_passes_or_is_our_own_setting_delays_and_loses_nothing(
    record: Record, mail_server: MailServer, notify: FakeNotify, refusal: RefusedError
) -> None:
    letters = await queued(record, mail_server, a_mailer(notify))
    notify.refusals.extend([refusal, refusal])
    await letters.send_waiting(["e1"])
    assert await standing(record) == ("queued", None)
    assert await letters.sweep_once() == 0  # not yet: it backs off
    for _ in range(2):
        await age(record)
        assert await letters.sweep_once() == 1
    assert len(notify.took) == 1
    assert await standing(record) == ("sent", None)


async def test_with_a_key_of_somebody_else_letters_wait(
    record: Record, mail_server: MailServer, notify: FakeNotify
) -> None:
    letters = await queued(record, mail_server, a_mailer(notify, key=KEY[:-4] + "ffff"))
    await letters.send_waiting(["e1"])
    assert (await standing(record), notify.took) == (("queued", None), [])


@pytest.mark.parametrize("raw", [b"<html>", b"[]", b"{}", b'{"notifications": 5}', b'{"notifications": ["x"]}'])
async def test_an_answer_that_is_none_of_notifys_never_refuses_a_letter(
    record: Record, mail_server: MailServer, notify: FakeNotify, raw: bytes
) -> None:
    letters = await queued(record, mail_server, a_mailer(notify))
    notify.refusals.append(BROKEN)
    await letters.send_waiting(["e1"])
    notify.raw = raw
    await age(record)
    await letters.sweep_once()
    assert await standing(record) == ("queued", None)
    with pytest.raises(MailTroubleError):  # a ValueError would be taken for an address that cannot be written
        await a_mailer(notify).send(letter_to(ANN), None, UUID(int=1), 2)


async def test_a_password_file_or_a_proxy_of_this_machine_changes_nothing(
    notify: FakeNotify, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login invented password invented\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert (await a_mailer(notify).send(letter_to(ANN), None, UUID(int=1), 1)).accepted


async def test_without_notify_a_letter_waits_and_goes_when_it_is_back(
    record: Record, mail_server: MailServer, notify: FakeNotify
) -> None:
    letters = await queued(record, mail_server, a_mailer(FakeNotify(url="http://127.0.0.1:1")))
    await letters.send_waiting(["e1"])
    assert await standing(record) == ("queued", None)
    await age(record)
    await a_correspondence(record.pool, mail_server, mailer=a_mailer(notify)).sweep_once()
    assert len(notify.took) == 1


# --- lost ---------------------------------------------------------------------------------------------


async def test_a_lost_answer_is_not_sent_twice(record: Record, mail_server: MailServer, notify: FakeNotify) -> None:
    letters = await queued(record, mail_server, a_mailer(notify))
    notify.lost = 1
    await letters.send_waiting(["e1"])
    assert await standing(record) == ("queued", None)
    assert len(notify.took) == 1
    await age(record)
    assert await letters.sweep_once() == 1
    assert await standing(record) == ("sent", None)
    assert (len(notify.took), notify.asked) == (1, 1)


async def test_a_worker_that_died_between_sending_and_noting_it_does_not_make_it_go_twice(
    record: Record, mail_server: MailServer, notify: FakeNotify
) -> None:
    letters = await queued(record, mail_server, a_mailer(notify))
    await letters.send_waiting(["e1"])
    await record.pool.execute("UPDATE outbox SET state = 'sending', sent_at_wall = NULL")
    await age(record)
    assert await letters.sweep_once() == 1
    assert await standing(record) == ("sent", None)
    assert len(notify.took) == 1


async def test_a_letter_lost_on_the_way_there_goes_again(
    record: Record, mail_server: MailServer, notify: FakeNotify
) -> None:
    letters = await queued(record, mail_server, a_mailer(notify))
    notify.lost = 1
    notify.refusals.append(BROKEN)  # not taken, and nothing said
    await letters.send_waiting(["e1"])
    await age(record)
    await letters.sweep_once()
    assert len(notify.took) == 1
    assert await standing(record) == ("sent", None)


async def test_what_notify_has_given_up_meanwhile_is_refused_and_not_sent_again(
    record: Record, mail_server: MailServer, notify: FakeNotify
) -> None:
    letters = await queued(record, mail_server, a_mailer(notify))
    notify.lost = 1
    await letters.send_waiting(["e1"])
    notify.statuses[notify.took[0]["reference"]] = "permanent-failure"
    await age(record)
    await letters.sweep_once()
    assert await standing(record) == ("refused", 550)
    assert len(notify.took) == 1


async def test_a_notify_that_says_nothing_is_given_up_in_time(notify: FakeNotify) -> None:
    """A server that takes the connection and is silent: no letter holds its thread for long."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mailer = NotifyMailer(Notify(KEY, f"http://127.0.0.1:{silent.getsockname()[1]}", 0.3), UUID(TEMPLATE))
        started = time.monotonic()
        sending = (mailer.send(letter_to(ANN), None, UUID(int=number), 1) for number in range(AT_ONCE))
        said = await asyncio.gather(*sending, return_exceptions=True)
        assert [type(one) for one in said] == [MailTroubleError] * AT_ONCE
        assert time.monotonic() - started < 5
        there = replace(mailer, notify=Notify(KEY, notify.url, 2))  # with the same threads
        assert (await there.send(letter_to(ANN), None, UUID(int=1), 1)).accepted


# --- refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [TRIAL, TEAM])
async def test_an_address_that_the_key_may_not_send_to_is_refused_for_good(
    record: Record, mail_server: MailServer, notify: FakeNotify, said: str
) -> None:
    letters = await queued(record, mail_server, a_mailer(notify))
    notify.not_allowed[ANN] = said
    await letters.send_waiting(["e1"])
    assert await standing(record) == ("refused", 550)
    await age(record)
    assert await letters.sweep_once() == 0


async def test_an_address_that_is_none_is_refused_for_good(
    record: Record, mail_server: MailServer, notify: FakeNotify
) -> None:
    letters = await queued(record, mail_server, a_mailer(notify), email="ann@localhost")
    await letters.send_waiting(["e1"])
    assert await standing(record) == ("refused", 553)


async def test_a_letter_that_is_too_long_is_refused_before_it_is_sent(notify: FakeNotify) -> None:
    message = letter_to(ANN, "é" * 1_000_001)
    result = await a_mailer(notify).send(message, None, UUID(int=1), 1)
    assert (result.accepted, result.code, notify.took) == (False, 552, [])


async def test_nothing_of_a_person_is_logged(
    record: Record, mail_server: MailServer, notify: FakeNotify, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    letters = await queued(record, mail_server, a_mailer(notify), email="ann.invented@localhost")
    notify.refusals.append(RefusedError(400, "ValidationError", "email_address ann.invented@localhost is not valid"))
    await letters.send_waiting(["e1"])
    await record.pool.execute("UPDATE outbox SET state = 'queued'")
    notify.refusals.append(RefusedError(400, "BadRequestError", "ann.invented@localhost"))
    await age(record)
    await letters.sweep_once()
    assert "waits: MailTroubleError" in caplog.text
    for secret in ("ann.invented", "Ann", KEY[-36:], "Dear"):
        assert secret not in caplog.text


def letter_to(email: str, text: str = "Dear Ann") -> EmailMessage:
    message = EmailMessage()
    message["To"], message["Subject"] = email, "SFO-2026-00042: Invented"
    message.set_content(text)
    return message
