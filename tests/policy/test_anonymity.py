"""A review names nobody: names and numbers are found wherever they stand, and ordinary text is let through.

All names and numbers are invented.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.policy.anonymity import Named, Trace, findings_in, named_on
from workflows.policy.document import passages

PEOPLE = [
    Named("Zelda Quillfeather", "supervised person"),
    Named("Dr Björn Ångström-Małecki", "practitioner"),
    Named("Siobhán O'Brien", "practitioner"),
    Named("Mark Young", "line manager"),
    Named("Grant Hill", "practitioner"),
    Named("May Long", "practitioner"),
    Named("Invented Practitioner Ash", "practitioner"),
    Named("Invented Line-Manager Beech", "line manager"),
    Named("Li Xu", "practitioner"),
    Named("Ann de la Vega", "victim or family"),
    Named("Example Head Leicester N53", "Head of PDU"),
    Named("Example Regional-Director N53", "regional director"),
]


def kinds(text: str, people: list[Named] | None = None, identifiers: tuple[str, ...] = ()) -> list[str]:
    return [trace.what for trace in findings_in({"analysis": text}, PEOPLE if people is None else people, identifiers)]


@pytest.mark.parametrize(
    "text",
    [
        "We met Zelda Quillfeather twice.",
        "we met zelda quillfeather twice",
        "ZELDA QUILLFEATHER",
        "Quillfeather, Zelda",
        "Zelda  Quillfeather",
        "Zelda\u00a0Quillfeather",
        "Zelda-Quillfeather",
        "Zelda_Quillfeather.docx",
        "zelda.quillfeather",
        "ZeldaQuillfeather",
        "zeldaquillfeather",
        "Zel\u00adda Quill\u200bfeather",
        "Quillfeather did not attend.",
        "It was Quillfeather's plan.",
        "It was Quillfeather\u2019s plan.",
        "The Quillfeathers moved.",
        "The Quillfeathers' home",
        "ex-Quillfeather",
        "Mx. Z. Quillfeather",
        "(Zelda)",
        "“Zelda” said so",
        "Zelda2",
        "QUILLFEATHER was recalled",
        "Qu\u00edllfeather",
        "Mr Angstrom",
        "Mr \u00c5ngstr\u00f6m",
        "A\u030angstro\u0308m",  # the same, with combining accents
        "Malecki wrote",
        "the Ma\u0142ecki case",
        "Bjorn",
        "Siobhan asked",
        "O\u2019Brien asked",
        "OBrien asked",
        "O Brien asked",
        "the Vega family",
        "Ann",
        "Mark Young said",
        "mr young said",
        "Mr Young said",
        "Ms. Long said",
        "M. Young said",
        "then Mark said",
        "so told Young.",
        "Young, Mark",
        "MARK YOUNG",
        "we asked Grant about it",
        "near Hill's desk",
        "asked May whether",
        "Mrs May",
        "May Long",
        "met Ash on Monday",
        "Invented Practitioner Ash",
        "Practitioner Ash wrote",
        "Li Xu",
        "li xu",
        "Mrs Li",
        "Mr Xu's notes",
        "Example Head Leicester",
        "Example Regional-Director",
    ],
)
def test_a_name_is_found_however_it_is_written(text: str) -> None:
    assert kinds(text) == ["name"]


@pytest.mark.parametrize(
    "text",
    [
        "The practitioner did not mark the record. Mark the change in risk at once.",
        "Young people were in the home. We miss young people's views.",
        "It will take long. Long gaps stood between visits; Hill walking was the plan.",
        "Grant the request, or say why not. May it be noted: a long grant was made up the hill.",
        "In May 2026, on 3 May, from March to May and by May the plan stood. 12 May, 2026. Early May. Last May.",
        "Released on 12 May 2026; seen in May, and again in April.",
        "THE LONG TERM PLAN WILL CHANGE",
        "The Practitioner, the Head of PDU and the Regional Director were told. The Person was seen.",
        "Line managers were told. Line Manager. Beech trees.",
        "Invented practitioner notes. An Example was given. Invented person. Leicester is the delivery unit.",
        "- Mark each visit\n- Hope is no plan",
        "\u2022 Mark each visit",
        "“Mark each visit”, said the plan (long ago).",
        "An annual plan; a vegan; a liaison; an ashtray; the hillside; remarks; youngest; belong; maybe; planned.",
        "ann annexed the li",
        "N53 and N53LEI and the region's code",
        "quillfeathered",
        "",
    ],
)
def test_ordinary_words_are_no_names(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CRN X123456.", ["crn"]),
        ("crn:x123456", ["crn"]),
        ("(A1234BC)", ["noms"]),
        ("a1234bc", ["noms"]),
        ("PNC 2001/1234567A", ["pnc"]),
        ("PNC 01/1234567A,", ["pnc"]),
        ("QQ123456C", ["national_insurance"]),
        ("QQ 12 34 56 C", ["national_insurance"]),
        ("QQ-12-34-56-C", ["national_insurance"]),
        ("qq123456c", ["national_insurance"]),
        ("07700900123", ["phone"]),
        ("07700 900123", ["phone"]),
        ("07700 900 123 on 2 March", ["phone"]),
        ("on 07700-900-123", ["phone"]),
        ("(020) 7946 0018", ["phone"]),
        ("020 7946 0018", ["phone"]),
        ("01632 960001", ["phone"]),
        ("0306 999 0123", ["phone"]),
        ("0808 157 0123", ["phone"]),
        ("+44 7700 900123", ["phone"]),
        ("+447700900123", ["phone"]),
        ("+44 (0)20 7946 0018", ["phone"]),
        ("0044 7700 900123", ["phone"]),
        ("+353 20 910 1234", ["phone"]),
        ("SW1A 1AA", ["postcode"]),
        ("sw1a1aa", ["postcode"]),
        ("M1 1AE", ["postcode"]),
        ("B33 8TH", ["postcode"]),
        ("EC1A 1BB", ["postcode"]),
        ("GIR 0AA", ["postcode"]),
        ("a.b+c@x-y.example.test", ["email"]),
        ("mail <someone@example.test>", ["email"]),
        ("X123456, A1234BC and 07700 900123", ["crn", "noms", "phone"]),
    ],
)
def test_a_number_or_an_address_is_found(text: str, found: list[str]) -> None:
    assert kinds(text, []) == found


@pytest.mark.parametrize(
    "text",
    [
        "On 12 May 2026, 12/05/2026, 2026-05-12, 12.05.2026 and 01-02-2026 10:30 he was seen.",
        "From 01-02-2026 to 03-04-2026, 01.02.2026-03.04.2026 and 01/02/2026 - 03/04/2026.",
        "Between 10/2025 and 03/2026 a plan stood; 2001/02; 24/7; 1/2.",
        "£1,250.50, £123456, 1 234 567, 0.5, 12.75%, 100% and 07.5%.",
        "Offence SX03001A, OF61102 and TH68023.",
        "SFO-2026-00042 and SFO-2026-01632, version v2, round 3.",
        "28 working days, 16 weeks, 1 in 5, 10 of 12.",
        "Section 18, s.47, s20(1)(b), paragraph 4.2.1, Annex J, PI 15/2014, PSI 12/2014, Schedule 15.",
        "N53, N53LEI, MAPPA level 2, category 1, OASys 4.3, OGRS 67%, 09:00 to 17:30, 0900 hours.",
        "s1 2nd interview, v1 3rd round, Q1 4th week, M1 1st exit.",
        "He turned 21 in 2019 and had 07 visits, 01 to 09.",
        "2026 2027 2028 2029 and 1 2 3 4 5 6 7 8 9 10 11 12",
        "at 3 @ £5",
        "Rosh: high. ViSOR. HMIP. EPF2. ND5. P3.",
        "An Act of 2003 and 20 10 30 a.",
    ],
)
def test_ordinary_figures_are_no_numbers_of_anybody(text: str) -> None:
    assert kinds(text, []) == []


@pytest.mark.parametrize(
    ("own", "text", "found"),
    [
        ("X123456", "x 12 34 56", ["crn"]),
        ("A1234BC", "A1234-BC", ["noms"]),
        ("XY/77-1", "number xy771 is theirs", ["crn"]),
        ("xy/77-1", "number XY771 is theirs", ["crn"]),
        ("ab/cd", "number ABCD is theirs", ["crn"]),
        ("XY771", "number xy7712 is not", []),
        ("", "text", []),
        (" - ", "text", []),
    ],
)
def test_the_persons_own_numbers_are_found_however_they_are_spaced(own: str, text: str, found: list[str]) -> None:
    assert kinds(text, [], (own,)) == found


# --- Where it stands --------------------------------------------------------------------------------

REVIEW: dict[str, Any] = {
    "sources": [{"what": "Case records"}, {"what": "Interviews with staff"}],
    "chronology": [{"on": "2026-01-12", "what": "Released on licence", "source": "Case records"}],
    "analysis": "The plan was sound.\n\nThe handover took 28 working days.",
    "findings": [
        {
            "kind": "deficiency",
            "level": "team",
            "theme": "handover",
            "text": "Late handover",
            "reasons": "Vacancies stood open",
        }
    ],
    "judgement": "partly",
    "judgement_reasons": "The risk was known; the practitioner acted on it late.",
    "learning": "Hand a case over in one meeting.",
    "actions": [
        {"finding": "1", "what": "Hold it", "owner": "n53.zelda", "due_on": "2027-06-30", "improvement": "None waits"}
    ],
}


def test_the_place_is_told_as_the_review_calls_it() -> None:
    review = {
        **REVIEW,
        "analysis": "One.\n\nMark met Zelda, X123456.\nThree.",
        "findings": [{**REVIEW["findings"][0], "reasons": "Mr Young was away; Zelda too"}],
    }
    assert findings_in(review, PEOPLE) == (
        Trace("Analysis of practice, paragraph 2", "name", "analysis", "supervised person"),
        Trace("Analysis of practice, paragraph 2", "crn", "analysis"),
        Trace(
            "Strengths and deficiencies, number 1", "name", "findings-1-reasons", "supervised person or line manager"
        ),
    )


def test_keys_are_no_names_but_an_address_is_one() -> None:
    assert findings_in(REVIEW, PEOPLE) == ()
    owned = {**REVIEW, "actions": [{**REVIEW["actions"][0], "owner": "zelda@example.test"}]}
    assert [(t.what, t.field) for t in findings_in(owned, [])] == [("email", "actions-1-owner")]


def test_an_earlier_version_and_a_part_that_nobody_knows_are_read_too() -> None:
    assert [t.place for t in findings_in({"sources": "Records\nZelda", "later": "Zelda"}, PEOPLE)] == [
        "Sources used, number 2",
        "Later, paragraph 1",
    ]
    assert findings_in({"findings": ["Zelda", None, 7]}, PEOPLE)[0].place == "Strengths and deficiencies, number 1"


def test_the_page_says_who_must_not_be_named() -> None:
    assert named_on({}) == ([], [])
    page = {"names": [{"name": "Zelda Quillfeather", "who": "victim"}], "identifiers": ["X123456"]}
    assert named_on(page) == ([Named("Zelda Quillfeather", "victim")], ["X123456"])


@pytest.mark.parametrize("name", ["", " ", "Dr", "J", "N53", "of the", "7", "'"])
def test_a_name_that_is_none_finds_nothing(name: str) -> None:
    assert kinds("Dr J. of the N53 team had 7 cases", [Named(name)]) == []


PLACES = sorted({passage.place for passage in passages(REVIEW)})


def _put(place: str, at: int, words: str) -> dict[str, Any]:
    """The review with the words put between two words of one of its texts."""

    def with_them(text: str) -> str:
        split = text.split(" ")
        cut = at % (len(split) + 1)
        return " ".join([*split[:cut], words, *split[cut:]])

    name, _, rest = place.partition("-")
    if not rest:
        return {**REVIEW, name: with_them(REVIEW[name])}
    number, _, column = rest.partition("-")
    rows = [dict(row) for row in REVIEW[name]]
    rows[int(number) - 1][column] = with_them(rows[int(number) - 1][column])
    return {**REVIEW, name: rows}


@given(
    st.sampled_from(PLACES),
    st.integers(0, 50),
    st.sampled_from(PEOPLE),
    st.sampled_from(["{}", "{}'s", "({})", "“{}”", "{},", "{}.", "-{}", "{};"]),
)
def test_any_of_the_names_is_found_at_any_place(place: str, at: int, person: Named, around: str) -> None:
    found = findings_in(_put(place, at, around.format(person.name)), PEOPLE)
    assert [(t.what, t.field) for t in found] == [("name", place)]


SURNAMES = st.text("abcdefghijklmnopqrstuvwxyzéöåłøç", min_size=3, max_size=12).map(lambda s: f"Qz{s}")


@given(st.sampled_from(PLACES), st.integers(0, 50), SURNAMES)
def test_any_surname_is_found_at_any_place(place: str, at: int, surname: str) -> None:
    found = findings_in(_put(place, at, surname), [Named(f"Zelda {surname}", "victim")])
    assert [(t.what, t.field) for t in found] == [("name", place)]


NUMBERS = ["X123456", "A1234BC", "2001/1234567A", "QQ 12 34 56 C", "07700 900123", "SW1A 1AA", "a@b.example.test"]


@given(st.sampled_from(PLACES), st.integers(0, 50), st.sampled_from(NUMBERS))
def test_any_number_is_found_at_any_place(place: str, at: int, number: str) -> None:
    assert [t.field for t in findings_in(_put(place, at, number), PEOPLE)] == [place]


ORDINARY = st.sampled_from(
    """the plan was sound mark. young people, 28 working days; on 3 may 2026 £1,250 SX03001A N53 (s.18) 12.5% will
    SFO-2026-00042 practitioner risk - v2 12/05/2026 09:30 annex""".split()  # noqa: SIM905  # a text reads better
)


@given(st.lists(ORDINARY, max_size=40))
def test_plain_text_and_figures_in_any_order_yield_nothing(words: list[str]) -> None:
    assert kinds(" ".join(words)) == []
