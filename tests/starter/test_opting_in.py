"""A family that wants the review after all: recorded at once, by page or command, and a closed case is opened again."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from starter.opting_in import OptInRefusedError, Wish, opt_in
from starter.relay import Relay
from tests.conftest import MailServer, Record
from tests.starter.disclosing import (
    NOW,
    OFFICER,
    REFERENCE,
    TEAM,
    TODAY,
    Disclosure,
    a_disclosure,
    errors,
    text_of,
)
from tests.starter.front_desk import Browser, heading, hidden

WISH = Wish("copy", "en")
TYPED = {"accepted.wish": "both", "accepted.language": "other", "accepted.language_other": "Cornish"}
HELD = """
    INSERT INTO escalations (reference, kind, number, state, reason, outcome, raised_at)
    VALUES ('SFO-2026-00007', 'staff_safety', 1, 'resolved', 'other', 'stop', now())
"""

GIVEN = """
    INSERT INTO releases (reference, rendition, sha256, reader, at) VALUES ('SFO-2026-00007', 1, 'x', 'v1', now())
"""


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer) -> Disclosure:
    found = await a_disclosure(record, mail_server)
    await found.run("UPDATE victims SET answer = 'declined', answered_on = '2027-02-20' WHERE ref = 'v1'")
    return found


async def at_the_page(
    case: Disclosure, question: str = "offer", answer: str = "declined"
) -> tuple[Browser, str, httpx.Response]:
    """The liaison officer, signed in, at the form beside an answered question of the leg."""
    gate = await case.ask(question, "v1")
    await case.decide(gate, answer)
    browser, link, _ = await case.enter(gate)
    return browser, link, await browser.web.get(f"{link}/opt-in")


async def send(browser: Browser, link: str, page: httpx.Response, **typed: str) -> httpx.Response:
    data = {**hidden(page), **TYPED, **typed}
    return await browser.web.post(f"{link}/opt-in", data=data, follow_redirects=True)


async def wants(case: Disclosure, victim: str = "v1", wish: Wish = WISH) -> Any:
    async with case.record.pool.acquire() as connection:
        return await opt_in(connection, REFERENCE, victim, wish, "They rang", OFFICER)


# --- the page -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"), [("tell_family", "no_contact"), ("offer", "declined"), ("handover", "declined")]
)
async def test_the_answered_question_leads_to_the_form_and_it_is_recorded_in_one_go(
    case: Disclosure, question: str, answer: str
) -> None:
    await case.run("UPDATE victims SET closed_because = 'no_contact' WHERE ref = 'v1'")
    browser, link, page = await at_the_page(case, question, answer)
    answered = await browser.web.get(f"{link}/decide")
    assert f"{link}/opt-in" in answered.text
    assert "They have changed their mind: they want the review" in text_of(answered)
    assert heading(page) == "They want the review"
    reply = await send(browser, link, page)
    assert reply.status_code == 200
    assert "How they want it Both Language Cornish Recorded on 10 March 2027" in text_of(reply)
    leg = await case.victim("v1")
    assert (leg["answer"], leg["wish"], leg["language"], leg["language_other"]) == (
        "accepted",
        "both",
        "other",
        "Cornish",
    )
    assert (leg["answered_on"], leg["closed_because"]) == (TODAY, None)
    assert await case.duties("v1") == {"victim_answered": "met", "victim_given": "owed"}
    (row,) = await case.record.rows("SELECT * FROM requests")
    request = str(row["request"])
    assert (row["signal"], row["workflow"], row["asked_by"]) == ("opt_in", f"sfo/{REFERENCE}", OFFICER)
    assert row["message"] == {"victim": "v1", "request": request}
    (audited,) = await case.audits("opted_in")
    assert (audited["actor"], audited["subject"]) == (OFFICER, "v1")
    assert audited["detail"] == {"request": request, "wish": "both", "language": "other"}
    (signal,) = case.temporal.signals
    assert (signal.workflow_id, signal.name, signal.request) == (f"sfo/{REFERENCE}", "opt_in", request)
    assert signal.content == {"victim": "v1", "request": request}
    assert row["delivered_at_wall"] is not None
    assert await case.record.value("SELECT count(*) FROM requests WHERE delivered_at_wall IS NULL") == 0


async def test_sent_twice_it_is_recorded_once_and_the_page_says_how_the_leg_stands(case: Disclosure) -> None:
    browser, link, page = await at_the_page(case)
    for _ in range(2):
        reply = await send(browser, link, page)
        assert reply.status_code == 200
        assert "It is recorded that they want it" in text_of(reply)
        assert "Record that they want it" not in text_of(reply)
    assert len(await case.audits("opted_in")) == 1


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"accepted.wish": "", "accepted.language": ""}, {"accepted.wish", "accepted.language"}),
        ({"accepted.wish": "by_pigeon"}, {"accepted.wish"}),
        ({"accepted.language": "xx"}, {"accepted.language"}),
        ({"accepted.language_other": "  "}, {"accepted.language_other"}),
        ({"accepted.language_other": "x" * 201}, {"accepted.language_other"}),
    ],
)
async def test_what_is_missing_is_named_as_the_offer_names_it_and_what_was_typed_is_kept(
    case: Disclosure, typed: dict[str, str], wrong: set[str]
) -> None:
    browser, link, page = await at_the_page(case)
    reply = await send(browser, link, page, **typed)
    assert (reply.status_code, set(errors(reply))) == (400, wrong)
    assert {**TYPED, **typed}["accepted.language_other"].strip() in reply.text
    assert await case.record.value("SELECT count(*) FROM requests") == 0


async def test_looking_changes_nothing(case: Disclosure) -> None:
    browser, link, _ = await at_the_page(case)
    before = await case.everything()
    await browser.web.get(f"{link}/opt-in")
    await browser.web.get(f"{link}/decide")
    assert await case.everything() == before


async def test_nobody_else_and_no_other_question_has_the_form(case: Disclosure) -> None:
    _, link, _ = await at_the_page(case)
    stranger = case.desk.browser()
    assert (await stranger.web.get(f"{link}/opt-in")).status_code == 303
    signed_out = await stranger.web.post(f"{link}/opt-in", data=TYPED)
    assert (signed_out.status_code, "Cornish" in signed_out.text) == (403, True)
    assert "opt-in" not in (await stranger.web.get(f"{link}/decide", follow_redirects=True)).text
    browser, still_open, _ = await case.visit("handover", "v2")
    assert (await browser.web.get(f"{still_open}/opt-in")).status_code == 404
    gate = await case.ask("language", "v1", email=TEAM)
    await case.decide(gate, "interpreter")
    browser, other, _ = await case.enter(gate)
    assert (await browser.web.get(f"{other}/opt-in")).status_code == 404
    assert "opt-in" not in (await browser.web.get(f"{other}/decide")).text
    assert await case.record.value("SELECT count(*) FROM requests") == 0


async def test_a_page_from_an_earlier_sign_in_is_shown_again(case: Disclosure) -> None:
    browser, link, page = await at_the_page(case)
    reply = await send(browser, link, page, csrf="an old one")
    assert (reply.status_code, "Cornish" in reply.text) == (403, True)
    assert (await send(browser, link, reply)).status_code == 200
    assert len(await case.audits("opted_in")) == 1


async def test_the_link_of_an_answered_leg_is_kept_for_a_change_of_mind_and_others_expire(case: Disclosure) -> None:
    long_ago = {"due_on": TODAY - timedelta(days=400)}
    links = {}
    for question, subject in (("offer", "v1"), ("refer", "v1"), ("tell_family", "v2")):
        gate = await case.ask(question, subject, **long_ago)  # type: ignore[arg-type]
        await case.run("UPDATE gates SET opened_at = $2 WHERE gate = $1", gate, NOW - timedelta(days=420))
        if question != "tell_family":
            await case.decide(gate, "declined")
        links[question] = await case.link(gate)
    web = case.desk.browser().web
    assert heading(await web.get(links["offer"])) == "This question has been answered"
    for expired in ("refer", "tell_family"):  # another question; one that was never answered
        assert heading(await web.get(links[expired])) == "This link has expired"


async def test_temporal_away_keeps_it_for_the_relay(case: Disclosure, tmp_path: Any) -> None:
    browser, link, page = await at_the_page(case)
    case.temporal.is_away = True
    assert "It is recorded that they want it" in text_of(await send(browser, link, page))
    assert case.temporal.signals == []
    case.temporal.is_away = False
    assert await Relay(case.temporal.delivery(case.record), case.record.pool, tmp_path).tick() == 1
    assert [signal.name for signal in case.temporal.signals] == ["opt_in"]


# --- what stands against it ---------------------------------------------------------------------------

REFUSED: list[tuple[str, list[str], str]] = [
    ("no_such_victim", ["DELETE FROM victims WHERE ref = 'v1'"], "it has v2"),
    ("not_reviewed", ["UPDATE cases SET ground = 'none'"], "no review is due"),
    ("not_convicted", ["DELETE FROM court_events"], "shared only after a conviction"),
    ("not_convicted", ["UPDATE court_events SET applied_at = NULL"], "shared only after a conviction"),
    ("not_convicted", ["UPDATE court_events SET kind = 'acquitted'"], "shared only after a conviction"),
    ("stopped", [HELD], "has stopped disclosure"),
    ("wants_already", ["UPDATE victims SET answer = 'accepted' WHERE ref = 'v1'"], "wants the review already"),
    (
        "given_already",
        [GIVEN],
        "has been given version 1",
    ),
]


@pytest.mark.parametrize(("code", "statements", "said"), REFUSED)
async def test_what_stands_against_it_is_said_and_nothing_is_recorded(
    case: Disclosure, code: str, statements: list[str], said: str
) -> None:
    async with case.record.owner() as owner:
        for statement in statements:
            await owner.execute(statement)
    before = await case.everything()
    with pytest.raises(OptInRefusedError, match=said) as refused:
        await wants(case)
    assert refused.value.code == code
    assert await case.everything() == before


async def test_a_quashing_shuts_it_and_a_new_conviction_opens_it_in_the_order_heard(case: Disclosure) -> None:
    await case.court("quashed")
    with pytest.raises(OptInRefusedError, match="conviction"):
        await wants(case)
    await case.court("convicted")
    assert (await wants(case)).is_reopened is False


async def test_whoever_has_an_earlier_version_and_refused_the_corrected_one_may_want_it_after_all(
    case: Disclosure,
) -> None:
    await case.run(GIVEN)
    await case.rendition(2)
    await case.release(2)
    assert (await wants(case)).is_reopened is False


async def test_an_answer_that_is_still_on_its_way_is_waited_for(case: Disclosure) -> None:
    gate = await case.ask("handover", "v1")
    decision = await case.decide(gate, "declined", applied=False)
    with pytest.raises(OptInRefusedError, match="on its way"):
        await wants(case)
    await case.run("UPDATE decisions SET void_at = now() WHERE decision = $1", decision)
    assert (await wants(case)).is_reopened is False


async def test_a_refusal_is_shown_on_the_page_in_place_of_the_form(case: Disclosure) -> None:
    browser, link, page = await at_the_page(case)
    await case.court("quashed")
    reply = await send(browser, link, page)
    assert (reply.status_code, "Record that they want it" in text_of(reply)) == (409, False)
    assert "It cannot be recorded now: the court does not open disclosure" in text_of(reply)


@pytest.mark.parametrize(
    ("before", "wish", "kept"),
    [
        (("cy", None), Wish("copy", "cy"), "translated"),
        (("cy", None), Wish("copy", "en"), None),
        (("other", "Cornish"), Wish("both", "other", "Breton"), None),
        (("other", "Cornish"), Wish("both", "other", "Cornish"), "translated"),
    ],
)
async def test_what_was_arranged_counts_only_for_the_same_language(
    case: Disclosure, before: tuple[str, str | None], wish: Wish, kept: str | None
) -> None:
    await case.run(
        "UPDATE victims SET language = $1, language_other = $2, language_arranged = 'translated', "
        "language_arranged_on = '2027-02-02', ask_again_on = '2027-05-01' WHERE ref = 'v1'",
        *before,
    )
    await wants(case, wish=wish)
    leg = await case.victim("v1")
    assert (leg["language_arranged"], leg["ask_again_on"]) == (kept, None)
    assert (leg["language_arranged_on"] is not None) is (kept is not None)
