"""What a later version keeps of the redactions that were decided on an earlier one."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.policy.redacting import redaction
from workflows.contract.rendition import Audience
from workflows.policy.redaction import (
    Carried,
    Redaction,
    Span,
    carried_over,
    gaps,
    places,
    span_problems,
)
from workflows.policy.renditions import compose

BEFORE: dict[str, Any] = {
    "analysis": "See the record.\nHis aunt told the practitioner that she was afraid.\nA visit was missed.\n"
    "See the record.",
    "chronology": [
        {"on": "2026-02-02", "what": "Seen at Invented Clinic.", "source": "Police"},
        {"on": "2026-03-03", "what": "Arrested.", "source": "Records"},
    ],
    "findings": [
        {
            "kind": "deficiency",
            "level": "team",
            "theme": "handover",
            "text": "Handover was late.",
            "reasons": "Vacancies.",
        },
        {
            "kind": "deficiency",
            "level": "team",
            "theme": "handover",
            "text": "No visit was made.",
            "reasons": "Vacancies.",
        },
    ],
    "actions": [{"finding": "1", "what": "Meet the aunt.", "owner": "s1", "due_on": "2027-06-30"}],
}


def at(document: dict[str, Any], place: str, words: str) -> Span:
    start = places(document)[place].text.index(words)
    return Span(place, start, start + len(words), words)


def carried(place: str, words: str, after: dict[str, Any], accepted: bool | None = True) -> Carried:
    return carried_over(BEFORE, after, [redaction(at(BEFORE, place, words), accepted)], version=2)


# --- a later version --------------------------------------------------------------------------------

AUNT = "His aunt told the practitioner that she was afraid."
MOVED = {**BEFORE, "analysis": f"New.\nSee the record.\nA visit was missed.\nSee the record.\n{AUNT}"}
SWAPPED = {**BEFORE, "findings": BEFORE["findings"][::-1], "chronology": BEFORE["chronology"][::-1]}


def _with(part: str, number: int, **cells: str) -> dict[str, Any]:
    return {**BEFORE, part: [{**row, **cells} if n == number else row for n, row in enumerate(BEFORE[part], 1)]}


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize(
    ("place", "words", "after", "now"),
    [
        ("analysis-2", "aunt", BEFORE, "analysis-2"),
        (
            "analysis-2",
            "aunt",
            {**BEFORE, "learning": "More.", "analysis": f"New.\n{BEFORE['analysis']}"},
            "analysis-3",
        ),
        ("analysis-2", "aunt", MOVED, "analysis-5"),
        ("analysis-4", "record", BEFORE, "analysis-4"),  # stands twice, and neither moved
        ("findings-1-text", "Handover", SWAPPED, "findings-2-text"),
        ("findings-1-reasons", "Vacancies", SWAPPED, "findings-2-reasons"),  # follows its row, though it stands twice
        ("findings-1-text", "Handover", _with("findings", 1, reasons="Illness."), "findings-1-text"),
        ("chronology-1-on", "2 February 2026", SWAPPED, "chronology-2-on"),
        ("actions-1-what", "aunt", _with("actions", 1, owner="s2"), "actions-1-what"),
        ("actions-1-due_on", "30 June", _with("actions", 1, owner="s2"), "actions-1-due_on"),
    ],
)
def test_a_decision_is_kept_where_the_paragraph_stands_unchanged_wherever_it_moved(
    place: str, words: str, after: dict[str, Any], now: str, accepted: bool
) -> None:
    found = carried(place, words, after, accepted)
    ((kept,), again) = (found.kept, found.asked_again)
    assert again == ()
    assert kept == replace(redaction(at(BEFORE, place, words), accepted), version=2, span=at(after, now, words))
    assert span_problems(after, [kept.span]) == []


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize(
    ("place", "words", "after", "why", "now"),
    [
        # The words and what stands near them are the same; the sense may be another one.
        ("analysis-2", "aunt", {"analysis": f"{AUNT} Nobody asked."}, "changed", "analysis-1"),
        ("analysis-2", "aunt", {"analysis": "An aunt.\nHis aunt told the practitioner that."}, "changed", "analysis-2"),
        # Only the words stand, once.
        ("analysis-2", "aunt", {"analysis": "Nobody asked the aunt."}, "changed", "analysis-1"),
        ("analysis-2", "aunt", {"learning": "Ask the aunt."}, "changed", "learning-1"),
        ("analysis-2", "aunt", {"analysis": "Ask the aunt.", "learning": "The aunt."}, "changed", "analysis-1"),
        # The whole paragraph stands in another part.
        ("analysis-2", "aunt", {"analysis": "None.", "learning": AUNT}, "changed", "learning-1"),
        ("analysis-2", "aunt", {"analysis": "Nobody asked the uncle.", "learning": "Haunted aunts."}, "gone", None),
        ("analysis-2", "aunt", {}, "gone", None),
        ("analysis-2", "aunt", {"analysis": "An aunt.\nThe aunt."}, "ambiguous", None),
        ("analysis-2", "aunt", {"analysis": f"{AUNT}\n{AUNT}"}, "ambiguous", None),
        ("analysis-1", "record", MOVED, "ambiguous", None),  # stands twice, and moved
        ("analysis-1", "record", {"analysis": "See the record."}, "changed", "analysis-1"),  # one of two is left
        # A date or a short entry says something only together with its row.
        ("chronology-1-on", "2 February 2026", _with("chronology", 1, what="Moved."), "changed", "chronology-1-on"),
        ("chronology-1-source", "Police", _with("chronology", 1, what="Moved."), "changed", "chronology-1-source"),
        ("findings-1-reasons", "Vacancies", _with("findings", 1, text="Other."), "ambiguous", None),
    ],
)
def test_where_something_changed_it_is_asked_again_with_what_was_decided(
    place: str, words: str, after: dict[str, Any], why: str, now: str | None, accepted: bool
) -> None:
    found = carried(place, words, after, accepted)
    ((asked,), kept) = (found.asked_again, found.kept)
    assert kept == ()
    assert asked.redaction == redaction(at(BEFORE, place, words), accepted)
    assert asked.why == why
    assert asked.span == (at(after, now, words) if now else None)
    assert (len(asked.candidates) > 1) is (why == "ambiguous")


def test_where_words_stand_several_times_every_place_is_a_candidate() -> None:
    after = {"analysis": f"{AUNT} Yes.\n{AUNT} No.\nThe aunt."}  # near the last one stands something else
    (asked,) = carried("analysis-2", "aunt", after).asked_again
    assert asked.candidates == (at(after, "analysis-1", "aunt"), at(after, "analysis-2", "aunt"))


def test_an_undecided_proposal_goes_with_its_paragraph_and_stays_undecided() -> None:
    (asked,) = carried("analysis-2", "aunt", MOVED, None).asked_again
    assert (asked.why, asked.span) == ("undecided", at(MOVED, "analysis-5", "aunt"))


def test_no_two_are_carried_to_the_same_words() -> None:
    given_ = [redaction(at(BEFORE, f"analysis-{n}", "record"), number=n) for n in (1, 4)]
    found = carried_over(BEFORE, {"analysis": "See the record."}, given_, version=2)
    assert [(asked.redaction.number, asked.why) for asked in found.asked_again] == [(1, "changed"), (4, "gone")]


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_looked_for_takes_no_words_of_one_that_moved(order: int) -> None:
    given_ = [
        redaction(at(BEFORE, "analysis-2", "aunt"), None),
        redaction(at(BEFORE, "actions-1-what", "aunt"), number=2),
    ]
    found = carried_over(BEFORE, {"analysis": AUNT}, given_[::order], version=2).asked_again
    assert sorted((asked.redaction.number, asked.why) for asked in found) == [(1, "undecided"), (2, "gone")]


def test_what_did_not_stand_in_the_earlier_version_is_never_kept() -> None:
    strange = redaction(Span("analysis-2", 5, 9, "aunt"))
    (asked,) = carried_over(BEFORE, {"analysis": AUNT}, [strange], version=2).asked_again
    assert (asked.why, asked.span) == ("changed", at({"analysis": AUNT}, "analysis-1", "aunt"))


# --- whatever is edited ------------------------------------------------------------------------------

_LINE = st.text("ab .\u00e9", min_size=1, max_size=8)
_ROW = st.fixed_dictionaries({"on": st.sampled_from(["2026-02-02", "2026-03-03"]), "what": _LINE, "source": _LINE})
_DOCUMENTS = st.fixed_dictionaries(
    {"analysis": st.lists(_LINE, max_size=5).map("\n".join), "chronology": st.lists(_ROW, max_size=4)}
)


@st.composite
def _decided(draw: st.DrawFn) -> tuple[dict[str, Any], list[Redaction]]:
    document, found = draw(_DOCUMENTS), list[Redaction]()
    for place in places(document).values():
        cuts = sorted(draw(st.sets(st.integers(0, len(place.text)), max_size=4)))
        for start, end in zip(cuts[::2], cuts[1::2], strict=False):
            span = Span(place.key, start, end, place.text[start:end])
            found.append(redaction(span, draw(st.booleans()), len(found) + 1))
    return document, found


@st.composite
def _edited(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """The same with lines and rows moved, taken out, put in, changed."""
    lines = [draw(st.sampled_from([x, x, x, f"{x}a", ""])) for x in document["analysis"].split("\n")]
    rows = [draw(st.sampled_from([row, row, {**row, "what": "b"}])) for row in document["chronology"]]
    lines, rows = [*lines, *draw(st.lists(_LINE, max_size=2))], [*rows, *draw(st.lists(_ROW, max_size=1))]
    return {"analysis": "\n".join(draw(st.permutations(lines))), "chronology": draw(st.permutations(rows))[:4]}


@given(_decided())
def test_to_an_equal_version_everything_is_carried(given_: tuple[dict[str, Any], list[Redaction]]) -> None:
    document, redactions = given_
    found = carried_over(document, document, redactions, version=1)
    assert found == Carried(tuple(redactions), ())


@given(_decided(), st.data())
def test_to_any_version_no_gap_is_placed_over_other_words_and_none_is_lost(
    given_: tuple[dict[str, Any], list[Redaction]], data: st.DataObject
) -> None:
    document, redactions = given_
    after = data.draw(_edited(document))
    there, were = places(after), places(document)
    found = carried_over(document, after, redactions, version=2)
    was = {r.number: r for r in redactions}
    for kept in found.kept:
        earlier = was[kept.number]
        assert there[kept.span.place].text == were[earlier.span.place].text
        assert there[kept.span.place].column == were[earlier.span.place].column
        assert kept == replace(earlier, version=2, span=replace(earlier.span, place=kept.span.place))
    spans = [kept.span for kept in found.kept] + [asked.span for asked in found.asked_again if asked.span]
    assert {code for _, code, _ in span_problems(after, spans)} <= {"inside_word", "blank"}  # as they were before
    assert sorted([*(r.number for r in found.kept), *(a.redaction.number for a in found.asked_again)]) == sorted(was)
    gaps(after, found.kept)


class ReviewInVersions(RuleBasedStateMachine):
    """Proposals are decided, versions follow one another, renditions are made; every word is a different one."""

    def __init__(self) -> None:
        super().__init__()
        self.version, self.words, self.redactions = 1, 0, list[Redaction]()
        self.lines = [self._line(), self._line()]

    def _line(self) -> list[str]:
        self.words += 4
        return [f"w{self.words - n}x" for n in range(4)]

    @property
    def document(self) -> dict[str, Any]:
        return {"analysis": "\n".join(" ".join(line) for line in self.lines)}

    @rule(data=st.data())
    def propose(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(list(places(self.document).values())))
        span = at(self.document, place.key, data.draw(st.sampled_from(place.text.split(" "))))
        if not span_problems(self.document, [*(r.span for r in self.redactions), span]):
            self._add(span)

    def _add(self, span: Span) -> None:
        number = max((r.number for r in self.redactions), default=0) + 1
        self.redactions.append(replace(redaction(span, None, number), version=self.version))

    @rule(accepted=st.booleans())
    def decide(self, accepted: bool) -> None:
        self.redactions = [replace(r, accepted=accepted) if r.accepted is None else r for r in self.redactions]

    @rule(data=st.data())
    def write_another_version(self, data: st.DataObject) -> None:
        before, self.version = self.document, self.version + 1
        number = data.draw(st.integers(0, len(self.lines) - 1))
        match data.draw(st.sampled_from(["add", "move", "change", "remove"])):
            case "add":
                self.lines.insert(number, self._line())
            case "move":
                self.lines.append(self.lines.pop(number))
            case "change":
                self.lines[number] = [*self.lines[number], *self._line()[:1]]
            case _ if len(self.lines) > 1:
                del self.lines[number]
        found = carried_over(before, self.document, self.redactions, version=self.version)
        self.redactions = list(found.kept)
        for asked in found.asked_again:
            if asked.span:
                self._add(asked.span)

    @precondition(lambda self: all(r.accepted is not None for r in self.redactions))
    @invariant()
    def what_was_refused_is_shown_and_what_was_accepted_is_not(self) -> None:
        text = compose(self.document, self.redactions, audience=Audience.VICTIM, review_version=self.version)
        left = {
            word
            for section in text.sections
            for block in section.blocks
            for cell in block.cells
            for piece in cell.pieces
            for word in piece.text.split()
        }
        removed = {r.span.text for r in self.redactions if r.accepted}
        assert left == {word for line in self.lines for word in line} - removed

    @precondition(lambda self: any(r.accepted is None for r in self.redactions))
    @invariant()
    def nothing_is_composed_while_one_is_undecided(self) -> None:
        with pytest.raises(ValueError, match="not decided"):
            compose(self.document, self.redactions, audience=Audience.PUBLIC, review_version=self.version)


TestReviewInVersions = ReviewInVersions.TestCase
TestReviewInVersions.settings = settings(max_examples=40, stateful_step_count=15)


# --- Words that are sought anew ---------------------------------------------------------------------


def test_a_cell_of_prose_that_moved_to_another_row_goes_with_it() -> None:
    late, visit = BEFORE["findings"]
    after = {**BEFORE, "findings": [visit, {**late, "reasons": "Illness."}]}
    (kept,) = carried("findings-1-text", "Handover", after).kept
    assert kept.span == Span("findings-2-text", 0, 8, "Handover")


def test_what_stood_just_before_tells_one_place_from_another() -> None:
    before = {"analysis": "X aunt"}
    after = {"analysis": "X aunt was.\nY aunt is."}
    found = carried_over(before, after, [redaction(Span("analysis-1", 2, 6, "aunt"))], version=2)
    assert [(again.why, again.span) for again in found.asked_again] == [("changed", Span("analysis-1", 2, 6, "aunt"))]


def test_a_redaction_that_did_not_stand_in_its_version_is_sought_everywhere_alike() -> None:
    after = {"analysis": "Zelda left.", "learning": "Zelda stayed."}
    found = carried_over(
        {"analysis": "The aunt left."}, after, [redaction(Span("analysis-1", 0, 5, "Zelda"))], version=2
    )
    (again,) = found.asked_again
    assert (again.why, [span.place for span in again.candidates]) == ("ambiguous", ["analysis-1", "learning-1"])


def test_a_redaction_of_nothing_stands_nowhere() -> None:
    with pytest.raises(ValueError, match="redaction 1: its passage does not stand in this version"):
        gaps(BEFORE, [redaction(Span("analysis-1", 4, 4, ""))])
