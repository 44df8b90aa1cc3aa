"""Letters through a real mail server: accepted, put off, refused, repeated."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from activities.composition import LETTERS, compose, is_letter, message_id
from activities.correspondence import Correspondence, Letter
from activities.record import RecordError, transaction
from starter.mailer import MailTroubleError, SendResult, SmtpMailer
from tests.builders import LETTER_WORDS, LINK_KEY, a_case, a_correspondence
from tests.conftest import MailServer, Record
from workflows.policy.links import open_

SPOC = "spoc@n53.example.test"
NAMES = sorted(path.name for path in LETTERS.iterdir() if path.name != "layout")


@pytest.mark.parametrize("name", NAMES)
def test_every_letter_reads_in_text_and_html(name: str) -> None:
    message = compose(name, "sfo@example.test", "Ann O'Brien", "ann@x.example.test", "<a@b>", LETTER_WORDS)
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert text.startswith("Dear Ann O'Brien\n\n")
    if not name.startswith("cover_"):
        assert "SFO-2026-00042" in text
        assert "SFO-2026-00042" in html
    assert '<html lang="en">' in html
    assert "Ann O&#39;Brien" in html
    assert "\n\n\n" not in text
    assert ("/a/token" in text) == ("/a/token" in html)
    assert message["To"] == "Ann O'Brien <ann@x.example.test>"
    assert message["Subject"]
    assert "\n" not in message["Subject"]


def test_a_link_stands_on_its_own_line_and_dates_are_in_words() -> None:
    message = compose("asked", "sfo@example.test", "Ann", "ann@x.example.test", "<a@b>", LETTER_WORDS)
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "\nhttps://sfo.example.test/a/token\n" in text
    assert "12 March 2027" in text
    assert "2027-03-12" not in text


def test_a_name_cannot_write_headers() -> None:
    with pytest.raises(ValueError, match=r"[Hh]eader|invalid"):
        compose("asked", "sfo@example.test", "Ann\r\nBcc: x@y", "ann@x.example.test", "<a@b>", LETTER_WORDS)


def test_the_message_id_is_the_event_and_the_recipient() -> None:
    first = message_id("e", "Ann@x.example.test", "example.test")
    assert first == message_id("e", "ann@x.example.test", "example.test")
    assert first != message_id("e", "bob@x.example.test", "example.test")
    assert "ann" not in first


def test_a_letter_without_words_is_no_letter(tmp_path: Path) -> None:
    assert is_letter("asked")
    assert not is_letter("layout")
    assert not is_letter("nothing")


async def _queued(record: Record, mail_server: MailServer, **changes: str) -> Correspondence:
    case = await a_case(record.pool, mail_server)
    email = changes.get("email", "ann@x.example.test")
    letter = Letter("e1", "review_under_way", "Ann", email, case.reference, datetime.now(UTC))
    async with transaction(record.pool) as connection:
        await case.letters.queue(connection, letter)
        await case.letters.queue(connection, letter)
    return case.letters


async def _age(record: Record) -> None:
    """Let the back-off pass without waiting for it."""
    await record.pool.execute(
        "UPDATE outbox SET recorded_at = recorded_at - interval '1 hour', "
        "claimed_at_wall = claimed_at_wall - interval '1 hour'"
    )


async def test_one_event_is_one_letter(record: Record, mail_server: MailServer) -> None:
    letters = await _queued(record, mail_server)
    await asyncio.gather(*(letters.send_waiting(["e1"]) for _ in range(5)))
    assert len(mail_server.messages) == 1
    assert await record.value("SELECT state FROM outbox") == "sent"


async def test_the_link_in_a_letter_opens_to_its_row(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await case.ask("notification", stage="notification")
    text = mail_server.to(SPOC)[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    [url] = [line for line in text.splitlines() if "/a/" in line]
    link = open_(url.rpartition("/")[2], {"k1": LINK_KEY})
    assert await record.value("SELECT link FROM links") is not None
    assert link == (await record.pool.fetchval("SELECT link FROM links")).bytes


@pytest.mark.parametrize("reply", ["451 later", "421 closing"])
async def test_a_temporary_refusal_fails_nothing_and_the_sweep_sends_it(
    record: Record, mail_server: MailServer, reply: str
) -> None:
    case = await a_case(record.pool, mail_server)
    mail_server.replies.extend([reply, reply])
    opened = await case.ask("notification", stage="notification")
    assert opened.steps
    assert mail_server.messages == []
    [row] = await record.rows("SELECT state, attempts FROM outbox")
    assert (row["state"], row["attempts"]) == ("queued", 1)
    assert await case.letters.sweep_once() == 0  # not yet: it backs off
    await _age(record)
    assert await case.letters.sweep_once() == 1
    await _age(record)
    assert await case.letters.sweep_once() == 1
    assert len(mail_server.to(SPOC)) == 1
    assert await case.letters.sweep_once() == 0


async def test_a_final_refusal_is_kept_with_its_code(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    mail_server.recipient_replies.append("550 no such user")
    await case.ask("notification", stage="notification")
    [row] = await record.rows("SELECT state, error_code, told_workflow FROM outbox")
    assert (row["state"], row["error_code"], row["told_workflow"]) == ("refused", 550, False)
    await _age(record)
    assert await case.letters.sweep_once() == 0


async def test_a_message_refused_after_data_is_final_too(record: Record, mail_server: MailServer) -> None:
    letters = await _queued(record, mail_server)
    mail_server.replies.append("554 rejected")
    await letters.send_waiting(["e1"])
    assert await record.value("SELECT error_code FROM outbox") == 554


async def test_an_address_that_cannot_be_written_is_refused(record: Record, mail_server: MailServer) -> None:
    letters = await _queued(record, mail_server, email="not an address")
    await letters.send_waiting(["e1"])
    [row] = await record.rows("SELECT state, error_code FROM outbox")
    assert (row["state"], row["error_code"]) == ("refused", 553)


async def test_no_mail_server_delays_and_loses_nothing(record: Record, mail_server: MailServer) -> None:
    gone = MailServer(url="smtp://127.0.0.1:1")
    case = await a_case(record.pool, gone)
    await case.ask("notification", stage="notification")
    assert await record.value("SELECT state FROM outbox") == "queued"
    await _age(record)
    await a_correspondence(record.pool, mail_server).sweep_once()
    assert len(mail_server.to(SPOC)) == 1


async def test_a_letter_whose_sender_died_is_taken_over_after_a_minute(record: Record, mail_server: MailServer) -> None:
    letters = await _queued(record, mail_server)
    await record.pool.execute("UPDATE outbox SET state = 'sending', claimed_at_wall = clock_timestamp()")
    assert await letters.sweep_once() == 0
    await _age(record)
    assert await letters.sweep_once() == 1
    assert len(mail_server.messages) == 1


async def test_a_letter_written_before_the_record_s_clock_was_put_back_goes_now(
    record: Record, mail_server: MailServer
) -> None:
    letters = await _queued(record, mail_server)
    assert await letters.sweep_once() == 0  # its own step's turn
    await record.pool.execute("UPDATE outbox SET recorded_at = recorded_at + interval '1 day'")
    assert await letters.sweep_once() == 1
    assert len(mail_server.messages) == 1


async def test_a_letter_whose_sender_died_before_the_clock_was_put_back_has_a_minute_from_then_on(
    record: Record, mail_server: MailServer
) -> None:
    letters = await _queued(record, mail_server)
    await record.pool.execute(
        "UPDATE outbox SET state = 'sending', claimed_at_wall = clock_timestamp() + interval '1 day'"
    )
    assert await letters.sweep_once() == 0  # a sender who lives says so within this minute
    assert await record.value("SELECT claimed_at_wall < clock_timestamp() FROM outbox")
    await _age(record)
    assert await letters.sweep_once() == 1
    assert len(mail_server.messages) == 1


async def test_a_server_that_takes_its_time_to_say_yes_is_waited_for_and_gets_the_letter_once(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_slow_server(seconds=1.0) as slow:
        monkeypatch.setattr("activities.correspondence.INLINE_SECONDS", 0.2)
        case = await a_case(record.pool, slow)
        letters = a_correspondence(record.pool, slow, mailer=SmtpMailer(slow.url, timeout=0.4, patience=10))
        async with transaction(record.pool) as connection:
            await letters.queue(
                connection, Letter("e1", "review_under_way", "Ann", SPOC, case.reference, datetime.now(UTC))
            )
        await letters.send_waiting(["e1"])  # nobody's step waits for it
        assert await record.value("SELECT state FROM outbox") == "sending"
        await _age(record)  # as after a minute; it is still in hand, and says so
        assert await letters.sweep_once() == 0
        assert await a_correspondence(record.pool, slow).sweep_once() == 0
        await letters.finish(10)
        assert await record.value("SELECT state FROM outbox") == "sent"
        assert len(slow.messages) == 1


@asynccontextmanager
async def a_slow_server(seconds: float) -> AsyncIterator[MailServer]:
    """It has a message at once, and says so later."""

    class Slow(MailServer):
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            reply = await super().handle_DATA(server, session, envelope)
            await asyncio.sleep(seconds)
            return reply

    slow, loop = Slow(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(slow, hostname="localhost", loop=loop), "127.0.0.1", 0)
    slow.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield slow
    finally:
        server.close()


async def test_what_was_taken_while_the_record_was_away_is_noted_later_and_not_sent_again(
    record: Record, mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    letters = await _queued(record, mail_server)
    async with record.owner() as owner:

        class Behind(SmtpMailer):
            """The record goes away right behind the server's word."""

            async def send(self, *arguments: Any) -> SendResult:
                result = await super().send(*arguments)
                await owner.execute("ALTER TABLE outbox RENAME TO outbox_away")
                return result

        letters._mailer = Behind(mail_server.url, timeout=5)
        await letters.send_waiting(["e1"])
        with pytest.raises(RecordError):
            await letters.sweep_once()
        await owner.execute("ALTER TABLE outbox_away RENAME TO outbox")
    await _age(record)
    assert await letters.sweep_once() == 0
    assert await record.value("SELECT state FROM outbox") == "sent"
    assert len(mail_server.messages) == 1
    assert "ann" not in caplog.text.lower()


async def test_once_the_record_is_back_each_worker_notes_what_it_knows_before_any_takes_a_letter_over(
    record: Record, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = await _queued(record, mail_server)
    await record.pool.execute("UPDATE outbox SET state = 'sending', claimed_at_wall = clock_timestamp()")
    await _age(record)
    monkeypatch.setattr("activities.correspondence.SWEEP_SECONDS", 0.05)
    monkeypatch.setattr("activities.correspondence.SETTLES_SECONDS", 1.0)
    async with record.owner() as owner:
        await owner.execute("ALTER TABLE outbox RENAME TO outbox_away")
        stop = asyncio.Event()
        sweeping = asyncio.create_task(letters.sweep(stop))
        await asyncio.sleep(0.3)
        await owner.execute("ALTER TABLE outbox_away RENAME TO outbox")
        await asyncio.sleep(0.5)
        assert mail_server.messages == []
        async with asyncio.timeout(10):
            while not mail_server.messages:
                await asyncio.sleep(0.05)
        stop.set()
        await sweeping


async def test_many_workers_sweep_side_by_side(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    async with transaction(record.pool) as connection:
        for number in range(40):
            letter = Letter(
                f"e{number}", "review_under_way", "Ann", "ann@x.example.test", case.reference, datetime.now(UTC)
            )
            await case.letters.queue(connection, letter)
    await _age(record)
    workers = [a_correspondence(record.pool, mail_server) for _ in range(4)]
    await asyncio.gather(*(worker.sweep_once() for worker in workers))
    await workers[0].sweep_once()
    assert len(mail_server.messages) == 40


async def test_the_sweep_runs_until_it_is_told_to_stop(record: Record, mail_server: MailServer) -> None:
    letters = await _queued(record, mail_server)
    await _age(record)
    stop = asyncio.Event()
    sweeping = asyncio.create_task(letters.sweep(stop))
    async with asyncio.timeout(10):
        while not mail_server.messages:
            await asyncio.sleep(0.05)
        stop.set()
        await sweeping


async def test_the_sweep_goes_on_after_an_error_that_nobody_foresaw(
    record: Record, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    letters = await _queued(record, mail_server)
    await _age(record)
    sweep_once, rounds = letters.sweep_once, iter([KeyError("ann@x.example.test"), ZeroDivisionError()])

    async def fails_twice() -> int:
        if error := next(rounds, None):
            raise error
        return await sweep_once()

    monkeypatch.setattr(letters, "sweep_once", fails_twice)
    monkeypatch.setattr("activities.correspondence.SWEEP_SECONDS", 0.01)
    stop = asyncio.Event()
    sweeping = asyncio.create_task(letters.sweep(stop))
    async with asyncio.timeout(10):
        while not mail_server.messages and not sweeping.done():
            await asyncio.sleep(0.02)
        stop.set()
        await sweeping
    said = [r.getMessage() for r in caplog.records if "goes on after" in r.getMessage()]
    assert said == [f"the sweep goes on after an error: {name}" for name in ("KeyError", "ZeroDivisionError")]
    assert "ann" not in caplog.text


async def test_no_log_names_a_person(record: Record, mail_server: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    letters = await _queued(record, mail_server)
    mail_server.replies.append("451 ann@x.example.test is busy")
    await letters.send_waiting(["e1"])
    assert caplog.records
    assert "ann" not in caplog.text.lower()


async def test_a_mailer_says_accepted_refused_or_later(mail_server: MailServer) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@x.example.test", "b@x.example.test", "c"
    mailer = SmtpMailer(mail_server.url, timeout=5)
    assert (await mailer.send(message)).accepted
    mail_server.recipient_replies.append("550 no")
    refused = await mailer.send(message)
    assert (refused.accepted, refused.code) == (False, 550)
    mail_server.recipient_replies.append("450 greylisted")
    with pytest.raises(MailTroubleError, match="450"):
        await mailer.send(message)
    with pytest.raises(MailTroubleError):
        await SmtpMailer("smtp://127.0.0.1:1", timeout=1).send(message)
    assert "secret" not in repr(SmtpMailer("smtp://user:secret@x.example.test"))
