"""How pages and letters are laid out: what a browser or a reader would show wrongly without any error."""

import re

import pytest

from activities.composition import LETTERS, compose
from starter.views import PAGES

STYLES = (PAGES / "static" / "sfo.css").read_text()
WORDS = {
    "reference": "SFO-2026-00042",
    "title": "Invented question",
    "due": "2026-11-30",
    "url": "https://sfo.example.test/a/token",
    "if_silent": "You will be reminded.",
    "because": "invented reason.",
    "role": "Head of PDU",
}


def test_the_page_keeps_clear_of_the_bars_above_and_below_it() -> None:
    """A class outweighs an element, so `.width` must not set the space that `main` has above and below."""
    width = re.search(r"^\.width \{(.*?)\}", STYLES, re.MULTILINE)
    assert width is not None
    assert not re.search(r"\bpadding:", width[1])


@pytest.mark.parametrize("letter", sorted(path.name for path in LETTERS.iterdir() if path.name != "layout"))
@pytest.mark.parametrize("overdue", [True, False])
def test_a_letter_as_text_sets_the_case_apart_from_the_sentence_before_it(letter: str, overdue: bool) -> None:
    words = {**WORDS, "overdue": overdue}
    message = compose(letter, "sfo@example.test", "Example Person", "p@example.test", "<1@example.test>", words)
    body = message.get_body(("plain",))
    assert body is not None
    text = str(body.get_content())
    assert "\n\nCase: SFO-2026-00042" in text
    assert "\n\n\n" not in text
