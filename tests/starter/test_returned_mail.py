"""Mail that comes back over SMTP: what it means for the letter, its question and its case, and what it cannot do."""

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from activities.gathering import gather
from starter.case_timeline import timeline
from starter.casebook import Wanted, as_text, known_cases
from starter.relay import Relay
from starter.returned_mail import KEPT
from starter.signals import TemporalAwayError
from tests.builders import LINK_KEY, MONDAY, ACase
from tests.conftest import MailServer, Record
from tests.starter import came_back
from tests.starter.front_desk import FakeTemporal
from tests.starter.returning import KEYS, PATTERN, PostOffice, address_of, post_office, sender_of
from tests.starter.test_relay import case as case  # the fixture
from tests.starter.test_relay import temporal as temporal  # the fixture
from tests.starter.test_relay_of_reports import tell_everybody
from workflows.contract.messages import Chase, Step
from workflows.contract.vocabulary import Rung, StepKind
from workflows.policy.links import seal
from workflows.policy.returns import letter_of, return_address

SPOC, DEPUTY = "spoc@n53.example.test", "sfo.team@n53.example.test"


@pytest_asyncio.fixture
async def post(tmp_path: Path) -> AsyncIterator[PostOffice]:
    async with post_office(tmp_path) as post:
        yield post


@pytest.fixture
def relay(record: Record, temporal: FakeTemporal, post: PostOffice, tmp_path: Path) -> Relay:
    return Relay(temporal.delivery(record), record.pool, tmp_path, post.reader(record.pool))


async def asked(case: ACase) -> str:
    """A question to the SPoC, whose deputy is the SFO Team."""
    return (await case.ask("notification", stage="notification")).gate


async def chased(case: ACase, gate: str, *steps: Step) -> None:
    await case.gates.chase_gate(Chase(gate=gate, at=case.at, steps=steps))


def climb(case: ACase, rung: Rung) -> Step:
    return Step(at=case.at, kind=StepKind.CLIMB, rung=rung)


def remind(case: ACase) -> Step:
    return Step(at=case.at, kind=StepKind.REMIND)


async def kinds(record: Record) -> list[object]:
    return [row["kind"] for row in await record.rows("SELECT kind FROM returned_mail ORDER BY recorded_at")]


async def settle_down(relay: Relay) -> None:
    for _ in range(3):
        await relay.tick()


# --- the letter that leaves ---------------------------------------------------------------------------


async def test_every_letter_leaves_with_a_return_address_of_its_own(
    case: ACase, record: Record, mail_server: MailServer
) -> None:
    await asked(case)
    await tell_everybody(case)
    assert len(mail_server.senders) == len(set(mail_server.senders)) == 5
    for row in await record.rows("SELECT letter_id, to_email FROM outbox"):
        sealed = letter_of([sender_of(mail_server, str(row["to_email"]))], PATTERN, KEYS)
        assert sealed is not None
        assert UUID(bytes=sealed) == row["letter_id"]
    assert {str(m["From"].addresses[0].addr_spec) for m in mail_server.messages} == {"sfo@example.test"}
    assert {str(m["Reply-To"]) for m in mail_server.messages} == {"sfo@example.test"}


# --- what cannot be delivered -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["POSTFIX", "EXCHANGE", "GMAIL", "QMAIL", "EXIM"])
async def test_a_letter_that_comes_back_lets_its_question_climb_once(
    case: ACase,
    relay: Relay,
    temporal: FakeTemporal,
    record: Record,
    mail_server: MailServer,
    post: PostOffice,
    name: str,
) -> None:
    gate = await asked(case)
    await post.bring(sender_of(mail_server, SPOC), getattr(came_back, name))
    await settle_down(relay)
    (signal,) = temporal.signals
    assert (signal.name, signal.content) == ("undeliverable", {"gate": gate})
    assert signal.workflow_id == f"sfo/{case.reference}/notification"
    [row] = await record.rows("SELECT state, error_code, told_workflow FROM outbox")
    assert (row["state"], row["error_code"], row["told_workflow"]) == ("refused", 550, True)
    assert (post.names("new"), post.flags()) == ([], ["S"])


async def test_what_came_back_stands_in_the_record_in_codes_and_once(
    case: ACase, relay: Relay, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    gate = await asked(case)
    for _ in range(2):
        await post.bring(sender_of(mail_server, SPOC).upper(), came_back.POSTFIX)
    await settle_down(relay)
    [row] = await record.rows("SELECT kind, status FROM returned_mail")
    assert row == {"kind": "failed", "status": "5.1.1"}
    [audit] = await record.rows("SELECT actor, subject, detail FROM audit WHERE action = 'letter_returned'")
    assert audit == {
        "actor": "relay",
        "subject": f"{gate}/asked",
        "detail": {"kind": "failed", "letter": "asked", "status": "5.1.1"},
    }
    assert (post.names("new"), post.flags()) == ([], ["S", "S"])


async def test_a_letter_that_only_informs_climbs_nowhere_and_without_a_question_it_is_a_concern(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    gate = await asked(case)
    await chased(case, gate, climb(case, Rung.SENIOR_LEAD))
    await post.bring(sender_of(mail_server, "senior.lead@n53.example.test"), came_back.POSTFIX)
    await settle_down(relay)
    assert temporal.signals == []
    await tell_everybody(case)
    await post.bring(sender_of(mail_server, "other@n53.example.test"), came_back.POSTFIX)
    await settle_down(relay)
    assert [signal.name for signal in temporal.signals] == ["raise_concern"]
    assert await record.value("SELECT about FROM escalations") == "review_under_way"


async def test_a_delay_and_a_receipt_change_nothing(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    await asked(case)
    for text in (came_back.DELAYED, came_back.READ_RECEIPT, came_back.DELIVERED):
        await post.bring(sender_of(mail_server, SPOC), text)
    await settle_down(relay)
    assert await kinds(record) == ["delayed"]  # that somebody has read a letter is not our business
    assert await record.value("SELECT state FROM outbox") == "sent"
    assert temporal.signals == []
    assert post.flags() == ["S", "S", "S"]


async def test_a_failure_that_arrives_before_the_letter_is_marked_as_sent_counts(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    gate = await asked(case)
    await record.pool.execute("UPDATE outbox SET state = 'sending', claimed_at_wall = now()")
    await post.bring(sender_of(mail_server, SPOC), came_back.POSTFIX)
    await settle_down(relay)
    assert [signal.content for signal in temporal.signals] == [{"gate": gate}]
    assert await record.value("SELECT state FROM outbox") == "refused"


# --- who is away --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["EXCHANGE_AWAY", "GMAIL_AWAY", "OUTLOOK_AWAY"])
async def test_with_the_person_asked_away_the_question_climbs_once_however_often_they_are_reminded(
    case: ACase,
    relay: Relay,
    temporal: FakeTemporal,
    record: Record,
    mail_server: MailServer,
    post: PostOffice,
    name: str,
) -> None:
    gate = await asked(case)
    for days in range(4):
        await post.bring(sender_of(mail_server, SPOC), getattr(came_back, name))
        await settle_down(relay)
        case.pass_days(days + 1)
        await chased(case, gate, remind(case))
    assert len(mail_server.to(SPOC)) == 5
    (signal,) = temporal.signals
    assert (signal.name, signal.content) == ("undeliverable", {"gate": gate})
    assert await kinds(record) == ["away"] * 4
    assert await record.value("SELECT count(*) FROM returned_mail WHERE climbs") == 1
    assert await record.value("SELECT count(*) FROM outbox WHERE state = 'refused'") == 0


async def test_with_the_deputy_asked_already_an_absent_person_changes_nothing(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    gate = await asked(case)
    await chased(case, gate, climb(case, Rung.DEPUTY))
    await post.bring(sender_of(mail_server, SPOC), came_back.EXCHANGE_AWAY)
    await settle_down(relay)
    assert await kinds(record) == ["away"]
    assert temporal.signals == []


async def test_with_the_deputy_away_too_the_next_rung_is_climbed_once(
    case: ACase, relay: Relay, temporal: FakeTemporal, mail_server: MailServer, post: PostOffice
) -> None:
    gate = await asked(case)
    await post.bring(sender_of(mail_server, SPOC), came_back.EXCHANGE_AWAY)
    await settle_down(relay)
    await chased(case, gate, climb(case, Rung.DEPUTY))
    for _ in range(2):
        await post.bring(sender_of(mail_server, DEPUTY), came_back.EXCHANGE_AWAY)
        await settle_down(relay)
        assert [signal.content for signal in temporal.signals] == [{"gate": gate}] * 2
        case.pass_days(1)
        await chased(case, gate, remind(case))
    await chased(case, gate, climb(case, Rung.SENIOR_LEAD))
    await post.bring(sender_of(mail_server, DEPUTY), came_back.EXCHANGE_AWAY)
    await settle_down(relay)
    assert len(temporal.signals) == 2


@pytest.mark.parametrize("name", ["POSTFIX", "GMAIL_AWAY"])
async def test_several_letters_in_one_that_comes_back_are_each_taken_as_if_alone(
    case: ACase,
    relay: Relay,
    temporal: FakeTemporal,
    record: Record,
    mail_server: MailServer,
    post: PostOffice,
    name: str,
) -> None:
    gates = [await asked(case), (await case.ask("public_interest", stage="charge")).gate]
    async with record.pool.acquire() as connection:
        await connection.execute("UPDATE outbox SET state = 'held', to_email = $1", SPOC)
        await connection.execute("UPDATE gates SET person_email = $1", SPOC)
        await gather(connection, SPOC, "example.test")
        await connection.execute("UPDATE outbox SET recorded_at = recorded_at - interval '1 minute'")
    await case.letters.sweep_once()
    await post.bring(sender_of(mail_server, SPOC), getattr(came_back, name))
    for _ in range(3):
        await settle_down(relay)
    signals = [(signal.name, signal.content["gate"]) for signal in temporal.signals]
    assert sorted(signals) == sorted(("undeliverable", gate) for gate in gates)
    assert await record.value("SELECT count(*) FROM outbox WHERE state = 'refused' AND NOT told_workflow") == 0


async def noted_only(relay: Relay, temporal: FakeTemporal, record: Record) -> None:
    await settle_down(relay)
    assert await kinds(record) == ["away"]
    assert await record.value("SELECT count(*) FROM returned_mail WHERE climbs") == 0
    assert temporal.signals == []


@pytest.mark.parametrize("state", ["paused_at = now()", "state = 'withdrawn'", "state = 'decided'"])
async def test_nothing_climbs_that_stands_still_or_has_ended(
    case: ACase,
    relay: Relay,
    temporal: FakeTemporal,
    record: Record,
    mail_server: MailServer,
    post: PostOffice,
    state: str,
) -> None:
    await asked(case)
    await record.pool.execute(f"UPDATE gates SET {state}")
    await post.bring(sender_of(mail_server, SPOC), came_back.EXCHANGE_AWAY)
    await noted_only(relay, temporal, record)


async def test_nothing_climbs_that_is_answered_already(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    await case.decide(await asked(case), "sent", sent_on="2026-10-05")
    await record.pool.execute("UPDATE decisions SET delivered_at_wall = now()")
    await post.bring(sender_of(mail_server, SPOC), came_back.EXCHANGE_AWAY)
    await noted_only(relay, temporal, record)


async def test_nothing_climbs_whose_silence_has_a_meaning_of_its_own(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    """A member of staff who is ill is waited for; nobody above them hears that they have not answered."""
    await case.ask("feedback", "s1", stage="staff-feedback")
    await post.bring(sender_of(mail_server, "practitioner@n53.example.test"), came_back.EXCHANGE_AWAY)
    await noted_only(relay, temporal, record)


async def test_an_absence_behind_a_letter_that_only_informs_climbs_nowhere(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer, post: PostOffice
) -> None:
    await tell_everybody(case)
    await post.bring(sender_of(mail_server, "other@n53.example.test"), came_back.EXCHANGE_AWAY)
    await noted_only(relay, temporal, record)


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
        (known,) = await known_cases(connection, Wanted(references=(case.reference,)))
    told = [line.strip() for line in as_text([known.view]).splitlines() if "came back" in line]
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
