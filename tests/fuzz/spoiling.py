"""Good input made bad: a document changed somewhere in its tree, bytes changed anywhere, and text as TOML has it."""

import copy
import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from hypothesis import strategies as st

# What has broken readers of files before: ours or others'.
_NASTY = (
    "", " ", "\x00", "\ud800", "\u202e", "\ufeff", "x" * 5_000, "a\r\nb", "<script>alert(1)</script>",
    "'; DROP TABLE sfo.cases; --", "=1+1", "../../etc/passwd", "%00", "${7*7}", "{{7*7}}", "NaN", "1e999", "-0",
    "0001-01-01", "9999-12-31", "2026-02-30", "2026-13-01", "\uff12\uff10\uff12\uff16-01-01", "24:00", "true", "null",
    "A123456\n", "a@b", "a@" + "b" * 300 + ".test", "@", "none", "1" * 5_000,
)  # fmt: skip
_NUMBERS = (0, -1, 1, 2**31, 2**63, -(2**63), 10**9, 10**30, 0.0, -0.5, 1e308, 1e-308)

leaves = (
    st.none()
    | st.booleans()
    | st.sampled_from(_NASTY)
    | st.sampled_from(_NUMBERS)
    | st.integers(-2_000, 2_000)
    | st.dates()
    | st.text(max_size=12)
)
"""What may stand where something else should."""

junk = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)

Place = tuple[Any, ...]


def places(document: Any, before: Place = ()) -> Iterator[Place]:
    """The way to everything in a document, the document itself left out."""
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, part in inside:
        yield (*before, key)
        yield from places(part, (*before, key))


def at(document: Any, place: Sequence[Any]) -> Any:
    """What stands at a place."""
    for key in place:
        document = document[key]
    return document


@st.composite
def spoilt(draw: st.DrawFn, good: Any, most: int = 3) -> Any:
    """A copy of a good document with one to a few things changed, gone, doubled, added or put where they do not go."""
    document = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, most))):
        found = list(places(document))
        if not found:
            return draw(junk)
        place = draw(st.sampled_from(found))
        holder, key = at(document, place[:-1]), place[-1]
        match draw(st.sampled_from(["alike", "alike", "other", "other", "gone", "moved", "doubled", "added"])):
            case "alike":
                holder[key] = draw(_alike(holder[key]))
            case "other":
                holder[key] = draw(junk)
            case "gone":
                del holder[key]
            case "moved":
                holder[key] = copy.deepcopy(at(document, draw(st.sampled_from(found))))
            case "doubled" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case _ if isinstance(holder, dict):
                holder[draw(st.text(max_size=6))] = draw(junk)
            case _:
                holder.append(draw(junk))
    return document


def _alike(value: Any) -> st.SearchStrategy[Any]:
    """Something of the kind that stands there, so that what is wrong with it is its value alone."""
    match value:
        case bool():
            return st.booleans()
        case int() | float():
            return st.sampled_from(_NUMBERS) | st.integers(-2_000, 2_000)
        case date():
            return st.dates()
        case str():
            return st.sampled_from(_NASTY) | st.text(max_size=12) | st.just(value.upper()) | st.just(f"{value} ")
        case _:
            return junk


@st.composite
def damaged(draw: st.DrawFn, good: bytes, most: int = 6) -> bytes:
    """Bytes with one to a few cut out, put in, doubled or changed."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, most))):
        first = draw(st.integers(0, max(len(data) - 1, 0)))
        last = min(len(data), first + draw(st.sampled_from([1, 1, 2, 16, 400, 100_000])))
        match draw(st.sampled_from(["change", "change", "cut", "double", "insert"])):
            case "change":
                data[first : first + 1] = bytes([draw(st.integers(0, 255))])
            case "cut":
                del data[first:last]
            case "double":
                data[first:first] = data[first : min(last, first + 2_000)]
            case _:
                data[first:first] = draw(st.binary(max_size=8) | st.sampled_from(_BYTES))
    return bytes(data)


_BYTES = (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"[" * 5_000, b'{"a":' * 2_000, b"9" * 5_000, b'"', b"\\", b"\r\n")


def as_json(document: Any) -> bytes:
    """A document as a charge file has it, whatever stands in it; a date as text."""
    return json.dumps(document, default=str).encode("utf-8", "surrogatepass")


def as_toml(document: dict[str, Any]) -> str:
    """A document as TOML, each table on a line of its own; what TOML cannot say (null) is left out."""
    return "\n".join(f"{json.dumps(key)} = {_value(part)}" for key, part in document.items() if part is not None)


def _value(part: Any) -> str:
    if isinstance(part, bool):
        return str(part).lower()
    if isinstance(part, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_value(v)}" for k, v in part.items() if v is not None) + "}"
    if isinstance(part, list):
        return "[" + ", ".join(_value(each) for each in part if each is not None) + "]"
    return part.isoformat() if isinstance(part, date) else json.dumps(part)
