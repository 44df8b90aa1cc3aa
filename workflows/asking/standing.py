"""How a case stands towards its dates, as operations see it: overdue while any stage is, and its review's outlook."""

from datetime import datetime
from typing import NamedTuple

from temporalio import workflow

from workflows.contract import search
from workflows.contract.messages import Paused, StageNews
from workflows.contract.vocabulary import ClockState, Stage

from .changes import Changes
from .display import clock_state


class _Shown(NamedTuple):
    overdue: bool = False
    clock: ClockState = ClockState.IN_TIME
    due: datetime | None = None
    first_due: datetime | None = None


class CaseStanding:
    """One upsert for each change, and only when what is shown has changed."""

    def __init__(self, changes: Changes, *, shows_dates: bool) -> None:
        self.changes = changes
        self.shows_dates = shows_dates
        self.overdue: set[str] = set()
        self.outlook = StageNews(stage=Stage.REVIEW, overdue=False)
        self.shown = _Shown()

    def note(self, news: StageNews) -> None:
        """A stage said how it stands; how the review stands is known from the review."""
        (self.overdue.add if news.overdue else self.overdue.discard)(news.stage)
        if news.at_risk is not None:
            changed = {name: value for name, value in news if value is not None}
            self.outlook = self.outlook.model_copy(update=changed)
        self.show()

    def note_end(self, part: str, stage: str) -> None:
        """A stage has ended: nothing of it is late any more, and a review that ended is not at risk."""
        is_review = stage == Stage.REVIEW
        self.note(
            StageNews(
                stage=part, overdue=False, at_risk=False if is_review else None, remaining=() if is_review else None
            )
        )

    def note_resumption(self, resumed: Paused) -> None:
        """The review has the date that gives its working days back."""
        if resumed.due:
            self.outlook = self.outlook.model_copy(update={"due": resumed.due.on, "due_at": resumed.due.at})
        self.show()

    def show(self) -> None:
        """Operations see how the case stands."""
        due = self.outlook.due_at if self.shows_dates else None
        first = self.outlook.original_due_at if self.shows_dates else None
        shown = _Shown(bool(self.overdue), self.clock, due, first)
        if shown != self.shown:
            self.shown = shown
            dates = [(search.REVIEW_DUE, due), (search.REVIEW_FIRST_DUE, first)]
            workflow.upsert_search_attributes(
                [
                    search.OVERDUE.value_set(shown.overdue),
                    search.CLOCK.value_set(str(shown.clock)),
                    *(key.value_set(moment) for key, moment in dates if moment),
                ]
            )

    @property
    def clock(self) -> ClockState:
        """In time, at risk, overdue or paused."""
        return clock_state(paused=self.changes.paused, overdue=bool(self.overdue), at_risk=bool(self.outlook.at_risk))
