"""Rows of the review in depth, in staff care and in disclosure: each wrong one is named with its column."""

from typing import Any

import pytest

from tests.policy.answering import DRAFT, OWNERS, places
from workflows.policy.field_rules import ROW_TEXT, SHORT_TEXT

MONDAY = {"not_before": "2027-01-11"}
SUIT = {"on": "2027-01-11", "at": "14:30", "place": "Room 1"}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"at": "00:00"}, []),
        ({"on": "2027-01-10"}, ["times-1-on"]),
        ({"on": "soon"}, ["times-1-on"]),
        ({"at": ""}, ["times-1-at"]),
        ({"at": "2pm"}, ["times-1-at"]),
        ({"at": "24:00"}, ["times-1-at"]),
        ({"at": "9:30"}, ["times-1-at"]),
        ({"at": "14:30:00"}, ["times-1-at"]),
        ({"place": " "}, ["times-1-place"]),
        ({"place": "x" * (SHORT_TEXT + 1)}, ["times-1-place"]),
        ({"with": "x"}, ["times-1-on"]),
    ],
)
def test_a_time_has_a_date_a_clock_time_and_a_place(change: dict[str, Any], found: list[str]) -> None:
    assert places("invite", "invited", {"times": [{**SUIT, **change}]}, page=MONDAY) == found


@pytest.mark.parametrize(("count", "found"), [(0, ["times"]), (1, []), (3, []), (4, ["times"])])
def test_one_to_three_times_are_proposed(count: int, found: list[str]) -> None:
    assert places("invite", "invited", {"times": [SUIT] * count}, page=MONDAY) == found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"source": ""}, []),
        ({"on": "1899-12-31"}, ["chronology-1-on"]),
        ({"on": "2026-11-24"}, ["chronology-1-on"]),
        ({"on": ""}, ["chronology-1-on"]),
        ({"what": ""}, ["chronology-1-what"]),
        ({"source": "x" * (SHORT_TEXT + 1)}, ["chronology-1-source"]),
    ],
)
def test_the_chronology_tells_what_happened_and_when(change: dict[str, Any], found: list[str]) -> None:
    fields = {**DRAFT, "chronology": [{**DRAFT["chronology"][0], **change}]}
    assert places("draft", "draft_ready", fields, page={**OWNERS, "today": "2026-11-23"}) == found


def test_each_source_is_named() -> None:
    fields = {**DRAFT, "sources": [{"what": "Records"}, {"what": ""}]}
    assert places("draft", "draft_ready", fields, page=OWNERS) == ["sources-2-what"]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"paragraph": "analysis-2", "comment": "It was a day later"}, []),
        ({"paragraph": "analysis-9", "comment": "It was a day later"}, ["comments-1-paragraph"]),
        ({"paragraph": "", "comment": "It was a day later"}, ["comments-1-paragraph"]),
        ({"paragraph": "analysis-2", "comment": ""}, ["comments-1-comment"]),
        ({"paragraph": "analysis-2", "comment": "x" * (ROW_TEXT + 1)}, ["comments-1-comment"]),
    ],
)
def test_a_comment_is_about_a_paragraph_of_the_draft(row: dict[str, str], found: list[str]) -> None:
    page = {"options": {"comments": [{"value": "analysis-2", "label": "Analysis of practice, paragraph 2"}]}}
    assert places("facts", "comments", {"comments": [row]}, page=page) == found


def test_to_have_comments_is_to_make_one() -> None:
    assert places("facts", "comments") == ["comments"]
    assert places("facts", "no_comments") == []


COMMENTS = {"comments": [{"number": n, "paragraph": "analysis-2", "label": "-", "comment": "-"} for n in (1, 2)]}
FIRST, SECOND = {"number": "1", "accepted": "yes", "answer": ""}, {"number": 2, "accepted": "no", "answer": "Records"}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([FIRST, SECOND], []),
        ([FIRST, {**SECOND, "accepted": False}], []),
        ([SECOND, FIRST], []),
        ([FIRST], ["answers"]),
        ([FIRST, SECOND, SECOND], ["answers"]),
        ([FIRST, {**SECOND, "answer": " "}], ["answers-2-answer"]),
        ([FIRST, {**SECOND, "accepted": ""}], ["answers-2-accepted"]),
        ([FIRST, SECOND, {**FIRST, "number": 3}], ["answers-3-number"]),
        ([FIRST, {**SECOND, "number": [2]}], ["answers-2-number", "answers"]),
        ([], ["answers"]),
    ],
)
def test_each_comment_is_accepted_or_answered_once(rows: list[dict[str, Any]], found: list[str]) -> None:
    assert places("answer_comments", "answered", {"answers": rows}, page=COMMENTS) == found


STAFF = {"contacts": [{"member": m, "label": "-"} for m in ("s1", "s2")], "today": "2027-01-11"}
CONTACT = {"member": "s1", "contact": "made", "on_date": "2027-01-11", "outside_offered": "yes"}
OTHER = {**CONTACT, "member": "s2", "contact": "not_wanted", "outside_offered": "no"}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([CONTACT, OTHER], []),
        ([CONTACT], ["contacts"]),
        ([CONTACT, CONTACT, OTHER], ["contacts"]),
        ([CONTACT, OTHER, {**CONTACT, "member": "s3"}], ["contacts-3-member"]),
        ([CONTACT, {**OTHER, "contact": "rung"}], ["contacts-2-contact"]),
        ([CONTACT, {**OTHER, "on_date": "2027-01-12"}], ["contacts-2-on_date"]),
        ([CONTACT, {**OTHER, "outside_offered": ""}], ["contacts-2-outside_offered"]),
        ([CONTACT, {**OTHER, "said": "x"}], ["contacts-2-member"]),
    ],
)
def test_contact_with_each_member_of_staff_is_recorded_once(rows: list[dict[str, Any]], found: list[str]) -> None:
    assert places("welfare", "recorded", {"contacts": rows}, page=STAFF) == found


@pytest.mark.parametrize(("time", "found"), [("1", []), ("3", ["time"]), ("", ["time"])])
def test_an_option_is_one_of_those_on_the_page(time: str, found: list[str]) -> None:
    page = {"options": {"time": [{"value": 1, "label": "-"}, {"value": 2, "label": "-"}]}}
    assert places("invitation", "accepted", {"time": time}, page=page) == found


@pytest.mark.parametrize(
    ("email", "found"), [("r@hmip.example.test", []), ("r", ["reviewer_email"]), ("a b@c", ["reviewer_email"])]
)
def test_an_address_is_an_address(email: str, found: list[str]) -> None:
    fields = {"commissioned_on": "2027-01-11", "reviewer_name": "Invented Reviewer", "reviewer_email": email}
    assert places("hmip", "recorded", fields, "why") == found
