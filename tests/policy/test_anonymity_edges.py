"""The edges of what names somebody: each pair of texts differs by the one thing that decides.

Names and sentences are invented. What decides stands beside each name.
"""

import pytest

from workflows.policy.anonymity import Named, findings_in, is_ordinary, mentions, named_on, simple, words_of

FOUND: dict[str, tuple[str, ...]] = {
    # A title that is no word besides makes a name of what stands behind it.
    "Zelda Quillfeather": ("mr quillfeather asked", "said mrs. zelda", "DR quillfeather's plan"),
    "Jo Almacready": ("Almacready came",),  # no clan, though its letters stand in it
    "Zelda_O'Brien_Tregenza N53": ("Zelda came", "o'brien tregenza", "Tregenza"),
    # A plural ends as its word does.
    "Ada Lennox": ("the Lennoxes", "the Lennox\u2019", "the Lennoxes' home"),
    "Ada Ortiz": ("the Ortizes", "the Ortizs"),
    "Ada Tench": ("the Tenches",),
    "Ada Nash": ("the Nashes",),
    "Ada Dobbs": ("the Dobbses",),
    "Jon Tregenza": ("the Jons", "Jon's", "Jons'"),
    # Letters that fall apart into ones that have no plain letter.
    "Bj\u00f8rk Zeller": ("Bj\u01ffrk", "Bjork", "BJ\u00d8RK"),
    # Run together: eight letters tell, and so do three parts, or two with something between them.
    # Small letters that have two shapes.
    "Nikos \u03a0\u03b1\u03c0\u03b1\u03c2": (
        "\u03a0\u03b1\u03c0\u03b1\u03c2 came", "\u03a0\u0391\u03a0\u0391\u03a3 came",
    ),
    # Two of three parts are a pair; one part and an initial are the whole of a name.
    "Zelda Ann Young": ("zelda young", "young zelda"),
    "J Tregenza": ("j tregenza",),
    "Zara Pugh": ("zarapugh", "pughzara", "ZaraPugh's"),
    "Sarah Jane Tregenza": ("sarahjanetregenza", "sarahjane", "janetregenza", "tregenzajane"),
    "Zelda Q Quillfeather": ("zeldaquillfeather", "quillfeatherzelda", "zelda.quillfeather"),
    "John de la Cruz": ("johncruz", "cruzjohn", "delacruz"),
    "Abu Bakr al-Rashid": ("bakrrashid", "abubakrrashid"),
    # A name of ordinary words alone needs the capitals that it has, and no more.
    "Grace A Field": ("Grace A Field.", "GRACE A FIELD"),
    "Mark the Field": ("Mark the Field came", "of Mark the Field"),
    "Rose van Field": ("Rose van Field.",),
    # Two letters.
    "Will Ng": ("Ng stayed away.", "Ng's plan"),
    # What stands after it, or before it.
    "Mark Young": (
        "We saw Mark look away.",  # an office has a capital
        "He saw Young 3 times.",  # only a page has a number
        "as for OASYS Mark wrote it",  # a word in capitals beside it shouts for itself
        "the PDU told MARK twice",
        "told MARK the OASYS score",
        "then MARK I told",
        "the young Mark",
        "Mark's visit was late",
    ),
    "Grace Hope": ("We met Hope Monday last.", "The Hope family", "an Hope family"),
    "Tom Street": ("Officer Street said so", "and Officer Street said so", "When Street came he left."),
    "Xena Leicester": ("X Leicester wrote", "X. Leicester wrote"),
    "Ian Leicester": ("I. Leicester wrote",),
    "May Bishop": ("asked May, who came",),
    "Siobh\u00e1n O'Brien": ("o brien siobhan", "siobhan o' brien", "O'Brien's"),
    "D'Arcy Le Fanu": ("d'Arcy asked", "le d'Arcy"),
}  # fmt: skip

LET_THROUGH: dict[str, tuple[str, ...]] = {
    "Zelda Quillfeather": ("we miss quillfeather", "mr or quillfeather", "mr", "the quillfeather mr"),
    "Jon Tregenza": ("Jones said so", "jon", "Jonathan"),
    "Ada Lennox": ("the lennoxes", "Lennoxe"),
    "Quillfeather": ("it was quillfeather who asked",),  # one part, run together with none
    "Zoe Pugh": ("zoepugh",),  # seven letters
    "Heath Field": ("He moved to Heathfield.", "a heathfield"),
    "Otto von Winter": ("a vonwinter coat",),
    "A Young": ("He was a young man.", "A young man was seen."),
    "M Long": ("over 12 m long",),
    "Mark the Field": ("Please mark the field as done.", "Mark the field."),
    "Rose van Field": ("The rose van field trip",),
    "Mark Young": (
        "Mark young people's progress at once.",
        "Mark.",
        "Mark",
        "Mark all seen records as read.",
        "TO MARK IT",
        "OASYS MARK it",
        "it was MARK OASYS",
        "the Young Offender Institution",
        "sent to Young Offender Institution",
    ),
    "Practitioner Ash": ("Ash trees stood there.",),  # three letters may begin a sentence
    "Will Ng": ("the NG tube", "a ng"),
    "Grace Hope": ("Hope was rarely seen.", "Hope was.", "They lost the Hope.", "It was the Hope", "Hope again seen"),
    "May Bishop": ("May's figures fell.", "in May's figures", "by May' and so on", "as of May, and", "seen last May."),
    "Dean Forest": ("held at HMP Forest until then", "a place at YOI Forest."),
    "Tom Street": ("a flat in Market Street.",),
    "Ann Leicester": ("A Leicester court sat.",),
    "Sarah Leicester": ("Area B Leicester", "S in Leicester"),
    "D'Arcy Le Fanu": ("the d'arcy lane",),
    "Fergus McAllister": ("the mcAllister lane",),
    "Ian Page": ("on Page 4",),
}  # fmt: skip


def kinds(text: str, name: str) -> list[str]:
    return [trace.what for trace in findings_in({"analysis": text}, [Named(name)])]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in FOUND.items() for text in texts])
def test_this_names_somebody(name: str, text: str) -> None:
    assert kinds(text, name) == ["name"]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in LET_THROUGH.items() for text in texts])
def test_this_names_nobody(name: str, text: str) -> None:
    assert kinds(text, name) == []


LONG = "It was noted, and nothing came of it, so that it was noted again and again, as was the plan of the unit. "


@pytest.mark.parametrize(("text", "is_named"), [("Seen in May.", False), ("We asked May to come.", True)])
def test_what_stands_just_before_a_word_tells_late_in_a_text_as_well(text: str, is_named: bool) -> None:
    assert kinds(LONG + text, "May Bishop") == ["name"] * is_named


@pytest.mark.parametrize(("between", "is_named"), [(78, True), (79, False)])
def test_what_stands_more_than_eighty_characters_before_tells_nothing(between: int, is_named: bool) -> None:
    """A title makes a name of a word in small letters."""
    assert kinds("mr" + " " * between + "young", "Mark Young") == ["name"] * is_named


def over_a_break(first: str, second: str, name: str) -> list[str]:
    """The paragraphs in which the name is told."""
    return [trace.place[-1:] for trace in findings_in({"analysis": f"{first}\n{second}"}, [Named(name)])]


@pytest.mark.parametrize(
    ("first", "second", "name", "told"),
    [
        ("it was mark", "young who asked", "Mark Young", []),  # two ordinary words need their capitals
        ("it was zelda", "quillfeather who asked", "Zelda Quillfeather", ["2"]),
        ("it was o brien", "siobhan who asked", "Siobh\u00e1n O'Brien", ["2"]),
        ("it was siobhan", "o brien who asked", "Siobh\u00e1n O'Brien", ["2"]),
        ("it was Quill-", "feather who asked", "Zelda Quillfeather", ["2"]),
        ("it was quill-", "feather who asked", "Zelda Quillfeather", []),
        ("Zelda asked.", "Nobody came.", "Zelda Quillfeather", ["1"]),
        ("It was Zelda", "who asked.", "Zelda Quillfeather", ["1"]),
        # A word is broken there, and no name: it is told where the name stands.
        ("It was Quillfeather's long-", "term aim.", "Zelda Quillfeather", ["1"]),
        ("It was a long-", "term Quillfeather aim.", "Zelda Quillfeather", ["2"]),
        ("It was a well-", "known aim.", "Zelda Quillfeather", []),
        ("It was Quillfeather-", "(who asked)", "Zelda Quillfeather", ["1"]),
    ],
)
def test_a_name_over_a_break_is_told_where_it_ends(first: str, second: str, name: str, told: list[str]) -> None:
    assert over_a_break(first, second, name) == told


def test_a_name_broken_with_a_hyphen_is_found_among_the_lines_of_one_text() -> None:
    for text in ("It was Quill-\nfeather\nand nobody else", "a well-\nknown Quill-\nfeather", "Quill-\nfeather-\nlike"):
        found = findings_in({"findings": [{"text": text, "reasons": "None"}]}, [Named("Zelda Quillfeather", "victim")])
        assert [(trace.field, trace.who) for trace in found] == [("findings-1-text", "victim")]


def test_who_is_named_is_told_once_for_each_role_and_not_where_no_role_is_known() -> None:
    people = [Named("Zelda Quillfeather"), Named("Ada Quillfeather", "victim"), Named("Bo Quillfeather", "victim")]
    (trace,) = findings_in({"analysis": "Quillfeather came."}, [*people, Named("Cy Quillfeather", "practitioner")])
    assert trace.who == "victim or practitioner"


def test_a_page_may_name_somebody_without_a_role() -> None:
    assert named_on({"names": [{"name": "Zelda Quillfeather"}]}) == ([Named("Zelda Quillfeather", "")], [])
    assert named_on({"identifiers": ["X123456", 7]}) == ([], ["X123456", "7"])


@pytest.mark.parametrize(
    ("text", "in_any_case", "found"),
    [
        ("it was quillfeather", False, []),
        ("it was quillfeather", True, ["quillfeather"]),
        ("it was Quillfeather", False, ["Quillfeather"]),
        ("it was Quillfeather", True, ["Quillfeather"]),
    ],
)
def test_whoever_looks_in_any_case_finds_small_letters_as_well(text: str, in_any_case: bool, found: list[str]) -> None:
    assert [match[0] for match in mentions(text, "Quillfeather", in_any_case=in_any_case)] == found


@pytest.mark.parametrize(
    ("text", "in_any_case", "found"),
    [("to mark young", False, []), ("to mark young", True, ["mark young"]), ("to Mark Young", True, ["Mark Young"])],
)
def test_a_whole_name_of_ordinary_words_is_found_in_any_case_where_that_is_asked(
    text: str, in_any_case: bool, found: list[str]
) -> None:
    assert [m[0] for m in mentions(text, "Mark Young", in_any_case=in_any_case) if m[0].lower() == "mark young"][
        :1
    ] == found


@pytest.mark.parametrize(("part", "expected"), [("May", True), ("Mark", True), ("Leicester", True), ("Zelda", False)])
def test_a_part_is_ordinary_as_a_word_a_month_or_a_place(part: str, expected: bool) -> None:
    assert is_ordinary(part) is expected


def test_the_words_of_a_name_are_plain_and_without_titles() -> None:
    assert words_of("Dr Siobh\u00e1n O\u2019Brien de la Cruz-Hall") == (
        "Siobhan", "O'Brien", "de", "la", "Cruz", "Hall",
    )  # fmt: skip


def test_what_holds_a_figure_is_no_word_of_a_name() -> None:
    assert words_of("Zelda_Tregenza N53 4th O'5") == ("Zelda", "Tregenza", "O")
    assert words_of("O'Brien_Zelda") == ("O'Brien", "Zelda")


def test_a_text_is_made_simple_sign_by_sign() -> None:
    assert simple("A\u00a0b\tc\u2009d\ne\u00ad\u200bf\u2019g\u2011h\u01ffi\u00b4j") == "A b c d\nef'g-hoi'j"
