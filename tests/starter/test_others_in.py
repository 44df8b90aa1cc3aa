"""Other people's names, addresses and numbers are replaced in every text; the person's own stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starter.data_subjects import DataSubject
from starter.others_in import Others

ME = DataSubject(
    ("SFO-2026-00042",),
    cases=frozenset({"SFO-2026-00042"}),
    emails=frozenset({"own@planted.example.test"}),
    names=("Zelda Quillfeather",),
    identifiers=("X123456",),
)


def others() -> Others:
    return Others(
        ME,
        names={"Ivo Thornbush": "member of staff s1", "Maud Quillfeather": "victim or family v1"},
        words={"ivo@planted.example.test": "member of staff s1", "n53.senior_lead": "the senior lead"},
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Ivo Thornbush met Zelda Quillfeather", "[member of staff s1] met Zelda Quillfeather"),
        ("Mr Thornbush's note about Ms Quillfeather", "Mr [member of staff s1] note about Ms Quillfeather"),
        ("Maud Quillfeather rang", "[victim or family v1] rang"),
        ("Îvo  Thôrnbush", "[member of staff s1]"),
        ("write to ivo@planted.example.test or own@planted.example.test",
         "write to [member of staff s1] or own@planted.example.test"),
        ("write to IVO@planted.example.test", "write to [member of staff s1]"),
        ("write to nobody.known@elsewhere.example", "write to [an email address]"),
        ("given to n53.senior_lead.", "given to [the senior lead]."),
        ("X123456 and Y654321, A1234BC, 07700 900123, AB1 2DE",
         "X123456 and [a case number], [a prison number], [a phone number], [a postcode]"),
        ("Zelda Quillfeather (CRN X123456), CRN Y654321", "Zelda Quillfeather (CRN X123456), [a case number]"),
        ("zelda quillfeather and ivo thornbush", "zelda quillfeather and [member of staff s1]"),
        ("", ""),
    ],
)  # fmt: skip
def test_others_become_what_they_are(text: str, left: str) -> None:
    assert others().in_text(text).text == left


def test_it_counts_and_says_whether_the_person_is_named() -> None:
    found = others().in_text("Ivo Thornbush, Thornbush and X123456")
    assert (found.count, found.names_them) == (2, True)
    assert others().in_text("Nobody is named").names_them is False


@given(st.text(), st.text(), st.sampled_from(["Ivo Thornbush", "Maud Quillfeather", "ivo@planted.example.test"]))
def test_whatever_stands_beside_them_nobody_else_is_left(before: str, after: str, who: str) -> None:
    left = others().in_text(f"{before} {who} {after}").text
    assert who not in left
    assert left.count("[") >= 1


@given(st.text())
def test_a_text_without_anybody_stays_as_it_is(text: str) -> None:
    alone = Others(DataSubject(()))
    found = alone.in_value(text)
    if "@" not in text:
        assert found == text
