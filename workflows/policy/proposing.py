"""What a person proposes to remove, as typed on the page: each row leads to its spans, or to a problem that is named.

Rule: Annex J, redaction: a proposal points at words of this version, is on one of three grounds and says why.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from .redaction import NotFound, Span, found_spans, span_problems
from .value_rules import Found


def proposed(document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, tuple[Span, ...]]]:
    """The spans of each row that leads to some, with its number from 1."""
    found = [(number, _found(document, row)) for number, row in enumerate(rows, start=1)]
    return [(number, spans) for number, spans in found if not isinstance(spans, NotFound)]


def proposal_problems(
    document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], standing: Iterable[Span]
) -> Found:
    """Name by place, `redactions-2-passage`, what leads to no span, or to one that overlaps another.

    `standing`: the spans that count already on this version.
    """
    for number, row in enumerate(rows, start=1):
        found = _found(document, row)
        if isinstance(found, NotFound):
            where = "occurrence" if found.code in ("several", "no_such_occurrence") else "passage"
            stands = f" ({'; '.join(found.standing)})" if found.standing else ""
            yield f"redactions-{number}-{where}", f"Row {number}: {found.message}{stands}"
    before = list(standing)
    spans = [(number, span) for number, several in proposed(document, rows) for span in several]
    for index, code, message in span_problems(document, [*before, *(span for _, span in spans)]):
        if index >= len(before):
            number = spans[index - len(before)][0]
            words = "it overlaps a passage that is proposed already" if code == "overlap" else message
            yield f"redactions-{number}-passage", f"Row {number}: {words}; choose other words, or leave it out"


def _found(document: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[Span, ...] | NotFound:
    which = _occurrence(str(row.get("occurrence") or ""))
    if which == "unclear":
        return NotFound("no_such_occurrence", "say which one: 1, 2 and so on, or all")
    return found_spans(document, str(row.get("place") or ""), str(row.get("passage") or ""), which)


def _occurrence(typed: str) -> int | Literal["all", "unclear"] | None:
    word = typed.strip().lower()
    if not word:
        return None
    if word == "all":
        return "all"
    return int(word) if word.isascii() and word.isdecimal() and len(word) <= 3 else "unclear"
