"""What somebody wrote, as passages to be read one by one; and values as a person reads them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from starter.disclosure_answers import plain
from starter.views import in_words, moment, role
from workflows.contract.questions import QUESTIONS
from workflows.policy.document import paragraphs

_OF_EVERY_PAGE = ("Case", "Region and delivery unit")  # codes that stand in the row of the case
_LETTERS = {"foi": "Freedom of Information request", "subject_access": "Subject access request"}

Text = tuple[str, str]
"""A text, and the words for the place within its column where it stands; empty for the whole."""


def texts_of(table: str, column: str, values: Mapping[str, Any]) -> list[Text]:
    """Every passage of a column that holds what somebody wrote; none for an empty one."""
    value = values[column]
    if (table, column) == ("documents", "content") and values["kind"] == "review":
        return [(p.label, p.text) for p in paragraphs(value) if p.text.strip()]
    if (table, column) == ("gates", "page"):
        value = {str(label): fact for label, fact in _facts(value)}
    if isinstance(value, str):
        return [("", value)] if value.strip() else []
    lines = [f"{path}: {text}" if path else text for path, text in _leaves(value)]
    return [("", "\n".join(lines))] if lines else []


def _facts(page: Any) -> Iterator[tuple[Any, Any]]:
    """What a question told about the case; its title and choices are the same for everybody."""
    for fact in page.get("facts", ()) if isinstance(page, dict) else ():
        if isinstance(fact, list) and len(fact) == 2 and fact[0] not in _OF_EVERY_PAGE:  # a label and its value
            yield fact[0], fact[1]


def _leaves(value: Any, path: str = "") -> Iterator[Text]:
    """Every value of a tree, with the way to it in words."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _leaves(one, ", ".join(filter(None, (path, plain(str(name))))))
    elif isinstance(value, list):
        for number, one in enumerate(value, start=1):
            yield from _leaves(one, f"{path} {number}".strip() if len(value) > 1 else path)
    elif value is not None and str(value).strip():
        yield path, "yes" if value is True else "no" if value is False else str(value)


def in_plain_words(column: str, value: Any) -> str:
    """Write a value as people do; empty for nothing."""
    match value:
        case None | "" | []:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return moment(value)
        case date():
            return in_words(value)
        case list():
            return ", ".join(in_plain_words(column, one) for one in value)
        case dict():
            return "; ".join(f"{path}: {text}" for path, text in _leaves(value))
        case str():
            return _coded(column, value)
    return str(value)


def _coded(column: str, value: str) -> str:
    if column == "question" and value in QUESTIONS:
        return QUESTIONS[value].title
    if value in _LETTERS:
        return _LETTERS[value]
    if column == "gate":
        return _question(value)
    if column in ("role", "made_by_role"):
        return role(value)
    is_code = value == value.lower() and "@" not in value and "/" not in value and " " not in value
    if is_code and any(sign.isalpha() for sign in value) and "." not in value:
        words = plain(value)
        return words[:1].upper() + words[1:] if column not in ("ref", "subject", "reader") else value
    return value


def _question(gate: str) -> str:
    """The title of the question that a gate's name holds, and whom or what it is about."""
    name, _, about = gate.rpartition("/")[2].partition("#")[0].partition(":")
    title = QUESTIONS[name].title if name in QUESTIONS else plain(name)
    return f"{title} ({about})" if about else title


def as_data(value: Any) -> Any:
    """The value as JSON holds it."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case list() | tuple():
            return [as_data(one) for one in value]
        case dict():
            return {str(name): as_data(one) for name, one in value.items()}
        case None | bool() | int() | float() | str():
            return value
    return value.hex() if isinstance(value, bytes) else str(value)


def every_text(value: Any) -> Iterable[str]:
    """Every string in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from every_text(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from every_text(one)
