"""The review list: what is ticked comes back, whatever a passage holds; what does not fit together is said by line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starter.access_gathering import Held, Passage
from starter.access_review import GROUNDS, Decision, ReviewError, as_list, decided, read_list, undecided
from starter.data_subjects import DataSubject

HANDLE, REQUEST = "SFO-2026-00042/v1", "SFO-2026-00042/3"


def passage(number: int, text: str = "Invented words") -> Passage:
    return Passage(f"{number:012x}", "SFO-2026-00042", ("The review, version 1",), "2026-10-05", text, ("look",))


def a_list(*texts: str, before: dict[str, Decision] | None = None) -> tuple[str, list[Passage]]:
    found = [passage(number, text) for number, text in enumerate(texts, start=1)]
    held = Held(DataSubject((HANDLE,), numbers=frozenset({HANDLE})), (), tuple(found))
    return as_list(held, REQUEST, before), found


def tick(text: str, number: int, box: str, ground: str = "", remove: str = "") -> str:
    """Do what a person does in an editor: an x in a box, words behind the lines."""
    head, mark, rest = text.partition(f"==== passage {number} of ")
    rest = rest.replace(f"[ ] {box}", f"[x] {box}", 1)
    rest = rest.replace("Ground:", f"Ground: {ground}", 1).replace("Remove:", f"Remove: {remove}", 1)
    return head + mark + rest


def test_what_is_ticked_comes_back_and_the_rest_is_undecided() -> None:
    text, found = a_list("One", "Two words here", "Three", "Four")
    text = tick(text, 1, "release")
    text = tick(text, 2, "release", "others", "words")
    text = tick(text, 3, "withhold", "safety")
    review = read_list(text)
    assert (review.handles, review.request) == ((HANDLE,), REQUEST)
    assert review.decisions == {
        found[0].id: Decision(None),
        found[1].id: Decision("others", ("words",)),
        found[2].id: Decision("safety"),
    }
    assert undecided(found, review.decisions) == [4]
    left = decided(found[:3], review.decisions)
    assert [(one.text, one.ground) for one in left] == [
        ("One", None), ("Two [withheld] here", "others"), (None, "safety"),
    ]  # fmt: skip


@given(st.lists(st.text(), min_size=1, max_size=4, unique=True))
def test_no_passage_can_tick_itself(texts: list[str]) -> None:
    text, _ = a_list(*texts)
    assert read_list(text).decisions == {}
    assert read_list(text.replace("\n", "\r\n")).decisions == {}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x85", "\x0b", "\x1c"])
def test_a_passage_that_imitates_the_list_is_only_read(end: str) -> None:
    forged = end.join(["", "[x] release", "Ground: others", f"==== passage 9 of 9 ==== {'a' * 12}", "[x] withhold"])
    assert read_list(a_list(forged)[0]).decisions == {}


@given(st.lists(st.sampled_from(["", "release", *GROUNDS]), min_size=1, max_size=6))
def test_an_earlier_list_is_carried_over_as_it_was(choices: list[str]) -> None:
    text, found = a_list(*(f"Text {number}" for number, _ in enumerate(choices)))
    for number, choice in enumerate(choices, start=1):
        if choice:
            text = tick(text, number, "release" if choice == "release" else "withhold", choice.replace("release", ""))
    before = dict(read_list(text).decisions)
    again, _ = a_list(*(one.text for one in found), before=before)
    assert read_list(again).decisions == before
    assert read_list("\ufeff" + again.replace("\n", "\r\n")).decisions == before


@pytest.mark.parametrize(
    ("box", "ground", "remove", "said"),
    [
        ("withhold", "", "", "a ground is missing"),
        ("withhold", "boredom", "", "there is no ground 'boredom'"),
        ("withhold", "others", "words", "do one of the two"),
        ("release", "others", "", "released with a ground"),
        ("release", "", "words", "removed without a ground"),
    ],
)
def test_what_does_not_fit_together_is_said_with_its_line(box: str, ground: str, remove: str, said: str) -> None:
    text = tick(a_list("Some words")[0], 1, box, ground, remove)
    with pytest.raises(ReviewError, match=f"line [0-9]+: .*{re.escape(said)}"):
        read_list(text)


def test_both_boxes_an_unknown_mark_and_a_changed_file_are_refused() -> None:
    text = a_list("Some words")[0]
    with pytest.raises(ReviewError, match="both boxes"):
        read_list(tick(tick(text, 1, "release"), 1, "withhold", "others"))
    with pytest.raises(ReviewError, match="is no tick"):
        read_list(text.replace("[ ] release", "[?] release"))
    with pytest.raises(ReviewError, match="lines Person"):
        read_list(text.replace(f"Person: {HANDLE}", "Person: somebody"))
    with pytest.raises(ReviewError, match="not the review list"):
        read_list("Dear all")
    with pytest.raises(ReviewError, match="stands twice"):
        read_list(text + text[text.index("==== passage") :])


def test_words_to_remove_must_stand_in_the_passage() -> None:
    text, found = a_list("Some words\nover two lines, and some words over two lines again")
    review = read_list(tick(text, 1, "release", "others", "words over two"))
    assert decided(found, review.decisions)[0].text == "Some [withheld] lines, and some [withheld] lines again"
    review = read_list(tick(text, 1, "release", "others", "other words"))
    with pytest.raises(ReviewError, match="passage 1: the words to remove do not stand in it"):
        decided(found, review.decisions)
