"""What leaves: a rendition composed from a review and its decided redactions, for each kind of reader."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.redacting import redaction
from workflows.contract.rendition import Audience, Block, Change, Contact, Piece, Removed, RenditionText
from workflows.policy.redaction import (
    GROUNDS,
    Place,
    Redaction,
    Span,
    places,
    summary,
)
from workflows.policy.renditions import compose

REVIEW: dict[str, Any] = {
    "sources": [{"what": "Case records"}],
    "chronology": [{"on": "2026-02-02", "what": "He was seen at Invented Clinic.", "source": ""}],
    "analysis": "The aunt said she was afraid.\r\n\r\nA visit was missed.",
    "findings": [
        {
            "kind": "deficiency",
            "level": "team",
            "theme": "handover",
            "text": "First line.\r\nSecond line.",
            "reasons": "Vacancies.",
        }
    ],
    "judgement": "partly",
    "actions": [
        {"finding": "1", "what": "Meet.", "owner": "s1", "due_on": "2027-06-30", "improvement": "No case waits."},
        {"owner": "s2"},
    ],
}
AFRAID = Span("analysis-1", 4, 28, "aunt said she was afraid")
CLINIC = Span("chronology-1-what", 15, 30, "Invented Clinic")
CONTACT = Contact(name="Invented Region SFO Team", phone="01632 960001", email="team@example.test")


def made(
    *redactions: Redaction,
    document: dict[str, Any] = REVIEW,
    audience: Audience = Audience.VICTIM,
    previous: RenditionText | None = None,
) -> RenditionText:
    return compose(
        document,
        redactions,
        audience=audience,
        review_version=1,
        previous=previous,
        previous_number=3 if previous else None,
    )


def blocks(text: RenditionText) -> dict[str, Block]:
    return {block.key: block for section in text.sections for block in section.blocks}


def words(text: RenditionText, key: str) -> dict[str, str]:
    """The cells of a block by their labels, a gap as its ground in brackets."""
    cells = blocks(text)[key].cells
    return {cell.label: "".join(f"[{p.ground}]" if p.ground else p.text for p in cell.pieces) for cell in cells}


# --- the parts of it --------------------------------------------------------------------------------


def test_the_review_is_composed_part_by_part_with_choices_and_dates_in_words() -> None:
    text = made()
    assert [(s.name, s.heading, [b.key for b in s.blocks]) for s in text.sections] == [
        ("sources", "Sources used", ["sources-1"]),
        ("chronology", "Chronology", ["chronology-1"]),
        ("analysis", "Analysis of practice", ["analysis-1", "analysis-2"]),
        ("findings", "Strengths and deficiencies", ["findings-1"]),
        ("judgement", "Were all reasonable steps taken?", ["judgement"]),
        ("actions", "Action plan", ["actions-1"]),
    ]
    assert words(text, "chronology-1") == {
        "Date": "2 February 2026",
        "What happened": "He was seen at Invented Clinic.",
    }
    assert words(text, "analysis-2") == {"": "A visit was missed."}
    assert words(text, "judgement") == {"": "In part"}
    assert words(text, "findings-1") == {
        "Strength or deficiency": "Deficiency",
        "At which level": "Team",
        "What it concerns": "Allocation and handover of the case",
        "What was found": "First line.\nSecond line.",
        "Reasons": "Vacancies.",
    }
    assert blocks(text)["findings-1"].label == "Strengths and deficiencies, number 1"


@pytest.mark.parametrize("audience", [Audience.VICTIM, Audience.PUBLIC])
def test_who_carries_out_an_action_leaves_with_no_version(audience: Audience) -> None:
    text = made(audience=audience)
    assert words(text, "actions-1") == {
        "Number of the finding that it answers": "1",
        "What is to be done": "Meet.",
        "By when": "30 June 2027",
        "Expected improvement": "No case waits.",
    }
    assert "actions-2" not in blocks(text)  # it held nothing else
    assert "s1" not in text.model_dump_json()


def test_inside_the_service_the_whole_text_is_read_with_its_owners() -> None:
    text = made(redaction(AFRAID), redaction(CLINIC, accepted=None, number=2), audience=Audience.INTERNAL)
    assert words(text, "analysis-1") == {"": "The aunt said she was afraid."}
    assert words(text, "actions-1")["Who does it"] == "s1"
    assert (text.removed, text.share) == ((), 0.0)


def test_an_accepted_span_is_a_gap_with_its_ground_and_the_rest_is_untouched() -> None:
    text = made(redaction(AFRAID, ground="third_party_confidence"), redaction(CLINIC, number=2))
    ((cell,),) = (blocks(text)["analysis-1"].cells,)
    assert cell.pieces == (Piece(text="The "), Piece(ground="third_party_confidence"), Piece(text="."))
    assert words(text, "chronology-1")["What happened"] == "He was seen at [personal_data]."
    assert words(text, "analysis-2") == {"": "A visit was missed."}
    assert text.removed == (
        Removed(ground="third_party_confidence", passages=1, characters=24),
        Removed(ground="personal_data", passages=1, characters=15),
    )
    assert text.share == summary(REVIEW, [redaction(AFRAID), redaction(CLINIC, number=2)]).share > 0
    assert "aunt" not in text.model_dump_json()


@pytest.mark.parametrize(
    ("spans", "grounds", "expected"),
    [
        ([(0, 4), (4, 8)], ["personal_data"] * 2, "[personal_data] said she was afraid."),
        ([(4, 9), (9, 14)], ["personal_data", "third_party_not_public"],
         "The [personal_data][third_party_not_public]she was afraid."),
        ([(0, 3), (4, 8)], ["personal_data"] * 2, "[personal_data] [personal_data] said she was afraid."),
        ([(0, 29)], ["personal_data"], "[personal_data]"),
        ([(28, 29), (0, 3)], ["personal_data"] * 2, "[personal_data] aunt said she was afraid[personal_data]"),
    ],
)  # fmt: skip
def test_gaps_of_one_ground_that_touch_are_one(spans: list[tuple[int, int]], grounds: list[str], expected: str) -> None:
    whole = "The aunt said she was afraid."
    given = [
        redaction(Span("analysis-1", start, end, whole[start:end]), number=number, ground=ground)
        for number, ((start, end), ground) in enumerate(zip(spans, grounds, strict=True), start=1)
    ]
    assert words(made(*given), "analysis-1") == {"": expected}


def test_a_gap_takes_a_date_in_words_and_one_line_of_a_cell() -> None:
    on = Span("chronology-1-on", 0, 10, "2 February")
    line = Span("findings-1-text", 12, 24, "Second line.")
    text = made(redaction(on), redaction(line, number=2))
    assert words(text, "chronology-1")["Date"] == "[personal_data] 2026"
    assert words(text, "findings-1")["What was found"] == "First line.\n[personal_data]"


def test_what_comes_with_the_text_is_carried_as_it_is() -> None:
    text = compose(REVIEW, (), audience=Audience.PUBLIC, review_version=4, summary=["One.", "Two."], contact=CONTACT)
    assert (text.audience, text.review_version) == (Audience.PUBLIC, 4)
    assert (text.summary, text.contact) == (("One.", "Two."), CONTACT)
    assert (text.changes, text.changed_since) == ((), None)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (redaction(AFRAID, accepted=None, number=7), "redaction 7: it is not decided"),
        (replace(redaction(AFRAID), version=2), "redaction 1: it is of version 2"),
        (replace(redaction(AFRAID, accepted=False), version=2), "redaction 1: it is of version 2"),
        (redaction(replace(AFRAID, start=3, end=27)), "does not stand in this version"),
        (redaction(Span("actions-1-owner", 0, 2, "s1")), "does not stand in this version"),
        (redaction(Span("analysis-9", 0, 3, "The")), "does not stand in this version"),
        (redaction(Span("analysis-1", 23, 31, "afraid.")), "does not stand in this version"),
        (redaction(Span("analysis-1", -7, 29, "afraid.")), "does not stand in this version"),
        (redaction(AFRAID, ground="convenience"), "none of the grounds"),
    ],
)
def test_nothing_is_composed_from_what_is_undecided_or_does_not_stand(wrong: Redaction, says: str) -> None:
    for audience in (Audience.VICTIM, Audience.PUBLIC):
        with pytest.raises(ValueError, match=says) as raised:
            made(wrong, audience=audience)
        assert "aunt" not in str(raised.value)


@pytest.mark.parametrize(
    "inner", [AFRAID, replace(AFRAID, end=8, text="aunt"), replace(AFRAID, start=22, text="afraid")]
)
def test_gaps_that_overlap_are_not_composed(inner: Span) -> None:
    with pytest.raises(ValueError, match="redaction 2: it overlaps redaction 1"):
        made(redaction(AFRAID), redaction(inner, number=2))
    made(redaction(AFRAID), redaction(inner, accepted=False, number=2))  # what is refused takes nothing


# --- what differs from an earlier one ---------------------------------------------------------------


def test_a_reader_is_told_where_the_text_differs_from_the_one_released_before() -> None:
    later = {
        **REVIEW,
        "analysis": "A new paragraph.\nThe aunt said she was afraid.\nA visit was not made.",
        "findings": [],
        "actions": [{**REVIEW["actions"][0], "owner": "s2"}],
        "learning": "Hand over in one meeting.",
    }
    text = made(document=later, previous=made())
    assert text.changes == (
        Change(label="Analysis of practice, paragraph 1", kind="added"),
        Change(label="Analysis of practice, paragraph 3", kind="changed"),
        Change(label="Learning, paragraph 1", kind="added"),
        Change(label="Strengths and deficiencies, number 1", kind="removed"),
    )
    assert text.changed_since == 3


def test_a_change_inside_a_gap_shows_nothing_of_it() -> None:
    later = {**REVIEW, "analysis": REVIEW["analysis"].replace("aunt said she was afraid", "uncle wept")}
    hidden = redaction(Span("analysis-1", 4, 14, "uncle wept"))
    assert made(hidden, document=later, previous=made(redaction(AFRAID))).changes == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), (redaction(AFRAID),)),
        ((redaction(AFRAID),), ()),
        ((redaction(AFRAID),), (redaction(AFRAID, ground="third_party_confidence"),)),
    ],
)
def test_a_gap_that_comes_goes_or_has_another_ground_is_a_change(
    before: tuple[Redaction, ...], after: tuple[Redaction, ...]
) -> None:
    assert made(*after, previous=made(*before)).changes == (
        Change(label="Analysis of practice, paragraph 1", kind="changed"),
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (["One."], ["Two."], [Change(label="In short", kind="changed")]),
        ([], ["Two."], [Change(label="In short", kind="added")]),
        (["One."], [], [Change(label="In short", kind="removed")]),
        (["One."], ["One."], []),
    ],
)
def test_a_summary_that_differs_is_told_too(before: list[str], after: list[str], expected: list[Change]) -> None:
    earlier = compose(REVIEW, (), audience=Audience.VICTIM, review_version=1, summary=before)
    later = compose(
        REVIEW, (), audience=Audience.VICTIM, review_version=1, summary=after, previous=earlier, previous_number=1
    )
    assert list(later.changes) == expected


def test_what_differs_between_two_long_renditions_is_what_differs_between_short_ones() -> None:
    """Where a paragraph is repeated hundreds of times, it is still seen as the same."""
    before = ["See the record."] * 250
    earlier, later = {"analysis": "\n".join(before)}, {"analysis": "\n".join(["A visit was missed.", *before])}
    first = compose(earlier, (), audience=Audience.VICTIM, review_version=1)
    second = compose(later, (), audience=Audience.VICTIM, review_version=2, previous=first, previous_number=1)
    assert len(second.changes) == 1


def test_an_earlier_rendition_is_one_for_the_same_reader_and_has_its_number() -> None:
    with pytest.raises(ValueError, match=r"^an earlier rendition is given with its number, and for the same audience$"):
        made(audience=Audience.PUBLIC, previous=made())
    with pytest.raises(ValueError, match="number"):
        compose(REVIEW, (), audience=Audience.VICTIM, review_version=1, previous=made())
    with pytest.raises(ValueError, match="number"):
        compose(REVIEW, (), audience=Audience.VICTIM, review_version=1, previous_number=2)


# --- whatever the review and the spans are ----------------------------------------------------------

_TEXT = st.text("abé '\u2019.,\u0301\u200d\U0001f469\n\r\u00a0", max_size=30)
_DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "analysis": _TEXT,
        "sources": _TEXT | st.lists(st.fixed_dictionaries({"what": _TEXT}), max_size=3),
        "judgement": st.sampled_from(["yes", "partly", "", "unlike these"]),
        "chronology": st.lists(
            st.fixed_dictionaries({"on": st.sampled_from(["2026-02-02", "then"]), "what": _TEXT}), max_size=3
        ),
        "actions": st.lists(st.fixed_dictionaries({"what": _TEXT, "owner": st.just("owner-7")}), max_size=3),
    },
)


@st.composite
def _redacted(draw: st.DrawFn) -> tuple[dict[str, Any], list[Redaction]]:
    """A document with spans in it that share no character, each decided on some ground."""
    document = draw(_DOCUMENTS)
    found: list[Redaction] = []
    for place in places(document).values():
        cuts = sorted(draw(st.sets(st.integers(0, len(place.text)), max_size=6)))
        for start, end in draw(st.sampled_from([list(pairwise(cuts)), list(zip(cuts[::2], cuts[1::2], strict=False))])):
            ground = draw(st.sampled_from(list(GROUNDS)))
            span = Span(place.key, start, end, place.text[start:end])
            found.append(redaction(span, draw(st.booleans()), len(found) + 1, ground))
    return document, draw(st.permutations(found))


def _expected(place: Place, redactions: list[Redaction]) -> Iterator[Piece]:
    """Character by character: which ground takes it, or none."""
    here = [r for r in redactions if r.span.place == place.key and r.accepted]
    grounds = [next((r.ground for r in here if r.span.start <= i < r.span.end), None) for i in range(len(place.text))]
    for ground, run in groupby(zip(place.text, grounds, strict=True), key=lambda pair: pair[1]):
        yield Piece(ground=ground) if ground else Piece(text="".join(character for character, _ in run))


@given(_redacted(), st.sampled_from([Audience.VICTIM, Audience.PUBLIC]))
def test_no_removed_character_is_left_at_its_place_and_everything_else_is(
    given_: tuple[dict[str, Any], list[Redaction]], audience: Audience
) -> None:
    document, redactions = given_
    text = made(*redactions, document=document, audience=audience)
    cells = [cell.pieces for section in text.sections for block in section.blocks for cell in block.cells]
    typed = [pieces for pieces in cells if pieces[0].text not in ("In part", "Yes")]
    assert typed == [tuple(_expected(place, redactions)) for place in places(document).values()]
    assert "owner-7" not in text.model_dump_json()
    assert sum(one.characters for one in text.removed) == sum(len(r.span.text) for r in redactions if r.accepted)


@given(_redacted())
def test_a_refused_redaction_is_always_shown(given_: tuple[dict[str, Any], list[Redaction]]) -> None:
    document, redactions = given_
    refused = [replace(r, accepted=False) for r in redactions]
    assert made(*refused, document=document) == made(document=document)


@given(_redacted())
def test_the_pieces_joined_with_what_was_removed_are_the_review(
    given_: tuple[dict[str, Any], list[Redaction]],
) -> None:
    document, redactions = given_
    text = blocks(made(*redactions, document=document))
    for place in places(document).values():
        here = [r for r in redactions if r.accepted and r.span.place == place.key]
        removed = sorted(here, key=lambda r: r.span.start)
        joined = ""
        for piece in next(cell for cell in text[place.block].cells if cell.label == place.cell).pieces:
            joined += piece.text
            while (
                piece.ground and removed and (removed[0].span.start, removed[0].ground) == (len(joined), piece.ground)
            ):
                joined += removed.pop(0).span.text
        assert (joined, removed) == (place.text, [])
