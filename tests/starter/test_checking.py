"""The answer is checked by whoever gives it: shown in words, recorded only from there, changed without loss."""

from datetime import date
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup

from starter.checking import Line, lines_of
from starter.forms import Typed
from tests.activities.reviewing import DRAFT
from tests.starter.front_desk import Browser, Desk, first_of_the_team, heading, hidden
from tests.starter.test_gateway import desk as desk  # the fixture
from workflows.contract.questions import QUESTIONS

TYPED = "First line\n\n  second line, indented <b>\nthird"


async def asked(desk: Desk, question: str, stage: str) -> tuple[Browser, str, httpx.Response]:
    """Somebody at the question's page."""
    gate = await desk.ask(question, stage=stage)
    email = await desk.record.value("SELECT person_email FROM gates WHERE gate = $1", gate)
    link, browser = desk.link(str(email)), desk.browser()
    return browser, link, await browser.sign_in(link)


def shown(page: httpx.Response) -> dict[str, str]:
    """What the page lists, by its label."""
    soup = BeautifulSoup(page.text, "html.parser")
    rows = soup.select(".govuk-summary-list__row")
    return {row.select_one("dt").text: row.select_one("dd").get_text("\n").strip() for row in rows}  # type: ignore[union-attr]


async def test_nothing_is_recorded_before_the_answer_was_checked(desk: Desk) -> None:
    browser, link, page = await asked(desk, "public_interest", "charge")
    check = await browser.answer(link, page, "review", reasons=TYPED, checked="")
    assert (check.status_code, heading(check)) == (200, "Check your answer")
    question = QUESTIONS["public_interest"].answer("review")
    assert question is not None
    said = shown(check)
    assert (said["Your answer"], said["What follows"], said["Reasons"]) == (question.label, question.consequence, TYPED)
    assert await desk.decisions() == []
    recorded = await browser.post(f"{link}/decide", hidden(check))
    assert recorded.status_code in (200, 202)
    (row,) = await desk.decisions()
    assert (row["answer"], row["reasons"]) == ("review", TYPED)
    seq = await desk.record.value("SELECT seq FROM audit WHERE action = 'decision_recorded'")
    for receipt in (recorded, await browser.web.get(f"{link}/decide")):
        assert shown(receipt)["Audit reference"] == f"{desk.case.reference}, row {seq} of the audit chain"
    assert "Audit reference" not in (await desk.browser().web.get(link)).text  # nobody who is not signed in


async def test_going_back_to_change_it_keeps_every_character(desk: Desk) -> None:
    browser, link, page = await asked(desk, "public_interest", "charge")
    typed = TYPED
    for _ in range(3):
        check = await browser.answer(link, page, "review", reasons=typed, checked="")
        page = await browser.web.post(f"{link}/decide", data={**hidden(check), "change": "yes"})
        soup = BeautifulSoup(page.text, "html.parser")
        area, chosen = soup.select_one("#reasons"), soup.select_one("input[name=answer][checked]")
        assert (page.status_code, chosen and chosen["value"]) == (200, "review")
        assert area is not None
        typed = area.text.removeprefix("\n")
        assert typed == TYPED
    assert await desk.decisions() == []


async def test_what_was_recorded_meanwhile_is_told_instead_of_checked(desk: Desk) -> None:
    browser, link, page = await asked(desk, "public_interest", "charge")
    check = await browser.answer(link, page, "review", reasons="First", checked="")
    for _ in range(2):  # a double click is one answer
        assert (await browser.post(f"{link}/decide", hidden(check))).status_code in (200, 202)
    other = await browser.answer(link, page, "no_review", reasons="Second", checked="")
    assert (other.status_code, heading(other)) == (409, "This question has been answered")
    assert [row["reasons"] for row in await desk.decisions()] == ["First"]


async def test_a_check_that_is_sent_from_an_earlier_session_records_nothing_and_loses_nothing(desk: Desk) -> None:
    browser, link, page = await asked(desk, "public_interest", "charge")
    check = await browser.answer(link, page, "review", reasons="Kept", checked="")
    sent = await browser.web.post(f"{link}/decide", data={**hidden(check), "csrf": "another"})
    assert (sent.status_code, "Kept" in sent.text) == (403, True)
    await desk.record.pool.execute("DELETE FROM sessions")
    out = await browser.web.post(f"{link}/decide", data=hidden(check))
    assert (out.status_code, "Kept" in out.text) == (403, True)
    assert "checked" not in hidden(out)  # after the sign-in the page is shown again and checked again
    assert await desk.decisions() == []


async def test_what_is_wrong_comes_before_the_check_also_where_a_form_says_that_it_was_checked(desk: Desk) -> None:
    browser, link, page = await asked(desk, "public_interest", "charge")
    for checked in ("", "yes"):
        reply = await browser.answer(link, page, "review", reasons="", checked=checked)
        assert (reply.status_code, "There is a problem" in reply.text) == (400, True)
        reply = await browser.answer(link, page, "", reasons="Kept", checked=checked)
        assert (reply.status_code, "Select your answer" in reply.text, "Kept" in reply.text) == (400, True, True)
        assert "no_review)" not in reply.text
    assert await desk.decisions() == []


PAGE: dict[str, Any] = {
    "options": {
        "actions": [{"value": "s2", "label": "Example Line Manager"}],
        "manager": [{"value": "n53.reviewer.1", "label": "Example Reviewer"}],
    },
    "comments": [{"number": "1", "label": "Findings, number 1", "comment": "It was Tuesday"}],
}


def of(question: str, value: str, typed: Typed) -> list[Line]:
    answer = QUESTIONS[question].answer(value)
    assert answer is not None
    return list(lines_of(answer, typed, PAGE))


def test_a_row_reads_as_its_columns_with_choices_dates_and_people_in_words() -> None:
    action = {**DRAFT["actions"][0], "owner": "s2", "due_on": str(date(2027, 3, 1))}
    (line,) = of("draft", "draft_ready", Typed(rows={"draft_ready.actions": [action]}))
    assert line.label == "Action plan"
    (said,) = line.values
    for words in ("Who does it: Example Line Manager", "By when: 1 March 2027", "What is to be done: Brief the team"):
        assert words in said.split("\n")


def test_a_row_that_the_page_gives_says_what_it_is_about() -> None:
    rows = [{"number": "1", "accepted": "no", "answer": "The record says so"}]
    (line,) = of("answer_comments", "answered", Typed(rows={"answered.answers": rows}))
    assert line.values[0].split("\n")[0] == "Findings, number 1"
    assert "The record says so" in line.values[0]


@pytest.mark.parametrize("question", sorted(QUESTIONS))
def test_every_answer_of_every_question_can_be_checked(question: str) -> None:
    """Nothing that a form can hold is left out, and what is blank is not shown."""
    for answer in QUESTIONS[question].answers:
        values = {f"{answer.value}.{field.name}": f"typed {field.name}" for field in answer.fields}
        assert of(question, answer.value, Typed()) == []
        found = of(question, answer.value, Typed(values=values))
        assert all(line.values[0].startswith("typed ") for line in found)


async def test_going_back_or_loading_the_receipt_again_sends_nothing_once_more(desk: Desk) -> None:
    browser, link, page = await asked(desk, "public_interest", "charge")
    said = {"answer": "review", "reasons": TYPED, "checked": "yes"}
    form = {**hidden(page), **first_of_the_team(page), **said}
    reply = await browser.web.post(f"{link}/decide", data=form)
    assert (reply.status_code, reply.headers["location"]) == (303, f"{link}/receipt")
    shown_again = [await browser.web.get(f"{link}/receipt") for _ in range(3)]
    assert {heading(one) for one in shown_again} == {"Your answer has been applied"}
    back = await browser.web.get(f"{link}/decide")
    assert (back.status_code, heading(back)) == (409, "This question has been answered")
    assert len(await desk.decisions()) == 1
    assert len(desk.temporal.signals) == 1


async def test_before_an_answer_and_to_anybody_else_there_is_no_receipt(desk: Desk) -> None:
    browser, link, page = await asked(desk, "public_interest", "charge")
    stranger = desk.browser()
    assert (await stranger.web.get(f"{link}/receipt")).headers["location"] == f"{link}/decide"
    assert (await browser.web.get(f"{link}/receipt")).headers["location"] == f"{link}/decide"
    receipt = await browser.answer(link, page, "review", reasons=TYPED)
    assert heading(receipt) == "Your answer has been applied"
    late = await stranger.web.get(f"{link}/receipt")
    assert (late.status_code, late.headers["location"]) == (303, f"{link}/decide")
