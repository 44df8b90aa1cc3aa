"""How pages and letters are laid out: what a browser or a reader would show wrongly without any error."""

from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from starlette.responses import HTMLResponse

from activities.composition import LETTERS, compose
from starter.forms import Typed, read_form, typed_from
from starter.record import Gate
from starter.views import Shown, question_page, sections
from tests.builders import LETTER_WORDS, WITHOUT_A_CASE
from workflows.contract.columns import COLUMNS
from workflows.contract.messages import CaseClock
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import GateState, Role
from workflows.policy.answers import Problem, check_answer
from workflows.policy.document import paragraphs


@pytest.mark.parametrize("letter", sorted(path.name for path in LETTERS.iterdir() if path.name != "layout"))
@pytest.mark.parametrize("overdue", [True, False])
def test_a_letter_as_text_sets_the_case_apart_from_the_sentence_before_it(letter: str, overdue: bool) -> None:
    words = {**LETTER_WORDS, "overdue": overdue}
    message = compose(letter, "sfo@example.test", "Example Person", "p@example.test", "<1@example.test>", words)
    body = message.get_body(("plain",))
    assert body is not None
    text = str(body.get_content())
    assert ("\n\nCase: SFO-2026-00042" in text) is (letter not in WITHOUT_A_CASE)
    assert "\n\n\n" not in text


def test_a_review_reads_in_the_order_and_in_the_words_of_its_question() -> None:
    """PostgreSQL keeps the keys of a document by their length, and the values as codes."""
    stored = {
        "actions": [{"what": "Invented action", "owner": "s1", "due_on": "2027-06-30"}],
        "sources": "Invented sources",
        "findings": [{"kind": "deficiency", "text": "Invented finding", "level": "organisational", "reasons": "Why"}],
        "judgement": "partly",
        "later_field": "Kept",
    }
    shown = {heading: part for _, heading, part in sections(stored)}
    assert list(shown) == [
        "Sources used",
        "Strengths and deficiencies",
        "Were all reasonable steps taken?",
        "Action plan",
        "Later field",
    ]
    assert shown["Sources used"] == [{"Source": "Invented sources"}]
    assert shown["Were all reasonable steps taken?"] == "In part"
    assert [list(row.items()) for row in shown["Strengths and deficiencies"]] == [
        [
            ("Strength or deficiency", "Deficiency"),
            ("At which level", "Organisational"),
            ("What was found", "Invented finding"),
            ("Reasons", "Why"),
        ]
    ]
    plan = {"What is to be done": "Invented action", "Who does it": "s1", "By when": "30 June 2027"}
    assert shown["Action plan"] == [plan]


def test_a_document_of_another_shape_is_shown_as_it_stands() -> None:
    odd = {
        "findings": ["Removed"],
        "judgement": "unknown",
        "actions": [{"due_on": "soon", "more": "x"}],
        "learning": "",
    }
    assert {heading: part for _, heading, part in sections(odd)} == {
        "Strengths and deficiencies": ["Removed"],
        "Were all reasonable steps taken?": "unknown",
        "Action plan": [{"By when": "soon", "More": "x"}],
    }
    assert sections("A text") == [("", "", "A text")]
    assert sections(None) == []


# --- The question's page ----------------------------------------------------------------------------

MOMENT = datetime(2026, 11, 23, 9, tzinfo=UTC)
REVIEW: dict[str, Any] = {
    "actions": [
        {"finding": 2, "what": "Meet", "owner": "s1", "due_on": "2027-06-30", "improvement": "No case waits"},
        {"finding": "1", "what": "Visit", "owner": "s1", "due_on": "2027-06-30", "improvement": "More visits"},
    ],
    "sources": [{"what": "Case records"}],
    "analysis": "First.\n\nSecond.",
    "findings": [
        {"kind": "strength", "level": "", "text": "Visits were made", "reasons": ""},
        {
            "kind": "deficiency",
            "level": "team",
            "theme": "handover",
            "text": "Handover was late",
            "reasons": "Vacancies",
        },
    ],
    "learning": "Meet.",
    "judgement": "partly",
    "chronology": [{"on": "2026-01-12", "what": "Released", "source": ""}],
    "judgement_reasons": "Because.",
}
OWNERS = {"actions": [{"value": "s1", "label": "Invented Practitioner Ash"}]}


GIVEN_ROW = {
    "number": 1, "member": "s1", "key": "k1", "label": "Named", "comment": "A comment", "passage": "A passage",
}  # fmt: skip
GIVEN: dict[str, Any] = {name: [GIVEN_ROW] for name in ("comments", "contacts", "redactions", "leaks")}
"""Rows that a page gives, of each kind."""


def shown(key: str, typed: Typed | None = None, problems: tuple[Problem, ...] = (), **page: Any) -> BeautifulSoup:
    return BeautifulSoup(bytes(page_of_question(key, typed, problems, **page).body), "html.parser")


def page_of_question(
    key: str, typed: Typed | None = None, problems: tuple[Problem, ...] = (), **page: Any
) -> HTMLResponse:
    question = QUESTIONS[key]
    told = {"title": question.title, "why": question.why, "if_silent": question.if_silent, "facts": []}
    whole = {**told, "options": {}, "refused": {}, "document": None, "redactions": [], **page}
    day = MOMENT.date()
    clock = CaseClock(case_anchor=MOMENT, wall_anchor=MOMENT)
    gate = Gate(
        f"SFO-2026-00042/review/{key}",
        "SFO-2026-00042",
        key,
        None,
        Role.REVIEWING_MANAGER,
        whole,
        GateState.OPEN,
        day,
        MOMENT,
        day,
        MOMENT,
        None,
        None,
        clock,
        MOMENT,
    )
    return question_page(Shown("token", gate, question, "csrf", typed or Typed(), problems))


def typed_on(key: str, soup: BeautifulSoup, **given: str) -> Typed:
    """What a browser would send: what stands in the page, and what is typed over it."""
    sent: dict[str, str] = {}
    for one in soup.select("form input[name], form textarea[name], form select[name]"):
        name = str(one["name"])
        if one.name == "select":
            chosen = one.select_one("option[selected]")
            sent[name] = str(chosen["value"]) if chosen else ""
        elif one.name == "textarea":
            sent[name] = one.text.removeprefix("\n")
        elif one.get("type") not in ("radio", "file") or one.has_attr("checked"):
            sent[name] = str(one["value"])
    return read_form(QUESTIONS[key], (sent | given).items())


@pytest.mark.parametrize("key", sorted(QUESTIONS))
def test_every_question_has_a_page_on_which_every_input_has_its_label(key: str) -> None:
    soup = shown(key, options=OWNERS, not_before="2026-12-01", **GIVEN)
    ids = [tag["id"] for tag in soup.select("[id]")]
    assert len(ids) == len(set(ids))
    labels = {tag["for"] for tag in soup.select("label")}
    for one in soup.select("input:not([type=hidden]), select, textarea"):
        assert one["id"] in labels
    for tag in soup.select("[aria-labelledby]"):
        assert soup.find(id=str(tag["aria-labelledby"]))
    for answer in QUESTIONS[key].answers:
        for field in answer.fields:
            columns = [c.name for c in COLUMNS.get(field.kind, ())]
            stem = f"{answer.value}.{field.name}"
            for name in [f"{stem}-1-{column}" for column in columns] or [stem]:
                assert soup.select(f'[name="{name}"]') or soup.find(id=name), name


def test_a_returned_review_is_edited_and_not_typed_again() -> None:
    soup = shown("draft", typed_from(REVIEW, "try"), options=OWNERS, start_from=REVIEW)
    typed = typed_on("draft", soup)
    assert typed.attempt == "try"
    fields = typed.fields(QUESTIONS["draft"])
    assert [p.text for p in paragraphs(fields)] == [p.text for p in paragraphs(REVIEW)]
    assert check_answer(QUESTIONS["draft"], "draft_ready", fields, None, {"options": OWNERS}) == []


def test_a_version_of_earlier_years_starts_a_draft_too() -> None:
    typed = typed_from({"sources": "Records\nInterviews", "findings": ["Removed"], "judgement": None})
    assert typed.rows["draft_ready.sources"] == [{"what": "Records"}, {"what": "Interviews"}]
    assert typed.rows["draft_ready.findings"] == []
    assert typed.values["draft_ready.judgement"] == ""


@pytest.mark.parametrize(
    ("emptied", "findings", "pointing"),
    [((), 2, ["2", "1"]), ((1,), 1, ["1", ""]), ((2,), 1, ["2", "1"]), ((1, 2), 0, ["2", "1"])],
)
def test_an_action_keeps_its_finding_when_another_one_is_emptied(
    emptied: tuple[int, ...], findings: int, pointing: list[str]
) -> None:
    soup = shown("draft", typed_from(REVIEW), options=OWNERS)
    blank = {f"draft_ready.findings-{n}-{column}": "" for n in emptied for column in ("text", "reasons")}
    typed = typed_on("draft", soup, **blank)
    assert len(typed.rows["draft_ready.findings"]) == findings
    assert [row["finding"] for row in typed.rows["draft_ready.actions"]] == pointing


def test_rows_that_the_page_gives_show_what_they_are_about_and_take_no_more() -> None:
    comments = [
        {"number": n, "paragraph": f"analysis-{n}", "label": f"Paragraph {n}", "comment": f"Said {n}"} for n in (1, 2)
    ]
    soup = shown("answer_comments", comments=comments)
    assert [b.text for b in soup.select(".row blockquote")] == ["Said 1", "Said 2"]
    assert [p.text for p in soup.select(".row .caption")] == ["Paragraph 1", "Paragraph 2"]
    assert not soup.select("button[name=add]")
    typed = typed_on("answer_comments", soup, **{"answered.answers-2-accepted": "yes"})
    assert [row["number"] for row in typed.rows["answered.answers"]] == ["1", "2"]
    assert [row["accepted"] for row in typed.rows["answered.answers"] if "accepted" in row] == ["yes"]
    staff = [{"member": "s1", "label": "Invented Practitioner Ash"}]
    assert shown("welfare", contacts=staff).select_one(".row .caption").text == "Invented Practitioner Ash"  # type: ignore[union-attr]
    passages = [{"number": 3, "passage": "A passage", "ground": "personal_data", "note": "A habit"}]
    row = shown("redaction_decision", redactions=passages).select_one(".row")
    assert row is not None
    assert "A passage" in row.text
    assert "Ground: Personal data of the supervised person, others or staff. A habit" in row.text


def test_paragraphs_carry_their_names_where_they_can_be_commented_on() -> None:
    options = [{"value": p.key, "label": p.label} for p in paragraphs(REVIEW)]
    soup = shown("facts", document=REVIEW, options={"comments": options})
    named = {tag["id"]: tag.text for tag in soup.select(".paper .caption")}
    assert named == {p.key: p.label for p in paragraphs(REVIEW)}
    assert not shown("countersign", document=REVIEW).select(".paper .caption")
    chosen = soup.select('select[name="comments.comments-1-paragraph"] option')
    assert [option["value"] for option in chosen] == ["", *named]


def test_answered_comments_stand_below_the_document() -> None:
    said = {"number": 1, "label": "Analysis of practice, paragraph 1", "comment": "A day later"}
    soup = shown("submit", document=REVIEW, comments=[{**said, "accepted": False, "answer": "The record says so"}])
    assert "Not accepted: The record says so" in (soup.select_one(".paper") or soup).text
    open_ = shown("submit", document=REVIEW, comments=[{**said, "accepted": None, "answer": None}])
    assert "A day later" not in open_.text


def test_several_problems_of_one_text_are_all_told_there() -> None:
    problems = (Problem("analysis", "First problem"), Problem("analysis", "Second problem"))
    soup = shown("draft", typed_from(REVIEW), problems, options=OWNERS)
    error = soup.find(id="draft_ready.analysis-error")
    assert error is not None
    assert "First problem. Second problem" in error.text
    assert len(soup.select(".govuk-error-summary li")) == 1


def test_times_and_addresses_have_inputs_of_their_own() -> None:
    soup = shown("invite", not_before="2026-12-01")
    assert [i["type"] for i in soup.select(".row input")] == ["date", "time", "text"]
    assert "Not before 1 December 2026." in soup.text
    assert shown("hmip").select_one('input[name="recorded.reviewer_email"]')["type"] == "email"  # type: ignore[index]
