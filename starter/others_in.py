"""Names, addresses and numbers of other people in a text, replaced by roles and numbers before anybody else reads it.

The same search as for drafts of a review: `workflows/policy/anonymity.py`, with its limits. It finds slips and is no
proof: a nickname, a misspelling, initials alone and whoever the record does not know stay for a person to see.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from starter.connections import Connection
from starter.data_subjects import DataSubject, part_of
from starter.held import IDENTIFYING, How, Whose
from starter.held_columns import TABLES, columns_of
from starter.held_reading import Row, is_me, rows_of_case
from starter.views import role
from workflows.contract.directory import Directory
from workflows.policy.anonymity import mentions, simple, words_of
from workflows.policy.identifiers import own_number, shapes_in

_KINDS = {
    "crn": "a case number",
    "noms": "a prison number",
    "pnc": "a police number",
    "national_insurance": "a National Insurance number",
    "phone": "a phone number",
    "postcode": "a postcode",
    "email": "an email address",
}
_SHORTEST = 3  # letters of a name that is looked for
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\]+@[^\s<>,;:\"()\[\]\\]+\.[A-Za-z]{2,}")

Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Replaced:
    """A text without other people, how often one of them stood in it, and whether the person's own name does."""

    text: str
    count: int
    names_them: bool


@dataclass
class Others:
    """Everybody but the person in their cases. `names`: each with who they are; `words`: addresses, keys, numbers."""

    person: DataSubject
    names: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    _read: dict[str, str] = field(default_factory=dict)

    def in_text(self, text: str) -> Replaced:
        """Replace whoever else is named in words that somebody wrote, and every number that can tell who one is."""
        return self._replaced(text, [*self._shapes(text)])

    def in_value(self, text: str) -> str:
        """Replace whoever else is named in a value that the service wrote."""
        if text not in self._read:  # the same codes stand in thousands of rows
            is_code = text == text.lower() and " " not in text  # a code names nobody; it may be a key or an address
            self._read[text] = _cut(text, *self._coded(text))[0] if is_code else self._replaced(text, []).text
        return self._read[text]

    def _replaced(self, text: str, more: list[Span]) -> Replaced:
        plain, at = _plain(text)
        own = [match.span() for name in self.person.names for match in mentions(plain, name)]
        numbers = [match.span() for one in self._own_numbers() for match in one.finditer(plain)]
        own += numbers
        small = plain.lower()
        # The shape of a number takes its name in as well, CRN X123456.
        more = [one for one in more if not any(one[0] < end and start < one[1] for start, end in numbers)]
        spans = [*self._words(small), *more]
        for name, who in self.names.items():
            if any(word.lower() in small for word in words_of(name) if len(word) >= _SHORTEST):
                spans += [(*match.span(), who) for match in mentions(plain, name)]
        kept = [one for one in spans if not any(start <= one[0] and one[1] <= end for start, end in own)]
        return Replaced(*_cut(text, at, kept), names_them=bool(own))

    def _coded(self, code: str) -> tuple[Sequence[int], list[Span]]:
        plain, at = _plain(code)
        return at, [*self._words(plain.lower())]

    def _words(self, small: str) -> Iterable[Span]:
        """Addresses, keys and numbers; an address of nobody known counts as well."""
        for match in _ADDRESS.finditer(small):
            if match[0] not in self.person.emails:
                yield (*match.span(), self.words.get(match[0], "an email address"))
        for word, who in self.words.items():
            if "@" not in word and word in small:
                shape = re.compile(rf"(?<![\w.]){re.escape(word)}(?![\w.]*\w)")
                yield from ((*match.span(), who) for match in shape.finditer(small))

    def _shapes(self, text: str) -> Iterable[Span]:
        for kind, match in shapes_in(_plain(text)[0]):
            if kind != "email" or "@" not in match[0] or " " in match[0]:  # the shape takes one sign of a plain one
                yield (*match.span(), _KINDS[kind])

    def _own_numbers(self) -> list[re.Pattern[str]]:
        return [found[1] for found in map(own_number, self.person.identifiers) if found]


def _plain(text: str) -> tuple[str, Sequence[int]]:
    """The text as names are looked for in it, and where each of its signs stands in the text."""
    signs, at = list[str](), list[int]()
    for place, sign in enumerate(text):
        for one in simple(sign):
            signs.append(one)
            at.append(place)
    return "".join(signs), [*at, len(text)]


def _cut(text: str, at: Sequence[int], spans: Iterable[Span]) -> tuple[str, int]:
    """Put who it is where somebody stands; what overlaps is one place, told by the longest."""
    merged = list[Span]()
    for start, end, who in sorted(spans, key=lambda one: (one[0], -one[1])):
        if merged and start < merged[-1][1]:
            before = merged[-1]
            merged[-1] = (before[0], max(before[1], end), before[2])
        else:
            merged.append((start, end, who))
    written, done = list[str](), 0
    for start, end, who in merged:
        written += [text[done : at[start]], f"[{who}]"]
        done = at[end - 1] + 1
    return "".join([*written, text[done:]]), len(merged)


async def others_in(connection: Connection, person: DataSubject, cases: Sequence[str], directory: Directory) -> Others:
    """Everybody whom the record names in these cases, and the directory, except this person."""
    found = Others(person)
    here = {row.values["region"] for case in cases for row in await rows_of_case(connection, "cases", case)}
    places = [(code, region.people) for code, region in directory.regions.items()]
    for code, people in (*places, ("", directory.national.people)):
        for listed in people:
            if listed.key not in person.keys and listed.email.lower() not in person.emails:
                found.words |= {listed.email.lower(): role(listed.roles[0]), listed.key: role(listed.roles[0])}
                if not code or code in here:  # by name those of the regions of these cases, and of the national team
                    found.names.setdefault(listed.name, role(listed.roles[0]))
    for case in cases:
        for table in TABLES:
            if any(held.how in IDENTIFYING for held in columns_of(table).values()):
                for row in await rows_of_case(connection, table, case):
                    _add(found, row)
        for row in await rows_of_case(connection, "cases", case) if case not in person.cases else ():
            numbers = (row.values[column] for column in ("crn", "noms") if row.values[column])
            found.words |= {str(number).lower(): "a number of the supervised person" for number in numbers}
    own = {frozenset(word.casefold() for word in words_of(name)) for name in person.names}
    found.names = {
        name: who for name, who in found.names.items()
        if (words := frozenset(word.casefold() for word in words_of(name))) and words not in own
    }  # fmt: skip
    return found


def _add(found: Others, row: Row) -> None:
    """Whoever the row names and is not the person."""
    parts = row.parts(found.person)
    for _, held, value in row.columns():
        if held.how not in IDENTIFYING or not value or row.is_own(held, parts, found.person):
            continue
        if held.how is How.TEAM:
            for entry in (one for one in value if not is_me(one, found.person)):
                _note(found, entry.get("name"), "somebody of the team")
                _note_word(found, entry.get("email"), "somebody of the team")
            continue
        who = _who(row, held.whose, held.of)
        for one in value if isinstance(value, list) else [value]:
            if held.how is How.NAME:
                _note(found, one, who)
            elif "@" in str(one) or "." in str(one):  # s2 stands for itself
                _note_word(found, one, who)


def _note(found: Others, name: str | None, who: str) -> None:
    if name and "@" not in name:
        found.names.setdefault(str(name), who)


def _note_word(found: Others, word: str | None, who: str) -> None:
    if word and str(word).strip().lower() not in found.person.emails | found.person.keys:
        found.words.setdefault(str(word).strip().lower(), who)


def _who(row: Row, whose: Whose, of: str) -> str:
    """Say who somebody is by role and number."""
    match whose, of:
        case Whose.SUBJECT, _:
            return "the supervised person"
        case Whose.VICTIM, "adult":
            return part_of(f"{row.case}/{row.about}/adult")
        case ((Whose.VICTIM | Whose.STAFF), _):
            return part_of(f"{row.case}/{row.about}")
        case Whose.ENQUIRER, _:
            return f"whoever made enquiry {row.values['number']}"
        case Whose.READER, _:
            return "a designated reader"
        case _, "officer":
            return "the liaison officer"
        case _, "deputy":
            return "a deputy"
        case _, "owner":
            return "the owner of an action"
    return role(str(row.values["role"])) if row.values.get("role") and of == "person" else "somebody who works here"
