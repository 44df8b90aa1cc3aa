"""How a case stands towards its dates, as operations see it: overdue while any stage is, and its review's outlook."""

from temporalio import workflow

from workflows.contract import search
from workflows.contract.messages import Paused, StageNews
from workflows.contract.vocabulary import ClockState, Stage

from .changes import Changes
from .display import clock_state


class CaseStanding:
    """One upsert for each change, and only when what is shown has changed."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.overdue: set[str] = set()
        self.outlook = StageNews(stage=Stage.REVIEW, overdue=False)
        self.shown = (False, ClockState.IN_TIME)

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
            self.outlook = self.outlook.model_copy(update={"due": resumed.due.on})
        self.show()

    def show(self) -> None:
        """Operations see how the case stands."""
        shown = (bool(self.overdue), self.clock)
        if shown != self.shown:
            self.shown = shown
            workflow.upsert_search_attributes(
                [search.OVERDUE.value_set(shown[0]), search.CLOCK.value_set(str(shown[1]))]
            )

    @property
    def clock(self) -> ClockState:
        """In time, at risk, overdue or paused."""
        return clock_state(paused=self.changes.paused, overdue=bool(self.overdue), at_risk=bool(self.outlook.at_risk))
