"""Renditions as files: what each audience is told and in which order, the same bytes always, and the page of HTML."""

import os
import re
import subprocess
import sys
import unicodedata
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from hypothesis import given, settings
from hypothesis import strategies as st

from activities import rendering_words as words
from activities.rendering import formats, render
from activities.rendering_paper import shown
from tests.activities.rendition_sample import CONTACT, NUMBER, a_rendition, a_review_saying, grounds_in
from workflows.contract.choices import REDACTION_GROUNDS
from workflows.contract.rendition import (
    Audience,
    Block,
    Cell,
    Change,
    FileFormat,
    Piece,
    Removed,
    RenditionText,
    Section,
)

GROUNDS = [ground.value for ground in REDACTION_GROUNDS]
AROUND = ["In short", "What happens next", "Whom to call", "What changed", "What was removed, and why", "The review"]
WORDS = "Words used in this document"


def page_of(text: RenditionText, number: int = NUMBER) -> BeautifulSoup:
    return BeautifulSoup(render(text, number, FileFormat.HTML), "html.parser")


def headings(page: BeautifulSoup, level: int = 2) -> list[str]:
    return [heading.get_text() for heading in page.find_all(f"h{level}")]


def under(page: BeautifulSoup, heading: str) -> list[Tag]:
    """The elements that stand under a heading of level 2."""
    found: list[Tag] = []
    start = next(h for h in page.find_all("h2") if h.get_text() == heading)
    for element in start.find_next_siblings():
        if element.name == "h2":
            break
        found.append(element)
    return found


def said(page: BeautifulSoup, heading: str) -> str:
    return "\n".join(element.get_text("\n") for element in under(page, heading))


def targets(page: BeautifulSoup) -> list[str]:
    return [str(link["href"]) for link in page.find_all("a")]


def a_section(*pieces: Piece, name: str = "analysis", label: str = "Analysis, paragraph 1") -> Section:
    block = Block(key=f"{name}-1", label=label, cells=(Cell(pieces=pieces),))
    return Section(name=name, heading=name.capitalize(), blocks=(block,))


# --- files -------------------------------------------------------------------------------------------


def test_html_and_word_can_always_be_made_and_pdf_where_typst_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    assert formats() == (FileFormat.HTML, FileFormat.WORD)
    with pytest.raises(RuntimeError, match="extra"):
        render(a_rendition(), NUMBER, FileFormat.PDF)


_HASHES = """
from hashlib import sha256
from activities.rendering import formats, render
from tests.activities.rendition_sample import NUMBER, a_rendition
for format in formats():
    print(sha256(render(a_rendition(), NUMBER, format)).hexdigest())
"""


def test_the_same_text_and_number_give_the_same_bytes_in_another_process_and_time_zone() -> None:
    here = [sha256(render(a_rendition(), NUMBER, one)).hexdigest() for one in formats()]
    elsewhere = {**os.environ, "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7", "USER": "invented", "PYTHONPATH": "."}
    ran = subprocess.run([sys.executable, "-c", _HASHES], env=elsewhere, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == here
    assert len(set(here)) == len(formats())


@pytest.mark.parametrize("format", formats())
def test_no_format_shows_how_long_a_removed_passage_was(format: FileFormat) -> None:
    short = a_rendition()
    removed = tuple(one.model_copy(update={"characters": one.characters * 9 + 1}) for one in short.removed)
    assert render(short, NUMBER, format) == render(a_rendition(removed=removed), NUMBER, format)


@pytest.mark.parametrize("format", formats())
def test_a_gap_is_the_same_wherever_it_stands_and_its_text_never_shows(format: FileFormat) -> None:
    gap = Piece(ground=GROUNDS[1])
    leaky = Piece.model_construct(text="Invented Secret", ground=GROUNDS[1])
    files = [render(a_rendition(sections=(a_section(piece),)), NUMBER, format) for piece in (gap, leaky)]
    assert files[0] == files[1]


@pytest.mark.parametrize("format", formats())
def test_a_ground_that_is_none_of_the_three_is_refused_without_a_word_of_the_text(format: FileFormat) -> None:
    text = a_rendition(sections=(a_section(Piece(text="Invented Secret"), Piece(ground="Invented Ground")),))
    with pytest.raises(ValueError, match="none of the three") as refused:
        render(text, NUMBER, format)
    assert "Invented" not in str(refused.value)


# --- what is said, and in which order ----------------------------------------------------------------


def test_a_family_reads_first_what_was_found_what_happens_next_and_whom_to_call() -> None:
    page = page_of(a_rendition())
    assert headings(page) == [*AROUND, WORDS]
    assert headings(page, 3) == [section.heading for section in a_rendition().sections]
    status = page.find(class_="status")
    assert status is not None
    assert status.get_text() == "Version 2. This is the released version. It is not a draft."
    assert said(page, "In short").split("\n") == list(a_rendition().summary)


@pytest.mark.parametrize(
    ("audience", "changed", "left_out"),
    [
        (Audience.VICTIM, {"changes": (), "changed_since": None}, {"What changed"}),
        (Audience.VICTIM, {"summary": ()}, {"In short"}),
        (Audience.VICTIM, {"contact": None}, set()),
        (Audience.PUBLIC, {}, {"Whom to call", "What changed"}),
        (Audience.PUBLIC, {"contact": CONTACT}, {"What changed"}),
        (Audience.INTERNAL, {}, {"In short", "What happens next", "Whom to call", "What changed", WORDS}),
        (Audience.INTERNAL, {"contact": CONTACT, "changed_since": 1}, set(AROUND[:3]) | {WORDS}),
    ],
)
def test_each_audience_has_its_parts(audience: Audience, changed: dict[str, Any], left_out: set[str]) -> None:
    page = page_of(a_rendition(audience, **changed))
    assert headings(page) == [heading for heading in (*AROUND, WORDS) if heading not in left_out]


def test_the_internal_version_is_confidential_and_says_that_readers_are_recorded() -> None:
    notices = [notice.get_text() for notice in page_of(a_rendition(Audience.INTERNAL)).find_all(class_="notice")]
    assert notices[0].startswith("Confidential. For the Regional Probation Director")
    assert "Readers are recorded" in notices[1]
    assert "sorry" not in page_of(a_rendition(Audience.INTERNAL)).get_text()


def test_a_family_without_a_contact_is_not_left_without_anybody() -> None:
    assert "the person who gave you this" in said(page_of(a_rendition(contact=None)), "Whom to call")


@pytest.mark.parametrize(
    ("field", "value", "target"),
    [
        ("phone", "01632 960 017", "tel:01632960017"),
        ("phone", "+44 (0)1632 960017", "tel:+441632960017"),
        ("phone", "01632 960 017 or 018", None),
        ("email", "liaison.one@n53.example.test", "mailto:liaison.one@n53.example.test"),
        ("email", "one@example.test?bcc=two@example.test", None),
        ("email", "javascript:alert(1)", None),
    ],
)
def test_a_telephone_and_an_email_are_links_where_they_are_one(field: str, value: str, target: str | None) -> None:
    page = page_of(a_rendition(contact=CONTACT.model_copy(update={field: value})))
    row = next(dd for dd in page.find_all("dd") if dd.get_text() == value)
    assert (row.a["href"] if row.a else None) == target


@pytest.mark.parametrize(
    ("since", "changes", "expected"),
    [
        (1, (), "version 1. The words of the review are the same"),
        (1, (Change(label="Learning, paragraph 1", kind="changed"),), "version 1. The list says"),
        (None, (Change(label="Learning, paragraph 1", kind="changed"),), "an earlier one. The list says"),
    ],
)
def test_a_corrected_version_says_since_which(since: int | None, changes: tuple[Change, ...], expected: str) -> None:
    assert expected in said(page_of(a_rendition(changed_since=since, changes=changes)), "What changed")


def test_what_changed_names_each_place_and_leads_to_those_that_are_there() -> None:
    page = page_of(a_rendition())
    rows = [row.find_all(["th", "td"]) for row in under(page, "What changed")[-1].select("tbody tr")]
    assert [(place.get_text(), how.get_text()) for place, how in rows] == [
        ("Chronology, number 7", "Its words changed"),
        ("Action plan, number 4", "It is new"),
        ("Learning, paragraph 3", "It is no longer there"),
    ]
    for place, _ in rows[:2]:
        led_to = page.select_one(str(place.select("a")[0]["href"]))
        assert led_to is not None
        assert led_to.get_text() == place.get_text()
    assert rows[2][0].a is None


def test_what_was_removed_is_counted_and_explained_ground_by_ground() -> None:
    table = next(
        element
        for element in under(page_of(a_rendition()), "What was removed, and why")
        if element.table or element.name == "table"
    )
    rows = [[cell.get_text("\n") for cell in row.find_all(["th", "td"])] for row in table.select("tbody tr")]
    counted = grounds_in(a_rendition().sections)
    assert rows == [[f"{g.label}\n{words.GROUND_MEANINGS[g.value]}", str(counted[g.value])] for g in REDACTION_GROUNDS]


def test_gaps_that_nobody_counted_are_counted_and_a_count_that_was_given_wins() -> None:
    sections = (a_section(Piece(ground=GROUNDS[0]), Piece(text=" and "), Piece(ground=GROUNDS[0])),)
    for removed, count in (((), "2"), ((Removed(ground=GROUNDS[0], passages=1, characters=3),), "1")):
        page = page_of(a_rendition(sections=sections, removed=removed))
        assert [cell.get_text() for cell in under(page, "What was removed, and why")[-1].find_all("td")] == [count]
    whole = page_of(a_rendition(sections=(a_section(Piece(text="Whole")),), removed=()))
    assert said(whole, "What was removed, and why") == "Nothing was removed from this version."


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, "Less than 1%"),
        (0.0049, "Less than 1%"),
        (0.005, "About 1%"),
        (0.031, "About 3%"),
        (0.035, "About 4%"),
        (0.99, "About 99%"),
        (0.999, "Almost all"),
        (1.0, "Almost all"),
    ],
)
def test_the_share_is_said_in_whole_per_cent(share: float, expected: str) -> None:
    assert f"{expected} of the text of the review was removed." in said(
        page_of(a_rendition(share=share)), "What was removed, and why"
    )


def test_words_are_explained_where_they_are_used_and_not_elsewhere() -> None:
    explained = {term.get_text() for term in under(page_of(a_rendition()), WORDS)[0].find_all("dt")}
    assert {"Deficiency", "OASys", "Head of PDU", "Supervised person"} <= explained
    assert not {"MAPPA", "Recall", "Approved premises"} & explained
    recalled = page_of(a_review_saying("The person was recalled in May. The RoSH was high."))
    assert {"Recall", "Risk of serious harm"} <= {term.get_text() for term in under(recalled, WORDS)[0].find_all("dt")}


def test_every_block_has_a_name_that_people_can_say() -> None:
    text = a_rendition()
    page = page_of(text)
    named = {element.get_text() for element in page.select("h4, .label, h3")}
    assert named >= {block.label for section in text.sections for block in section.blocks}
    assert "“Strengths and deficiencies, number 1”" in said(page, "What happens next")
    rows = [section for section in text.sections if section.name in ("chronology", "findings", "actions")]
    assert headings(page, 4) == [block.label for section in rows for block in section.blocks]


def _fixed_words() -> list[str]:
    for_families = [words.WORDINGS[audience] for audience in (Audience.VICTIM, Audience.PUBLIC)]
    lines = [line for one in for_families for line in (*one.opening, *one.next_steps, *one.last_steps, *one.removed)]
    lines += [line for one in for_families for line in (one.naming_step, one.action_step)]
    lines += [words.CALL, words.CALL_PUBLIC, words.CALL_WHO_GAVE_IT, words.REPLACES, words.GAP_SHOWN, words.GAP_SIZE]
    return [*lines, *words.GROUND_MEANINGS.values(), *(term.meaning for term in words.TERMS)]


@pytest.mark.parametrize("line", _fixed_words())
def test_what_families_read_is_in_short_sentences_without_jargon(line: str) -> None:
    assert max(len(sentence.split()) for sentence in re.split(r"[.:;] ", line)) <= 22
    assert not re.search(r"rendition|redact|disclos|offender|proportionate|pursuant|liais(?!on officer)", line, re.I)


# --- the page ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("audience", Audience)
def test_the_page_has_language_title_landmarks_and_headings_in_order(audience: Audience) -> None:
    page = page_of(a_rendition(audience))
    assert page.html is not None
    assert page.html["lang"] == "en-GB"
    assert page.title is not None
    assert page.title.get_text() == f"{words.WORDINGS[audience].title}, version {NUMBER}"
    assert [len(page.find_all(name)) for name in ("h1", "header", "main", "footer", "nav")] == [1] * 5
    levels = [int(heading.name[1]) for heading in page.find_all(re.compile("^h[1-6]$"))]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    identities = [element["id"] for element in page.find_all(id=True)]
    assert len(identities) == len(set(identities))
    inside = [target[1:] for target in targets(page) if target.startswith("#")]
    assert inside[0] == "main"
    assert set(inside) <= set(identities)
    assert all(cell.get("scope") for cell in page.find_all("th"))


@pytest.mark.parametrize("audience", Audience)
def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(audience: Audience) -> None:
    page = page_of(a_rendition(audience))
    assert not page.find_all(["script", "link", "img", "iframe", "object", "embed", "svg", "form", "base", "video"])
    assert not [
        e for e in page.find_all(True) for name in e.attrs if name in ("src", "style", "srcset") or name[:2] == "on"
    ]
    assert page.style is not None
    assert not re.search(r"url\(|@import|https?:|//", page.style.get_text())
    outside = {target.partition(":")[0] for target in targets(page) if not target.startswith("#")}
    assert outside == ({"tel", "mailto"} if audience is Audience.VICTIM else set())


def test_the_page_carries_no_white_space_of_its_template() -> None:
    lines = render(a_rendition(), NUMBER, FileFormat.HTML).decode().split("\n")
    body = lines[lines.index("<body>") :]
    assert [line for line in body if line != line.strip()] == []
    assert [number for number, line in enumerate(body[:-1]) if not line] == []


def test_a_gap_is_real_words_and_its_end_can_be_heard() -> None:
    page = page_of(
        a_rendition(sections=(a_section(Piece(text="seen by "), Piece(ground=GROUNDS[1]), Piece(text=" on")),))
    )
    paragraph = page.select("#part-1-1 + p")[0]
    gap = paragraph.span
    assert gap is not None
    assert gap.attrs == {"class": ["gap"]}
    assert gap.get_text() == "[Removed: personal data of the supervised person, others or staff]"
    assert paragraph.get_text() == f"seen by {gap.get_text()} End of gap.  on"


def test_what_people_wrote_in_another_language_is_marked_and_the_fixed_words_are_not() -> None:
    page = page_of(a_review_saying("Bu farw.", language="cy", summary=("Yn fyr.",)))
    assert page.html is not None
    assert page.html["lang"] == "en-GB"
    marked = [element.get_text() for element in page.find_all("span", lang="cy")]
    assert {"Yn fyr.", "Bu farw.", "Analysis of practice"} <= set(marked)
    assert not page_of(a_review_saying("Text", language="other")).find_all("span", lang=True)
    assert not page_of(a_review_saying("Text", language="en-GB")).find_all("span", lang=True)


# --- any text ----------------------------------------------------------------------------------------


_MARKUP = st.sampled_from(["<b>&amp;</b>", "{{ 7 }}", "]]>", "\"'>", "<!--", "{% raw %}", "</style>"])
_TEXTS = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=80) | _MARKUP, min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(_TEXTS)
def test_any_text_comes_out_literally_and_nothing_else_does(texts: list[str]) -> None:
    """And the page has the same elements as one with plain words, so that nothing that was typed became markup."""
    page = page_of(a_review_saying(*texts))
    kept = [shown(text) for text in texts if shown(text).strip()]
    paragraphs = [p for p in under(page, "The review") if p.name == "p" and "class" not in p.attrs]
    for paragraph in paragraphs:
        for new_line in paragraph.find_all("br"):
            new_line.replace_with("\n")
    assert [p.get_text() for p in paragraphs] == kept
    plain = page_of(a_review_saying(*("words" if shown(text).strip() else " " for text in texts)))
    names = [e.name for e in page.find_all(True) if e.name not in ("br", "dt", "dd", "div")]
    assert [e.name for e in plain.find_all(True) if e.name not in ("br", "dt", "dd", "div")] == names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\r\ntwo\rthree\x0bfour\u2028five\x85six", "one\ntwo\nthree\nfour\nfive\nsix"),
        ("a\tb", "a b"),
        ("\x00\x07\x1b[31m\x7f\x9b", "\ufffd\ufffd\ufffd[31m\ufffd\ufffd"),
        ("\ufdd0\ufffe\U0001ffff\ud800", "\ufffd\ufffd\ufffd\ufffd"),
        ("  two  spaces  ", "  two  spaces  "),
        ("\u05d0\U0001f600e\u0301\u00ad\u200b\ufeff", "\u05d0\U0001f600e\u0301\u00ad\u200b\ufeff"),
        ("a\u202eb", "a\u202eb\u202c"),
        ("a\u202eb\u202c", "a\u202eb\u202c"),
        ("\u2067a\u202bb", "\u2067a\u202bb\u202c\u2069"),
        ("\u2067a\u202bb\u2069", "\u2067a\u202bb\u2069"),
        ("\u202c\u2069a", "\u202c\u2069a"),
    ],
)
def test_what_no_file_may_hold_is_made_visible_and_a_direction_ends_with_its_text(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(st.text())
def test_what_is_shown_holds_one_control_character_only(text: str) -> None:
    assert {c for c in shown(text) if unicodedata.category(c) in ("Cc", "Cs")} <= {"\n"}
    assert shown(shown(text)) == shown(text)
