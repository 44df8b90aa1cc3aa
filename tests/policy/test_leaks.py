"""What a released text gives away is found however it is written, and a text that gives nothing away is let through.

All names and numbers are invented.
"""

import unicodedata
from datetime import date

import pytest
from confusable_homoglyphs.confusables import confusables_data  # type: ignore[import-untyped]  # it has no types
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.policy.anonymity import Named
from workflows.policy.homoglyphs import LOOKALIKES
from workflows.policy.leaks import Extract, Known, Leak, LeakKind, Redacted, leaks_in, permitted
from workflows.policy.plain_letters import plain_text

PEOPLE = (
    Named("Zelda Quillfeather", "supervised person"),
    Named("Siobhán O'Brien", "practitioner"),
    Named("Dr Björn Ångström-Małecki", "practitioner"),
    Named("Mark Young", "line manager"),
    Named("Grace Hill", "practitioner"),
    Named("Li Xu", "practitioner"),
    Named("Ali Reza", "practitioner"),
    Named("Ann Other", "practitioner"),
    Named("Invented Family One", "victim or family"),
    Named("\u4f8b\u4eba", "victim or family"),
)
NUMBERS = ("X123456", "A1234BC", "19/0012345K")
BORN = (date(1991, 5, 4),)
SPANS = (
    Redacted("He was treated for schizophrenia at Seacroft Hospital by Dr Hope in 2019", 1),
    Redacted("his mother", 2, before="He told ", after=" at once"),
    Redacted("sister", 3, before="He had lived with his ", after=" in the same house, and then"),
    Redacted("an account numbered 48,151,623", 4),
    Redacted("neighbour", 5),
    Redacted("they did not tell us that they had been to see him there", 6),
)
ALLOWED = ("Invented SFO Team", "01632 960001", "team@example.test", "https://example.test/help")
KNOWN = Known(PEOPLE, NUMBERS, BORN, SPANS, ALLOWED)


def leaks(text: str, *, coarse: bool = False) -> list[tuple[str, str]]:
    return [(str(leak.kind), leak.matched) for leak in leaks_in([Extract("paragraph", text, coarse)], KNOWN)]


def kinds(text: str, *, coarse: bool = False) -> set[str]:
    return {kind for kind, _ in leaks(text, coarse=coarse)}


# --- names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "then quillfeather left",
        "ZELDA",
        "Quillfeather's",
        "the quillfeathers",
        "Quillfeather, Zelda",
        "quillfeatherzelda",
        "xzeldaquillfeatherx",
        "z_e_l_d_a quill",
        "Z e l d a   Q u i l l f e a t h e r",
        "Zel da Quill feather",
        "Quill-feather",
        "Quill-\nfeather",
        "Quill\u2010\nfeather",
        "Quill\u00ad\nfeather",
        "Qu\u00adill\u200bfea\u2060ther",
        "Quill\u200dfeather",
        "Q.u.i.l.l.f.e.a.t.h.e.r",
        "Zelda\nQuillfeather",
        "Qu\u00edllf\u0117ather",
        "Quillf\u0435\u0430ther",  # two Cyrillic letters
        "\u0396elda",  # a Greek capital
        "\u0396\u0395LD\u0391",
        "\uff31\uff55\uff49\uff4c\uff4c\uff46\uff45\uff41\uff54\uff48\uff45\uff52",  # full width
        "\U0001d410\U0001d42e\U0001d422\U0001d425\U0001d425feather",  # mathematical
        "\u24c6uillfeather",  # in a circle
        "Qu\u026allfeather",  # a small capital
        "Quil\u0142feather",
        "QuiIlfeather",  # a capital I for an l
        "Qui11feather",
        "Zeld4 Quillfe4ther",
        "&#81;uillfeather",
        "%51uill%66eather",
        "&amp;#81;uillfeather",
        "".join(chr(0xE0000 + ord(sign)) for sign in "Quillfeather"),  # signs that nobody sees
        "angstrom",
        "A\u030angstro\u0308m",
        "o brien",
        "OBRIEN",
        "siobhan",
        "mark young",
        "then Mark said",
        "Mr Young",
        "Gr\u0430ce",
        "Li, Xu",
        "li xu",
        "X-u L-i",
        "FridayZelda",
        "ZeldaSaid",
        "ann other",
        "AnnOther",
        "Ali",
        "invented family one",
        "InventedFamilyOne",
        "One, Invented Family",
        "O-ne Fam-ily Inven-ted",
        "I-n-v-e-n-t-e-d Family One",
        "\u8207\u4f8b\u4eba\u898b",  # a script without spaces
    ],
)
def test_a_name_is_found_however_it_is_written(text: str) -> None:
    assert kinds(text) == {"name"}
    assert "name" in kinds(f"In the week before, {text} (so the record says)")


def test_who_is_named_is_told_once_for_a_name_and_its_parts() -> None:
    (leak,) = leaks_in([Extract("heading", "About Zelda  Quillfeather and her plan")], KNOWN)
    assert (leak.who, leak.where, leak.matched) == ("supervised person", "heading", "Zelda Quillfeather")
    assert leak.excerpt == "About Zelda Quillfeather and her plan"


def test_whoever_a_part_of_a_name_may_mean_is_told() -> None:
    known = Known(
        names=(Named("Zelda Quillfeather", "supervised person"), Named("Ann Quillfeather", "victim or family"))
    )
    (leak,) = leaks_in([Extract("heading", "As Quillfeather said")], known)
    assert leak.who == "supervised person or victim or family"


@pytest.mark.parametrize(
    "text",
    [
        "Another week went by, and all was well.",
        "Young people will grow, and we mark that with grace; the team is up the hill.",
        "The family was told. One was invented, so to say.",
        "Young Offender Institution",
        "The risk to his partner was high, and the plan was reviewed on 4 May 2026 and 05/04/2026.",
        "Actions 1 to 12 are due by 30 September 2026; 77% were late, 478 to 770.",
        "The order X1234567 was made.",
        "Version 2, released. Made from version 3 of the full review.",
        "The SFO team, MAPPA level 2, section 17, OASys and PDU N53 were told at 09:30.",
        "He was seen at home; his sister came too, and the hope was that he would stay.",
    ],
)
def test_a_plain_text_gives_nobody_away(text: str) -> None:
    assert leaks(text) == []
    assert leaks(text, coarse=True) == []


DISGUISES = {
    letter: [letter, letter.upper(), *(chr(p) for p, latin in LOOKALIKES.items() if latin == letter)]
    for letter in "abcdefghijklmnopqrstuvwxyz"
}
UNSEEN = ["", "", "\u00ad", "\u200b", "\u200d", "\u2060", "\ufeff", "\u0301", "\ufe0f"]


@st.composite
def disguised(draw: st.DrawFn) -> tuple[str, str]:
    name = draw(st.sampled_from([person.name for person in PEOPLE if len(person.name) > 8]))
    signs = []
    for sign in name.removeprefix("Dr "):
        plain = plain_text(sign).plain
        shown = draw(st.sampled_from(DISGUISES[plain.lower()])) if plain.lower() in DISGUISES else sign
        signs.append(shown + draw(st.sampled_from(UNSEEN)))
    for place in draw(st.lists(st.integers(1, len(signs) - 1), max_size=3)):
        signs[place] = draw(st.sampled_from(["-", "-\n", "\u00ad\n", "\u2010"])) + signs[place]
    return name, "".join(signs)


@given(disguised(), st.sampled_from(["", "Then ", "(", "1. "]), st.sampled_from(["", " left.", "'s plan", ", it said"]))
@settings(max_examples=400, deadline=None)
def test_no_disguise_hides_a_name(names: tuple[str, str], before: str, after: str) -> None:
    who = next(person.who for person in PEOPLE if person.name == names[0])
    found = leaks_in([Extract("paragraph", before + names[1] + after)], KNOWN)
    assert any(leak.kind is LeakKind.NAME and who in leak.who for leak in found), names


def test_every_letter_that_unicode_says_looks_latin_is_taken_for_it() -> None:
    missed = []
    for latin in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
        for other in confusables_data[latin]:
            sign = other["c"]
            is_letter = len(sign) == 1 and unicodedata.category(sign).startswith("L") and not sign.isascii()
            if is_letter and not unicodedata.normalize("NFKD", sign).isascii():
                read = plain_text(sign).letters
                if read != plain_text(latin).letters:
                    missed.append((latin, sign, read))
    # What is a Latin letter by its name stays that letter: a v with a hook is no u.
    assert [sign for _, sign, _ in missed] == ["\u028b", "\u1d8c"]


# --- numbers, addresses, dates -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("CRN X123456", "crn"), ("x 12 34 56", "crn"), ("X-123-456", "crn"), ("X.1.2.3.4.5.6", "crn"),
        ("X12345\u2011\n6", "crn"), ("Xl23456", "crn"), ("crnX123456", "crn"),
        ("\uff38\uff11\uff12\uff13\uff14\uff15\uff16", "crn"),
        ("Z654321", "crn"), ("A1234BC", "noms"), ("a 1234 bc", "noms"), ("A1234/BC", "noms"), ("G9876XY", "noms"),
        ("19/0012345K", "pnc"), ("19-0012345-k", "pnc"), ("2001/0154321Q", "pnc"),
        ("QQ 12 34 56 C", "national_insurance"), ("01632 960123", "phone"), ("+44 1632 960123", "phone"),
        ("01632\n960123", "phone"), ("LS1 4AP", "postcode"), ("someone@example.test", "email"),
        ("some%6Fne%40example.test", "email"), ("x.team@example.test", "email"), ("team@example.test.invalid", "email"),
    ],
)  # fmt: skip
def test_a_number_or_an_address_is_found_by_its_shape_or_because_it_is_known(text: str, kind: str) -> None:
    assert kinds(f"It says {text}, once") == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "1991-05-04", "4 May 1991", "4th May 1991", "04 May 1991", "May 4 1991", "May 4th, 1991", "04/05/1991",
        "4.5.91", "04-05-91", "4/5/1991", "04051991", "19910504", "the fourth of May 1991", "4 May '91", "4-May-1991",
        "04 05 1991", "Saturday, 4 May, 1991", "1991 May 4", "05/04/1991", "4\u00a0May\u00a01991", "4\nMay\n1991",
        "born on 3 June 1980", "born in 1980", "DOB: 03/06/80", "D.O.B. 3.6.80", "date of birth: 3rd June 1980",
        "his birthday, 3 June", "3 June 1980 (date of birth)",
    ],
)  # fmt: skip
def test_a_date_of_birth_is_found_in_every_usual_form(text: str) -> None:
    assert kinds(f"It was {text}, as recorded") == {"date_of_birth"}


@pytest.mark.parametrize("text", ["4 May 2026", "May 1991", "24 May 1991", "14/05/1991", "4 May 19910", "1991-05-041"])
def test_another_date_is_none(text: str) -> None:
    assert leaks(f"It was {text}, as recorded") == []


# --- what may stand ----------------------------------------------------------------------------------


def test_the_texts_of_the_frame_may_stand_and_only_exactly_these() -> None:
    assert leaks("Ring the Invented SFO Team on 01632 960001, or write to team@example.test.") == []
    assert leaks("tel:01632960001 mailto:team@example.test Invented\nSFO  Team (01632)960001") == []
    assert kinds("ring 01632 960002") == {"phone"}
    assert kinds("ring +44 1632 960001") == {"phone"}
    assert kinds("a.team@example.test") == {"email"}
    assert kinds("team@example.test@example.test") == {"email"}
    assert permitted(" https://example.test/help ", KNOWN)
    assert not permitted("https://example.test/help?who=1", KNOWN)


def test_a_name_may_stand_within_the_text_of_the_frame_and_nowhere_else() -> None:
    known = Known(names=(Named("Zelda Quillfeather"),), allowed=("Quillfeather House Team",))
    assert leaks_in([Extract("contact", "Quillfeather House Team")], known) == ()
    assert len(leaks_in([Extract("contact", "Quillfeather House")], known)) == 1
    assert len(leaks_in([Extract("contact", "MrsQuillfeather House Team")], known)) == 1
    assert len(leaks_in([Extract("contact", "The Quillfeather House Team, Quillfeather")], known)) == 1


# --- redacted text -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("He was treated for schizophrenia at Seacroft Hospital by Dr Hope in 2019.", "redacted", 1),
        ("HE WAS TREATED FOR SCHIZO-\nPHRENIA AT SEACROFT HOSPITAL, BY DR HOPE, IN 2019", "redacted", 1),
        ("treated for schizophrenia at Seacroft Hospital by Dr Hope", "redacted", 1),  # eight words of it
        ("the schizophrenia", "redacted_words", 1),
        ("SEACROFT", "redacted_words", 1),
        ("the schizo-\nphrenia", "redacted_words", 1),
        ("Seacr\u043eft", "redacted_words", 1),
        ("when Hope came", "redacted_words", 1),
        ("with his Mother", "redacted_words", 2),
        ("lived with his sister", "redacted", 3),
        ("sister in the same house", "redacted", 3),
        ("account 48151623", "redacted_words", 4),
        ("an account numbered 48.151.623", "redacted", 4),
        ("the neighbour", "redacted_words", 5),
        ("They did not tell us that they had been to see him there!", "redacted", 6),
    ],
)
def test_redacted_text_is_found_whole_or_by_a_word_that_gives_it_away(text: str, kind: str, number: int) -> None:
    found = leaks_in([Extract("paragraph", f"It says: {text}")], KNOWN)
    assert {(str(leak.kind), leak.number) for leak in found} == {(kind, number)}


@pytest.mark.parametrize(
    "text",
    [
        "The sister of another person was seen.",
        "In 2019 he was treated well at the hospital, and there was hope.",
        "Hope is not a plan.",
        "His sister's mother",
        "an account of the visit was given",
        "They did not tell us. They had been to see him.",
    ],
)
def test_plain_words_of_a_redacted_text_may_stand_elsewhere(text: str) -> None:
    assert leaks(text) == []


# --- coarse pieces, other readings, keys -------------------------------------------------------------


def test_in_what_is_no_text_only_what_is_long_and_known_is_looked_for() -> None:
    found = "name", "redacted"
    assert kinds("\x01Quillfeather\x02 treated for schizophrenia at Seacroft Hospital by Dr Hope", coarse=True) == {
        *found
    }
    assert leaks("Z654321 LS1 4AP 01632 960123 Mark mother Ali 040591 born 1980 Seacroft", coarse=True) == []
    assert kinds("X123456 1991-05-04 someone@example.test", coarse=True) == {"crn", "date_of_birth", "email"}


def test_what_a_coarse_piece_repeats_is_not_told_again() -> None:
    found = leaks_in([Extract("whole", "of Quillfeather", coarse=True), Extract("heading", "Quillfeather")], KNOWN)
    assert [leak.where for leak in found] == ["heading"]


def one(text: str, where: str = "PDF page 2") -> Leak:
    (leak,) = leaks_in([Extract(where, text)], KNOWN)
    return leak


def test_a_key_knows_the_same_finding_again_and_no_other() -> None:
    key = one("There Zelda Quillfeather was seen.").key
    assert len(key) == 12
    assert key == one("There  Zelda\nQuillfeather was seen.", "PDF page 3").key
    assert key != one("Here Zelda Quillfeather was seen.").key
    assert key != one("There Zelda Quillfeather was seen.", "heading").key
    assert one("the schizophrenia").key == one("a Schizophrenia of his").key
    assert one("the schizophrenia").key != one("the Seacroft").key


def test_nothing_of_a_person_is_in_what_a_log_would_show() -> None:
    leak = one("There Zelda Quillfeather was seen.")
    for shown in (
        repr(leak),
        repr(KNOWN),
        repr(Extract("x", "Quillfeather")),
        repr(SPANS[0]),
        repr(plain_text("Zelda")),
    ):
        assert "uillfeather" not in shown
        assert "elda" not in shown
        assert "schizo" not in shown


@given(st.text(max_size=300), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_searched(text: str, coarse: bool) -> None:
    for leak in leaks_in([Extract("paragraph", text, coarse)], KNOWN):
        assert leak.excerpt.isprintable()
        assert leak.matched
