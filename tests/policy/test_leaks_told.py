"""What of a finding is told, and how often; and what of the frame may stand only as it is."""

import pytest

from workflows.policy.anonymity import Named
from workflows.policy.leaked_spans import Redacted
from workflows.policy.leaks import Extract, Known, Leak, LeakKind, leaks_in

ZELDA = Known(names=(Named("Zelda Quillfeather", "practitioner"),))
WARD = Known(spans=(Redacted("schizophrenia at Seacroft", 1),))


def told(text: str, known: Known = ZELDA, *, coarse: bool = False) -> list[tuple[str, str]]:
    """The excerpt of each finding, and what was found in it."""
    return [(leak.excerpt, leak.matched) for leak in leaks_in([Extract("paragraph", text, coarse)], known)]


def test_a_finding_is_told_with_its_words_and_what_stands_beside_them() -> None:
    (leak,) = leaks_in([Extract("heading", "There Quillfeather was seen.")], ZELDA)
    assert leak == Leak(LeakKind.NAME, "heading", "There Quillfeather was seen.", "Quillfeather", "practitioner")
    assert told("Quillfeather") == [("Quillfeather", "Quillfeather")]
    accented = "\u00e9 Quillfe\u00e1ther \u00e9"
    assert told(accented) == [(accented, "Quillfe\u00e1ther")]


def test_the_same_name_in_two_places_is_told_twice_and_in_another_reading_of_one_place_once() -> None:
    two = [Extract("heading", "Quillfeather here"), Extract("paragraph", "Quillfeather there")]
    assert [leak.where for leak in leaks_in(two, ZELDA)] == ["heading", "paragraph"]
    assert len(told("Quillfeather &amp; she")) == 1


def test_words_of_a_redacted_text_are_each_told() -> None:
    assert [matched for _, matched in told("the schizophrenia, and then Seacroft", WARD)] == [
        "schizophrenia",
        "Seacroft",
    ]


def test_a_run_of_a_long_text_is_one_finding_and_a_word_of_it_farther_on_another() -> None:
    text = "one invented text of eleven words which nobody will ever read"
    known = Known(spans=(Redacted(f"{text} at Seacroft", 1), Redacted("read this Pinkney", 2)))
    assert [matched for _, matched in told(f"{text}, and Seacroft", known)] == [text, "Seacroft"]
    assert [matched for _, matched in told(f"{text} this Pinkney, or Pinkney", known)] == [
        text,
        "read this Pinkney",
        "Pinkney",
    ]


def test_what_stands_side_by_side_without_a_space_is_told_each() -> None:
    known = Known(names=ZELDA.names, spans=(Redacted("an account of 1,234 and schizophrenia", 1),))
    assert [matched for _, matched in told("1,234schizophrenia", known)] == ["1,234", "schizophrenia"]
    assert [matched for _, matched in told("1,234Zelda left", known)] == ["1,234", "Zelda"]


def test_in_what_is_no_text_figures_are_no_letters() -> None:
    assert told("Qui11feather")
    assert told("Quill-\nfeather", coarse=True)
    assert told("Qui11feather", coarse=True) == []


def test_a_phone_that_may_stand_hides_nothing_behind_it() -> None:
    known = Known(names=ZELDA.names, allowed=("016 234 567", " ", "\u200b"))
    assert told("016.234.567", known) == []  # nine figures, the fewest that are a phone
    assert [matched for _, matched in told("016.234.567 or Zelda, 016.234.568", known)] == ["Zelda", "016.234.568"]


@pytest.mark.parametrize(
    ("allowed", "text", "is_told"),
    [
        ("Quillfeather House", "Quillfeather House", False),
        ("Quillfeather House", "Quillfeather\n House", False),
        ("Quillfeather House", "Quillfeather House 3", False),
        ("Quillfeather House", "Quillfeather Houses", True),
        ("Quillfeather House", "The-Quillfeather House", True),
        ("Quillfeather 12", "Quillfeather 12", False),
        ("Quillfeather 12", "Quillfeather 12, 3", False),
        ("Quillfeather 12", "Quillfeather 12 3", True),
        ("Quillfeather 12", "Quillfeather 123", True),
    ],
)
def test_a_text_of_the_frame_may_stand_by_itself_and_not_within_a_longer_one(
    allowed: str, text: str, is_told: bool
) -> None:
    known = Known(names=ZELDA.names, allowed=(allowed,))
    assert bool(told(f"{text}", known)) is is_told
    assert told(f"{text}; Quillfeather left", known)  # what may stand hides nothing that stands beside it


@pytest.mark.parametrize(
    ("before", "after", "excerpt"),
    [
        ("aaaa " * 20, " bbbb" * 20, f"…{'aaaa ' * 11}Quillfeather{' bbbb' * 11}…"),
        ("." * 100, "." * 100, "…Quillfeather…"),
        ("aaaa " * 12, " bbbb" * 12, f"{'aaaa ' * 12}Quillfeather{' bbbb' * 12}"),
        ("a\x00 ", "\n \u2028b", "a\ufffd Quillfeather b"),
    ],
)
def test_an_excerpt_has_whole_words_on_one_line_and_marks_where_it_was_cut(
    before: str, after: str, excerpt: str
) -> None:
    assert [one for one, _ in told(f"{before}Quillfeather{after}")] == [excerpt]
