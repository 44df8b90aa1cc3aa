"""Staff after the review: feedback given and confirmed, and care while the case goes on."""

from datetime import date
from typing import Any

import pytest

from tests.activities.test_staff import PRACTITIONER_EMAIL, SUPPORT, duty, lapse, letters, page, reviewed, told
from tests.builders import HEAD, HEAD_EMAIL, LINE_MANAGER, OTHER, PRACTITIONER, ACase
from tests.conftest import MailServer, Record
from workflows.contract.messages import Closing, Settled
from workflows.contract.vocabulary import Outcome

# --- feedback ---------------------------------------------------------------------------------------


async def test_feedback_is_met_when_the_person_says_so(record: Record, mail_server: MailServer) -> None:
    case = await told(record, mail_server)
    given = await case.answer(
        "give_feedback", "given", PRACTITIONER, stage="staff-feedback", given_on="2026-10-06", learning="Ask early"
    )
    assert given.decision
    assert "Ask" not in given.model_dump_json()
    assert await duty(record, "fed_back") == "owed"
    opened = await case.ask("feedback", PRACTITIONER, stage="staff-feedback")
    facts = (await page(record, opened.gate))["facts"]
    assert ["Learning for you", "Ask early"] in facts
    assert ["Feedback was given on", "6 October 2026"] in facts
    case.pass_days(3)
    decision = await case.decide(opened.gate, "received", received_on="2026-10-07")
    assert (await case.settle(opened.gate, decision)).decision
    assert await duty(record, "fed_back") == "met"
    assert await record.value("SELECT confirmed_on FROM feedback") == date(2026, 10, 7)
    texts = await letters(case, mail_server, PRACTITIONER_EMAIL, "Confirm")
    assert len([text for text in texts if "to ask you" in text]) == 1
    assert SUPPORT in texts[0]
    assert "Ask early" not in texts[0]


async def test_learning_is_read_by_its_person_alone(record: Record, mail_server: MailServer) -> None:
    case = await told(record, mail_server)
    for ref, learning in ((PRACTITIONER, "Ask early"), (OTHER, "Write it down")):
        await case.answer(
            "give_feedback", "given", ref, stage="staff-feedback", given_on="2026-10-06", learning=learning
        )
    opened = await case.ask("feedback", OTHER, stage="staff-feedback")
    assert "Ask early" not in str(await page(record, opened.gate))
    again = await case.ask("give_feedback", LINE_MANAGER, stage="staff-feedback")
    assert "Ask early" not in str(await page(record, again.gate))


async def test_not_yet_is_read_by_the_reviewing_manager_who_gives_it_again(
    record: Record, mail_server: MailServer
) -> None:
    case = await told(record, mail_server)
    stage = "staff-feedback"
    await case.answer("give_feedback", "given", OTHER, stage=stage, given_on="2026-10-06", learning="None")
    await case.answer("feedback", "not_yet", OTHER, stage=stage, reasons="Only a message on my desk")
    assert await duty(record, "fed_back", OTHER) == "owed"
    opened = await case.ask("give_feedback", OTHER, stage=stage, ask=2)
    facts = (await page(record, opened.gate))["facts"]
    assert ["They have not had feedback (5 October 2026)", "Only a message on my desk"] in facts
    decision = await case.decide(opened.gate, "given", given_on="2026-10-08", learning="Talk")
    assert (await case.settle(opened.gate, decision)).decision
    rows = await record.rows("SELECT number, given_on FROM feedback ORDER BY number")
    assert [row["number"] for row in rows] == [1, 2]


async def test_an_attempt_that_failed_closes_it_with_its_reason(record: Record, mail_server: MailServer) -> None:
    case = await told(record, mail_server)
    tried: dict[str, Any] = {"attempted_on": "2026-10-06"}
    stage = "staff-feedback"
    assert (await case.answer("give_feedback", "attempted", OTHER, stage=stage, **tried)).refused == "incomplete"
    await case.answer("give_feedback", "attempted", OTHER, stage=stage, ask=2, reasons="Moved abroad", **tried)
    assert await duty(record, "fed_back", OTHER) == "closed"
    [row] = await record.rows("SELECT attempted_on, attempted_because, given_on FROM feedback")
    assert row == {"attempted_on": date(2026, 10, 6), "attempted_because": "Moved abroad", "given_on": None}


@pytest.mark.parametrize(("was_given", "state"), [(True, "closed"), (False, "owed")])
async def test_silence_closes_only_what_was_given(
    record: Record, mail_server: MailServer, was_given: bool, state: str
) -> None:
    case = await told(record, mail_server)
    stage = "staff-feedback"
    if was_given:
        await case.answer("give_feedback", "given", OTHER, stage=stage, given_on="2026-10-06", learning="None")
    opened = await case.ask("feedback", OTHER, stage=stage)
    assert (await lapse(case, opened.gate)).decision
    assert await duty(record, "fed_back", OTHER) == state
    assert await record.value("SELECT count(*) FROM feedback WHERE confirmed_on IS NOT NULL") == 0


# --- care -------------------------------------------------------------------------------------------


def contact(member: str, what: str = "made") -> dict[str, str]:
    return {"member": member, "contact": what, "on_date": "2026-10-05", "outside_offered": "yes"}


async def care(case: ACase, role: str, *contacts: dict[str, str], ask: int = 1) -> Settled:
    opened = await case.ask("welfare", role, stage="staff-care", ask=ask, role=role)
    return await case.settle(opened.gate, await case.decide(opened.gate, "recorded", contacts=list(contacts)))


@pytest.mark.parametrize(
    ("role", "email", "members"),
    [
        ("line_manager", "line.manager@n53.example.test", [PRACTITIONER, OTHER]),
        ("head_of_pdu", HEAD_EMAIL, [LINE_MANAGER]),
        ("regional_director", "director@n53.example.test", [HEAD]),
    ],
)
async def test_each_carer_is_asked_about_their_own_people(
    record: Record, mail_server: MailServer, role: str, email: str, members: list[str]
) -> None:
    case = await reviewed(record, mail_server)
    opened = await case.ask("welfare", role, stage="staff-care", role=role)
    assert await record.value("SELECT person_email FROM gates WHERE gate = $1", opened.gate) == email
    shown = (await page(record, opened.gate))["contacts"]
    assert [row["member"] for row in shown] == members
    assert all(row["label"].endswith("(no contact yet)") for row in shown)


async def test_contact_meets_the_duty_and_is_due_again(record: Record, mail_server: MailServer) -> None:
    case = await reviewed(record, mail_server)
    settled = await care(case, "line_manager", contact(PRACTITIONER), contact(OTHER, "not_wanted"))
    assert settled.decision
    # Twenty working days after Monday 5 October, past the end of summer time: 9:00 in London is 9:00 UTC.
    assert settled.decision.facts == {
        "owed": "no", "rest_until": "2026-10-12T08:00:00+00:00", "again_at": "2026-11-02T09:00:00+00:00",
    }  # fmt: skip
    assert await duty(record, "cared_for", PRACTITIONER) == "met"
    assert await duty(record, "cared_for", OTHER) == "met"
    assert await duty(record, "cared_for", LINE_MANAGER) == "owed"
    rows = await record.rows("SELECT ref, contact, stage, outside_offered FROM welfare_contacts ORDER BY ref")
    assert rows[0] == {"ref": PRACTITIONER, "contact": "made", "stage": "review", "outside_offered": True}
    opened = await case.ask("welfare", "line_manager", stage="staff-care", ask=2, role="line_manager")
    shown = (await page(record, opened.gate))["contacts"]
    assert shown[1]["label"] == "Example other, other (last, 5 October 2026: offered, not wanted)"


async def test_whoever_was_not_reached_stays_owed_and_is_tried_again_sooner(
    record: Record, mail_server: MailServer
) -> None:
    case = await reviewed(record, mail_server)
    settled = await care(case, "line_manager", contact(PRACTITIONER), contact(OTHER, "not_possible"))
    assert settled.decision
    assert settled.decision.facts == {
        "owed": "yes", "rest_until": "2026-10-12T08:00:00+00:00", "again_at": "2026-10-12T08:00:00+00:00",
    }  # fmt: skip
    assert await duty(record, "cared_for", PRACTITIONER) == "met"
    assert await duty(record, "cared_for", OTHER) == "owed"
    await care(case, "line_manager", contact(PRACTITIONER, "not_possible"), contact(OTHER), ask=2)
    assert await duty(record, "cared_for", PRACTITIONER) == "met"
    assert await duty(record, "cared_for", OTHER) == "met"


@pytest.mark.parametrize("members", [(PRACTITIONER,), (PRACTITIONER, OTHER, LINE_MANAGER), (LINE_MANAGER,)])
async def test_contact_is_recorded_for_each_of_them_and_nobody_else(
    record: Record, mail_server: MailServer, members: tuple[str, ...]
) -> None:
    case = await reviewed(record, mail_server)
    assert (await care(case, "line_manager", *map(contact, members))).refused == "incomplete"
    assert await record.value("SELECT count(*) FROM welfare_contacts") == 0


async def test_without_a_line_manager_or_head_in_the_roster_the_directory_s_head_cares(
    record: Record, mail_server: MailServer
) -> None:
    case = await reviewed(record, mail_server, staff=(("practitioner", PRACTITIONER_EMAIL, True),))
    opened = await case.ask("welfare", "head_of_pdu", stage="staff-care", role="head_of_pdu")
    assert await record.value("SELECT person_email FROM gates WHERE gate = $1", opened.gate) == HEAD_EMAIL
    assert [row["member"] for row in (await page(record, opened.gate))["contacts"]] == [PRACTITIONER]


DEPUTY_EMAIL = "head.deputy.lei@n53.example.test"


@pytest.mark.parametrize(
    ("managers", "asked"),
    [((HEAD_EMAIL,), DEPUTY_EMAIL), ((HEAD_EMAIL, DEPUTY_EMAIL), "senior.lead@n53.example.test")],
)
async def test_nobody_is_asked_to_look_after_themselves(
    record: Record, mail_server: MailServer, managers: tuple[str, ...], asked: str
) -> None:
    """The head of the delivery unit in the directory managed the case, so somebody else looks after them."""
    case = await reviewed(record, mail_server, staff=tuple(("line_manager", email, True) for email in managers))
    opened = await case.ask("welfare", "head_of_pdu", stage="staff-care", role="head_of_pdu")
    assert await record.value("SELECT person_email FROM gates WHERE gate = $1", opened.gate) == asked
    assert len((await page(record, opened.gate))["contacts"]) == len(managers)
    # Whoever was asked by an older page is refused all the same.
    await record.pool.execute("UPDATE gates SET person_email = $2 WHERE gate = $1", opened.gate, HEAD_EMAIL)
    contacts = [contact(f"s{n}") for n in range(1, len(managers) + 1)]
    decision = await case.decide(opened.gate, "recorded", contacts=contacts)
    assert (await case.settle(opened.gate, decision)).refused == "is_cared_for"


async def test_a_case_cannot_close_while_somebody_is_not_cared_for(record: Record, mail_server: MailServer) -> None:
    case = await reviewed(record, mail_server)
    closing = Closing(reference=case.reference, outcome=Outcome.COMPLETED, at=case.at)
    assert f"cared_for:{HEAD}" in (await case.casework.close_case(closing)).unmet
    await care(case, "regional_director", contact(HEAD))
    assert f"cared_for:{HEAD}" not in (await case.casework.close_case(closing)).unmet
