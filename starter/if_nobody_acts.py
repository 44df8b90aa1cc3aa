"""What happens in an open case if nobody acts, on which date, as the process will do it. Reads only; names nobody.

The dates come from the functions of policy that make the schedules themselves. Rule: design.md 3.4, 3.12, 3.13 and 4.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import asyncpg

from starter.absences import covers_from
from starter.case_timeline import review_is_owed
from starter.casebook import Known
from starter.casebook_review import View
from starter.connections import Connection
from starter.if_nobody_acts_words import (
    ANSWERED,
    GOES_ON,
    REVIEW,
    REVIEW_AT_RISK,
    REVIEW_OVERDUE,
    REVIEW_OVERDUE_AND_TOLD,
    REVIEW_STANDS_STILL,
    STANDS_STILL,
    UNKNOWN,
    Event,
    of_climb,
    of_step,
)
from starter.judging import Pinned
from starter.ties import cared_for, staff_of, ties_of
from workflows.contract.cover import Cover, with_covers
from workflows.contract.questions import QUESTIONS
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import Rung, StepKind
from workflows.policy.ahead import OpenQuestion, ahead, looks, reminds_every
from workflows.policy.authority import Ties
from workflows.policy.climbing import Climb, Place, climb
from workflows.policy.due import LONDON, on_in_london
from workflows.policy.forecast import forecast, standing_of

WELFARE = "welfare"
AHEAD_SHOWN = 12
"""How many of the next things a person is shown; `--json` has them all."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """One thing that will happen. `at` None: it has no moment, such as that a clock stands still.

    `is_waiting`: its moment has passed and the record does not hold it yet. `gates`: the questions that it is about,
    all of one title and role; none for the review itself.
    """

    at: datetime | None
    what: str
    question: str
    role: str
    words: str
    is_waiting: bool = False
    gates: tuple[str, ...] = ()

    @property
    def ends_a_day(self) -> bool:
        """Whether its moment is the first of a day, so that people say: at the end of the day before."""
        return self.at is not None and self.at.astimezone(LONDON).time() == self.at.min.time()

    @property
    def on(self) -> date:
        """The date in London as people say it."""
        if self.at is None:
            raise ValueError("what has no moment has no date")
        return on_in_london(self.at - timedelta(seconds=1) if self.ends_a_day else self.at)


@dataclass(frozen=True)
class _Here:
    """One case with all that the steps ahead of it follow from."""

    known: Known
    pinned: Pinned
    holidays: frozenset[date]
    covers: tuple[Cover, ...]
    ties: Ties
    staff: tuple[asyncpg.Record, ...]
    places: dict[date, Place | None] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.known.now

    def rulebook(self, version: str | None) -> Rulebook | None:
        """The pinned one, or the one in force now where none is pinned; None: its file is not here."""
        books = self.pinned.rulebooks
        in_force = [book for book in books.values() if book.effective_on <= on_in_london(self.now)]
        return books.get(version) if version else max(in_force, key=lambda book: book.effective_on, default=None)

    def place(self, on: date) -> Place | None:
        """Who holds which role and who is away on this day, as it is known now; None: no directory is in force."""
        if on not in self.places:
            self.places[on] = self._place(on)
        return self.places[on]

    def _place(self, on: date) -> Place | None:
        past = [one for one in self.pinned.directories if one.effective_on <= on]
        if not past:
            return None
        directory = with_covers(max(past, key=lambda one: one.effective_on), self.covers, on)
        return Place(directory, self.known.case["region"], self.known.case["pdu"], on)


async def if_nobody_acts(connection: Connection, known: Known, pinned: Pinned) -> list[Ahead]:
    """Return all that is planned in this case by now, in order of time; what has no moment stands last.

    Empty for a closed case. Reminders that go on for as long as it takes are one entry without a moment.
    """
    if known.case["closed_on"] is not None:
        return []
    reference = known.case["reference"]
    here = _Here(
        known,
        pinned,
        pinned.holidays | {row["holiday"] for row in known.rows["holidays"]},
        tuple(await covers_from(connection, on_in_london(known.now))),
        (await ties_of(connection, (reference,)))[reference],
        tuple(await staff_of(connection, reference)),
    )
    found = [*_of_review(here), *(one for row in known.rows["gates"] for one in _of_gate(here, row))]
    return sorted(_together(found), key=lambda one: (one.at is None, one.at or here.now))


def as_data(found: Iterable[Ahead]) -> list[View]:
    """Return it as plain objects; moments in London."""
    return [
        {
            "at": one.at.astimezone(LONDON).isoformat() if one.at else None,
            "waiting": one.is_waiting,
            "what": one.what,
            "question": one.question,
            "role": one.role,
            "gates": list(one.gates),
            "words": one.words,
        }
        for one in found
    ]


def _together(found: Iterable[Ahead]) -> list[Ahead]:
    """Make one entry of those that differ in nothing but the gate."""
    gates: defaultdict[Ahead, list[str]] = defaultdict(list)
    for one in found:
        gates[replace(one, gates=())] += one.gates
    return [replace(one, gates=tuple(names)) for one, names in gates.items()]


# --- a question -------------------------------------------------------------------------------------


def _of_gate(here: _Here, row: asyncpg.Record) -> Iterable[Ahead]:
    known = QUESTIONS.get(row["question"])
    title, role, gate = known.title if known else row["question"], row["role"], (row["gate"],)
    rulebook = here.rulebook(row["rulebook"])
    if row["answered_at"] is not None:
        yield Ahead(None, ANSWERED.what, title, role, ANSWERED.words, gates=gate)
    elif row["paused_at"] is not None:
        yield Ahead(None, STANDS_STILL.what, title, role, STANDS_STILL.words, gates=gate)
    elif known is None or rulebook is None or row["deadline"] not in rulebook.deadlines:
        yield Ahead(None, UNKNOWN.what, title, role, UNKNOWN.words, gates=gate)
    else:
        asked = OpenQuestion.of_row(dict(row))
        is_deputy_asked = row["deputy_email"] is not None
        for step in ahead(asked, rulebook, here.holidays, here.now):
            if step.kind is StepKind.CLIMB:
                found = _climb(here, row, step.rung, max(step.at, here.now))
                is_deputy_asked = is_deputy_asked or (found is not None and found.deputy is not None)
                event = of_climb(step.rung, known, role, found)
            else:
                event = of_step(step.kind, known, role, is_deputy_asked=is_deputy_asked)
            yield Ahead(step.at, event.what, title, role, event.words, step.at <= here.now, gate)
        if days := reminds_every(asked, rulebook):
            yield Ahead(None, GOES_ON.what, "", "", GOES_ON.words % days, gates=gate)


def _climb(here: _Here, row: asyncpg.Record, rung: Rung, at: datetime) -> Climb | None:
    """Who hears of it at this rung on its day; None: no directory tells."""
    place, ties = here.place(on_in_london(at)), here.ties
    if row["question"] == WELFARE:
        ties = replace(ties, cared_for=cared_for(here.staff, row["subject"] or ""))
    return climb(rung, row["question"], row["person_email"], place, ties) if place else None


# --- the review itself ------------------------------------------------------------------------------


def _of_review(here: _Here) -> Iterable[Ahead]:
    """When the review turns at risk and when it is overdue, while its text is owed."""
    case, known = here.known.case, here.known
    rulebook = here.rulebook(case["rulebook"])
    if rulebook is None or not review_is_owed(known) or known.rows["standing"][0]["is_submitted"]:
        return
    if case["paused_at"] is not None:
        yield _review(None, REVIEW_STANDS_STILL, here)
        return
    *mornings, past = looks(rulebook, case["review_due"], here.holidays)
    at_risk = next((at for at in mornings if at > here.now and _is_at_risk(here, rulebook, at)), None)
    if at_risk and not case["at_risk"]:
        yield _review(at_risk, REVIEW_AT_RISK, here)
    if past > here.now or not case["review_overdue"]:
        is_chased = any(row["deadline"] == "review" for row in known.rows["gates"])
        yield _review(past, REVIEW_OVERDUE if is_chased else REVIEW_OVERDUE_AND_TOLD, here)


def _review(at: datetime | None, event: Event, here: _Here) -> Ahead:
    return Ahead(at, event.what, REVIEW, "", event.words, at is not None and at <= here.now)


def _is_at_risk(here: _Here, rulebook: Rulebook, at: datetime) -> bool:
    """Whether the review as it stands now is at risk at that moment, its chance to comment having passed by then."""
    on, row = on_in_london(at), dict(here.known.rows["standing"][0])
    row["facts_offered"] = row["facts_offered"] or (row["facts_due_on"] is not None and row["facts_due_on"] < on)
    standing = standing_of(row, on, here.holidays)
    due_on = here.known.case["review_due"]
    return forecast(standing, rulebook, today=on, due_on=due_on, holidays=here.holidays).at_risk
