"""What can happen to a case, as Hypothesis draws it: the same moves for the service and for the model.

Numbers are drawn without looking at the case and are resolved against it when a move is made, so that the same draw is
the same history however fast the machine is. A move that finds nothing to act on is counted apart and gives way to an
ordinary answer, so that a history goes on.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, NoReturn, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.invariants.kinds import (
    AFTERWARDS,
    CHARGES,
    CONCERNS,
    COURT,
    DAYS,
    INTERRUPTIONS,
    KINDS,
    ON_THE_WAY,
    REASSIGNED_TO,
    RUBBISH,
    Counts,
    History,
)
from tests.invariants.observed import Breach, Observed

NUMBER = st.integers(0, 30)
ON_THE_WAY_AT_MOST = 3
AT_THE_END, AFTER_THE_END = -1, -2
Result = TypeVar("Result")


class Moves(RuleBasedStateMachine):
    """Everything that can happen. A subclass makes the moves: `make` says whether there was anything to act on."""

    counts: ClassVar[Counts]
    happens_once: ClassVar[bool] = False
    """What is found is found once: the history is not made again to show it, but told again as it was."""
    found: ClassVar[dict[int, str]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.type_counts = type(self).counts
        self.is_told_again = self.happens_once and bool(self.found)
        self.type_counts.examples += not self.is_told_again
        self.looks = 0
        self.is_begun = self.is_broken = False
        self.history = History()
        self.retold: History | None = None

    def begin(self, charge: dict[str, Any]) -> None:
        """The case is opened."""
        raise NotImplementedError

    def make(self, move: str, number: int = 0, more: int = 0) -> bool:
        """Make this move; False: there was nothing to act on."""
        raise NotImplementedError

    def look(self, *, is_due_to_close: bool = False) -> tuple[Observed, list[Breach]]:
        """What is seen, and what stands against the invariants."""
        raise NotImplementedError

    def finish(self, interruptions: tuple[str, ...] = ()) -> None:
        """Bring the case to its end; on the way the service is interrupted in these ways, if any."""
        raise NotImplementedError

    def tell_again(self, history: History) -> None:
        """Everything that was done to one case is done to another."""
        self.retold = history
        self._open(history.charge, history.afterwards, history.interruptions)
        self.every_invariant_holds()
        for move in history.moves:
            self._did(*move)
            self.every_invariant_holds()
        self.teardown()

    def _move(self, move: str, number: int = 0, more: int = 0) -> None:
        if self.is_told_again:
            return
        if not self.history.moves and self.is_to_be_carried:
            self._did("upgrade")
        if not self._did(move, number, more):
            rare = self.rarest(number)
            firsts, seconds = KINDS[rare]
            if not self._did(rare, firsts[number % len(firsts)], seconds[more % len(seconds)]):
                self._did("usual", number)

    @property
    def is_to_be_carried(self) -> bool:
        """Whether this case begins on the old code, and the code changes at once: until changed code carried one.

        Left to chance, one whole run in five saw none.
        """
        return self.happens_once and self.type_counts.examples > 1 and not self.type_counts.carried

    def _did(self, move: str, number: int = 0, more: int = 0) -> bool:
        self.history.moves.append((move, number, more))
        did = self._trying(self.make, move, number, more)
        (self.type_counts.steps if did else self.type_counts.idle)[move] += 1
        return did

    def on_the_way(self, turn: int) -> None:
        """While everybody answers, what a run has seen little of is done as soon as it can be."""
        for kind in self.still_to_do(turn):
            first, _ = KINDS[kind]
            if self._trying(self.make, kind, first[turn % len(first)]):
                self.type_counts.steps[kind] += 1
                self.history.on_the_way.append((turn, kind))
                self._check(is_due_to_close=False)
                return

    def still_to_do(self, turn: int) -> list[str]:
        """What is done on the way as soon as it can be, the rarest first."""
        if self.retold:
            made = len(self.history.on_the_way)
            return [kind for at, kind in self.retold.on_the_way[made : made + 1] if at <= turn]
        steps = self.type_counts.steps
        # What was never done is done whenever it can be at last.
        enough = 1 if len(self.history.on_the_way) >= ON_THE_WAY_AT_MOST else self.type_counts.examples
        return [kind for kind in sorted(ON_THE_WAY, key=steps.__getitem__) if steps[kind] < enough]

    def rarest(self, number: int) -> str:
        """A kind of move that the run has made least often so far; one that found nothing to act on counts half."""
        often = {kind: 2 * self.type_counts.steps[kind] + self.type_counts.idle[kind] for kind in KINDS}
        found = [kind for kind, times in often.items() if times == min(often.values())]
        return found[number % len(found)]

    def _trying(self, work: Callable[..., Result], *given: Any) -> Result:
        """What goes wrong in the attempt is told once, like a breach that is seen right after it."""
        try:
            return work(*given)
        except AssertionError:
            raise
        except Exception as error:
            self._break_off(f"{type(error).__name__}: {error}", self.looks + 1 if self.looks >= 0 else self.looks)

    def _break_off(self, what: str, at: int) -> NoReturn:
        self.is_broken = True
        self.found[at] = f"{what}\nSFO_INVARIANT_HISTORY='{self.history}'"
        raise AssertionError(self.found[at])

    @initialize(
        charge=st.sampled_from(CHARGES),
        afterwards=st.sampled_from(AFTERWARDS),
        interruptions=st.sampled_from(INTERRUPTIONS),
    )
    def a_charge(self, charge: dict[str, Any], afterwards: tuple[str, ...], interruptions: tuple[str, ...]) -> None:
        """Somebody is charged; what interrupts the service on the way to the end, and what comes once it has closed."""
        if not self.is_told_again:
            self._open(charge, afterwards, interruptions)

    def _open(self, charge: dict[str, Any], afterwards: tuple[str, ...], interruptions: tuple[str, ...]) -> None:
        self.history = History(charge, afterwards, interruptions)
        self._trying(self.begin, charge)

    @rule(number=NUMBER, first=NUMBER, second=NUMBER)
    def what_is_rare_happens(self, number: int, first: int, second: int) -> None:
        """Whatever the run has seen least of."""
        kind = self.rarest(number)
        firsts, seconds = KINDS[kind]
        self._move(kind, firsts[first % len(firsts)], seconds[second % len(seconds)])

    @rule(number=NUMBER)
    def somebody_answers(self, number: int) -> None:
        """One question is answered as people usually do."""
        self._move("usual", number)

    @rule(number=NUMBER)
    def somebody_answers_on_the_page(self, number: int) -> None:
        """One question is answered as people usually do, by its link and a code."""
        self._move("page", number)

    @rule(rounds=st.integers(1, 3))
    def everybody_answers(self, rounds: int) -> None:
        """Every open question is answered as usual, and once more whatever is asked then."""
        self._move("everybody", rounds)

    @rule(number=NUMBER, how=st.integers(1, 40))
    def somebody_answers_otherwise(self, number: int, how: int) -> None:
        """One question has any of its answers."""
        self._move("otherwise", number, how)

    @rule()
    def the_review_comes_back(self) -> None:
        """Whoever countersigns or rates the review returns it."""
        self._move("return")

    @rule(number=NUMBER)
    def somebody_answers_again(self, number: int) -> None:
        """A question that was decided is answered once more, otherwise."""
        self._move("again", number)

    @rule(number=NUMBER)
    def somebody_answers_too_late(self, number: int) -> None:
        """A question that was taken back, or whose time is over, is answered."""
        self._move("too late", number)

    @rule(days=st.sampled_from(DAYS))
    def nobody_answers(self, days: int) -> None:
        """Days go by."""
        self._move("silence", days)

    @rule(number=st.integers(0, len(COURT) - 1))
    def the_court_acts(self, number: int) -> None:
        """The court does something."""
        self._move("court", number)

    @rule(number=st.integers(0, 2))
    def the_charge_is_amended(self, number: int) -> None:
        """Upward, downward or to what is not listed."""
        self._move("amend", number)

    @rule(number=st.integers(0, len(CONCERNS) - 1))
    def somebody_is_concerned(self, number: int) -> None:
        """The national team has an escalation."""
        self._move("concern", number)

    @rule(weeks=st.integers(1, 8))
    def more_time_is_asked_for(self, weeks: int) -> None:
        """The reviewing manager asks for a later date."""
        self._move("more time", weeks)

    @rule()
    def the_clock_stops_or_runs(self) -> None:
        """A pause begins, or ends."""
        self._move("clock")

    @rule(number=NUMBER, to=st.integers(0, len(REASSIGNED_TO) - 1))
    def a_question_is_given_to_another(self, number: int, to: int) -> None:
        """Operations reassign a question, also to whom it may not go."""
        self._move("reassign", number, to)

    @rule(number=NUMBER)
    def a_letter_comes_back(self, number: int) -> None:
        """The letter of a question cannot be delivered."""
        self._move("undeliverable", number)

    @rule(number=NUMBER)
    def a_stranger_answers(self, number: int) -> None:
        """Somebody who was not asked answers."""
        self._move("unasked", number)

    @rule(number=NUMBER)
    def a_signal_comes_twice(self, number: int) -> None:
        """The signal of a decision is sent again."""
        self._move("repeat", number)

    @rule(number=NUMBER, what=st.integers(0, len(RUBBISH) - 1))
    def rubbish_comes(self, number: int, what: int) -> None:
        """A signal that means nothing."""
        self._move("rubbish", number, what)

    @rule(number=NUMBER)
    def a_bank_holiday_is_announced(self, number: int) -> None:
        """Late, on a day that open questions count."""
        self._move("holiday", number)

    @rule(number=NUMBER)
    def somebody_goes_away(self, number: int) -> None:
        """Whoever is asked is away for a while, and somebody stands in."""
        self._move("away", number)

    @rule(number=NUMBER)
    def somebody_comes_back(self, number: int) -> None:
        """An absence ends early."""
        self._move("back", number)

    @rule(number=NUMBER)
    def the_case_moves(self, number: int) -> None:
        """Supervision is somewhere else now."""
        self._move("transfer", number)

    @rule(number=NUMBER)
    def a_manager_is_replaced(self, number: int) -> None:
        """Another person reviews or countersigns."""
        self._move("replace", number)

    @rule(number=NUMBER)
    def somebody_outside_asks(self, number: int) -> None:
        """An enquiry is logged."""
        self._move("enquiry", number)

    @rule(number=NUMBER)
    def a_family_wants_it_after_all(self, number: int) -> None:
        """Opted in at any time."""
        self._move("opt in", number)

    @rule()
    def the_review_is_wrong(self) -> None:
        """The accepted review is corrected."""
        self._move("correct")

    @rule(changed=st.booleans())
    def the_service_is_restarted(self, changed: bool) -> None:
        """Workers start with an empty cache, now and then with other code than before."""
        self._move("upgrade" if changed else "restart")

    @invariant()
    def every_invariant_holds(self) -> None:
        """Design.md 3, from outside."""
        self.looks += 1
        self._check(is_due_to_close=False)

    def teardown(self) -> None:
        """Everybody answers until the case has closed, whatever happened in it; now and then it is opened again."""
        self.looks = AT_THE_END
        self._end(self.history.interruptions)
        self.looks = AFTER_THE_END
        if self.is_begun and not self.is_broken and (again := self._opened_again()):
            self.type_counts.steps[again] += 1
            self.type_counts.reopened += 1
            self._end()
        elif self.is_told_again:
            self._check(is_due_to_close=True)

    def _opened_again(self) -> str:
        """By what; nothing where it stays closed."""
        return next((kind for kind in self.history.afterwards if self._trying(self.make, kind)), "")

    def _end(self, interruptions: tuple[str, ...] = ()) -> None:
        if self.is_begun and not self.is_broken:
            self._trying(self.finish, interruptions)
        if not self.is_broken:
            self._check(is_due_to_close=True)

    def _check(self, *, is_due_to_close: bool) -> None:
        if self.is_told_again:
            assert self.looks not in self.found, self.found[self.looks]
            return
        if not self.is_begun:
            return
        seen, found = self._trying(partial(self.look, is_due_to_close=is_due_to_close))
        self.type_counts.saw(seen)
        if is_due_to_close and self.looks == AT_THE_END:
            self.type_counts.closed += seen.case["closed_on"] is not None
            self.type_counts.carried += any("/noted-" in row["event"] or row["event"].endswith("/thanked")
                                            for row in seen["outbox"])  # fmt: skip
        if found:
            self._break_off("\n".join(str(breach) for breach in found[:10]), self.looks)
