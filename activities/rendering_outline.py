"""What a rendition says to its audience, and in which order; the same for every format.

Rule: facts.md 6.5. A family first reads in plain words what was found, then what happens next and whom to call.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from activities import rendering_words as words
from activities.rendering_paper import (
    Bullets,
    Element,
    Heading,
    Pairs,
    Paper,
    Paragraph,
    Run,
    Runs,
    Table,
    is_blank,
    runs_of,
    shown,
)
from workflows.contract.rendition import Audience, Block, Cell, Contact, Piece, RenditionText


def outline(text: RenditionText, number: int) -> Paper:
    """What the rendition with this number says. Errors: ValueError, a passage was removed on an unknown ground."""
    wording = words.WORDINGS[text.audience]
    elements = [*_opening(wording), *_around(text, wording, number), *_review(text)]
    if wording.explains_words:
        elements += _words_used(elements)
    called = {"title": wording.title, "kind": wording.kind, "number": number, "review_version": text.review_version}
    return Paper(
        title=wording.title,
        kind=wording.kind,
        status=wording.status.format(**called),
        running=wording.running.format(**called),
        source=wording.source.format(**called),
        elements=tuple(elements),
    )


def _opening(wording: words.Wording) -> Iterator[Element]:
    yield from (Paragraph((Run(line),), "notice") for line in wording.notice)
    yield from (Paragraph((Run(line),)) for line in wording.opening)


def _around(text: RenditionText, wording: words.Wording, number: int) -> Iterator[Element]:
    is_internal = text.audience is Audience.INTERNAL
    if text.summary:
        yield _heading(words.IN_SHORT)
        for line in text.summary:
            yield from _paragraph((Piece(text=line),), text)
    if not is_internal:
        yield _heading(words.NEXT)
        yield Bullets(tuple(_next_steps(text, wording)))
    if text.audience is Audience.VICTIM or (text.contact and not is_internal):
        yield _heading(words.WHOM_TO_CALL)
        yield from _whom_to_call(text, number)
    if text.changed_since is not None or text.changes:
        yield _heading(words.CHANGED)
        yield from _what_changed(text)
    yield _heading(words.REMOVED)
    yield from _what_was_removed(text, wording)


def _heading(line: str) -> Heading:
    return Heading(2, (Run(line),), re.sub(r"[^a-z]+", "-", line.lower()))


# --- what happens next, whom to call -----------------------------------------------------------------


def _next_steps(text: RenditionText, wording: words.Wording) -> Iterator[Runs]:
    yield from ((Run(step),) for step in wording.next_steps)
    if label := _label_to_name(text):
        before, after = wording.naming_step.split("{label}")
        yield (Run(before), *_typed(label, text), Run(after))
    if any(section.name == "actions" for section in text.sections):
        yield (Run(wording.action_step),)
    yield from ((Run(step),) for step in wording.last_steps)


def _label_to_name(text: RenditionText) -> str:
    """The name of a part as an example: that of the first finding, or else of whatever comes first."""
    labels = [(section.name != "findings", block.label) for section in text.sections for block in section.blocks]
    return min(((later, label) for later, label in labels if label.strip()), key=lambda one: one[0], default=("", ""))[
        1
    ]


def _whom_to_call(text: RenditionText, number: int) -> Iterator[Element]:
    if text.contact is None:
        yield Paragraph((Run(words.CALL_WHO_GAVE_IT),))
        return
    line = words.CALL if text.audience is Audience.VICTIM else words.CALL_PUBLIC
    yield Paragraph((Run(line.format(number=number)),))
    yield Pairs(tuple(_contact(text.contact)))


def _contact(contact: Contact) -> Iterator[tuple[Runs, Runs]]:
    values = (contact.name, contact.phone, contact.email, contact.hours)
    makers = (None, _phone_link, _email_link, None)
    for label, value, link in zip(words.CONTACT_LABELS, values, makers, strict=True):
        target = link(value) if link else ""
        if value:
            yield (Run(label),), (Run(shown(value), "link" if target else "plain", target),)


def _phone_link(phone: str) -> str:
    """A link that dials; none where the text is more than one number."""
    digits = re.sub(r"[\s().-]", "", phone.replace("(0)", ""))
    return f"tel:{digits}" if re.fullmatch(r"\+?[0-9]{3,15}", digits) else ""


def _email_link(email: str) -> str:
    return f"mailto:{email}" if re.fullmatch(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+", email) else ""


# --- what changed, what was removed ------------------------------------------------------------------


def _what_changed(text: RenditionText) -> Iterator[Element]:
    since = text.changed_since
    if not text.changes:
        yield Paragraph((Run(words.REPLACES_SAME.format(since=since)),))
        return
    yield Paragraph((Run(words.REPLACES_UNKNOWN if since is None else words.REPLACES.format(since=since)),))
    places = {block.label: place for place, block in _places(text)}
    rows = []
    for change in text.changes:
        is_here = change.label in places and change.kind != "removed"
        target = f"#{places[change.label]}" if is_here else ""
        where = Run(shown(change.label), "link" if target else "plain", target, _other_language(text))
        rows.append(((where,), (Run(words.KINDS[change.kind]),)))
    yield Table(words.CHANGED, words.CHANGES_HEAD, tuple(rows))


def _what_was_removed(text: RenditionText, wording: words.Wording) -> Iterator[Element]:
    # A passage can stand in several places, so the count that was given wins over the gaps that stand here.
    counted = Counter(piece.ground for piece in _pieces(text) if piece.ground is not None)
    passages = dict(counted) | {removed.ground: removed.passages for removed in text.removed}
    gaps = {ground: _gap(ground) for ground in sorted(passages)}
    if not passages:
        yield Paragraph((Run(words.NOTHING_REMOVED),))
        return
    yield Paragraph((Run(words.SHARE.format(share=words.share_in_words(text.share))),))
    yield from (Paragraph((Run(line),)) for line in wording.removed)
    before, after = words.GAP_SHOWN.split("{gap}")
    in_order = [ground for ground in words.GROUND_LABELS if ground in passages]
    yield Paragraph((Run(before), gaps[in_order[0]], *([Run(after)] if after else [])))
    yield Paragraph((Run(words.GAP_SIZE),))
    rows = tuple(_removed_row(ground, passages[ground]) for ground in in_order)
    yield Table(words.REMOVED, words.REMOVED_HEAD, rows)


def _removed_row(ground: str, passages: int) -> tuple[Runs, ...]:
    reason = (Run(words.GROUND_LABELS[ground], "strong"), Run(f"\n{words.GROUND_MEANINGS[ground]}"))
    return reason, (Run(str(passages)),)


def _gap(ground: str) -> Run:
    return Run(words.gap(ground), "gap")


# --- the review --------------------------------------------------------------------------------------


def _review(text: RenditionText) -> Iterator[Element]:
    yield _heading(words.REVIEW)
    parts = [(f"part-{n}", section) for n, section in enumerate(text.sections, start=1)]
    named = [(place, section) for place, section in parts if section.heading.strip()]
    if len(named) > 1:
        links = (Run(shown(section.heading), "link", f"#{place}", _other_language(text)) for place, section in named)
        yield Bullets(tuple((link,) for link in links), words.PARTS)
    for part, section in parts:
        if section.heading.strip():
            yield Heading(3, _typed(section.heading, text), part)
        # Where every row has but one column, the heading has said what it is: `Source` adds nothing to `Sources used`.
        columns = {cell.label for block in section.blocks for cell in block.cells}
        is_list = len(columns) < 2 and all(len(block.cells) == 1 for block in section.blocks)
        for number, block in enumerate(section.blocks, start=1):
            yield from _name_of(block, f"{part}-{number}", section.heading, text, is_list=is_list)
            yield from _block(block, text, is_list=is_list)


def _name_of(block: Block, place: str, heading: str, text: RenditionText, *, is_list: bool) -> Iterator[Element]:
    """How the block is called, by which people can refer to it; rows are headings, so that one can go through them."""
    if block.label.strip() and block.label != heading:
        label = _typed(block.label, text)
        is_row = not is_list and any(cell.label for cell in block.cells)
        yield Heading(4, label, place) if is_row else Paragraph(label, "label", place)


def _block(block: Block, text: RenditionText, *, is_list: bool) -> Iterator[Element]:
    for is_labelled, cells in groupby(block.cells, key=lambda cell: bool(cell.label.strip())):
        if is_labelled and not is_list:
            pairs = ((_typed(cell.label, text), _runs(cell.pieces, text)) for cell in cells)
            if rows := tuple(pair for pair in pairs if not is_blank(pair[1])):
                yield Pairs(rows)
        else:
            for cell in cells:
                yield from _paragraph(cell.pieces, text)


def _paragraph(pieces: Iterable[Piece], text: RenditionText) -> Iterator[Element]:
    runs = _runs(pieces, text)
    if not is_blank(runs):
        yield Paragraph(runs)


def _places(text: RenditionText) -> Iterator[tuple[str, Block]]:
    """The blocks to which a link can lead, each with its place."""
    for part, section in enumerate(text.sections, start=1):
        for number, block in enumerate(section.blocks, start=1):
            if block.label.strip():
                is_heading = block.label == section.heading
                yield (f"part-{part}" if is_heading else f"part-{part}-{number}"), block


def _pieces(text: RenditionText) -> Iterator[Piece]:
    return (piece for cell in _cells(text) for piece in cell.pieces)


def _cells(text: RenditionText) -> Iterator[Cell]:
    return (cell for section in text.sections for block in section.blocks for cell in block.cells)


def _runs(pieces: Iterable[Piece], text: RenditionText) -> Runs:
    """What is shown for pieces; of a gap its ground, and never a text."""
    language = _other_language(text)
    runs = (
        _gap(piece.ground) if piece.ground is not None else Run(shown(piece.text), language=language)
        for piece in pieces
    )
    return tuple(run for run in runs if run.text)


def _other_language(text: RenditionText) -> str:
    """The language of what people wrote, as BCP 47, where it is not that of the fixed words."""
    is_same = text.language.split("-")[0].lower() == words.LANGUAGE.split("-")[0]
    is_known = re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", text.language)
    return text.language if is_known and not is_same else ""


def _typed(line: str, text: RenditionText) -> Runs:
    """A line of the text itself, such as a heading or a label."""
    return (Run(shown(line), language=_other_language(text)),)


# --- words used ----------- --------------------------------------------------------------------------


def _words_used(elements: Sequence[Element]) -> list[Element]:
    said = "\n".join(run.text for element in elements for run in runs_of(element))
    used = [term for term in words.TERMS if _is_used(term, said)]
    if not used:
        return []
    return [_heading(words.WORDS), Pairs(tuple(((Run(t.term),), (Run(t.meaning),)) for t in used))]


def _is_used(term: words.Term, said: str) -> bool:
    forms = "|".join(re.escape(form) for form in (term.term, *term.also))
    return re.search(rf"\b(?:{forms})\b", said, re.IGNORECASE) is not None
