"""How wrong data is named: the path to it, what is wrong in plain words, and what to do about it."""

import difflib
import json
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ValidationError


@dataclass(frozen=True)
class Problem:
    """One thing wrong. `index` is the entry's place in a list, from 0; no personal data stands in any field."""

    path: str
    message: str
    remedy: str
    index: int | None = None

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{where}{self.message}; {self.remedy}" if self.remedy else f"{where}{self.message}"


class DataError(ValueError):
    """A file's content is wrong; `problems` holds every one that was found, the text one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


# Remedies by pydantic's error type; what is not listed keeps pydantic's own words.
_WORDS: dict[str, tuple[str, str]] = {
    "missing": ("is missing", "add it"),
    "string_type": ("is not text", "write it in quotation marks"),
    "string_too_short": ("is empty", "fill it in"),
    "string_too_long": ("is too long", "shorten it"),
    "string_unicode": ("holds characters that are not text", "save the file as UTF-8"),
    "int_type": ("is not a whole number", "write digits without quotation marks"),
    "bool_type": ("is not true or false", "write true or false without quotation marks"),
    "date_type": ("is not a date", "write it as YYYY-MM-DD"),
    "model_type": ("is not an object", "write it with its fields in braces"),
    "model_attributes_type": ("is not an object", "write it with its fields in braces"),
    "tuple_type": ("is not a list", "write it in square brackets"),
    "too_short": ("has no entry", "give at least one"),
}


def content_of_toml(text: str) -> dict[str, Any]:
    """What a TOML text holds. Errors: `DataError`, also where it is nested too deep or a number has no end."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError([Problem("", f"is not TOML: {error}", "correct that line")]) from None
    except RecursionError:
        raise DataError(
            [Problem("", "is not TOML as used here: it is nested too deep", "take out what nests")]
        ) from None
    except ValueError:  # a number with thousands of digits
        words = "is not TOML as used here: it holds a number that cannot be read"
        raise DataError([Problem("", words, "correct that number")]) from None


def path_of(parts: Iterable[str | int]) -> str:
    """The path as a reader writes it: `[7].offences[0].code`; a name that cannot be seen stands in quotation marks."""
    path = ""
    for part in parts:
        name = part if isinstance(part, int) or (part and part.isprintable()) else json.dumps(part)
        path += f"[{name}]" if isinstance(part, int) else f".{name}" if path else str(name)
    return path


def problems_of(error: ValidationError, model: type[BaseModel], before: str = "") -> tuple[Problem, ...]:
    """Every problem in a pydantic error. `before` stands in front of each path; inputs are never quoted."""
    details = error.errors(include_url=False, include_input=False)
    return tuple(
        replace(problem, path=_joined(before, problem.path))
        for detail in details
        if not _is_echo(detail, details)
        for problem in _problems(detail, model)
    )


def _is_echo(detail: Any, details: Sequence[Any]) -> bool:
    """Whether a list only seems too short because its wrong entries were left out."""
    place = detail["loc"]
    return detail["type"] == "too_short" and any(
        other is not detail and other["loc"][: len(place)] == place for other in details
    )


def _joined(before: str, path: str) -> str:
    return f"{before}.{path}" if before and path and not path.startswith("[") else before + path


def _problems(detail: Any, model: type[BaseModel]) -> Iterator[Problem]:
    path, kind, context = path_of(detail["loc"]), detail["type"], detail.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, DataError):
        yield from (replace(p, path=_joined(path, p.path)) for p in cause.problems)
    elif kind == "extra_forbidden":
        yield Problem(path, "there is no such field", _nearest(str(detail["loc"][-1]), model))
    elif kind in ("enum", "literal_error"):
        yield Problem(path, "is none of the values allowed", f"write one of {context['expected']}")
    elif kind in _WORDS:
        yield Problem(path, *_WORDS[kind])
    else:
        yield Problem(path, detail["msg"].removeprefix("Value error, "), "correct it")


def _nearest(name: str, model: type[BaseModel]) -> str:
    near = difflib.get_close_matches(name, _names_within(model), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else "remove it"


@lru_cache(maxsize=32)
def _names_within(model: type[BaseModel]) -> Sequence[str]:
    """Every field name of the model, at any depth; made once, since a file may have thousands of wrong names."""
    return sorted(_field_names(model.model_json_schema()))


def _field_names(schema: Any) -> Iterator[str]:
    """Every field name in a JSON schema, at any depth."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from _field_names(part)
