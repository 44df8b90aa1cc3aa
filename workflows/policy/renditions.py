"""A rendition composed from a version of the review and its decided redactions: text, and gaps that say the ground.

Rule: Annex J: the shared document is fully anonymised, and text is removed only where absolutely necessary; facts.md
4.2, three renditions of one review; facts.md 6.6, whoever was given an earlier one is told what differs.
"""

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby, zip_longest

from workflows.contract.rendition import Audience, Block, Cell, Change, Contact, Piece, Removed, RenditionText, Section

from .document import Document, heading
from .places import OWNER, Place, shown
from .redaction import Redaction, gaps
from .redaction import summary as removal

IN_SHORT = "In short"  # the heading under which the summary is read


def compose(
    document: Document,
    redactions: Iterable[Redaction],
    *,
    audience: Audience,
    review_version: int,
    summary: Sequence[str] = (),
    contact: Contact | None = None,
    previous: RenditionText | None = None,
    previous_number: int | None = None,
) -> RenditionText:
    """The review as this audience is given it: whole and with its owners for `internal`, redacted for the others.

    An accepted redaction becomes a gap; a refused one is shown. `previous`: the rendition that was released to the
    same audience before, with its number; `changes` then tells where a reader sees another text than in that one.
    Errors: ValueError where a redaction is undecided, of another version, or as `gaps` says; where `previous` is for
    another audience or without its number.
    """
    if (previous is None) != (previous_number is None) or (previous and previous.audience != audience):
        raise ValueError("an earlier rendition is given with its number, and for the same audience")
    decided = () if audience is Audience.INTERNAL else _decided(redactions, review_version)
    taken = removal(document, decided)
    sections = tuple(_sections(document, decided, with_owners=audience is Audience.INTERNAL))
    return RenditionText(
        audience=audience,
        review_version=review_version,
        summary=tuple(summary),
        sections=sections,
        removed=tuple(
            Removed(ground=ground, passages=passages, characters=characters)
            for ground, (passages, characters) in taken.by_ground.items()
        ),
        share=taken.share,
        changes=tuple(_changes(previous, tuple(summary), sections)) if previous else (),
        changed_since=previous_number,
        contact=contact,
    )


def _decided(redactions: Iterable[Redaction], review_version: int) -> tuple[Redaction, ...]:
    decided = tuple(redactions)
    for redaction in decided:
        if redaction.accepted is None:
            raise ValueError(f"redaction {redaction.number}: it is not decided")
        if redaction.version != review_version:
            raise ValueError(f"redaction {redaction.number}: it is of version {redaction.version}, not this one")
    return decided


# --- Sections, blocks, cells, pieces -----------------------------------------------------------------


def _sections(document: Document, decided: Iterable[Redaction], *, with_owners: bool) -> Iterator[Section]:
    removed = gaps(document, decided)
    given = (place for place in shown(document) if with_owners or place.column != OWNER)
    for part, in_part in groupby(given, key=lambda place: place.part):
        blocks = tuple(
            Block(
                key=key,
                label=label,
                cells=tuple(Cell(label=p.cell, pieces=_pieces(p, removed.get(p.key, ()))) for p in in_block),
            )
            for (key, label), in_block in groupby(in_part, key=lambda place: (place.block, place.block_label))
        )
        yield Section(name=part, heading=heading(part), blocks=blocks)


def _pieces(place: Place, removed: Sequence[Redaction]) -> tuple[Piece, ...]:
    """The text outside of the spans as it is; a gap for each span, one where spans of one ground touch."""
    pieces: list[Piece] = []
    at = 0
    for redaction in removed:
        if place.text[at : redaction.span.start]:
            pieces.append(Piece(text=place.text[at : redaction.span.start]))
        gap = Piece(ground=redaction.ground)
        if pieces[-1:] != [gap]:
            pieces.append(gap)
        at = redaction.span.end
    if place.text[at:]:
        pieces.append(Piece(text=place.text[at:]))
    return tuple(pieces)


# --- What differs from an earlier rendition ----------------------------------------------------------


def _changes(previous: RenditionText, summary: tuple[str, ...], sections: Sequence[Section]) -> Iterator[Change]:
    """Where a reader sees something else; what changed inside of a gap is not seen and shows nowhere."""
    if previous.summary != summary:
        kind = "changed" if previous.summary and summary else "added" if summary else "removed"
        yield Change.model_validate({"label": IN_SHORT, "kind": kind})
    old, new = ({s.name: s.blocks for s in given} for given in (previous.sections, sections))
    for name in (*new, *(name for name in old if name not in new)):
        yield from _differences(old.get(name, ()), new.get(name, ()))


def _differences(before: Sequence[Block], after: Sequence[Block]) -> Iterator[Change]:
    old, new = [block.cells for block in before], [block.cells for block in after]
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield from (_change(was, now) for was, now in zip_longest(before[i:j], after[k:m]))


def _change(was: Block | None, now: Block | None) -> Change:
    if now:
        return Change(label=now.label, kind="changed" if was else "added")
    assert was is not None  # noqa: S101  # zip_longest gives at least one of them
    return Change(label=was.label, kind="removed")
