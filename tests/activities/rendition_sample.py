"""An invented review as it is given to each audience; long enough to fill pages. Nothing in it happened."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from workflows.contract.rendition import (
    Audience,
    Block,
    Cell,
    Change,
    Contact,
    Piece,
    Removed,
    RenditionText,
    Section,
)
from workflows.policy.document import PARTS

SUMMARY = (
    "Probation supervised the person for seven months before the offence. In the first months this was done well. "
    "The person was seen every week, and what they said was checked.",
    "Later, two warnings were not acted on. A neighbour told the police about shouting. The police told probation. "
    "Nobody looked at the level of risk again. The officer had far more cases than one person can manage.",
    "We judge that reasonable steps were taken in part, but not all of them. Four changes follow. Two have been made.",
)
CONTACT = Contact(
    name="Invented Liaison Officer One",
    phone="01632 960 017",
    email="liaison.one@n53.example.test",
    hours="Monday to Friday, 9am to 5pm",
)
NUMBER, SINCE = 2, 1

_SOURCES = (
    "The case record that probation kept, from the first day of the licence to the offence.",
    "Interviews with the practitioner, the line manager and the Head of PDU.",
    "Information from the police, asked for and received in writing.",
    "The assessments made at the start, after three months and after six months.",
)
_CHRONOLOGY = (
    ("12 January 2026", "The person left prison on licence. They were to be seen every week.", "Case record"),
    ("15 January 2026", "First appointment, kept. The rules of the licence were explained.", "Case record"),
    ("2 February 2026", "Home visit. Nothing of concern was seen. {personal_data}", "Case record"),
    ("9 March 2026", "Assessment at three months: medium risk of serious harm.", "OASys"),
    ("4 May 2026", "{third_party_confidence} told the practitioner about heavy drinking.", "Case record"),
    ("1 June 2026", "Appointments were changed to every two weeks, because the team had lost two officers.", "Records"),
    ("19 June 2026", "The police passed on a report by a neighbour of shouting at night.", "Police letter"),
    ("3 July 2026", "A second report came. It was filed and not read by the practitioner.", "Police letter"),
    ("13 July 2026", "Appointment missed. The practitioner telephoned the same day and got no answer.", "Case record"),
    ("20 July 2026", "Appointment kept. The missed one was discussed; the reports of shouting were not.", "Records"),
    ("2 October 2026", "The offence.", "Court papers"),
)
_ANALYSIS = (
    "In the first four months the work was careful. Every appointment was kept or followed up within a day. What the "
    "person said about where they lived and worked was checked with others and found to be true.",
    "The first assessment was complete. It took account of the earlier conviction and of what {third_party_confidence} "
    "had said. It ended in medium risk of serious harm, and we agree with that as things stood in January.",
    "In May things began to change. The person spoke of {personal_data} and of sleeping badly. The practitioner wrote "
    "this down and offered a referral, which was declined. The risk was not assessed anew. It should have been.",
    "In June the team lost two of its nine officers. The practitioner then held 61 cases. The line manager allowed "
    "appointments every two weeks for cases of medium risk. That was a reasonable thing to do with the staff there "
    "were, but nobody looked first at which cases could bear it.",
    "The two reports from the police were the clearest sign. The first was read and not linked with what was known "
    "already. The second was filed by the office and reached nobody. {third_party_not_public} Had both been put beside "
    "the change in May, the level of risk would very probably have been raised.",
    "Nobody can say what would have followed. A raised level would have meant weekly appointments, a talk with the "
    "police and a plan for the safety of others. We cannot say that the offence would have been prevented. We can say "
    "that there were chances to act, and that they were missed.",
)
_FINDINGS: tuple[tuple[str, ...], ...] = (
    ("Strength", "", "The person was seen every week from January to May, and each missed appointment was followed "
     "up within a day.", ""),
    ("Strength", "", "The first assessment used every source there was, and what the person said was checked.", ""),
    ("Deficiency", "Individual", "Risk was not assessed again in May, when the person's life was changing.",
     "The practitioner held the change to be small and meant to return to it at the next planned assessment."),
    ("Deficiency", "Team", "The second police report was filed and not read.",
     "Letters that came by post were scanned by the office. No rule said who had to look at them. {personal_data}"),
    ("Deficiency", "Organisational", "Appointments were made less often without looking at each case.",
     "Two of nine posts were empty. The region had no plan for which work to drop when that happens."),
)  # fmt: skip
_REASONS = (
    "The basic work was done, and much of it was done well. The steps that were missed are not unusual: to assess "
    "again when something changes, and to read what the police send.",
    "We looked at whether one person should have seen it. With 61 cases, and a report that never reached them, we do "
    "not think that this rests on the practitioner alone.",
)
_LEARNING = (
    "A change in a person's life is a reason to look at risk again, whatever the date of the next assessment.",
    "A warning helps only if it reaches the person who can act on it.",
)
_ACTIONS = (
    ("3", "Train every practitioner in the area to assess again when something changes.", "1 March 2027",
     "Changes in risk are seen when they happen."),
    ("4", "Every letter from the police is read on the day by a named manager. In place since 9 November 2026.",
     "Done", "No report is filed unread."),
    ("5", "Write a plan for what is done first when posts are empty.", "1 April 2027",
     "Fewer staff no longer means the same cut for every case."),
    ("5", "Fill the two empty posts. One was filled in December 2026.", "1 May 2027", "Fewer cases for each officer."),
)  # fmt: skip


def pieces(marked: str) -> tuple[Piece, ...]:
    """A text with gaps: `seen by {personal_data} on`."""
    parts = re.split(r"\{(\w+)\}", marked)
    texts = [Piece(ground=part) if n % 2 else Piece(text=part) for n, part in enumerate(parts)]
    return tuple(piece for piece in texts if piece.text or piece.ground)


def _paragraphs(name: str, lines: tuple[str, ...]) -> Section:
    label = PARTS[name].label
    blocks = (
        Block(key=f"{name}-{n}", label=f"{label}, paragraph {n}", cells=(Cell(pieces=pieces(line)),))
        for n, line in enumerate(lines, start=1)
    )
    return Section(name=name, heading=label, blocks=tuple(blocks))


def _rows(name: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Section:
    label = PARTS[name].label
    blocks = (
        Block(
            key=f"{name}-{n}",
            label=f"{label}, number {n}",
            cells=tuple(Cell(label=c, pieces=pieces(v)) for c, v in zip(columns, row, strict=True) if v),
        )
        for n, row in enumerate(rows, start=1)
    )
    return Section(name=name, heading=label, blocks=tuple(blocks))


def _sections() -> tuple[Section, ...]:
    judgement = PARTS["judgement"].label
    return (
        _rows("sources", ("Source",), tuple((source,) for source in _SOURCES)),
        _rows("chronology", ("Date", "What happened", "Source"), _CHRONOLOGY),
        _paragraphs("analysis", _ANALYSIS),
        _rows("findings", ("Strength or deficiency", "At which level", "What was found", "Reasons"), _FINDINGS),
        Section(
            name="judgement",
            heading=judgement,
            blocks=(Block(key="judgement", label=judgement, cells=(Cell(pieces=pieces("In part")),)),),
        ),
        _paragraphs("judgement_reasons", _REASONS),
        _paragraphs("learning", _LEARNING),
        _rows(
            "actions",
            ("Number of the finding that it answers", "What is to be done", "By when", "Expected improvement"),
            _ACTIONS,
        ),
    )


def grounds_in(sections: tuple[Section, ...]) -> Counter[str]:
    """How many gaps stand there on each ground."""
    cells = (cell for section in sections for block in section.blocks for cell in block.cells)
    return Counter(piece.ground for cell in cells for piece in cell.pieces if piece.ground)


def _removed(sections: tuple[Section, ...]) -> tuple[Removed, ...]:
    found = grounds_in(sections)
    return tuple(Removed(ground=ground, passages=number, characters=57 * number) for ground, number in found.items())


def _whole(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """The sections as staff read them, with invented words where the gaps were."""
    words: Mapping[str, str] = {
        "personal_data": "An appointment at the clinic was mentioned.",
        "third_party_confidence": "A relative who asked not to be named",
        "third_party_not_public": "The neighbour had moved away by then.",
    }

    def whole(value: Any) -> Any:
        if isinstance(value, Piece):
            return Piece(text=words[value.ground]) if value.ground else value
        if isinstance(value, tuple):
            return tuple(whole(one) for one in value)
        if isinstance(value, Section | Block | Cell):
            return value.model_copy(update={name: whole(getattr(value, name)) for name in type(value).model_fields})
        return value

    made: tuple[Section, ...] = whole(sections)
    return made


def a_rendition(audience: Audience = Audience.VICTIM, **changed: Any) -> RenditionText:
    """The invented review for this audience; `changed`: other values for its fields."""
    sections = _whole(_sections()) if audience is Audience.INTERNAL else _sections()
    fields: dict[str, Any] = {"audience": audience, "review_version": 5, "sections": sections}
    if audience is not Audience.INTERNAL:
        fields |= {"summary": SUMMARY, "removed": _removed(sections), "share": 0.031}
    if audience is Audience.VICTIM:
        fields |= {
            "contact": CONTACT,
            "changed_since": SINCE,
            "changes": (
                Change(label="Chronology, number 7", kind="changed"),
                Change(label="Action plan, number 4", kind="added"),
                Change(label="Learning, paragraph 3", kind="removed"),
            ),
        }
    return RenditionText(**(fields | changed))


def a_review_saying(*texts: str, **changed: Any) -> RenditionText:
    """A victim rendition whose review is these paragraphs, literally."""
    blocks = tuple(
        Block(key=f"analysis-{n}", label=f"Analysis of practice, paragraph {n}", cells=(Cell(pieces=(Piece(text=t),)),))
        for n, t in enumerate(texts, start=1)
    )
    section = Section(name="analysis", heading="Analysis of practice", blocks=blocks)
    return a_rendition(**({"sections": (section,), "changes": (), "changed_since": None, "removed": ()} | changed))
