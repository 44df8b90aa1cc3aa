"""How pages and letters are laid out: what a browser or a reader would show wrongly without any error."""

import re

import pytest

from activities.composition import LETTERS, compose
from starter.views import PAGES, sections

STYLES = (PAGES / "static" / "sfo.css").read_text()
WORDS = {
    "reference": "SFO-2026-00042",
    "title": "Invented question",
    "due": "2026-11-30",
    "url": "https://sfo.example.test/a/token",
    "if_silent": "You will be reminded.",
    "because": "invented reason.",
    "role": "Head of PDU",
}


def test_the_page_keeps_clear_of_the_bars_above_and_below_it() -> None:
    """A class outweighs an element, so `.width` must not set the space that `main` has above and below."""
    width = re.search(r"^\.width \{(.*?)\}", STYLES, re.MULTILINE)
    assert width is not None
    assert not re.search(r"\bpadding:", width[1])


@pytest.mark.parametrize("letter", sorted(path.name for path in LETTERS.iterdir() if path.name != "layout"))
@pytest.mark.parametrize("overdue", [True, False])
def test_a_letter_as_text_sets_the_case_apart_from_the_sentence_before_it(letter: str, overdue: bool) -> None:
    words = {**WORDS, "overdue": overdue}
    message = compose(letter, "sfo@example.test", "Example Person", "p@example.test", "<1@example.test>", words)
    body = message.get_body(("plain",))
    assert body is not None
    text = str(body.get_content())
    assert "\n\nCase: SFO-2026-00042" in text
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
    shown = dict(sections(stored))
    assert list(shown) == [
        "Sources used",
        "Strengths and deficiencies",
        "Were all reasonable steps taken?",
        "Actions",
        "Later field",
    ]
    assert shown["Were all reasonable steps taken?"] == "In part"
    assert [list(row.items()) for row in shown["Strengths and deficiencies"]] == [
        [("kind", "Deficiency"), ("level", "Organisational"), ("text", "Invented finding"), ("reasons", "Why")]
    ]
    assert shown["Actions"] == [{"what": "Invented action", "owner": "s1", "due_on": "30 June 2027"}]


def test_a_document_of_another_shape_is_shown_as_it_stands() -> None:
    odd = {
        "findings": ["Removed"],
        "judgement": "unknown",
        "actions": [{"due_on": "soon", "more": "x"}],
        "learning": "",
    }
    assert dict(sections(odd)) == {
        "Strengths and deficiencies": ["Removed"],
        "Were all reasonable steps taken?": "unknown",
        "Actions": [{"due_on": "soon", "more": "x"}],
    }
    assert sections("A text") == [("", "A text")]
    assert sections(None) == []
