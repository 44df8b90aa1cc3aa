"""Redaction as data: a proposal points at a span of a version, on a ground; a second person accepts or refuses it.

How much is removed, and what a later version makes of it. A refused passage is shown; so is one that nobody proposed.
Rule: Annex J, redaction: text is removed only where absolutely necessary; facts.md 4.2, victim version.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from workflows.contract.choices import REDACTION_GROUNDS

from .document import Document
from .places import OWNER, shown
from .places import Place as Place  # what a redaction points at is imported from here
from .places import places as places
from .spans import NotFound as NotFound
from .spans import Span as Span
from .spans import found_spans as found_spans
from .spans import overlap, standing
from .spans import span_problems as span_problems

GROUNDS: Mapping[str, str] = {choice.value: choice.label for choice in REDACTION_GROUNDS}

_NEAR = 20  # characters beside a passage by which it is found again
_TELLING = 4  # characters; a shorter passage, such as “he”, stands everywhere and tells nothing by itself


@dataclass(frozen=True, slots=True)
class Redaction:
    """One proposal about a version of the review and, once a second person decided it, the decision.

    `accepted`: None until then; False: the passage must be shown. `ground` is one of `GROUNDS`; `note` says why it is
    necessary and proportionate.
    """

    number: int
    version: int
    span: Span
    ground: str
    note: str
    proposed_by: str
    accepted: bool | None = None
    decided_by: str | None = None


def why_not_decide(redaction: Redaction, by_email: str) -> tuple[str, ...]:
    """Every reason why this person may not decide it: `already_decided`, `is_the_proposer`; empty when they may.

    Rule: design.md 2, victim-disclosure. An address that is not known proves no second person.
    """
    proposer, decider = (address.strip().casefold() for address in (redaction.proposed_by, by_email))
    is_second = bool(proposer) and bool(decider) and proposer != decider
    return (
        *(() if redaction.accepted is None else ("already_decided",)),
        *(() if is_second else ("is_the_proposer",)),
    )


# --- How much is removed -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Emptied:
    """A paragraph or cell of which much is removed: its `share`, 0 to 1; `is_whole`: no letter or digit is left."""

    place: str
    label: str
    share: float
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """What the accepted redactions take: `share` of the text that could be removed, 0 to 1; passages and characters.

    `by_ground` has them by ground in the order of Annex J, and only grounds that were used. `still_shown`: the labels
    of the places where words that are removed from another place stand, though nobody decided that they must.
    """

    share: float
    by_ground: Mapping[str, tuple[int, int]]
    emptied: tuple[Emptied, ...] = ()
    still_shown: tuple[str, ...] = ()


def gaps(document: Document, redactions: Iterable[Redaction]) -> dict[str, list[Redaction]]:
    """The accepted redactions by place, in the order of their text.

    Errors: ValueError, by number, where one does not stand in this document, overlaps another or has no known ground.
    """
    there, found = places(document), dict[str, list[Redaction]]()
    for redaction in sorted((r for r in redactions if r.accepted), key=lambda r: (r.span.place, r.span.start)):
        own, before = redaction.span, found.setdefault(redaction.span.place, [])
        stands = own.place in there and 0 <= own.start < own.end <= len(there[own.place].text)
        if not stands or there[own.place].text[own.start : own.end] != own.text:
            raise ValueError(f"redaction {redaction.number}: its passage does not stand in this version")
        if before and overlap(before[-1].span, own):
            raise ValueError(f"redaction {redaction.number}: it overlaps redaction {before[-1].number}")
        if redaction.ground not in GROUNDS:
            raise ValueError(f"redaction {redaction.number}: it has none of the grounds")
        before.append(redaction)
    return found


def summary(document: Document, redactions: Iterable[Redaction], paragraph_share: float = 0.5) -> Summary:
    """How much the accepted redactions remove; `emptied` has the paragraphs of which more than `paragraph_share` goes.

    Errors: as `gaps`. Rule: Annex J, only where absolutely necessary.
    """
    given = tuple(redactions)
    there, found = places(document), gaps(document, given)
    removed = [redaction for place in found.values() for redaction in place]
    total = sum(len(place.text) for place in there.values())
    taken = sum(len(redaction.span.text) for redaction in removed)
    by_ground = {
        ground: (len(lengths), sum(lengths))
        for ground in GROUNDS
        if (lengths := [len(r.span.text) for r in removed if r.ground == ground])
    }
    emptied = (_emptied(there[key], [r.span for r in found[key]], paragraph_share) for key in there if key in found)
    share = taken / total if total else 0.0
    return Summary(share, by_ground, tuple(filter(None, emptied)), _still_shown(there, given))


def _emptied(place: Place, spans: Sequence[Span], paragraph_share: float) -> Emptied | None:
    left = place.text
    for span in reversed(spans):
        left = left[: span.start] + left[span.end :]
    share = (len(place.text) - len(left)) / len(place.text)
    is_whole = not any(character.isalnum() for character in left)
    return Emptied(place.key, place.label, share, is_whole) if is_whole or share > paragraph_share else None


def _still_shown(there: Mapping[str, Place], redactions: Sequence[Redaction]) -> tuple[str, ...]:
    """What is removed in one place tells a reader all the same where it stands in another one."""
    decided = [redaction.span for redaction in redactions if redaction.accepted is not None]
    words = {r.span.text for r in redactions if r.accepted and len(r.span.text) >= _TELLING}
    return tuple(
        place.label
        for place in there.values()
        if any(not any(overlap(hit, own) for own in decided) for text in words for hit in standing(text, [place]))
    )


def eats_the_sense(found: Summary, threshold: float) -> bool:
    """Whether more of the text is removed than the rulebook's `threshold`, a share from 0 to 1, lets pass unwarned."""
    return found.share > threshold


def removal_words(found: Summary) -> list[tuple[str, str]]:
    """What is removed, as the facts of a page: label and value."""
    facts = [
        (GROUNDS[ground], f"{_counted(passages, 'passage')}, {_counted(characters, 'character')}")
        for ground, (passages, characters) in found.by_ground.items()
    ]
    facts.append(("Share of the text", _percent(found.share)))
    if whole := [one.label for one in found.emptied if one.is_whole]:
        facts.append(("Removed whole", "; ".join(whole)))
    if much := [f"{one.label} ({_percent(one.share)})" for one in found.emptied if not one.is_whole]:
        facts.append(("Removed for a large part", "; ".join(much)))
    return [*facts, ("The same words still stand in", "; ".join(found.still_shown))] if found.still_shown else facts


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _percent(share: float) -> str:
    """Whole percent; nothing, and everything, are said only where they are so."""
    if 0 < share < 0.01:
        return "less than 1%"
    return "more than 99%" if 0.99 < share < 1 else f"{share:.0%}"


# --- A later version ---------------------------------------------------------------------------------

Why = Literal["changed", "gone", "ambiguous", "undecided"]


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """A redaction, as it was decided, that a later version does not simply keep, and why.

    `span`: where its words stand now, to be proposed again; None: nowhere, or in several places alike, which then are
    the `candidates`.
    """

    redaction: Redaction
    why: Why
    span: Span | None = None
    candidates: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Carried:
    """What becomes of the redactions of an earlier version in a later one: each stands in one of the two."""

    kept: tuple[Redaction, ...] = ()
    asked_again: tuple[AskedAgain, ...] = ()


def carried_over(before: Document, after: Document, redactions: Iterable[Redaction], *, version: int) -> Carried:
    """Keep what was decided, either way, where its paragraph or cell stands unchanged; ask again about the rest.

    A text that stands several times is kept only where none of them moved, a date or a short entry only with its whole
    row. What is kept bears `version`, the number of `after`. Rule: Annex J; facts.md 6.6, draft and final differ.
    """
    old, new = _Version.of(before), _Version.of(after)
    moved = [(redaction, _moved(redaction.span, old, new)) for redaction in redactions]
    kept = tuple(replace(r, span=span, version=version) for r, span in moved if span and r.accepted is not None)
    taken, again = [span for _, span in moved if span], list[AskedAgain]()
    for redaction, span in moved:
        if span is None:
            again.append(_sought(redaction, old, new, taken))
            taken += filter(None, [again[-1].span])
        elif redaction.accepted is None:
            again.append(AskedAgain(redaction, "undecided", span))
    return Carried(kept, tuple(again))


@dataclass(frozen=True, slots=True)
class _Version:
    places: Mapping[str, Place]
    rows: Mapping[str, Sequence[tuple[str, str]]]

    @classmethod
    def of(cls, document: Document) -> "_Version":
        rows: dict[str, list[tuple[str, str]]] = {}
        for place in shown(document):
            if place.column != OWNER:
                rows.setdefault(place.block, []).append((place.column, place.text))
        return cls(places(document), rows)

    def kin(self, place: Place) -> list[Place]:
        """The places of the same part and column."""
        return [p for p in self.places.values() if (p.part, p.column) == (place.part, place.column)]

    def twins(self, place: Place) -> dict[str, Sequence[tuple[str, str]]]:
        """The places of the same part and column with the same text, each with all that stands in its row."""
        return {p.key: self.rows[p.block] for p in self.kin(place) if p.text == place.text}


def _moved(span: Span, old: _Version, new: _Version) -> Span | None:
    """The span in the later version, where it is beyond doubt that its paragraph stands there unchanged."""
    place = old.places.get(span.place)
    if place is None or place.text[span.start : span.end] != span.text:
        return None
    was, now = old.twins(place), new.twins(place)
    row = was[place.key]
    with_row = [key for key, other in now.items() if other == row]
    if len(with_row) == 1 and list(was.values()).count(row) == 1:
        return replace(span, place=with_row[0])
    if place.is_prose and len(was) == len(now) == 1:
        return replace(span, place=next(iter(now)))
    return span if was == now else None


def _sought(redaction: Redaction, old: _Version, new: _Version, taken: Sequence[Span]) -> AskedAgain:
    """Look for the words with what stood near them, then for the words alone; in the same part first."""
    span, place = redaction.span, old.places.get(redaction.span.place)
    everywhere, kin, near = list(new.places.values()), list[Place](), ("", "")
    if place and place.text[span.start : span.end] == span.text:
        kin = new.kin(place)
        near = place.text[max(0, span.start - _NEAR) : span.start], place.text[span.end : span.end + _NEAR]
    hits: list[list[Span]] = [
        [hit for hit in standing(span.text, scope, around) if not any(overlap(hit, other) for other in taken)]
        for around in (near, ("", ""))
        for scope in (kin, everywhere)
    ]
    for found in hits:
        if len(found) == 1:
            return AskedAgain(redaction, "changed", found[0])
    several = next(filter(None, hits), ())
    return AskedAgain(redaction, "ambiguous" if several else "gone", candidates=tuple(several))
