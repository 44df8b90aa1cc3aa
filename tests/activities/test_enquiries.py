"""Requests from outside in a real record: how each ends, who is given the review, what stops it."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.activities.reviewing import accepted, drafted, page_of, rate
from tests.builders import ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import GateOpened, Settled
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import EnquiryKind
from workflows.policy.enquiries import ROUTES

ASKER, WORDS = "An invented asker", "Invented words of a request"
GIVEN = {
    "entitlement": "inquest",
    "version": "1",
    "given_by": "n53.senior_lead",
    "received_by": "An invented officer",
    "how": "post",
    "given_on": "2026-10-07",
}


async def logged(case: ACase, kind: EnquiryKind, received_on: date | None = None, number: int = 1) -> None:
    await case.pool.execute(
        """INSERT INTO enquiries (reference, number, kind, received_on, asked, asked_by, at)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        case.reference,
        number,
        str(kind),
        received_on or case.at.date(),
        WORDS,
        ASKER,
        case.at,
    )


async def asked(case: ACase, kind: EnquiryKind, number: int = 1) -> GateOpened:
    """Log it and ask it as the workflow does."""
    await logged(case, kind, number=number)
    first = ROUTES[kind].first
    return await case.ask(
        first.question, str(number), f"enquiry/{number}", deadline=first.deadline, counted_from=case.at.date()
    )


async def answer(case: ACase, opened: GateOpened, answer: str, reasons: str | None = "Why", **fields: Any) -> Settled:
    return await case.settle(opened.gate, await case.decide(opened.gate, answer, reasons, **fields))


async def row_of(record: Record, number: int = 1) -> dict[str, Any]:
    (row,) = await record.rows("SELECT * FROM enquiries WHERE number = $1", number)
    return row


async def audited(record: Record, action: str) -> list[dict[str, Any]]:
    return await record.rows("SELECT subject, detail FROM audit WHERE action = $1 ORDER BY seq", action)


@pytest.mark.parametrize("kind", EnquiryKind)
async def test_each_kind_is_put_to_its_role_with_who_asks_what(
    record: Record, mail_server: MailServer, kind: EnquiryKind
) -> None:
    case = await a_case(record.pool, mail_server)
    await logged(case, EnquiryKind.MEDIA, number=7)
    opened = await asked(case, kind)
    assert opened.role is ROUTES[kind].role
    facts = dict((await page_of(case, opened.gate))["facts"])
    assert (facts["Asked by"], facts["Asked"], facts["Received"]) == (ASKER, WORDS, "5 October 2026")
    assert facts["Enquiry 7, media"] == "Received on 5 October 2026, not answered yet"
    for words in (ASKER, WORDS):
        assert words not in opened.model_dump_json()
        assert all(words not in message.as_string() for message in mail_server.messages)


@pytest.mark.parametrize("value", ["disclosed", "disclosed_in_part", "refused", "not_held", "referred", "withdrawn"])
async def test_an_information_request_ends_with_its_reasons_and_date(
    record: Record, mail_server: MailServer, value: str
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await asked(case, EnquiryKind.FOI)
    case.pass_days(3)
    settled = await answer(case, opened, value, "Section 40 of the Act")
    assert settled.decision is not None
    assert "Section 40" not in settled.model_dump_json()
    row = await row_of(record)
    assert (row["state"], row["answer"], row["reasons"]) == ("answered", value, "Section 40 of the Act")
    assert row["answered_on"] == date(2026, 10, 8)


async def test_the_date_may_be_an_earlier_one_but_none_before_receipt(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await asked(case, EnquiryKind.FOI)
    case.pass_days(3)
    assert (await answer(case, opened, "refused", answered_on="2026-10-04")).refused == "incomplete"
    assert (await row_of(record))["state"] == "open"
    assert (await answer(case, opened, "refused", answered_on="2026-10-06")).decision is not None
    assert (await row_of(record))["answered_on"] == date(2026, 10, 6)


async def test_reasons_name_the_exemption_or_it_does_not_count(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await asked(case, EnquiryKind.FOI)
    assert (await answer(case, opened, "refused", None)).refused == "incomplete"


def test_what_could_be_typed_by_hand_before_can_be_typed_still() -> None:
    answers = [QUESTIONS[key].answer(value) for key in ("enquiry_foi", "enquiry_other")
               for value in ("disclosed", "refused", "referred")]  # fmt: skip
    assert all(one and not one.needs_the_page for one in answers)


async def test_subject_access_takes_more_time_once(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await asked(case, EnquiryKind.SUBJECT_ACCESS)
    assert opened.due.on == date(2026, 11, 5)
    case.pass_days(20)
    longer = await answer(case, opened, "more_time", "Many records")
    assert longer.decision is not None
    assert longer.decision.facts == {"received_on": "2026-10-05"}
    assert (await row_of(record))["state"] == "open"
    again = await case.ask(
        "enquiry_sar", "1", "enquiry/1", 2, deadline="enquiry_sar_extended", counted_from=date(2026, 10, 5)
    )
    assert again.due.on == date(2027, 1, 5)
    facts = dict((await page_of(case, again.gate))["facts"])
    assert facts["More time was taken"] == (
        "Decided on 25 October 2026; the date before was 5 November 2026. Many records"
    )
    assert (await answer(case, again, "more_time", "Still many")).refused == "more_time_taken"
    assert (await answer(case, again, "disclosed_in_part", "Section 45")).decision is not None
    assert (await row_of(record))["answer"] == "disclosed_in_part"


async def test_more_time_for_one_request_is_none_for_another(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    for number in (1, 2):
        opened = await asked(case, EnquiryKind.SUBJECT_ACCESS, number)
        assert (await answer(case, opened, "more_time")).decision is not None


async def test_more_time_after_the_date_is_refused(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await asked(case, EnquiryKind.SUBJECT_ACCESS)
    case.at = opened.due.at + timedelta(seconds=1)
    assert (await answer(case, opened, "more_time")).refused == "too_late"


async def test_the_press_is_referred_and_never_given_the_review(record: Record, mail_server: MailServer) -> None:
    case = await accepted(record, mail_server)
    opened = await asked(case, EnquiryKind.MEDIA)
    page = await page_of(case, opened.gate)
    assert (page["document"], page["options"]) == (None, {})
    assert (await answer(case, opened, "given", **GIVEN)).refused == "incomplete"
    assert (await answer(case, opened, "referred", None, answered_on="2026-10-05")).refused == "incomplete"
    settled = await answer(case, opened, "referred", None, answered_on="2026-10-05", taken_by="An invented officer")
    assert settled.decision is not None
    assert settled.decision.facts == {"answered_on": "2026-10-05"}
    assert (await row_of(record))["answer"] == "referred"


async def test_the_review_is_given_on_an_entitlement_and_stands_in_the_register(
    record: Record, mail_server: MailServer
) -> None:
    case = await accepted(record, mail_server)
    opened = await asked(case, EnquiryKind.CORONER, 3)
    page = await page_of(case, opened.gate)
    assert [one["value"] for one in page["options"]["entitlement"]] == ["inquest", "coroner_notice"]
    assert "n53.senior_lead" in [one["value"] for one in page["options"]["given_by"]]
    assert "prejudice a trial" in dict(page["facts"])["Before a verdict"]
    settled = await answer(case, opened, "given", "The coroner's letter", **GIVEN)
    assert settled.decision is not None
    assert "invented" not in settled.model_dump_json()
    row = await row_of(record, 3)
    assert (row["answer"], row["entitlement"], row["answered_on"]) == ("given", "inquest", date(2026, 10, 7))
    (release,) = await record.rows("SELECT * FROM releases")
    sha256 = await record.value("SELECT sha256 FROM documents WHERE kind = 'review' AND version = 1")
    assert {key: release[key] for key in ("kind", "rendition", "sha256", "reader", "entitlement", "how")} == {
        "kind": "review", "rendition": 1, "sha256": sha256, "reader": "coroner-3", "entitlement": "inquest",
        "how": "post",
    }  # fmt: skip
    assert (release["given_by"], release["given_by_name"]) == ("n53.senior_lead", "Example Senior-Lead N53")
    assert (release["received_by"], release["on_date"]) == ("An invented officer", date(2026, 10, 7))
    assert release["decision"] is not None
    assert release["recorded_by"] == await record.value("SELECT person_email FROM gates WHERE gate = $1", opened.gate)
    (audit,) = await audited(record, "review_given")
    assert (audit["subject"], audit["detail"]["sha256"]) == ("coroner-3", sha256)


@pytest.mark.parametrize(
    ("change", "statement", "code"),
    [
        ({}, "INSERT INTO escalations (reference, kind, number, reason, raised_at) "
             "VALUES ($1, 'staff_safety', 1, 'other', now())", "held"),
        ({}, "UPDATE cases SET corrected_since = now() WHERE reference = $1", "being_corrected"),
        ({}, "UPDATE cases SET accepted_version = 2 WHERE reference = $1", "not_accepted"),
        ({"version": "2"}, None, "incomplete"),
        ({"entitlement": ""}, None, "incomplete"),
        ({"entitlement": "mappa_review"}, None, "incomplete"),
        ({"given_by": "n53.reviewer.1"}, None, "incomplete"),
        ({"given_on": "2026-10-04"}, None, "incomplete"),
    ],
)  # fmt: skip
async def test_nothing_is_given_while_something_stands_in_its_way(
    record: Record, mail_server: MailServer, change: dict[str, str], statement: str | None, code: str
) -> None:
    case = await accepted(record, mail_server)
    opened = await asked(case, EnquiryKind.CORONER)
    if statement:
        await record.pool.execute(statement, case.reference)
    assert (await answer(case, opened, "given", **{**GIVEN, **change})).refused == code
    assert await record.value("SELECT count(*) FROM releases") == 0
    assert (await row_of(record))["state"] == "open"
    assert await record.value("SELECT state FROM gates WHERE gate = $1", opened.gate) == "open"
    assert await audited(record, "review_given") == []


async def test_a_version_is_not_given_before_it_was_written(record: Record, mail_server: MailServer) -> None:
    case = await accepted(record, mail_server)
    await logged(case, EnquiryKind.CORONER, date(2026, 9, 1))
    opened = await case.ask("enquiry_review", "1", "enquiry/1")
    assert (await answer(case, opened, "given", **{**GIVEN, "given_on": "2026-10-04"})).refused == "before_the_review"
    assert (await answer(case, opened, "given", **{**GIVEN, "given_on": "2026-10-05"})).decision is not None


async def test_a_version_that_is_accepted_later_may_then_be_chosen(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    opened = await asked(case, EnquiryKind.DOMESTIC_HOMICIDE)
    gave = {**GIVEN, "entitlement": "domestic_homicide_review"}
    assert (await page_of(case, opened.gate))["options"]["version"] == []
    assert (await answer(case, opened, "given", **gave)).refused == "incomplete"
    assert (await rate(case, "good")).decision is not None
    page = await page_of(case, opened.gate)
    assert [one["value"] for one in page["options"]["version"]] == ["1"]
    assert dict(page["facts"])["Review"] == "Version 1 is the accepted one"
    assert (await answer(case, opened, "given", **gave)).decision is not None


@pytest.mark.parametrize("value", ["not_entitled", "nothing_held", "withdrawn"])
async def test_a_request_for_the_review_ends_without_it(record: Record, mail_server: MailServer, value: str) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await asked(case, EnquiryKind.MAPPA)
    assert (await answer(case, opened, value)).decision is not None
    assert (await row_of(record))["answer"] == value
    assert await record.value("SELECT count(*) FROM releases") == 0


async def test_a_coroner_s_report_is_replied_to_on_the_date_that_the_coroner_sets(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await asked(case, EnquiryKind.CORONER)
    settled = await answer(case, opened, "prevention_report", None)
    assert settled.decision is not None
    assert settled.decision.facts == {"received_on": "2026-10-05"}
    reply = await case.ask(
        "enquiry_prevention", "1", "enquiry/1", deadline="enquiry_coroner", counted_from=date(2026, 10, 5)
    )
    assert reply.due.on == date(2026, 11, 30)
    assert (await answer(case, reply, "more_time", None, new_on="2026-11-30")).refused == "not_later"
    longer = await answer(case, reply, "more_time", None, new_on="2027-07-01")
    assert longer.decision is not None
    facts = longer.decision.facts
    assert (facts["new_on"], facts["received_on"]) == ("2027-07-01", "2026-10-05")
    assert datetime.fromisoformat(facts["due_at"]) == datetime.fromisoformat("2027-07-01T23:59:59+01:00")
    assert (await row_of(record))["state"] == "open"


async def test_only_a_coroner_reports_to_prevent_deaths(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await asked(case, EnquiryKind.MAPPA)
    assert (await answer(case, opened, "prevention_report", None)).refused == "not_a_coroner"


@pytest.mark.parametrize(
    ("value", "fields"),
    [("not_published", {}), ("publish", {"decided_by": "secretary_of_state", "decided_on": "2026-10-01"})],
)
async def test_publication_is_decided_with_who_decided_it(
    record: Record, mail_server: MailServer, value: str, fields: dict[str, str]
) -> None:
    case = await accepted(record, mail_server)
    opened = await asked(case, EnquiryKind.PUBLICATION)
    assert (await answer(case, opened, "publish", decided_on="2026-10-01")).refused == "incomplete"
    settled = await answer(case, opened, value, **fields)
    assert settled.decision is not None
    assert settled.decision.facts == fields
    assert (await row_of(record))["answer"] == value


async def test_only_an_accepted_review_that_nobody_corrects_is_published(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await asked(case, EnquiryKind.PUBLICATION)
    fields = {"decided_by": "secretary_of_state", "decided_on": "2026-10-01"}
    assert (await answer(case, opened, "publish", **fields)).refused == "not_accepted"
    await record.pool.execute("UPDATE cases SET accepted_version = 1, corrected_since = now()")
    assert (await answer(case, opened, "publish", **fields)).refused == "being_corrected"
    assert (await row_of(record))["state"] == "open"
