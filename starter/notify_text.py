"""Our plain text for GOV.UK Notify, which reads a body as Markdown of its own kind: what we wrote is what is shown.

Notify knows headings, lists, quotes, rules, links and tables, and no emphasis. A line of ours that begins with `- `
is meant as a list, and `* * *` as a rule between two languages; whatever else would be markup is made ordinary text.
"""

import re

LARGEST = 2_000_000
"""Bytes of a letter that Notify takes: "Emails cannot be longer than 2000000 bytes" (its API documentation)."""

_WORDS = re.compile(r"(https?://\S+)")
_ANYWHERE = re.compile(r"([\\\[\]`|~])")
_AT_START = re.compile(r"[#+*_-]")
_NUMBERED = re.compile(r"(\d+)\.")
_NO_ESCAPE = ("^", "=", "•", ":")  # markup at the start of a line that Notify has no backslash for
_JOINER = "\u2060"
_OURS = re.compile(r"- \S|\* \* \*$")


def as_notify_shows_it(text: str) -> str:
    """The same text with nothing in it that Notify would take for markup; addresses of pages stay as they are."""
    return "\n".join(_line(line) for line in text.splitlines())


def _line(line: str) -> str:
    # Four blanks in front would be a block of code, which loses its paragraphs; none of our lines means anything by it.
    line = line.strip()
    if _OURS.match(line):
        return line[:2] + _inline(line[2:])
    if line.startswith(_NO_ESCAPE):
        return _JOINER + _inline(line)
    if _AT_START.match(line):
        return f"\\{line[0]}{_inline(line[1:])}"
    if numbered := _NUMBERED.match(line):
        return f"{numbered[1]}\\.{_inline(line[numbered.end() :])}"
    return _inline(line)


def _inline(text: str) -> str:
    parts = _WORDS.split(text)
    return "".join(part if number % 2 else _ANYWHERE.sub(r"\\\1", part) for number, part in enumerate(parts))
