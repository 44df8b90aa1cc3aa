"""The Welsh is whole: every sentence that somebody is shown has its Welsh, with the same gaps and the same HTML.

What is missing is printed; `python -m tests.house.catalogues` puts it into the catalogues, to be filled in.
"""

import re
from pathlib import Path

import pytest

from starter.remedies import REMEDIES
from tests.house.catalogues import ROOT, Kept, bare, catalogues, gaps, tags, templates

WHOLE = catalogues()
each = pytest.mark.parametrize("kept", WHOLE, ids=[one.path.parent.name for one in WHOLE])
REMEDY = "\n\nPut it in with `python -m tests.house.catalogues`, then type the Welsh."


@each
def test_every_sentence_has_its_welsh(kept: Kept) -> None:
    found = kept.found()
    missing = [f"{words!r} ({where})" for words, where in kept.said.items() if not found.get(words)]
    assert not missing, (
        f"{len(missing)} without Welsh in {kept.path.relative_to(ROOT)}:\n" + "\n".join(missing) + REMEDY
    )


@each
def test_nothing_is_kept_that_nobody_says(kept: Kept) -> None:
    assert len(kept.said) > 50
    obsolete = sorted(set(kept.found()) - set(kept.said))
    assert not obsolete, "obsolete:\n" + "\n".join(obsolete) + REMEDY


STAYS = {
    "pages/layout.html": ["Cymraeg", "English"],  # each language by its own name
    "pages/document.html": ["Comments on factual accuracy"],  # inside what is marked as English
    "pages/fields.html": ['aria-describedby="-hint -error"'],
    "pages/mine.html": ["wide"],
}


@pytest.mark.parametrize("path", templates(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_template_says_what_no_catalogue_can_know(path: Path) -> None:
    assert bare(path) == STAYS.get(f"{path.parent.name}/{path.name}", []), (
        f'in {path.relative_to(ROOT)}: write {{{{ _("…") }}}} around it'
    )


def test_bare_words_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<p class="a {{ b }}">{{ _("Known") }} {{ c }}, 2<b>Bare {{ d }}</b></p>{{ f({"text": "Given"}) }}')
    assert bare(page) == ["Bare", "Given"]


@each
def test_gaps_tags_and_blanks_are_the_same_in_both(kept: Kept) -> None:
    for words, welsh in kept.found().items():
        assert gaps(words) == gaps(welsh), welsh
        assert tags(words) == tags(welsh), welsh
        assert (words[:1].isspace(), words[-1:].isspace()) == (welsh[:1].isspace(), welsh[-1:].isspace()), repr(welsh)
        assert not re.search(r"[<>&]", re.sub(r"</?\w+[^>]*>|&\w+;", "", welsh)), welsh


@each
def test_each_catalogue_says_that_no_translator_has_read_it(kept: Kept) -> None:
    head = kept.path.read_text().partition("\nmsgid")[0]
    assert "No translator has read it yet" in head
    assert "fuzzy" not in kept.path.read_text()


def test_one_sentence_has_one_welsh_wherever_it_stands() -> None:
    told: dict[str, str] = {}
    for kept in WHOLE:
        for words, welsh in kept.found().items():
            assert told.setdefault(words, welsh) == welsh, words


def test_the_check_sees_what_it_is_for() -> None:
    assert gaps("%(a)s %(b)s 400%% %{count}") == ["%%", "%(a)s", "%(b)s", "%{count}"]
    assert tags("<p>a</p> &amp; b") == ["<p>", "</p>", "&amp;"]
    kept = Kept(WHOLE[0].path, "the pages", {**WHOLE[0].said, "A sentence of nobody": "here"})
    with pytest.raises(AssertionError, match=r"1 without Welsh in starter/pages/cy\.po:\s+'A sentence of nobody'"):
        test_every_sentence_has_its_welsh(kept)


@pytest.mark.parametrize("remedy", [one for one in REMEDIES if " " in one])
def test_every_remedy_is_one_that_policy_gives(remedy: str) -> None:
    files = ("answers", "document", "field_rules", "value_rules")
    policy = "".join((ROOT / "workflows" / "policy" / f"{name}.py").read_text() for name in files)
    for piece in re.split(r"%\(\w+\)s", remedy):
        # `enter {what}`: the verb stands once in policy and the rest where it is called.
        assert piece in policy or piece.removeprefix("enter ") in policy, piece
