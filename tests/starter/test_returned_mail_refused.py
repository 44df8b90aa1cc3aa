"""Mail that comes back while something is away, by whom it cannot be made up, and what is logged and kept of it."""

import asyncio
import json
import logging
import os
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from starter.case_text import as_text
from starter.case_timeline import timeline
from starter.casebook import known_cases
from starter.relay import Relay
from starter.returned_mail import KEPT
from starter.signals import TemporalAwayError
from tests.builders import LINK_KEY, MONDAY, ACase
from tests.conftest import MailServer, Record
from tests.starter import came_back
from tests.starter.front_desk import FakeTemporal
from tests.starter.returning import PATTERN, PostOffice, address_of, sender_of
from tests.starter.test_relay import case as case  # the fixture
from tests.starter.test_relay import temporal as temporal  # the fixture
from tests.starter.test_relay_of_reports import tell_everybody
from tests.starter.test_returned_mail import DEPUTY, SPOC, asked, chased, climb, kinds, settle_down
from tests.starter.test_returned_mail import post as post  # the fixture
from tests.starter.test_returned_mail import relay as relay  # the fixture
from workflows.contract.vocabulary import Rung
from workflows.policy.links import seal
from workflows.policy.returns import return_address

# --- Temporal or the record away ----------------------------------------------------------------------


@pytest.mark.parametrize("text", [came_back.POSTFIX, came_back.EXCHANGE_AWAY])
async def test_what_came_back_while_temporal_was_away_is_told_later_and_once(
    case: ACase,
    relay: Relay,
    temporal: FakeTemporal,
    record: Record,
    mail_server: MailServer,
    post: PostOffice,
    text: str,
) -> None:
    gate = await asked(case)
    await post.bring(sender_of(mail_server, SPOC), text)
    temporal.is_away = True
    for _ in range(2):
        with pytest.raises(TemporalAwayError):
            await relay.tick()
    assert (post.names("new"), post.flags()) == ([], ["S"])
    temporal.is_away = False
    await settle_down(relay)
    assert [signal.content for signal in temporal.signals] == [{"gate": gate}]


async def test_a_ladder_that_was_climbed_while_temporal_was_away_is_not_climbed_again(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    gate = await asked(case)
    await post.bring(sender_of(mail_server, SPOC), came_back.EXCHANGE_AWAY)
    temporal.is_away = True
    with pytest.raises(TemporalAwayError):
        await relay.tick()
    await chased(case, gate, climb(case, Rung.DEPUTY))
    temporal.is_away = False
    await settle_down(relay)
    assert temporal.signals == []
    assert await record.value("SELECT told_workflow AND NOT climbs FROM returned_mail") is True


async def test_a_message_that_was_read_and_not_put_away_is_read_again_without_harm(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    """As after a process that died between the record and the Maildir."""
    await asked(case)
    await post.bring(sender_of(mail_server, SPOC), came_back.EXCHANGE_AWAY)
    await settle_down(relay)
    [name] = post.names("cur")
    (post.folder / "cur" / name).rename(post.folder / "new" / name.partition(":")[0])
    await settle_down(relay)
    assert len(temporal.signals) == 1
    assert await record.value("SELECT count(*) FROM audit WHERE action = 'letter_returned'") == 1
    assert post.names("cur") == [name]


# --- who cannot make it happen ------------------------------------------------------------------------


async def test_without_a_sealed_token_of_a_letter_nothing_happens(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, post: PostOffice
) -> None:
    await asked(case)
    real = await address_of(record)
    letter_id = UUID(str(await record.value("SELECT letter_id FROM outbox")))
    link = seal(letter_id.bytes, "k1", LINK_KEY)
    forged = [
        return_address(PATTERN, letter_id.bytes, b"x" * 32),
        real.replace("+", "+a"),
        real[:4] + ("b" if real[4] == "a" else "a") + real[5:],
        f"sfo+{link[:42].lower()}@example.test",
        "sfo@example.test",
        return_address(PATTERN, uuid4().bytes, LINK_KEY),  # sealed by us, of no letter in this record
    ]
    for number, address in enumerate(forged):
        post.put(f"{number}.example", f"To: {address}\n{came_back.POSTFIX}".encode())
    await settle_down(relay)
    assert temporal.signals == []
    assert await kinds(record) == []
    assert await record.value("SELECT state FROM outbox") == "sent"
    assert (post.names("new"), post.names("cur"), len(post.names("aside"))) == ([], [], len(forged))


async def test_a_letter_long_settled_and_a_case_that_closed_are_left_as_they_are(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    await asked(case)
    await tell_everybody(case)
    await record.pool.execute("UPDATE gates SET state = 'decided'")
    await record.pool.execute("UPDATE cases SET closed_on = '2026-12-01', outcome = 'completed'")
    temporal.ended.add(f"sfo/{case.reference}/notification")
    for email in (SPOC, "other@n53.example.test"):
        await post.bring(sender_of(mail_server, email), came_back.POSTFIX)
    await settle_down(relay)
    assert temporal.signals == []
    assert await record.value("SELECT count(*) FROM escalations") == 0
    assert await kinds(record) == ["failed", "failed"]


async def test_hostile_files_are_set_aside_and_stop_nothing(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    gate, to = await asked(case), f"To: {await address_of(record)}\n".encode()
    with post.put("1.huge", b"From: a@b.test\n\n").open("r+b") as huge:
        huge.truncate(100 * 1024 * 1024)
    post.put("2.nothing", b"")
    post.put("3.bytes", bytes(range(256)) * 100)
    post.put("4.parts", to + b"Content-Type: multipart/mixed; boundary=b\n\n" * 1000)
    (post.folder / "new" / "5.link").symlink_to("/dev/zero")
    os.mkfifo(post.folder / "new" / "6.pipe")
    (post.folder / "new" / "7.folder").mkdir()
    post.put("8.unclear", to + came_back.UNCLEAR.encode())
    post.put("9.real", to + came_back.POSTFIX.encode() + b"\n" * 50_000_000)
    async with asyncio.timeout(60):
        await settle_down(relay)
    assert [signal.content for signal in temporal.signals] == [{"gate": gate}]
    left = post.names("new")
    assert left in ([], ["7.folder"])
    assert post.names("cur") == ["9.real:2,S"]
    assert len(post.names("aside")) == 8 - len(left)


async def test_a_message_that_cannot_be_put_away_stops_no_other_and_is_not_read_over_and_over(
    case: ACase,
    relay: Relay,
    temporal: FakeTemporal,
    record: Record,
    post: PostOffice,
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate, to = await asked(case), f"To: {await address_of(record)}\n"
    (post.folder / "aside").write_text("a file in the way")
    post.put("1.strange", b"From: a@b.test\n\n")
    post.put("2.real", (to + came_back.POSTFIX).encode())
    with caplog.at_level(logging.INFO, "starter.returned_mail"):
        await settle_down(relay)
    assert [signal.content for signal in temporal.signals] == [{"gate": gate}]
    assert post.names("new") == ["1.strange"]
    said = [line.getMessage() for line in caplog.records if "came back" in line.getMessage()]
    assert said == ["mail came back: 1 failed, 1 left where they are"]


async def test_no_maildir_is_said_once_and_deliveries_go_on(
    case: ACase, temporal: FakeTemporal, record: Record, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = PostOffice("", tmp_path / "nowhere")
    relay = Relay(temporal.delivery(record), record.pool, tmp_path, nowhere.reader(record.pool))
    await asked(case)
    await record.pool.execute("UPDATE outbox SET state = 'refused'")
    await settle_down(relay)
    assert len(temporal.signals) == 1
    said = [line.getMessage() for line in caplog.records if "returned mail" in line.getMessage()]
    assert said == ["returned mail cannot be read, looking again every minute: FileNotFoundError"]


# --- what people write, what is logged, what is kept --------------------------------------------------


async def test_an_answer_of_a_person_is_left_for_people(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    await asked(case)
    await post.bring(sender_of(mail_server, SPOC), came_back.ANSWER)
    await settle_down(relay)
    assert post.flags() == ["F"]
    assert await kinds(record) == []
    assert temporal.signals == []


async def test_nothing_of_a_message_is_logged_or_recorded(
    case: ACase,
    relay: Relay,
    record: Record,
    mail_server: MailServer,
    post: PostOffice,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await asked(case)
    texts = [came_back.POSTFIX, came_back.EXCHANGE_AWAY, came_back.ANSWER, came_back.UNCLEAR, came_back.DELAYED]
    for text in texts:
        await post.bring(sender_of(mail_server, SPOC), text)
    post.put("broken", b"To: \xff\nSubject: Invented-Subject =?x?q?=\n\nSecret-Words")
    with caplog.at_level(logging.DEBUG):
        await settle_down(relay)
    said = [line.getMessage() for line in caplog.records if line.name == "starter.returned_mail"]
    assert said == ["mail came back: 1 away, 1 delayed, 1 failed, 1 person, 2 set aside"]
    logged = "\n".join(f"{line.getMessage()} {line.exc_text}" for line in caplog.records)
    rows = await record.rows("SELECT * FROM returned_mail")
    rows += await record.rows("SELECT actor, subject, detail FROM audit WHERE action = 'letter_returned'")
    kept = json.dumps(rows, default=str)
    assert len(rows) == 6
    for word in ("Automatic reply", "invented leave", "person@", "Example Person", "Invented-Subject", "Secret-Words"):
        assert word not in logged
        assert word not in kept
    assert "@" not in kept


async def test_what_was_read_is_deleted_after_a_month(
    case: ACase, relay: Relay, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    for folder in ("cur", "aside"):
        (post.folder / folder).mkdir(exist_ok=True)
        for name, days in (("old", KEPT.days + 1), ("young", KEPT.days - 1)):
            path = post.folder / folder / name
            path.write_text("Invented.")
            os.utime(path, (time.time() - days * 86_400,) * 2)
    await asked(case)
    await relay.tick()
    assert (post.names("cur"), post.names("aside")) == (["young"], ["young"])


async def test_the_case_says_to_which_role_a_letter_came_back_and_not_that_somebody_in_it_is_away(
    case: ACase, relay: Relay, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    gate = await asked(case)
    await case.ask("feedback", "s1", stage="staff-feedback")
    await chased(case, gate, climb(case, Rung.DEPUTY))
    await tell_everybody(case)
    for email, text in (
        (SPOC, came_back.POSTFIX),
        (SPOC, came_back.DELAYED),
        (DEPUTY, came_back.EXCHANGE_AWAY),
        ("practitioner@n53.example.test", came_back.EXCHANGE_AWAY),
        ("other@n53.example.test", came_back.POSTFIX),
    ):
        await post.bring(sender_of(mail_server, email), text)
    await settle_down(relay)
    async with record.pool.acquire() as connection:
        (known,) = await known_cases(connection, (case.reference,))
    told = [line.strip() for line in as_text(known.view, ()).splitlines() if "came back" in line]
    assert sorted(told) == [
        "letter to deputy of spoc came back on 2026-10-05: away",
        "letter to somebody who is told came back on 2026-10-05: failed",
        "letter to spoc came back on 2026-10-05: failed",
    ]
    entries = [(one.what, one.detail) for one in timeline(known, (), MONDAY.date()) if "came back" in one.what]
    assert sorted(entries) == [
        ("A letter came back", "It could not be delivered"),
        (
            "A letter to the deputy of the regional single point of contact came back",
            "An out-of-office note answered it",
        ),
        ("A letter to the regional single point of contact came back", "It could not be delivered"),
    ]
