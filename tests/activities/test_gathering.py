"""Several letters in one: what waits, what never does, what the one letter holds, and what its refusal means."""

from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

import pytest

from activities.correspondence import Letter
from activities.gates import PostgresGates
from activities.record import transaction
from activities.rulebooks import FileRulebooks
from tests.builders import DEPLOY, LINK_KEY, MONDAY, ACase, a_case, a_correspondence
from tests.conftest import MailServer, Record
from workflows.contract.messages import Due
from workflows.policy.due import due_moment
from workflows.policy.links import open_

REVIEWER = "reviewer.one@n53.example.test"
RULES = FileRulebooks(DEPLOY / "rulebook", DEPLOY / "directory")
DIGEST = RULES.in_force(MONDAY.date()).digest
AFTER = DIGEST.after.value


async def a_gathering_case(record: Record, mail_server: MailServer) -> ACase:
    """A case in real time whose letters are gathered as the rulebook says."""
    case = await a_case(record.pool, mail_server)
    assert await record.value("SELECT (clock ->> 'speed')::float FROM cases") == 1
    case.letters = a_correspondence(record.pool, mail_server, digest=DIGEST)
    case.gates = PostgresGates(record.pool, case.letters, RULES)
    return case


async def write(case: ACase, number: int, letter: str = "withdrawn", due_in: int = 9) -> None:
    """Queue so many letters to one person, each about an event of its own."""
    due = (case.at + timedelta(days=due_in)).date().isoformat()
    words = {"title": "Write the draft review", "due": due}
    already = await case.pool.fetchval("SELECT count(*) FROM outbox")
    async with transaction(case.pool) as connection:
        for n in range(number):
            event = f"{case.reference}/made-up/{already + n}"
            note = Letter(event, letter, "Example One", REVIEWER, case.reference, case.at, words=words)
            await case.letters.queue(connection, note)


async def states(record: Record) -> list[str]:
    return [str(row["state"]) for row in await record.rows("SELECT state FROM outbox ORDER BY recorded_at")]


async def hours_pass(case: ACase, minutes: int = DIGEST.wait_minutes.value + 1) -> None:
    """The sweep after so many minutes, and the one a minute later that sends what the first has put together."""
    for passed in (minutes, 1):
        await case.pool.execute("UPDATE outbox SET recorded_at = recorded_at - $1::interval", timedelta(minutes=passed))
        while await case.letters.sweep_once():
            pass


def texts(message: EmailMessage) -> tuple[str, str]:
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain
    assert html
    return str(plain.get_content()), str(html.get_content())


async def test_the_first_few_go_singly_and_the_others_in_one(record: Record, mail_server: MailServer) -> None:
    case = await a_gathering_case(record, mail_server)
    await write(case, AFTER)
    assert await states(record) == ["queued"] * AFTER
    await hours_pass(case, minutes=1)
    assert len(mail_server.to(REVIEWER)) == AFTER
    await write(case, 3)
    assert await states(record) == ["sent"] * AFTER + ["held"] * 3
    await hours_pass(case, minutes=1)
    assert len(mail_server.to(REVIEWER)) == AFTER, "they wait for others"
    await hours_pass(case)
    *_, digest = mail_server.to(REVIEWER)
    assert len(mail_server.to(REVIEWER)) == AFTER + 1
    assert digest["Subject"] == "SFO cases: 3 letters in one"
    for text in texts(digest):
        assert text.count(f"{case.reference}: No longer needed: Write the draft review") == 3
    assert await states(record) == ["sent"] * AFTER + ["gathered"] * 3 + ["sent"]
    await hours_pass(case)
    assert len(mail_server.to(REVIEWER)) == AFTER + 1


async def test_one_alone_goes_as_it_is(record: Record, mail_server: MailServer) -> None:
    case = await a_gathering_case(record, mail_server)
    await write(case, AFTER + 1)
    await hours_pass(case)
    subjects = [message["Subject"] for message in mail_server.to(REVIEWER)]
    assert len(subjects) == AFTER + 1
    assert len(set(subjects)) == 1


@pytest.mark.parametrize(
    ("letter", "due_in", "waits"),
    [
        ("asked", 9, True),
        ("asked", DIGEST.urgent_days.value, False),
        ("reassigned", 1, False),
        ("reminder", -30, True),
        ("deputy", 9, False),
        ("overdue_notice", -3, False),
        ("answer_refused", 9, False),
        ("withdrawn", 9, True),
    ],
)
async def test_what_is_due_soon_or_must_be_done_again_never_waits(
    record: Record, mail_server: MailServer, letter: str, due_in: int, waits: bool
) -> None:
    case = await a_gathering_case(record, mail_server)
    await write(case, AFTER)
    await write(case, 1, letter, due_in)
    assert (await states(record))[-1] == ("held" if waits else "queued")


async def test_letters_of_a_rehearsal_and_of_the_day_before_count_not(record: Record, mail_server: MailServer) -> None:
    case = await a_gathering_case(record, mail_server)
    await write(case, AFTER)
    await record.pool.execute("UPDATE outbox SET recorded_at = recorded_at - interval '25 hours'")
    await write(case, 1)
    assert (await states(record))[-1] == "queued"
    await write(case, AFTER)
    assert (await states(record))[-1] == "held"
    await record.pool.execute("UPDATE cases SET clock = jsonb_set(clock, '{speed}', '5000')")
    await write(case, 1)
    assert (await states(record))[-1] == "queued"


async def test_a_question_that_was_answered_meanwhile_is_left_out_and_each_link_is_one_of_its_own(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_gathering_case(record, mail_server)
    await case.ask("rosh", stage="charge")
    person = str(await record.value("SELECT person_email FROM gates"))
    await record.pool.execute(
        """INSERT INTO outbox (event, letter, to_name, to_email, message_id, at, state)
           SELECT 'x' || n, 'asked', 'Example', $1, 'x' || n, now(), 'sent' FROM generate_series(1, $2) n""",
        person,
        AFTER,
    )
    gates = [(await case.ask("rosh", stage=f"charge-{n}", due=a_due_date())).gate for n in (2, 3, 4, 5)]
    held = await record.rows("SELECT gate FROM outbox WHERE state = 'held' ORDER BY gate")
    assert [row["gate"] for row in held] == gates
    await case.settle(gates[0], await case.decide(gates[0], "high"))
    assert await record.value("SELECT state FROM gates WHERE gate = $1", gates[0]) == "decided"
    await hours_pass(case)
    (digest,) = [m for m in mail_server.to(person) if "letters in one" in m["Subject"]]
    plain, html = texts(digest)
    tokens = [word.rpartition("/a/")[2] for word in plain.split() if "/a/" in word]
    links = [UUID(bytes=open_(token, {"k1": LINK_KEY})) for token in tokens]
    opened = await record.rows("SELECT gate FROM links WHERE link = ANY($1) ORDER BY gate", links)
    assert [row["gate"] for row in opened] == gates[1:]
    assert all(token in html for token in tokens)
    asked = "SELECT state, gathered_in FROM outbox WHERE gate = $1 AND letter = 'asked'"
    assert dict((await record.rows(asked, gates[0]))[0]) == {"state": "gathered", "gathered_in": None}


def a_due_date() -> Due:
    on = MONDAY.date() + timedelta(days=20)
    return Due(on=on, at=due_moment(on))


async def test_without_the_rule_nothing_waits(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await write(case, AFTER + 5)
    assert set(await states(record)) == {"queued"}


async def test_what_was_held_before_the_record_s_clock_was_put_back_is_gathered_now(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_gathering_case(record, mail_server)
    await write(case, AFTER + 3)
    await record.pool.execute("UPDATE outbox SET recorded_at = recorded_at + interval '1 day'")
    while "held" in await states(record):
        assert await case.letters.sweep_once()
