"""Names and numbers as reviews of this country have them: what is found, what is let through, what is out of reach.

All names and numbers are invented; phone numbers are of the ranges kept free for drama.
"""

import pytest

from workflows.policy.anonymity import Named, findings_in


def kinds(text: str, name: str = "") -> set[str]:
    return {trace.what for trace in findings_in({"analysis": text}, [Named(name)] if name else [])}


FOUND: dict[str, tuple[str, ...]] = {
    "Anne-Marie Fotheringay-Smythe": (
        "Anne Marie said so", "Annemarie said so", "AnneMarie", "A-M Fotheringay-Smythe", "A.M. Fotheringay",
        "Ms Smythe", "Smythe's notes", "Fotheringay\u2011Smythe", "Fotheringay\u2013Smythe", "FotheringaySmythe",
        "ANNE-MARIE FOTHERINGAY-SMYTHE", "Fotheringay-\nSmythe",
    ),
    "Siobhán O'Brien": (
        "O'Brien", "O\u2019Brien", "O`Brien", "O\u00b4Brien", "O' Brien", "O Brien", "Obrien", "OBRIEN'S", "O'Briens",
        "Siobhan", "Si\u0301obhan O\u2019Brien",
    ),
    "Fergus McAllister": (
        "McAllister", "MacAllister", "Mc Allister", "Mac Allister", "Mc-Allister", "M'Allister", "Mcallister",
        "MCALLISTER", "McAllister's", "F. MacAllister",
    ),
    "Ewan MacDonald": ("MacDonald", "Macdonald", "McDonald", "Mac Donald", "MACDONALD"),
    "Fiona Mackie": ("Mackie", "MACKIE's", "the Mackies"),
    "D'Arcy Le Fanu": ("D'Arcy", "d\u2019Arcy", "Darcy", "Le Fanu", "Fanu"),
    "Mohammed Iqbal Chaudhry": (
        "Mohammed", "Iqbal asked", "Mr Chaudhry", "M. Iqbal", "M I Chaudhry", "M.I.Chaudhry", "CHAUDHRY, Mohammed",
    ),
    "Gurpreet Kaur Singh-Sandhu": ("Ms Kaur", "Gurpreet", "Singh Sandhu", "Singh", "SANDHU"),
    "Abu Bakr al-Rashid": ("al-Rashid", "Al Rashid", "Alrashid", "Rashid", "Abu Bakr"),
    "Nguyễn Thị Hoa": ("Nguyen", "Nguyễn", "Hoa", "Thi Hoa"),
    "Łukasz Wójcik-Żółtowski": ("Lukasz", "Łukasz", "Wojcik", "Wo\u0301jcik", "ŁUKASZ WÓJCIK", "Zoltowski"),
    "Zoë Šťastná": ("Zoe", "Zoë", "Stastna", "ŠŤASTNÁ"),
    "Mark Young": (
        "Mark Young", "MARK YOUNG", "Mr Young", "M Young was told", "M. Young", "Young, Mark", "when Mark visited",
        "as Young had asked", "the visit was made by Mark.", "Mark's visit was late", "Mark visited him",
        "Mark was arrested", "We asked Mark\nYoung about it", "the Young family", "the Youngs", "Officer Young said",
    ),
    "Grace Hope": (
        "Grace Hope", "GRACE HOPE", "Ms Hope", "met Grace on Monday", "told Hope that", "G. Hope",
        "so Grace\nHope said", "Grace was told", "Grace's home",
    ),
    "May Bishop": ("May Bishop", "Mrs Bishop", "Mrs May", "asked May to come", "told Bishop", "May said so"),
    "Rose Long": ("Rose Long", "told Rose", "Rose's home", "Ms Long", "R. Long", "Rose was seen weekly"),
    "Will Ng": ("Mr Ng", "W Ng", "Ng said", "told Ng", "Will Ng"),
    "Jo Wu": ("Jo Wu", "jo wu", "Ms Wu", "Jo said", "told Jo"),
    "Sarah Jane Leicester": ("Sarah Leicester", "Ms Leicester", "Sarah-Jane", "S. J. Leicester", "S Leicester"),
    "John de la Cruz": ("de la Cruz", "Cruz", "J. de la Cruz"),
    "Zelda Quillfeather": (
        "Zelda\nQuillfeather", "Quill-\nfeather", "Quill\u00adfeather", "ex-Quillfeather", "Quillfeathers\u2019",
    ),
    "Robert (Bob) Tregenza": ("Bob", "Tregenza", "R Tregenza"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in FOUND.items() for text in texts])
def test_a_name_of_this_country_is_found(name: str, text: str) -> None:
    assert kinds(text, name) == {"name"}


LET_THROUGH: dict[str, tuple[str, ...]] = {
    "Mark Young": (
        "A young man was seen. Young people were in the home.", "He was placed at a Young Offender Institution.",
        "The records mark the change. Mark each visit.", "Young adults, and the Young Adult pathway.",
    ),
    "Grace Hope": ("There was hope of change; hope was lost. Hope is no plan.", "a grace period. A Grace period."),
    "May Bishop": (
        "In May the practitioner was away.", "in May, the visit; by mid-May; since May; throughout May",
        "Contact in April, May and June fell.", "The May review was late.", "It may be. The bishop wrote.",
        "May 2026, 3 May, May to July, between May and August",
    ),
    "Rose Long": ("Rose to level 3.", "The risk rose. Rose again in June.", "It took long. Long gaps stood open."),
    "Sarah Leicester": ("the court at Leicester", "Leicester Crown Court", "In Leicester he moved.", "LEICESTER"),
    "Ann Court": ("the Crown Court at Leeds", "the Court ordered it", "the Magistrates' Court"),
    "Tom Bath": ("He lives in Bath.", "the Bath office"),
    "Tom England": ("England and Wales", "the Church of England"),
    "Will Power": ("Will the plan hold?", "There was no will and no power to recall."),
    "Lee Green": ("a Green rating", "the Green Paper", "green"),
    "Joe Case": ("The Case record", "the Case Manager", "Case Administrator"),
    "Sandy Early": ("an Early Look", "Early release"),
    "Ray Post": ("Post Sentence Supervision", "a post stood open"),
    "Christian Major": ("a Major incident", "the Major Crime team"),
    "Faith Law": ("the Faith team", "the Law Commission"),
    "Amber Field": ("an amber alert", "the Field team", "in the field"),
    "Dean Forest": ("HMP Forest Bank", "the dean"),
    "Tom Street": ("the flat in Market Street", "the Street outreach team"),
    "Ian Page": ("see Page 4", "on page 4"),
    "Summer Winter": ("In Summer 2025", "in the winter", "in Winter"),
    "Jo So": ("So it was said. So far, so good.",),
    "Mo Ali": ("an alias; a mosque; more",),
    "Practitioner Wells": ("The Practitioner and the Wells office",),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in LET_THROUGH.items() for text in texts])
def test_an_ordinary_sentence_is_let_through(name: str, text: str) -> None:
    assert kinds(text, name) == set()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Zelda Quillfeather", "Zel was told"),  # a nickname that no record has
        ("Zelda Quillfeather", "ZQ was told"),  # initials alone
        ("Zelda Quillfeather", "it was quillfeather who asked"),  # a surname alone in small letters
        ("Zelda Quillfeather", "Quilfeather asked"),  # a misspelling
        ("Mark Young", "Mark is late"),  # it begins a sentence and could be an order
        ("May Bishop", "It was seen by May"),  # a person, or a date
    ],
)
def test_what_is_out_of_reach_is_known_to_be(name: str, text: str) -> None:
    assert kinds(text, name) == set()


NUMBERS: dict[str, tuple[str, ...]] = {
    "crn": (
        "X123456", "x123456", "X 123456", "X 123 456", "X-123456", "CRN:X123456", "CRNX123456",
        "CRN no. X 12 34 56", "crn x 123 456", "X123456's", "X123456_notes.docx", "X123456/2026",
    ),
    "noms": ("A1234BC", "a1234bc", "A 1234 BC", "A1234 BC", "a1234-bc", "A-1234-BC", "NOMS a 1234 bc", "NOMIS A1234BC"),
    "pnc": (
        "2001/1234567A", "01/1234567A", "01/234567a", "2001 1234567A", "20011234567A", "2001-1234567A", "011234567A",
        "PNC 2001/0234567 A", "2001/1234567/A", "2001\\1234567A", "PNC ID 01 234567a",
    ),
    "national_insurance": (
        "QQ123456C", "QQ 12 34 56 C", "qq 12 34 56 c", "QQ 123456 C", "QQ12 3456C", "QQ.12.34.56.C", "QQ/12/34/56/C",
        "Qq123456c", "QQ123456", "NI number qq 12 34 56", "NINO: QQ 12 34 56",
    ),
    "phone": (
        "07700 900123", "07700.900.123", "07700-900-123", "(07700) 900123", "07 700 900 123", "tel:07700900123",
        "+44 7700 900123", "+44 (0) 7700 900123", "+44(0)7700900123", "+44.7700.900123", "0044 (0) 7700 900 123",
        "447700900123", "44 7700 900 123", "020.7946.0018", "020-7946-0018", "(0116) 496 0000", "01632/960001",
        "01632 960 001", "0116\u2013496\u20130000", "07700\u2011900123", "+44\u202f7700\u2009900123", "0808 157 0123",
    ),
    "postcode": ("SW1A1AA", "sw1a 1aa", "SW1A  1AA", "SW1A-1AA", "M1 1AE", "m11ae", "W1A 0AX", "EC1A\u00a01BB"),
    "email": (
        "a.b@example.test", "a.b+team@example.test", "a_b@sub.example.test", "a.b @ example.test", '"a b"@example.test',
        "a.b\uff20example.test", "a.b at example.test", "a.b AT example.test", "a.b (at) example.test",
        "ab[at]example.test", "ab {at} example.test", "ab at example dot test", "a.b [at] example [dot] test",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in NUMBERS.items() for text in texts])
def test_a_number_or_an_address_is_found_however_it_is_spelt(kind: str, text: str) -> None:
    assert kinds(text) == {kind}
    assert kinds(f"It was noted ({text}), and kept.") == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "a meeting at 10.30; at 3.45pm; stood at 138.5 per cent; look at www.gov.uk/guidance",
        "published at example.test on 3 May; the plan (at home) held; seen at home.He left",
        "Between 2001 1234 people; in 2003, Act 2; 2019 1234 visits; Category A 2026 HM Prison; Annex A 2026 11",
        "no 10 20 30 40 50; at 10 20 30 and; on 12 12 12 a; to 10 11 12 b; of 12 12 2026",
        "visits on 02 03 04 05 06 2026; weeks 01 02 03 04 05 06 07; from 01 02 2026 to 03 04 2026",
        "01.02.26, 03.04.26 and 05.06.26; 0.12345678; 0800 to 1700; between 0900 and 1730 hours",
        "E1 2nd, C2 3rd, A1 2pm, M25 3pm, P1 2nd, W1 3rd, tier B2 1st, G4 5pm, N1 1in 5, D1 2to 3",
        "SFO-2026-00042 A review, SFO-2026-00042 a",
        "10/2025 a plan; 01/2026 a review; SX03001A; PI 15/2014; OASys 4.3; 2020-2024",
        "Team AB, 12 34 and 56; N53 28 28; QQ; X 12 visits; the CRN is on the record; the NI number was asked for",
    ],
)
def test_ordinary_figures_are_let_through(text: str) -> None:
    assert kinds(text) == set()


def test_a_number_that_a_file_holds_as_a_number_is_read_as_well() -> None:
    assert [t.what for t in findings_in({"sources": [{"what": 447700900123}]}, [])] == ["phone"]


def test_a_name_over_a_break_is_told_where_it_ends_and_parts_far_apart_are_none() -> None:
    (trace,) = findings_in({"analysis": "They told Mark\nYoung so.\nIt was noted."}, [Named("Mark Young")])[1:] or [
        None
    ]
    assert trace
    assert trace.place == "Analysis of practice, paragraph 2"
    far = {"analysis": "Every plan has its mark\n\nyoung people were seen", "learning": "Young people"}
    assert findings_in(far, [Named("Mark Young")]) == ()
