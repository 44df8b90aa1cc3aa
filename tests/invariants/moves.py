"""What can happen to a case, as Hypothesis draws it: the same moves for the service and for the model.

Numbers are drawn without looking at the case and are resolved against it when a move is made, so that the same draw is
the same history however fast the machine is. A move that finds nothing to act on is counted apart and gives way to an
ordinary answer, so that a history goes on.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.invariants.observed import Breach, Observed

MURDER, KIDNAPPING, UNLISTED = "COML025", "COML020", "ZZ99001"
CHARGES: tuple[dict[str, Any], ...] = (
    {"code": MURDER, "rosh": "medium", "appeared": True, "interest": False},
    {"code": MURDER, "rosh": "medium", "appeared": False, "interest": False},
    {"code": KIDNAPPING, "rosh": "very_high", "appeared": True, "interest": False},
    {"code": KIDNAPPING, "rosh": "low", "appeared": True, "interest": False},
    {"code": KIDNAPPING, "rosh": "not_recorded", "appeared": True, "interest": False},
    {"code": KIDNAPPING, "rosh": "low", "appeared": True, "interest": True},
    {"code": UNLISTED, "rosh": "medium", "appeared": True, "interest": False},
)
COURT = ("convicted", "convicted", "appeared", "sentenced", "quashed", "discontinued", "acquitted")
CONCERNS = ("staff_safety", "staff_safety", "other")
REASSIGNED_TO = ("n53.reviewer.2", "n53.countersigner.1", "n53lei.head", "n53.senior_lead.deputy", "n53.director")
RUBBISH = ("no such gate", "no such decision", "not a message", "an answer that does not exist", "no such stage")
AFTERWARDS = ("nothing", "nothing", "correct", "opt in")
INTERRUPTIONS = ("restart", "upgrade", "upgrade")
NUMBER = st.integers(0, 30)
AT_THE_END, AFTER_THE_END = -1, -2


@dataclass
class Counts:
    """What a whole run did: steps and idle ones by kind, and every state that was seen.

    `carried`: cases in which changed code took its new path. `reopened`: cases that closed and were opened again.
    """

    steps: Counter[str] = field(default_factory=Counter)
    idle: Counter[str] = field(default_factory=Counter)
    states: set[tuple[str, str, str]] = field(default_factory=set)
    examples: int = 0
    closed: int = 0
    carried: int = 0
    reopened: int = 0

    def saw(self, seen: Observed) -> None:
        """Every question in every state of every stage is a state of its own; so is how the case ended."""
        for gate in seen["gates"]:
            self.states.add((str(gate["stage"]).rstrip("-0123456789"), str(gate["question"]), str(gate["state"])))
        if seen.case["closed_on"]:
            self.states.add(("case", "closed", str(seen.case["outcome"])))

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(self.steps.items()))
        return (
            f"{self.examples} cases, {self.closed} of them closed, {self.reopened} opened again and closed again, "
            f"{self.carried} carried by changed code; {self.steps.total()} steps that did something, "
            f"{self.idle.total()} that found nothing to do; {len(self.states)} states; {kinds}"
        )


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

    def begin(self, charge: dict[str, Any]) -> None:
        """The case is opened."""
        raise NotImplementedError

    def make(self, move: str, number: int = 0, more: int = 0) -> bool:
        """Make this move; False: there was nothing to act on."""
        raise NotImplementedError

    def look(self, *, is_due_to_close: bool = False) -> tuple[Observed, list[Breach]]:
        """What is seen, and what stands against the invariants."""
        raise NotImplementedError

    def _move(self, move: str, number: int = 0, more: int = 0) -> None:
        if self.is_told_again:
            return
        did = self.make(move, number, more)
        (self.type_counts.steps if did else self.type_counts.idle)[move] += 1
        if not did and self.make("usual", number):
            self.type_counts.steps["usual"] += 1

    @initialize(
        charge=st.sampled_from(CHARGES),
        afterwards=st.sampled_from(AFTERWARDS),
        interruption=st.sampled_from(INTERRUPTIONS),
    )
    def a_charge(self, charge: dict[str, Any], afterwards: str, interruption: str) -> None:
        """Somebody is charged; what interrupts the service on the way to the end, and what comes once it has closed."""
        self.afterwards, self.interruption = afterwards, interruption
        if not self.is_told_again:
            self.begin(charge)

    @rule(number=NUMBER)
    def somebody_answers(self, number: int) -> None:
        """One question is answered as people usually do."""
        self._move("usual", number)

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

    @rule(days=st.sampled_from((1, 5, 15, 40)))
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
        self._end(self.interruption if self.is_begun else "")
        self.looks = AFTER_THE_END
        if self.is_begun and not self.is_broken and self.make(self.afterwards):
            self.type_counts.steps[self.afterwards] += 1
            self.type_counts.reopened += 1
            self._end()

    def _end(self, interruption: str = "") -> None:
        if self.is_begun and not self.is_broken:
            self.finish(interruption)
        if not self.is_broken:
            self._check(is_due_to_close=True)

    def _check(self, *, is_due_to_close: bool) -> None:
        if self.is_told_again:
            assert self.looks not in self.found, self.found[self.looks]
            return
        if not self.is_begun:
            return
        seen, found = self.look(is_due_to_close=is_due_to_close)
        self.type_counts.saw(seen)
        if self.looks == AT_THE_END:
            self.type_counts.closed += seen.case["closed_on"] is not None
            self.type_counts.carried += any("/noted-" in row["event"] or row["event"].endswith("/thanked")
                                            for row in seen["outbox"])  # fmt: skip
        self.is_broken = bool(found)
        if found:
            self.found[self.looks] = "\n".join(str(breach) for breach in found[:10])
        assert not found, self.found[self.looks]

    def finish(self, interruption: str = "") -> None:
        """Bring the case to its end; on the way the service is interrupted in this way, if any."""
        raise NotImplementedError
