"""What of our plain text would be markup to GOV.UK Notify, and is not any more."""

import pytest

from activities.composition import LETTERS, compose
from starter.notify_text import as_notify_shows_it
from tests.builders import LETTER_WORDS

LINK = "https://sfo.example.test/a/Ab-_cd__ef*gh~[1]"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Dear Ann O'Brien", "Dear Ann O'Brien"),
        ("# no heading", "\\# no heading"),
        ("#no heading", "\\#no heading"),
        ("* no point", "\\* no point"),
        ("+ no point", "\\+ no point"),
        ("---", "\\---"),
        ("___", "\\___"),
        ("1. no list", "1\\. no list"),
        ("12.30pm", "12\\.30pm"),
        ("^ no quote", "\u2060^ no quote"),
        ("• no point", "\u2060• no point"),
        ("===", "\u2060==="),
        ("> no quote", "> no quote"),
        ("    no code", "no code"),
        ("```", "\\`\\`\\`"),
        ("~~~", "\\~\\~\\~"),
        ("a | b", "a \\| b"),
        (":--|--:", "\u2060:--\\|--:"),
        ("[no link](https://evil.example.test)", "\\[no link\\](https://evil.example.test)"),
        ("[1]: https://evil.example.test", "\\[1\\]: https://evil.example.test"),
        ("back\\slash", "back\\\\slash"),
        ("((subject)) stays, it is filled in once", "((subject)) stays, it is filled in once"),
        # What is meant so.
        ("- 2 interviews not held [yet]", "- 2 interviews not held \\[yet\\]"),
        ("* * *", "* * *"),
        (LINK, LINK),
        (f"See {LINK} and [this]", f"See {LINK} and \\[this\\]"),
        ("a\n\n# b", "a\n\n\\# b"),
    ],
)
def test_markup_is_ordinary_text_and_links_stay_whole(ours: str, theirs: str) -> None:
    assert as_notify_shows_it(ours) == theirs


@pytest.mark.parametrize("name", sorted(path.name for path in LETTERS.iterdir() if path.name != "layout"))
@pytest.mark.parametrize("language", ["en", "cy"])
def test_the_link_of_every_letter_stands_whole_on_a_line(name: str, language: str) -> None:
    words = LETTER_WORDS | {"url": LINK}
    message = compose(name, "sfo@example.test", "Ann", "ann@x.example.test", "<a@b>", words, language)
    text = str(message.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    shown = as_notify_shows_it(text)
    assert shown.splitlines().count(LINK) == text.splitlines().count(LINK)
    assert len(shown.splitlines()) == len(text.splitlines())


def test_no_letter_has_anything_but_words_so_that_nothing_is_left_behind() -> None:
    """Notify would want files elsewhere; a letter of ours has text and the same as HTML."""
    for path in LETTERS.iterdir():
        if path.name != "layout":
            message = compose(path.name, "sfo@example.test", "Ann", "ann@x.example.test", "<a@b>", LETTER_WORDS)
            assert list(message.iter_attachments()) == []
            assert {part.get_content_type() for part in message.walk()} == {
                "multipart/alternative",
                "text/plain",
                "text/html",
            }
