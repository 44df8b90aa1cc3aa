"""The weekday digest from a real record over real SMTP: whom it reaches, what it lists, and when there is none."""

from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import pytest_asyncio

from activities.composition import uk_date
from activities.rulebooks import FileRulebooks
from activities.weekday_digest import PostgresDigests
from tests.builders import DEPLOY, MONDAY, ACase, a_case, a_correspondence
from tests.conftest import MailServer, Record
from workflows.contract.messages import NATIONAL, ClockStart, DigestLook, PlaceDigest
from workflows.contract.vocabulary import EscalationKind

LEAD, DEPUTY = "senior.lead@n53.example.test", "senior.lead.deputy@n53.example.test"
TEAM = "sfo.team@national.example.test"
MORNING = MONDAY.replace(hour=6, minute=30) + timedelta(days=2)  # Wednesday, 7 October 2026


@pytest.fixture
def digests(record: Record, mail_server: MailServer) -> PostgresDigests:
    rulebooks = FileRulebooks(DEPLOY / "rulebook", DEPLOY / "directory")
    return PostgresDigests(record.pool, a_correspondence(record.pool, mail_server), rulebooks)


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer) -> ACase:
    return await a_case(record.pool, mail_server)


async def write(digests: PostgresDigests, place: str, at: datetime = MORNING) -> bool:
    return (await digests.write_digest(PlaceDigest(place=place, on=at.date(), at=at))).written


def digest_to(mail: MailServer, email: str) -> list[EmailMessage]:
    return [one for one in mail.to(email) if "Weekday digest" in str(one["Subject"])]


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def listed(message: EmailMessage) -> dict[str, list[str]]:
    """The lines below each heading."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in text(message).splitlines():
        if line.startswith("- "):
            found.setdefault(heading, []).append(line[2:])
        elif line and not line.startswith("And so"):
            heading = line
    return found


async def test_a_region_is_told_what_is_due_and_late_by_role(
    case: ACase, digests: PostgresDigests, mail_server: MailServer
) -> None:
    await case.ask("notification", stage="notification")
    (gate,) = await case.pool.fetch("SELECT * FROM gates")
    assert not await write(digests, "N53")  # ten working days are left
    late = datetime.combine(gate["due_on"], MORNING.timetz()) + timedelta(days=1)
    while late.weekday() > 4:
        late += timedelta(days=1)
    assert await write(digests, "N53", late)
    (message,) = digest_to(mail_server, LEAD)
    assert message["Subject"] == f"SFO cases: Weekday digest for East Midlands, {uk_date(late.date().isoformat())}"
    assert "References" not in message
    (line,) = listed(message)["Overdue"]
    assert line.startswith(f"{case.reference}: Notify the HMPPS SFO Team, the single point of contact, due ")
    assert line.endswith("working days late: 1")
    assert "https://sfo.example.test/my" in text(message)
    (head,) = await case.pool.fetch("SELECT seq, hash FROM audit ORDER BY seq DESC OFFSET 1 LIMIT 1")
    assert f"row {head['seq']}, {head['hash'].hex()}" in text(message)
    for person in ("Example", "practitioner@", "officer1@"):
        assert person not in text(message).partition("\n")[2]


async def test_with_nothing_to_say_there_is_no_letter(
    case: ACase, digests: PostgresDigests, mail_server: MailServer, record: Record
) -> None:
    assert await record.value("SELECT count(*) FROM gates") == 0
    assert not await write(digests, "N53")
    assert not await write(digests, NATIONAL)
    assert mail_server.messages == []


async def test_an_answered_question_waits_for_nobody(
    case: ACase, digests: PostgresDigests, mail_server: MailServer
) -> None:
    gate = (await case.ask("notification", stage="notification")).gate
    await case.pool.execute("UPDATE gates SET due_on = '2026-10-08', due_at = '2026-10-08 22:59:59+00'")
    await case.decide(gate, "sent", sent_on="2026-10-05")
    assert not await write(digests, "N53")


@pytest.mark.parametrize(
    ("moment", "is_day"),
    [
        (datetime(2026, 12, 24, 7, 30, tzinfo=UTC), True),
        (datetime(2026, 12, 25, 7, 30, tzinfo=UTC), False),
        (datetime(2026, 12, 28, 7, 30, tzinfo=UTC), False),  # Boxing Day, moved from a Saturday
        (datetime(2026, 12, 26, 7, 30, tzinfo=UTC), False),  # a Saturday
        (datetime(2026, 12, 29, 7, 30, tzinfo=UTC), True),
        (datetime(2026, 12, 30, 7, 30, tzinfo=UTC), False),  # announced late, in the record
    ],
)
async def test_on_a_day_off_there_is_none(
    case: ACase, digests: PostgresDigests, moment: datetime, is_day: bool
) -> None:
    await case.pool.execute(
        "INSERT INTO bank_holidays (holiday, name, source, announced_by) "
        "VALUES ('2026-12-30', 'Invented', 'invented', 'x@example.test')"
    )
    plan = await digests.plan_digest(DigestLook(at=moment))
    assert plan.on == moment.date()
    assert plan.places == (("N53", NATIONAL) if is_day else ())


async def test_twice_on_one_day_is_one_letter_and_the_next_day_another(
    case: ACase, digests: PostgresDigests, mail_server: MailServer, record: Record
) -> None:
    await _late_question(case)
    assert await write(digests, "N53")
    assert await write(digests, "N53", MORNING + timedelta(hours=5))  # it says again what it said
    assert len(digest_to(mail_server, LEAD)) == 1
    assert await write(digests, "N53", MORNING + timedelta(days=1))
    assert len(digest_to(mail_server, LEAD)) == 2
    rows = await record.rows("SELECT subject, detail FROM audit WHERE action = 'digest_written' ORDER BY seq")
    assert [row["subject"] for row in rows] == ["N53", "N53"]
    details: list[Any] = [row["detail"] for row in rows]
    assert details[0] == {"on": "2026-10-07", "lists": {"overdue": 1}}


async def _late_question(case: ACase) -> None:
    await case.ask("notification", stage="notification")
    await case.pool.execute(
        "UPDATE gates SET due_on = '2026-10-06', due_at = '2026-10-06 22:59:59+00' WHERE reference = $1",
        case.reference,
    )


async def test_each_region_reads_its_own_and_the_national_team_all(
    case: ACase, digests: PostgresDigests, mail_server: MailServer
) -> None:
    other = await a_case(case.pool, mail_server)
    await case.pool.execute("UPDATE cases SET region = 'N54', pdu = 'N54X' WHERE reference = $1", other.reference)
    for one in (case, other):
        await _late_question(one)
    plan = await digests.plan_digest(DigestLook(at=MORNING))
    assert plan.places == ("N53", "N54", NATIONAL)
    for place in plan.places:
        assert await write(digests, place)
    (north,) = digest_to(mail_server, LEAD)
    (south,) = digest_to(mail_server, "senior.lead@n54.example.test")
    (team,) = digest_to(mail_server, TEAM)
    assert (case.reference in text(north), other.reference in text(north)) == (True, False)
    assert (case.reference in text(south), other.reference in text(south)) == (False, True)
    assert (case.reference in text(team), other.reference in text(team)) == (True, True)
    assert "for England and Wales, " in str(team["Subject"])
    assert "https://sfo.example.test/national" in text(team)


async def test_while_the_lead_is_away_whoever_stands_in_reads_it(
    case: ACase, digests: PostgresDigests, mail_server: MailServer
) -> None:
    await _late_question(case)
    await case.pool.execute(
        """INSERT INTO absences (absence, person_key, deputy_key, from_on, to_on, set_by)
           VALUES (gen_random_uuid(), 'n53.senior_lead', NULL, '2026-10-07', '2026-10-07', 'x@example.test')"""
    )
    assert await write(digests, "N53")
    assert len(digest_to(mail_server, DEPUTY)) == 1
    assert digest_to(mail_server, LEAD) == []
    assert await write(digests, "N53", MORNING + timedelta(days=1))
    assert len(digest_to(mail_server, LEAD)) == 1


@pytest.mark.parametrize("clock", [{"speed": 86400}, {"case_anchor": "2026-10-02T09:00:00Z"}], ids=["pace", "dates"])
async def test_a_rehearsed_case_stands_in_none(
    case: ACase, digests: PostgresDigests, mail_server: MailServer, clock: dict[str, Any]
) -> None:
    await _late_question(case)
    await case.pool.execute("UPDATE cases SET clock = clock || $1", clock)
    assert (await digests.plan_digest(DigestLook(at=MORNING))).places == ()
    assert not await write(digests, "N53")
    assert not await write(digests, NATIONAL)


async def test_a_review_at_risk_and_one_that_is_late_are_listed_by_policy(
    case: ACase, digests: PostgresDigests, mail_server: MailServer
) -> None:
    await case.casework.start_review_clock(ClockStart(reference=case.reference, rulebook="2026-04-01", at=MONDAY))
    due_on: date = await case.column("review_due")
    near = datetime.combine(due_on, MORNING.timetz()) - timedelta(days=10)
    assert await write(digests, "N53", near)
    (message,) = digest_to(mail_server, LEAD)
    (line,) = listed(message)["At risk of being late"]
    assert line.startswith(f"{case.reference}: Review, due ")
    after = datetime.combine(due_on, MORNING.timetz()) + timedelta(days=4)
    assert await write(digests, "N53", after)
    _, message = digest_to(mail_server, LEAD)
    assert listed(message)["Overdue"][0].startswith(f"{case.reference}: Review, due ")
    assert "At risk of being late" not in listed(message)
    await case.pool.execute("INSERT INTO court_events (event, reference, kind, on_date, applied_at, at) "
                            "VALUES ('e', $1, 'discontinued', '2026-12-01', now(), now())", case.reference)  # fmt: skip
    assert not await write(digests, "N53", after + timedelta(days=1))


async def test_the_national_team_reads_escalations_and_what_is_stranded(
    case: ACase, digests: PostgresDigests, mail_server: MailServer
) -> None:
    await case.pool.execute(
        "INSERT INTO escalations (reference, kind, number, reason, raised_at) VALUES ($1, $2, 1, 'other', $3)",
        case.reference,
        str(EscalationKind.STAFF_SAFETY),
        MONDAY,
    )
    await case.pool.execute(
        "INSERT INTO stranded (kind, workflow, reference, since, resolved_at) VALUES "
        "('case_gone', 'sfo/' || $1, $1, now(), NULL), ('stage_gone', 'sfo/' || $1 || '/review', $1, now(), now())",
        case.reference,
    )
    assert await write(digests, NATIONAL)
    assert await write(digests, "N53")
    (team,), (lead,) = digest_to(mail_server, TEAM), digest_to(mail_server, LEAD)
    assert listed(team)["Escalations that nobody has acknowledged"] == [
        f"{case.reference}: staff safety, working days since it was raised: 2"
    ]
    assert listed(team)["Workflows that operations must look at"] == [f"{case.reference}: case gone"]
    assert "Workflows that operations must look at" not in listed(lead)


async def test_a_long_list_shows_twenty_and_says_how_many_more(
    case: ACase, digests: PostgresDigests, mail_server: MailServer
) -> None:
    await _late_question(case)
    (row,) = await case.pool.fetch("SELECT * FROM gates")
    for n in range(24):
        values = {**dict(row), "gate": f"{row['gate']}#{n + 2}"}
        columns = ", ".join(values)
        places = ", ".join(f"${i}" for i in range(1, len(values) + 1))
        await case.pool.execute(f"INSERT INTO gates ({columns}) VALUES ({places})", *values.values())
    assert await write(digests, "N53")
    (message,) = digest_to(mail_server, LEAD)
    assert len(listed(message)["Overdue"]) == 20
    assert "And so many more: 5" in text(message)
