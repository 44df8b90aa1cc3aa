"""Where exactly a name stands, how short a part may be, and what around and between its letters makes it another word.

All names are invented.
"""

import pytest

from workflows.policy.anonymity import Named
from workflows.policy.leaked_names import names_in
from workflows.policy.plain_letters import plain_text

ZELDA, AMY, LI, ANN = "Zelda Quillfeather", "Amy Lee", "Li Xu", "Ann Other"


def found(text: str, *names: str, coarse: bool = False) -> list[str]:
    """The words in which the people are named."""
    plain = plain_text(text)
    people = [Named(name, name) for name in names]
    return [plain.plain[start:end] for start, end, _ in names_in(plain, people, coarse=coarse)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Quill-feather left", ["Quill-feather"]),
        ("Quill-feather or Quill-feather and Quill-feather", ["Quill-feather"] * 3),
        ("Quill-feathers", ["Quill-feather"]),
        ("xquill-feather", []),
        ("Quill-featherx", []),
        ("xQuill-feather", ["Quill-feather"]),  # a capital begins a word, wherever it stands
        ("Quill-featherX", ["Quill-feather"]),
        ("QUILL-FEATHERX", []),
        ("Quill-featheRX", []),
        ("XQUILL-FEATHER", []),
        ("Quill feather", []),
        ("Quill -feather", []),
        ("Ze-lda", ["Ze-lda"]),
        ("z e l d a", ["z e l d a"]),
        ("Z e l da", []),
        ("xzeldaquillfeatherx", ["zeldaquillfeather"]),
        ("x zelda quillf eather x", ["zelda quillf eather"]),
        ("xzelda quill-featherx", []),
        ("xzelda-quill-featherx", ["zelda-quill-feather"]),
    ],
)
def test_a_long_name_is_told_as_it_stands_and_not_in_the_midst_of_a_word(text: str, told: list[str]) -> None:
    assert found(text, ZELDA) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("amy lee", ["amy lee"]),
        ("AmyLee", ["AmyLee"]),
        ("LeeAmy", ["LeeAmy"]),
        ("AmyLEE", ["AmyLEE"]),
        ("AMyLee", ["AMyLee"]),
        ("amylee", []),
        ("Amylee", []),
        ("\u0410my", ["Amy"]),
        ("\u0430mylee", ["amylee"]),  # a letter of another script is no accident
        ("am ylee", []),
        ("am-ylee", ["am-ylee"]),
        ("Am-y Le-e", ["Am-y Le-e"]),
        ("Am-\ny Lee", ["Am-\ny Lee"]),
        ("am-y l ee", []),
        ("a m y l e e", ["a m y l e e"]),
        ("a m y le e", []),
        ("xa m y l e ex", []),
        ("Am-y", []),
        ("a m y", []),
        ("Amy, amy and AMY", ["Amy, amy", "AMY"]),
    ],
)
def test_a_short_name_is_told_where_its_parts_or_all_of_its_letters_are_parted(text: str, told: list[str]) -> None:
    shown = [words.replace("\u0430", "a").replace("\u0410", "A") for words in found(text, AMY)]
    assert shown == told


@pytest.mark.parametrize(
    ("text", "names", "told"),
    [
        ("all", ["Ali Reza"], []),
        ("\u0430 then all", ["Ali Reza"], []),  # a letter of another script beside it is none in it
        ("all then \u0430", ["Ali Reza"], []),
        ("all-reza", ["Ali Reza"], ["all-reza"]),  # as long as a name that stands nowhere by chance
        ("l.i x.u", [LI], ["l.i x.u"]),
        ("lixu", [LI], []),
        ("LiXu", [LI], ["LiXu"]),
        ("LiXU", [LI], ["LiXU"]),
        ("a li of it", [LI], []),
        ("Hlll", ["Ann Hill"], []),
        ("hllliard", ["Pat Hilliard"], ["hllliard"]),
        ("Wlllls", ["Jo Willis"], ["Wlllls"]),  # six letters: i and l are one to the eye
        ("Wllls", ["Jo Wills"], []),  # five are not
        ("W-lllls", ["Jo Willis"], ["W-lllls"]),
        ("H\u0456ll", ["Ann Hill"], ["H\u0456ll"]),
        ("h i l l", ["Ann Hill"], []),  # an ordinary word, however it is parted
        ("gr-een", ["Ann Green"], []),
        ("an-nother", [ANN], ["an-nother"]),
        ("annother", [ANN], ["annother"]),
        ("xannotherx", [ANN], ["annother"]),
        ("\u8207\u4f8b\u4eba\u898b", ["\u4f8b\u4eba"], ["\u4f8b\u4eba"]),
        ("z-oey", ["Zoey Vance"], []),  # four letters and a hyphen may be anything
        ("z-o-e-y", ["Zoey Vance"], ["z-o-e-y"]),
        ("ill l-i-l-i", ["Lili Vance"], ["l-i-l-i"]),  # all one letter to the eye, and found among its like
        ("z-o-e", ["Zoe Vance"], []),
        ("va-nce", ["Zoey Vance"], ["va-nce"]),
        ("va nce", ["Zoey Vance"], []),
    ],
)
def test_what_may_be_another_word_is_one_unless_it_reads_as_the_name(
    text: str, names: list[str], told: list[str]
) -> None:
    assert found(text, *names) == told


@pytest.mark.parametrize(
    ("text", "names", "told"),
    [
        ("zelda", [ZELDA], ["zelda"]),  # five letters
        ("z-elda", [ZELDA], ["z-elda"]),
        ("Zoey", ["Zoey Vance"], []),
        ("Zoey Vance", ["Zoey Vance"], ["Zoey Vance"]),
        ("a zoey", ["Zoey Quillfeather"], []),
        ("Green", ["Ann Green"], []),
        ("ann green", ["Ann Green"], ["ann green"]),
        ("li xu", [LI], []),
        ("amy lee", [AMY], ["amy lee"]),
        ("jo lee", ["Jo Lee"], ["jo lee"]),  # five letters in all
        ("jo li", ["Jo Li"], []),
        ("QUILLFEATHER", [ZELDA], ["QUILLFEATHER"]),
        ("the hobbses", ["Pat Hobbs"], ["hobbses"]),
        ("the hopses", ["Pat Hops"], []),
    ],
)
def test_in_what_is_no_text_a_part_of_five_letters_counts_and_a_whole_name_of_five(
    text: str, names: list[str], told: list[str]
) -> None:
    assert found(text, *names, coarse=True) == told


def test_who_is_named_in_one_place_is_told_together_and_what_follows_at_once_is_one() -> None:
    plain = plain_text("Quillfeather, Zelda saw a Quillfeather and Amy Lee Quillfeather")
    people = [Named(ZELDA, "one"), Named("Bo Quillfeather", "two"), Named(AMY, ""), Named("Zelda Moss", "one")]
    assert [(plain.plain[start:end], who) for start, end, who in names_in(plain, people)] == [
        ("Quillfeather, Zelda", "one or two"),
        ("Quillfeather", "one or two"),
        ("Amy Lee", ""),
        ("Quillfeather", "one or two"),
    ]
    assert [who for _, _, who in names_in(plain_text("ZeldaLee"), people)] == ["one", ""]
    assert names_in(plain_text("nobody"), people) == []
    assert [who for _, _, who in names_in(plain_text("zoey"), [Named("Zoey Vance", "her")])] == ["her"]
