"""Court events out of a real queue into a real record: once each, whatever comes twice, late or broken."""

import asyncio
import copy
import json
import logging
from datetime import date, timedelta

import pytest

from starter.amazon import AmazonAwayError, Queue, Received
from starter.connections import OUT_OF_REACH, open_pool
from starter.court_queue import CourtQueue, Taken
from tests.conftest import Record
from tests.starter.on_amazon import Amazon, a_charged_case, about, the_queue
from tests.starter.on_amazon import amazon as amazon  # the fixtures
from tests.starter.on_amazon import amazon_server as amazon_server
from tests.starter.on_amazon import no_waiting as no_waiting

CHARGED = date(2026, 10, 5)


async def events(record: Record) -> list[tuple[str, date]]:
    rows = await record.pool.fetch("SELECT kind, on_date FROM court_events ORDER BY on_date")
    return [(row["kind"], row["on_date"]) for row in rows]


async def test_a_court_event_is_recorded_for_the_relay_and_the_message_is_gone(record: Record, amazon: Amazon) -> None:
    reference = await a_charged_case(record)
    url = amazon.queue()
    amazon.say(amazon.topic(into=url), await about(record, reference))
    assert await CourtQueue(the_queue(amazon, url), record.pool).take_some() == [Taken.RECORDED]
    assert amazon.waiting(url) == 0
    assert await events(record) == [("convicted", CHARGED)]
    (row,) = await record.rows("SELECT actor, detail FROM audit WHERE action = 'court_event_reported'")
    assert row == {"actor": "court-queue", "detail": {"kind": "convicted", "on": "2026-10-05"}}


async def test_the_same_message_again_changes_nothing_also_when_the_case_has_closed(
    record: Record, amazon: Amazon
) -> None:
    reference = await a_charged_case(record)
    url = amazon.queue()
    topic, court = amazon.topic(into=url), CourtQueue(the_queue(amazon, url), record.pool)
    for expected in (Taken.RECORDED, Taken.REPEATED, Taken.REPEATED):
        amazon.say(topic, await about(record, reference))
        assert await court.take_some() == [expected]
        await record.pool.execute("UPDATE cases SET closed_on = $1, outcome = 'reviewed'", CHARGED)
    assert await record.value("SELECT count(*) FROM audit WHERE action = 'court_event_reported'") == 1
    assert amazon.waiting(url) == 0


async def test_events_out_of_order_are_each_recorded(record: Record, amazon: Amazon) -> None:
    reference = await a_charged_case(record)
    url = amazon.queue()
    topic, court = amazon.topic(into=url), CourtQueue(the_queue(amazon, url), record.pool)
    for kind, days in (("sentenced", 3), ("convicted", 2), ("appeared", 1)):
        amazon.say(topic, await about(record, reference, kind, CHARGED + timedelta(days=days)))
    assert sorted(await court.take_some()) == [Taken.RECORDED] * 3
    assert [kind for kind, _ in await events(record)] == ["appeared", "convicted", "sentenced"]


async def test_an_amended_charge_is_recorded_whole(record: Record, amazon: Amazon) -> None:
    message = await about(record, await a_charged_case(record), "amended")
    message["additionalInformation"]["amendedTo"] = [{"code": "COML025", "offenceOn": "2026-10-02", "victimAge": 12}]
    url = amazon.queue()
    amazon.say(amazon.topic(into=url), message)
    assert await CourtQueue(the_queue(amazon, url), record.pool).take_some() == [Taken.RECORDED]
    offences = [{"code": "COML025", "offence_on": "2026-10-02", "victim_age": 12}]
    assert await record.value("SELECT offences FROM court_events") == offences


async def test_what_is_about_nobody_here_another_offence_or_a_rehearsal_is_deleted_and_nothing_recorded(
    record: Record, amazon: Amazon
) -> None:
    rehearsed = await about(record, await a_charged_case(record, speed=1000, crn="X900009"))
    message = await about(record, await a_charged_case(record))
    stranger, other_offence, other_day, other_type = (copy.deepcopy(message) for _ in range(4))
    stranger["personReference"]["identifiers"][0]["value"] = "X900007"
    other_offence["additionalInformation"]["offences"] = [{"code": "TH68001", "offenceOn": "2026-10-02"}]
    other_day["additionalInformation"]["offences"] = [{"code": "SX03001A", "offenceOn": "2026-09-02"}]
    other_type["eventType"] = "person.court-appearance.completed"
    url = amazon.queue()
    topic, court = amazon.topic(into=url), CourtQueue(the_queue(amazon, url), record.pool)
    for one in (stranger, other_offence, other_day, other_type, rehearsed):
        amazon.say(topic, one)
    assert await court.take_some() == [Taken.NOT_OURS] * 5
    assert (await events(record), amazon.waiting(url)) == ([], 0)


async def test_of_two_cases_of_a_person_the_one_with_the_offence_hears_it_and_where_both_fit_nobody_guesses(
    record: Record, amazon: Amazon
) -> None:
    first = await a_charged_case(record)
    second = await a_charged_case(record, offences=[{"code": "COML025", "offence_on": "2026-10-01"}])
    url = amazon.queue()
    topic, court = amazon.topic(into=url), CourtQueue(the_queue(amazon, url), record.pool)
    message = await about(record, first)
    message["additionalInformation"]["offences"] = [{"code": "SX03001A", "offenceOn": "2026-10-02"}]
    amazon.say(topic, message)
    assert await court.take_some() == [Taken.RECORDED]
    assert await record.value("SELECT reference FROM court_events") == first
    amazon.say(topic, await about(record, second))
    assert await court.take_some() == [Taken.REFUSED]
    assert amazon.waiting(url) == 1


@pytest.mark.parametrize("on", [CHARGED - timedelta(days=1), date(2999, 1, 1)])
async def test_what_a_rule_refuses_goes_to_the_dead_letters_and_is_told_without_the_person(
    record: Record, amazon: Amazon, caplog: pytest.LogCaptureFixture, on: date
) -> None:
    reference = await a_charged_case(record)
    url = amazon.queue(receives=2)
    court, queue = CourtQueue(the_queue(amazon, url), record.pool), the_queue(amazon, url)
    amazon.say(amazon.topic(into=url), await about(record, reference, on=on))
    with caplog.at_level(logging.DEBUG, logger="starter"):
        taken = [outcome for _ in range(4) for outcome in await court.take_some()]
    assert taken == [Taken.REFUSED] * 2
    state = await queue.state()
    assert (state.waiting, state.dead) == (0, 1)
    assert reference in caplog.text
    assert "X900001" not in caplog.text


async def test_a_poison_message_holds_up_no_other_and_goes_to_the_dead_letters(
    record: Record, amazon: Amazon, caplog: pytest.LogCaptureFixture
) -> None:
    reference = await a_charged_case(record)
    url = amazon.queue(receives=2)
    court, queue = CourtQueue(the_queue(amazon, url), record.pool), the_queue(amazon, url)
    amazon.sqs.send_message(QueueUrl=url, MessageBody="Example Person of X900001")
    amazon.say(amazon.topic(into=url), await about(record, reference))
    taken = [outcome for _ in range(4) for outcome in await court.take_some()]
    assert sorted(taken) == [Taken.RECORDED, Taken.UNREADABLE, Taken.UNREADABLE]
    assert (await queue.state()).dead == 1
    assert "not JSON" in caplog.text
    assert "X900001" not in caplog.text
    assert "Example Person" not in caplog.text


async def test_what_nobody_foresaw_in_one_message_holds_up_no_other(
    record: Record, amazon: Amazon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(body: str) -> None:
        raise RuntimeError(body)

    url = amazon.queue()
    amazon.say(amazon.topic(into=url), await about(record, await a_charged_case(record)))
    with monkeypatch.context() as broken:
        broken.setattr("starter.court_queue.read", break_down)
        assert await CourtQueue(the_queue(amazon, url), record.pool).take_some() == [Taken.FAILED]
    assert amazon.waiting(url) == 1
    assert "X900001" not in caplog.text


# --- something is away --------------------------------------------------------------------------------


async def test_while_the_record_is_away_nothing_is_even_received(record: Record, amazon: Amazon) -> None:
    url = amazon.queue(receives=1)
    amazon.say(amazon.topic(into=url), await about(record, await a_charged_case(record)))
    nowhere = await open_pool("postgresql://sfo_app@/sfo?host=/nonexistent", min_size=0)
    for _ in range(3):
        with pytest.raises(OUT_OF_REACH):
            await CourtQueue(the_queue(amazon, url), nowhere).take_some()
    await nowhere.close()
    assert await CourtQueue(the_queue(amazon, url), record.pool).take_some() == [Taken.RECORDED]


async def test_a_record_that_goes_away_in_the_middle_leaves_the_message_in_the_queue(
    record: Record, amazon: Amazon
) -> None:
    url = amazon.queue()
    amazon.say(amazon.topic(into=url), await about(record, await a_charged_case(record)))
    pool = await open_pool(record.app_url)

    class Breaking(Queue):
        async def receive(self) -> list[Received]:
            found = await super().receive()
            pool.terminate()
            return found

    queue = the_queue(amazon, url)
    with pytest.raises(OUT_OF_REACH):
        await CourtQueue(Breaking(queue._client, url), pool).take_some()
    assert amazon.waiting(url) == 1
    assert await CourtQueue(queue, record.pool).take_some() == [Taken.RECORDED]


async def test_a_message_that_could_not_be_deleted_comes_again_and_changes_nothing(
    record: Record, amazon: Amazon
) -> None:
    class Forgetful(Queue):
        async def delete(self, message: Received) -> None:
            raise AmazonAwayError("InternalError")

    url = amazon.queue()
    amazon.say(amazon.topic(into=url), await about(record, await a_charged_case(record)))
    queue = the_queue(amazon, url)
    with pytest.raises(AmazonAwayError):
        await CourtQueue(Forgetful(queue._client, url), record.pool).take_some()
    assert await CourtQueue(queue, record.pool).take_some() == [Taken.REPEATED]
    assert len(await events(record)) == 1


async def test_an_outage_of_the_queue_is_told_once_and_what_waits_is_taken_afterwards(
    record: Record, amazon: Amazon, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.persisting._FIRST_PAUSE", 0.02)
    monkeypatch.setattr("starter.persisting._LONGEST_PAUSE", 0.02)
    reference = await a_charged_case(record)
    missing = f"{amazon.url}/123456789012/comes-later"
    running = asyncio.create_task(CourtQueue(the_queue(amazon, missing), record.pool).run())
    try:
        async with asyncio.timeout(30):
            while "are not taken" not in caplog.text:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
            url = amazon.sqs.create_queue(QueueName="comes-later")["QueueUrl"]
            amazon.say(amazon.topic(into=url), await about(record, reference))
            while not await events(record):
                await asyncio.sleep(0.02)
            while "taken again" not in caplog.text:
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert caplog.text.count("are not taken") == 1
    amazon.sqs.delete_queue(QueueUrl=url)


async def test_several_gateways_record_each_message_once(
    record: Record, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.amazon.VISIBLE_AGAIN_SECONDS", 30)
    reference = await a_charged_case(record)
    url = amazon.queue(visible=30)
    topic = amazon.topic(into=url)
    days = [CHARGED + timedelta(days=n) for n in range(30)]
    for on in days:
        amazon.say(topic, await about(record, reference, "appeared", on))
    gateways = [CourtQueue(the_queue(amazon, url), record.pool) for _ in range(4)]
    taken: list[Taken] = []
    while amazon.waiting(url):
        for some in await asyncio.gather(*(gateway.take_some() for gateway in gateways)):
            taken += some
    # A standard queue may hand a message to two at once: it is recorded by one, and the other sees that it was.
    assert taken.count(Taken.RECORDED) == 30
    assert set(taken) <= {Taken.RECORDED, Taken.REPEATED}
    assert await record.value("SELECT count(*) FROM audit WHERE action = 'court_event_reported'") == 30
    assert [on for _, on in await events(record)] == days


async def test_a_forged_message_reports_an_event_and_can_do_no_more(record: Record, amazon: Amazon) -> None:
    """Whoever may send to the queue can do what `sfo court-event` does, to a person and offence that they know."""
    await a_charged_case(record)
    before = {name: await record.value(f"SELECT count(*) FROM {name}") for name in ("cases", "decisions", "outbox")}
    url = amazon.queue()
    message = json.loads(json.dumps(await about(record, str(await record.value("SELECT reference FROM cases")))))
    message["additionalInformation"] |= {"caseReference": "'; DROP TABLE cases; --", "decision": "accepted"}
    amazon.say(amazon.topic(into=url), message)
    await CourtQueue(the_queue(amazon, url), record.pool).take_some()
    assert {name: await record.value(f"SELECT count(*) FROM {name}") for name in before} == before
    assert len(await events(record)) == 1
