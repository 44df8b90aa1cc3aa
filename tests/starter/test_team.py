"""An address that a team shares: an answer from it counts only with who of the team gave it, and four eyes hold."""

import pytest
import pytest_asyncio

from tests.conftest import MailServer, Record
from tests.starter.front_desk import Desk, heading
from tests.starter.signed_in import NATIONAL, SPOC, a_desk, sound, text
from tests.starter.test_identities import Office, a_browser
from tests.starter.test_identities import issuer as issuer  # the fixture
from workflows.contract.messages import Settled
from workflows.contract.questions import QUESTIONS

# The provider is made with parts of authlib that authlib will drop; it answers in this process.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DUTY_ONE, DUTY_TWO = "duty.one@national.example.test", "duty.two@national.example.test"


@pytest_asyncio.fixture
async def desk(record: Record, mail_server: MailServer) -> Desk:
    return await a_desk(record, mail_server)


async def asked_of_the_team(desk: Desk) -> str:
    await desk.ask("public_interest", stage="charge")
    return desk.link(NATIONAL)


async def test_the_page_asks_who_of_the_team_decides_and_the_record_keeps_it(desk: Desk, record: Record) -> None:
    link = await asked_of_the_team(desk)
    browser = desk.browser()
    page = await browser.sign_in(link)
    offered = [str(one["value"]) for one in sound(page).select("input[name=person]")]
    assert offered == ["national.duty.1", "national.duty.2", "other"]
    reply = await browser.answer(link, page, "review", reasons="Invented.", person="national.duty.2")
    assert heading(reply) == "Your answer has been applied"
    row = (await desk.decisions())[0]
    assert (row["by_email"], row["person_key"], row["person_email"]) == (NATIONAL, "national.duty.2", DUTY_TWO)
    assert row["person_name"] == "Example Duty-Officer Two"
    audited = "SELECT detail ->> 'person' FROM audit WHERE action = 'decision_recorded'"
    assert await record.value(audited) == "national.duty.2"
    receipt = await record.value("SELECT to_name FROM outbox WHERE letter = 'receipt'")
    assert receipt == "Example Duty-Officer Two"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"person": ""}, "person"),
        ({"person": "national.duty.9"}, "person"),
        ({"person": "n53.spoc"}, "person"),
        ({"person": "other"}, "person_name"),
        ({"person": "other", "person_name": "  "}, "person_name"),
        ({"person": "other", "person_name": "x" * 201}, "person_name"),
    ],
)
async def test_without_a_person_nothing_is_recorded_and_what_was_typed_stays(
    desk: Desk, typed: dict[str, str], field: str
) -> None:
    link = await asked_of_the_team(desk)
    browser = desk.browser()
    page = await browser.sign_in(link)
    reply = await browser.answer(link, page, "review", reasons="Invented reasons.", **typed)
    assert reply.status_code == 400
    soup = sound(reply)
    assert soup.select(f".govuk-error-summary a[href='#{field}']")
    assert "Invented reasons." in soup.select("#reasons")[0].text
    assert await desk.decisions() == []


async def test_somebody_whom_the_directory_does_not_list_is_named(desk: Desk, record: Record) -> None:
    link = await asked_of_the_team(desk)
    browser = desk.browser()
    page = await browser.sign_in(link)
    named = {"person": "other", "person_name": "Example Newcomer"}
    check = await browser.answer(link, page, "review", reasons="Invented.", checked="", **named)
    assert "Example Newcomer" in text(check)
    reply = await browser.answer(link, page, "review", reasons="Invented.", **named)
    assert reply.status_code == 200
    row = (await desk.decisions())[0]
    assert (row["person_key"], row["person_email"], row["person_name"]) == (None, None, "Example Newcomer")
    audited = "SELECT detail ->> 'person' FROM audit WHERE action = 'decision_recorded'"
    assert await record.value(audited) == "not_listed"


async def test_an_address_of_one_person_is_not_asked_for_it(desk: Desk) -> None:
    await desk.ask("notification", stage="notification")
    browser, link = desk.browser(), desk.link(SPOC)
    page = await browser.sign_in(link)
    assert not sound(page).select("[name=person], [name=person_name]")
    reply = await browser.answer(link, page, "sent", sent_on="2026-10-05", person="national.duty.1")
    assert reply.status_code == 200
    assert (await desk.decisions())[0]["person_key"] is None


async def test_four_eyes_hold_for_the_person_behind_a_shared_address(desk: Desk, record: Record) -> None:
    """Whoever asked for more time cannot grant it from the mailbox of the team."""
    await record.pool.execute(
        "UPDATE cases SET review_due = '2027-01-05', original_review_due = '2027-01-05' WHERE reference = $1",
        desk.case.reference,
    )
    await record.pool.execute(
        """INSERT INTO extension_requests (request, reference, new_on, reason_code, requested_by, at)
           VALUES (gen_random_uuid(), $1, '2027-02-05', 'trial', $2, now())""",
        *(desk.case.reference, DUTY_ONE),
    )
    gate = await desk.ask("extension", "2027-02-05")
    assert await record.value("SELECT person_email FROM gates WHERE gate = $1", gate) == NATIONAL
    settled = await _decided(desk, gate, DUTY_ONE)
    assert (settled.decision, settled.refused) == (None, "is_the_requester")
    settled = await _decided(desk, gate, DUTY_TWO)
    assert settled.decision is not None


async def _decided(desk: Desk, gate: str, person: str) -> Settled:
    decision = await desk.case.decide(gate, "granted", "Invented.", new_on="2027-02-05")
    await desk.record.pool.execute("UPDATE decisions SET person_email = $2 WHERE decision = $1", decision, person)
    return await desk.case.settle(gate, decision)


@pytest.mark.parametrize("email", [DUTY_ONE, NATIONAL])
async def test_by_an_identity_one_of_the_team_signs_in_as_themselves_and_is_who_decides(
    desk: Desk, issuer: str, email: str
) -> None:
    link = await asked_of_the_team(desk)
    office = Office(desk, a_browser(desk, issuer), link, NATIONAL)
    page = await office.back(await office.sign_in(await office.start(), email))
    assert (page.status_code, heading(page)) == (200, "You are signed in")
    question = await office.browser.web.get(f"{link}/decide")
    offered = [str(one["value"]) for one in sound(question).select("input[name=person]")]
    assert offered == (["national.duty.1"] if email == DUTY_ONE else ["national.duty.1", "national.duty.2", "other"])
    other = await office.browser.answer(link, question, "review", reasons="Invented.", person="national.duty.2")
    assert other.status_code == (400 if email == DUTY_ONE else 200)
    if email == DUTY_ONE:
        reply = await office.browser.answer(link, question, "review", reasons="Invented.")
        assert reply.status_code == 200
        assert (await desk.decisions())[0]["person_key"] == "national.duty.1"
    await office.browser.web.aclose()


async def test_by_an_identity_nobody_else_of_the_service_comes_in(desk: Desk, issuer: str) -> None:
    link = await asked_of_the_team(desk)
    office = Office(desk, a_browser(desk, issuer), link, NATIONAL)
    page = await office.back(await office.sign_in(await office.start(), SPOC))
    assert (page.status_code, heading(page)) == (403, "This link belongs to somebody else")
    assert await desk.record.value("SELECT count(*) FROM sessions") == 0
    await office.browser.web.aclose()


async def test_whoever_answered_has_one_receipt_with_the_row_of_the_audit_chain_and_not_the_answer(
    desk: Desk, record: Record
) -> None:
    gate = await desk.ask("notification", stage="notification")
    browser, link = desk.browser(), desk.link(SPOC)
    page = await browser.sign_in(link)
    for _ in range(2):  # a double click is one answer and one receipt
        assert (await browser.answer(link, page, "sent", sent_on="2026-10-05")).status_code == 200
    row = await record.value("SELECT seq FROM audit WHERE action = 'decision_recorded' AND subject = $1", gate)
    assert f"row {row} of the audit chain" in text(await browser.web.get(f"{link}/receipt"))
    await record.pool.execute("UPDATE outbox SET recorded_at = recorded_at - interval '1 minute'")
    while await desk.case.letters.sweep_once():
        pass
    (receipt,) = [m for m in desk.mail.to(SPOC) if "Receipt" in m["Subject"]]
    body = receipt.get_body(("plain",))
    assert body is not None
    words = str(body.get_content())
    assert f"Audit reference: {desk.case.reference}, row {row}" in words.splitlines()
    given = QUESTIONS["notification"].answer("sent")
    assert given is not None
    assert given.label not in words
    assert "/a/" not in words
