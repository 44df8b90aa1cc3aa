"""Mail that comes back over SMTP: what it means for the letter, its question and its case, and what it cannot do."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from activities.gathering import gather
from starter.relay import Relay
from tests.builders import ACase
from tests.conftest import MailServer, Record
from tests.starter import came_back
from tests.starter.front_desk import FakeTemporal
from tests.starter.returning import KEYS, PATTERN, PostOffice, post_office, sender_of
from tests.starter.test_relay import case as case  # the fixture
from tests.starter.test_relay import temporal as temporal  # the fixture
from tests.starter.test_relay_of_reports import tell_everybody
from workflows.contract.messages import Chase, Step
from workflows.contract.vocabulary import Rung, StepKind
from workflows.policy.returns import letter_of

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
