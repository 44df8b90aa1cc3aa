"""A Word file back as a review, whatever Word or LibreOffice made of it; what would be lost is refused by name."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starter.word import (
    NUMBER,
    Options,
    Paper,
    WordError,
    choices_of,
    from_ink,
    guidance,
    plain,
    plain_text,
    same,
)
from starter.word_out import GUIDANCE, INTRODUCTION, TITLE, subtitle_of
from starter.word_package import Package, open_package
from starter.word_text import (
    Block,
    Styles,
    blocks,
    cells,
    has_a_body,
    has_lists,
    is_tracked,
    marked,
    rows,
    text_of,
    without_place,
)
from workflows.contract.columns import COLUMNS, Column
from workflows.contract.questions import Field, FieldKind
from workflows.policy.answers import Problem
from workflows.policy.document import PARTS

_REFERENCE = re.compile(r"SFO-[0-9]{4}-[0-9]{5}")
_VERSION = re.compile(r"version ([0-9]{1,6})\b")


def from_word(data: bytes, *, reference: str | None = None, options: Options | None = None) -> Paper:
    """Read a Word file that `to_word` wrote and somebody edited; the review comes back in the form of `plain`.

    `reference`: the case that it must be of. `options`: whose names stand for keys. Raises WordError with every
    problem that was found: one of the file as a whole, named `file`, or one of a section, by its field's name.
    """
    package = open_package(data)
    found, version = _origin(package)
    if reference and found != reference:
        other = f"of case {found}, not of {reference}" if found else "without the reference of a case in its header"
        raise WordError(
            Problem("file", f"This file is {other}: export the review of {reference} and put your text in that")
        )
    if not has_a_body(package.body):
        words = "This is not a Word document of the usual kind: save it as “Word Document (.docx)”, not Strict"
        raise WordError(Problem("file", words))
    return Paper(*_review(package, options or {}, found, version))


def _origin(package: Package) -> tuple[str, int]:
    """Return the reference and version that the header names, or the file's properties; "" for none or several."""
    headers = " ".join(text_of(header) for header in package.headers)
    properties = " ".join(package.properties.itertext()) if package.properties is not None else ""
    for said in (headers, properties):
        references = set(_REFERENCE.findall(said))
        if references:
            version = _VERSION.search(said)
            return (references.pop() if len(references) == 1 else ""), int(version[1]) if version else 0
    return "", 0


def _review(package: Package, options: Options, reference: str, version: int) -> tuple[Any, ...]:
    styles = Styles(package.styles, package.numbering)
    above, parts, problems = _divide(list(blocks(package.body, styles, GUIDANCE)))
    _refuse_tracked_changes(package, parts)
    document: dict[str, Any] = {}
    sections = [_Section(f, options, styles, parts[f.name]) for f in PARTS.values() if f.name in parts]
    placed = [problem for section in sections for problem in section.without_place()]
    if package.has_files and not placed:
        words = "The file holds another file (a spreadsheet, an object): write in words what it shows, and take it out"
        problems.append(Problem("file", words))
    problems += placed
    for section in sections:
        document[section.described.name] = section.read(problems)
    remarks = [*package.notes, *_renumber(document, problems), *_left_above(above, reference, version)]
    remarks += [remark for section in sections for remark in section.remarks()]
    if problems:
        raise WordError(*problems)
    return plain(document), reference, version, tuple(dict.fromkeys(remarks))


def _refuse_tracked_changes(package: Package, parts: Mapping[str, Sequence[Block]]) -> None:
    """Two texts cannot both be the review. Says in which sections they stand."""
    if not is_tracked(package.body):
        return
    found = [f"“{PARTS[n].label}”" for n, own in parts.items() if any(is_tracked(block.element) for block in own)]
    where = f" in {', '.join(found)}" if found else ""
    raise WordError(
        Problem(
            "file", f"The file holds tracked changes{where}: accept or reject the changes in Word, then send it again"
        )
    )


def _divide(found: list[Block]) -> tuple[list[Block], dict[str, list[Block]], list[Problem]]:
    """Split at the headings of sections. Headings are told by their words; by their style where words recur."""
    marks: dict[int, Field] = {}
    problems: list[Problem] = []
    words_at: dict[str, list[int]] = {}
    for number, block in enumerate(found):
        if not block.is_table:
            words_at.setdefault(_as_heading(block.text), []).append(number)
    for described in PARTS.values():
        with_words = words_at.get(_as_heading(described.label), [])
        places = [n for n in with_words if found[n].is_heading] or with_words
        if len(places) == 1:
            marks[places[0]] = described
        elif not places:
            words = f"The section “{described.label}” is missing: put its heading back, with what belongs under it"
            problems.append(Problem(described.name, words))
        else:
            words = f"The heading “{described.label}” stands there {len(places)} times: keep one, with all of the text"
            problems.append(Problem(described.name, words))
    above: list[Block] = []
    parts: dict[str, list[Block]] = {}
    current = above
    for number, block in enumerate(found):
        if number in marks:
            current = parts.setdefault(marks[number].name, [])
        else:
            current.append(block)
    return above, parts, problems


def _as_heading(text: str) -> str:
    return same(text).rstrip(" :")


def _left_above(above: Sequence[Block], reference: str, version: int) -> Iterator[str]:
    known = {same(text) for text in ("", TITLE, subtitle_of(reference, version), *INTRODUCTION)}
    if any(block.is_table or same(block.text) not in known for block in above):
        yield "What stands above the first heading was not taken over."


@dataclass(frozen=True, slots=True)
class _Section:
    """One section of a file: what it should be, and what stands in it."""

    described: Field
    options: Options
    styles: Styles
    blocks: Sequence[Block]

    def without_place(self) -> list[Problem]:
        """Name what a review cannot hold, such as a picture."""
        found = [words for block in self.blocks for words in without_place(block)]
        return [self._problem(f"holds {words}") for words in dict.fromkeys(found)]

    def remarks(self) -> Iterator[str]:
        """Say what was taken over in another form, or may not be meant."""
        if any((b.mark and b.text.strip()) or (b.is_table and has_lists(b.element, self.styles)) for b in self.blocks):
            yield "Lists were taken over as lines, each with its dash or number: look whether they read as you mean."
        first = next((block for block in self.blocks if block.text.strip()), None)
        guide = guidance(self.described)
        if first and first.is_guidance and not first.text.startswith(guide) and same(first.text) != same(guide):
            yield (
                f"“{self.described.label}” begins with words in the style of the guidance, and they were taken over: "
                "take them out below if they are none of yours."
            )

    def read(self, problems: list[Problem]) -> str | list[dict[str, str]]:
        """Return what stands in the section: its text, or its rows with the number of a numbered row under `""`."""
        return self._read_rows(problems) if self.described.kind in COLUMNS else self._read_text(problems)

    def _read_text(self, problems: list[Problem]) -> str:
        if any(block.is_table for block in self.blocks):
            problems.append(self._problem("is written in paragraphs: take the table out and write its words below"))
        text = plain_text("\n".join(self._paragraphs()))
        return from_ink(text, self.described.kind, choices_of(self.described, None, {}))

    def _paragraphs(self) -> list[str]:
        """Return the paragraphs without the guidance, which is the first of them unless somebody deleted it."""
        found = [marked(block.mark, block.text) for block in self.blocks if not block.is_table]
        guide = guidance(self.described)
        first = next((n for n, text in enumerate(found) if text.strip()), None)
        if first is not None:
            if same(found[first]) == same(guide):
                found[first] = ""
            elif found[first].startswith(guide):  # somebody typed on behind it
                found[first] = found[first][len(guide) :]
        return found

    def _read_rows(self, problems: list[Problem]) -> list[dict[str, str]]:
        tables = [block for block in self.blocks if block.is_table]
        if any(text.strip() for text in self._paragraphs()):
            problems.append(self._problem("has text outside its table: move it into a row, or to another section"))
        if len(tables) != 1:
            remedy = "has lost its table: copy it from a new export" if not tables else "has several tables: make one"
            problems.append(self._problem(remedy))
            return []
        head, *body = [list(cells(row, self.styles)) for row in rows(tables[0].element)] or [[]]
        columns = self._columns(head, problems)
        return [self._row(columns, texts, n, problems) for n, texts in enumerate(body, 1) if any(map(str.strip, texts))]

    def _columns(self, head: Sequence[str], problems: list[Problem]) -> list[Column | None]:
        """Return the column of each place, None for the number."""
        columns = COLUMNS[self.described.kind]
        given = [same(text) for text in head]
        found: list[Column | None] = [None] if given[:1] == [same(NUMBER)] else []
        if given[len(found) :] == [same(column.label) for column in columns]:
            return [*found, *columns]
        missing = [column.label for column in columns if same(column.label) not in given]
        names = "; ".join(missing or [column.label for column in columns])
        what = (
            "lacks in the first row of its table" if missing else "must have these columns and no others, in this order"
        )
        problems.append(self._problem(f"{what}: {names}. Put them back as a new export has them"))
        return []

    def _row(
        self, columns: Sequence[Column | None], texts: Sequence[str], number: int, problems: list[Problem]
    ) -> dict[str, str]:
        if columns and len(texts) != len(columns):
            problems.append(
                self._problem(f"has in row {number} of its table cells that are joined or missing: make them single")
            )
            return {}
        return {
            column.name if column else "": self._cell(column, plain_text(text))
            for column, text in zip(columns, texts, strict=bool(columns))
        }

    def _cell(self, column: Column | None, text: str) -> str:
        return from_ink(text, column.kind, choices_of(self.described, column, self.options)) if column else text

    def _problem(self, what: str) -> Problem:
        return Problem(self.described.name, f"The section “{self.described.label}” {what}")


# --- findings and the actions that answer them ----------------------------------------------------------


def _renumber(document: Mapping[str, Any], problems: list[Problem]) -> Iterator[str]:
    """Let actions answer the findings that they answered before rows were deleted, added or moved.

    An action names its finding by the number that stands in the table; on the record it is the finding's place.
    """
    findings = [row for f in PARTS.values() if f.kind is FieldKind.FINDINGS for row in document.get(f.name, ())]
    findings = [row for row in findings if any(text for name, text in row.items() if name)]
    numbers = [row.get("", "").rstrip(" .)") for row in findings]
    places = {number: str(place) for place, number in enumerate(numbers, start=1) if number}
    twice = [n for n, number in enumerate(numbers, start=1) if number and numbers.count(number) > 1]
    if twice:
        where = ", ".join(map(str, twice))
        problems.append(Problem("findings", f"Rows {where} of the findings have the same number: give each its own"))
        return
    if all(number == place for number, place in places.items()):
        return
    for described in PARTS.values():
        if described.kind is FieldKind.PLAN:
            problems += _follow(described, document.get(described.name, ()), numbers, places)
    yield "The findings were numbered anew, and the actions follow them."


def _follow(
    described: Field, actions: Sequence[dict[str, str]], numbers: Sequence[str], places: Mapping[str, str]
) -> Iterator[Problem]:
    """Give each action its finding's place; an action whose finding is gone is a problem."""
    for number, row in enumerate(actions, start=1):
        answered = row.get("finding", "").rstrip(" .)")
        is_new = answered.isdecimal() and 0 < int(answered) <= len(numbers) and not numbers[int(answered) - 1]
        if answered in places:
            row["finding"] = places[answered]
        elif answered and not is_new:
            words = f"{described.label}, row {number}: it answers a finding that is not in the table; name another"
            yield Problem(f"{described.name}-{number}-finding", words)
