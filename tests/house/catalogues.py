"""The Welsh catalogues held against what they are about. `python -m tests.house.catalogues` puts in what is missing.

What is new gets an empty `msgstr` to be filled; what nobody says any more is taken out; nothing else changes.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment

from activities.opening import role_in_words
from activities.refusals import _BECAUSE, _OTHERWISE
from activities.refusing import _ASKED_FOR
from starter.remedies import REMEDIES
from starter.views import WITHIN, role
from workflows.contract.choices import MORE_TIME_BECAUSE
from workflows.contract.columns import COLUMNS
from workflows.contract.questions import QUESTIONS, Choice
from workflows.contract.vocabulary import Role, Rung
from workflows.policy import authority, cover

ROOT = Path(__file__).parents[2]
PAGES, LETTERS = ROOT / "starter" / "pages", ROOT / "activities" / "letters"
HEADER = """\
Welsh for the Serious Further Offence case service: {what}.
The Welsh is ours. No translator has read it yet; corrections are welcome (docs/operations.md, Welsh)."""
GAP = re.compile(r"%\(\w+\)s|%\{\w+\}|%%")
TAG = re.compile(r"</?\w+[^>]*>|&\w+;")


@dataclass(frozen=True)
class Kept:
    """One catalogue: its file, what it is about, and every sentence that it must hold, with where that stands."""

    path: Path
    what: str
    said: dict[str, str]

    def read(self) -> Catalog:
        with self.path.open("rb") as file:
            return read_po(file, locale="cy", abort_invalid=True)

    def found(self) -> dict[str, str]:
        return {str(one.id): str(one.string) for one in self.read() if one.id}

    def complete(self) -> int:
        """Put in what is missing, take out what is obsolete, and return how many sentences have no Welsh yet."""
        welsh = self.found() if self.path.exists() else {}
        kept = Catalog(locale="cy", header_comment="", charset="utf-8", fuzzy=False)
        kept.header_comment = "\n".join(f"# {line}" for line in HEADER.format(what=self.what).splitlines())
        for words, where in self.said.items():
            kept.add(words, welsh.get(words, ""), auto_comments=[where])
        written = BytesIO()
        write_po(written, kept, width=0, omit_header=True)
        head = f'{kept.header_comment}\nmsgid ""\nmsgstr ""\n"Language: cy\\n"\n'
        head += '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n\n'
        self.path.write_text(head + written.getvalue().decode().strip() + "\n")
        return sum(not welsh.get(words) for words in self.said)


def catalogues() -> tuple[Kept, ...]:
    """Every catalogue, as the code stands."""
    return (
        Kept(PAGES / "cy.po", "the pages", dict(_pages())),
        Kept(LETTERS / "layout" / "cy.po", "the letters", dict(_letters())),
        Kept(ROOT / "workflows" / "contract" / "questions.cy.po", "the questions", dict(_questions())),
    )


def gaps(words: str) -> list[str]:
    return sorted(GAP.findall(words))


def tags(words: str) -> list[str]:
    return TAG.findall(words)


def bare(path: Path) -> list[str]:
    """What a template says in words that no catalogue can know, because they stand outside of `_("…")`."""
    source = path.read_text()
    pieces = [value if kind == "data" else "\0" for _, kind, value in Environment(autoescape=True).lex(source)]
    said = re.sub(r"<[^>]*>", "\n", "".join(pieces)).replace("\0", "")
    given = re.findall(r'"(?:text|titleText|descriptionText|label|hint)": "([^"]+)"', source)
    return [line.strip() for line in (*said.splitlines(), *given) if re.search(r"[^\W\d]{2}", line)]


def templates() -> list[Path]:
    """Every template of ours that is to be had in Welsh."""
    pages = [path for path in PAGES.glob("*.html") if path.name not in WITHIN]
    return sorted([*pages, *(path for path in LETTERS.glob("*/*") if path.suffix != ".po")])


def _pages() -> Iterator[tuple[str, str]]:
    for path in templates():
        if path.parent == PAGES:
            yield from _template(path)
    for path in sorted((ROOT / "starter").glob("*.py")):
        yield from _code(path)
    yield from ((words, "starter/remedies.py") for words in REMEDIES)
    yield from ((role(one), "a role") for one in (*Role, *Rung) if one not in (Rung.ASKED, Rung.DEPUTY))
    yield from ((words, "why somebody may not") for words in (*authority.IN_WORDS.values(), *cover.IN_WORDS.values()))


def _letters() -> Iterator[tuple[str, str]]:
    for path in templates():
        if path.parent != PAGES:
            yield from _template(path)
    yield from ((words, "a refusal") for words in (*_BECAUSE.values(), _OTHERWISE, *_ASKED_FOR.values()))
    yield from ((words, "a role") for one in Role for words in (role_in_words(one), role(one)))


def _template(path: Path) -> Iterator[tuple[str, str]]:
    options = {"silent": "false", "trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}
    with path.open("rb") as file:
        for _, words, *_ in extract("jinja2.ext:babel_extract", file, {"_": None, "ngettext": (1, 2)}, (), options):
            yield from ((one, f"{path.relative_to(ROOT)}") for one in ([words] if isinstance(words, str) else words))


def _code(path: Path) -> Iterator[tuple[str, str]]:
    with path.open("rb") as file:
        for _, words, *_ in extract("python", file, {"Ours": None, "gettext": None}):
            if isinstance(words, str):
                yield words, f"{path.relative_to(ROOT)}"


def _questions() -> Iterator[tuple[str, str]]:
    for question in QUESTIONS.values():
        yield from ((words, question.key) for words in (question.title, question.why, question.if_silent))
        for answer in question.answers:
            yield from ((words, f"{question.key}: {answer.value}") for words in (answer.label, answer.consequence))
            for field in answer.fields:
                told = (field.label, field.hint, *_labels(field.choices))
                yield from ((words, f"{question.key}: {field.name}") for words in told if words)
    for kind, columns in COLUMNS.items():
        for column in columns:
            yield from ((words, str(kind)) for words in (column.label, *_labels(column.choices or ())))
    yield from ((words, "more time") for words in _labels(MORE_TIME_BECAUSE))
    yield from _facts()


def _facts() -> Iterator[tuple[str, str]]:
    """The labels of facts: the first of each pair that is written out where a question's page is made."""
    for path in sorted((ROOT / "activities").glob("page*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            pair = node.elts if isinstance(node, ast.List | ast.Tuple) and len(node.elts) == 2 else [None]
            if isinstance(pair[0], ast.Constant) and isinstance(pair[0].value, str) and pair[0].value[:1].isupper():
                yield pair[0].value, "a fact"


def _labels(choices: tuple[Choice, ...]) -> Iterator[str]:
    return (choice.label for choice in choices)


if __name__ == "__main__":
    for one in catalogues():
        print(f"{one.path.relative_to(ROOT)}: {one.complete()} without Welsh")  # noqa: T201
