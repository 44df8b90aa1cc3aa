"""The moves made to the service: real workflows on the real server, seen from outside after each.

A case runs at two days a second rather than by skipping time: the server skips each workflow's clock by itself, while
gateway, record and a dozen workflows of one case share one. What happens between two moves is whatever that clock makes
due: faster, and a busy machine has everything overdue before anybody can answer. After each move the record is awaited
to be at rest; what is gone again when looked at once more was on its way.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Coroutine
from datetime import date
from itertools import count
from typing import Any, ClassVar, TypeVar

from starter.judging import Rules
from tests.invariants import changing
from tests.invariants.agreement import disagreements
from tests.invariants.answers import Given, possible, usual
from tests.invariants.kinds import CONCERNS, COURT, KIDNAPPING, MURDER, REASSIGNED_TO, RUBBISH, UNLISTED, Counts
from tests.invariants.moves import Moves
from tests.invariants.observed import Breach, Observed
from tests.invariants.service import CaseInHand, Service
from workflows.contract.messages import OffenceRef
from workflows.contract.vocabulary import CourtEventKind, EscalationKind
from workflows.policy.court import ends_the_case

Result = TypeVar("Result")

SPEED = 2 * 86_400
STRANGER = "stranger@elsewhere.example.test"
FINISHES_IN = 100.0  # seconds of real time; a case that is open then is stuck, or the machine far too slow
_WAITS_FOR = 120.0  # seconds for one thing that is done to the case; the longest silence is fifteen
_AGREES_WITHIN = 25.0  # seconds; for ten of them a task may wait for a worker that has just been stopped
_ANSWERED_AT_ONCE = 12
_STUCK = 4.0  # seconds in which nobody was asked anything
_PAUSED_FOR = 3
_LEFT_FOR = 5  # turns
_RETURNING = ("countersign", "quality")
BY_SIGNAL = ("repeat", "reassign", "undeliverable", "unasked", "rubbish")
NOBODY, NOTHING = "00000000-0000-4000-8000-000000000000", "SFO-2026-99999/review/draft"


class ServiceMachine(Moves):
    """The moves on a running service. `service`, what is in force and the loop are set before a run."""

    counts = Counts()
    service: ClassVar[Service]
    in_force: ClassVar[Rules]
    happens_once = True
    loop: ClassVar[asyncio.AbstractEventLoop]
    begun = 0.0

    def wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Hypothesis runs in a thread of its own; the service goes on in its loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=_WAITS_FOR)

    def begin(self, charge: dict[str, Any]) -> None:
        """A case is opened."""
        self.charge = charge
        self.tries: Counter[str] = Counter()
        self.turns_left = _LEFT_FOR
        self.begun = self.answered_at = time.monotonic()
        self.hand: CaseInHand = self.wait_for(self._report(charge))
        self.is_begun = True

    async def _report(self, charge: dict[str, Any]) -> CaseInHand:
        given: dict[str, Any] = {"rosh_highest": charge["rosh"]}
        if not charge["appeared"]:
            given["first_appearance_on"] = None
        if charge["interest"]:
            given["public_interest"] = "Invented proposal."
        await self.service.run_first_version()
        return await self.service.open(SPEED, code=charge["code"], **given)

    def look(self, *, is_due_to_close: bool = False) -> tuple[Observed, list[Breach]]:
        """From outside; and whether the model, told the same, stands where the service does."""
        until = time.monotonic() + _AGREES_WITHIN
        while True:
            seen, found = self.wait_for(self.hand.breaches(is_due_to_close=is_due_to_close))
            apart = [] if found else disagreements(seen, self.charge)
            if not apart or time.monotonic() > until:
                return seen, [*found, *(Breach(0, what) for what in apart)]
            # Something fell due between the rows, or a stage is just beginning.
            time.sleep(0.5)

    def make(self, move: str, number: int = 0, more: int = 0) -> bool:
        """Each move by its name."""
        return self.wait_for(self._make(move, number, more))

    async def _make(self, move: str, number: int, more: int) -> bool:
        hand = self.hand
        match move:
            case "usual":
                return await self._answer(number)
            case "page":
                row = await self._one(number)
                return row is not None and await hand.answer_on_page(row)
            case "everybody":
                return sum([await self._round() for _ in range(number)]) > 0
            case "otherwise":
                return await self._otherwise(number, more)
            case "return":
                return await self._return()
            case "again":
                return await self._not_open(number, "decided")
            case "too late":
                return await self._not_open(number, "withdrawn") or await self._not_open(number, "lapsed")
            case "silence":
                await asyncio.sleep(number * 86_400 / SPEED)
                return True
            case "court":
                return await hand.court(CourtEventKind(COURT[number]))
            case "amend":
                code = (KIDNAPPING, MURDER, UNLISTED)[number]
                return await hand.court(CourtEventKind.AMENDED, (self._offence(code),))
            case "concern":
                return await hand.concern(EscalationKind(CONCERNS[number]))
            case "more time":
                return await hand.more_time(number)
            case "restart":
                await self.service.restart()
                return True
            case "upgrade":
                return await self.service.upgrade()
            case "nothing":
                return False
            case _ if move in BY_SIGNAL:
                return await self._by_signal(move, number, more)
            case _:
                return await self._change(move, number)

    async def _change(self, move: str, number: int) -> bool:
        """What changes about the case, beside its questions."""
        hand, rules = self.hand, self.in_force
        match move:
            case "clock":
                return await changing.pause_or_resume(hand, rules)
            case "holiday":
                return await changing.announce_holiday(hand, rules, number)
            case "away":
                return await changing.go_away(hand, rules, number)
            case "back":
                return await changing.come_back(hand, rules, number)
            case "transfer":
                return await changing.transfer(hand, rules, number)
            case "replace":
                return await changing.replace_manager(hand, rules, number)
            case "enquiry":
                return await changing.enquire(hand, number)
            case "opt in":
                return await changing.want_it_after_all(hand, rules, number)
            case "correct":
                return await changing.correct(hand, rules)
        raise NotImplementedError(move)

    async def _by_signal(self, move: str, number: int, more: int) -> bool:
        """What is done to one question, or to a stage, past the pages."""
        hand = self.hand
        if move == "repeat":
            taken = [offer for offer in hand.window.offers if offer.is_new]
            if taken:
                await hand.repeat(taken[number % len(taken)].decision, taken[number % len(taken)].gate)
            return bool(taken)
        row = await self._one(number)
        if row is None:
            return False
        gate = row["gate"]
        match move:
            case "reassign":
                message = {"gate": gate, "to": REASSIGNED_TO[more], "reason": "absence"}
                return await hand.signal(gate, "reassign", message)
            case "undeliverable":
                return await hand.signal(gate, "undeliverable", {"gate": gate})
            case "unasked":
                given = usual(row, hand.today)
                await hand.answer_unasked(gate, given.answer, given.fields, STRANGER)
                return True
            case "rubbish":
                return await hand.signal(gate, "decide", _rubbish(RUBBISH[more], gate))
        return False

    def _offence(self, code: str) -> OffenceRef:
        return OffenceRef(code=code, offence_on=date.fromordinal(self.hand.opening.charged_on.toordinal() - 7),
                          victim_age=34)  # fmt: skip

    # --- answers -----------------------------------------------------------------------------------

    async def _one(self, number: int) -> dict[str, Any] | None:
        rows = await self.hand.questions()
        return rows[number % len(rows)] if rows else None

    async def _answer(self, number: int) -> bool:
        row = await self._one(number)
        return row is not None and await self._usually(row)

    async def _usually(self, row: dict[str, Any]) -> bool:
        return await self._give(row, usual(row, self.hand.today))

    async def _give(self, row: dict[str, Any], given: Given) -> bool:
        offered = await self.hand.answer(row["gate"], given.answer, given.fields, given.reasons)
        return offered is not None and offered.is_new

    async def _round(self, left: tuple[str, ...] = ()) -> bool:
        # On a busy machine escalations come faster than they are answered: what moves the case goes first.
        rows = sorted(await self.hand.questions(), key=lambda row: str(row["stage"]).startswith("escalation"))
        self.turns_left -= any(row["question"] in left for row in rows)
        rows = [row for row in rows if row["question"] not in left]
        answered = 0
        for at in range(0, len(rows), _ANSWERED_AT_ONCE):
            answered += sum(await asyncio.gather(*map(self._in_the_end, rows[at : at + _ANSWERED_AT_ONCE])))
        await self.hand.heard()
        return answered > 0

    async def _in_the_end(self, row: dict[str, Any]) -> bool:
        """As usual; where a rule stood against that before, by the next of the answers that this question has."""
        tried, today = self.tries[row["gate"]], self.hand.today
        self.tries[row["gate"]] += 1
        given = possible(row, tried // 2, today) if tried % 2 else usual(row, today)
        return await self._give(row, given)

    async def _otherwise(self, number: int, how: int) -> bool:
        row = await self._one(number)
        if row is None:
            return False
        given = possible(row, how, self.hand.today)
        by = row["deputy_email"] if how % 2 else None
        offered = await self.hand.answer(row["gate"], given.answer, given.fields, given.reasons, by)
        return offered is not None and offered.is_new

    async def _return(self) -> bool:
        for row in await self.hand.questions():
            if row["question"] == "countersign":
                offered = await self.hand.answer(row["gate"], "returned", {}, "Invented reason.")
                return offered is not None and offered.is_new
            if row["question"] == "quality":
                given = usual(row, self.hand.today)
                fields = {**given.fields, "composite": "inadequate", "must_change": "Invented demand."}
                offered = await self.hand.answer(row["gate"], "rated", fields, "Invented reason.")
                return offered is not None and offered.is_new
        return False

    async def _not_open(self, number: int, state: str) -> bool:
        rows = await self.hand.questions(state)
        if rows:
            row = rows[number % len(rows)]
            given = possible(row, number, self.hand.today)
            await self.hand.answer(row["gate"], given.answer, given.fields, given.reasons)
        return bool(rows)

    # --- the end -----------------------------------------------------------------------------------

    def teardown(self) -> None:
        """As any case; whoever looks on (`pytest -s`) sees how long each takes."""
        began = time.monotonic()
        try:
            super().teardown()
        finally:
            how = "broken" if self.is_broken else "told again" if self.is_told_again else "whole"
            moved, ended = began - self.begun, time.monotonic() - began
            assert sys.__stdout__  # past the capturing of the test that counts
            sys.__stdout__.write(
                f"case {self.type_counts.examples}, {how}: {len(self.history.moves)} moves in {moved:.0f} s, "
                f"to its end in {ended:.0f} s\n"
            )
            sys.__stdout__.flush()

    def finish(self, interruptions: tuple[str, ...] = ()) -> None:
        """The clock runs, the court convicts unless it has ended the case, and everybody answers.

        What is still open after the time that this may take is told by the rules.
        """
        began = time.monotonic()
        for turn in count():
            if self.wait_for(self._turn(turn)) or time.monotonic() - began > FINISHES_IN:
                break
            if turn < len(interruptions):
                self.type_counts.steps[interruptions[turn]] += self.make(interruptions[turn])
            else:
                self.on_the_way(turn)
        self.wait_for(changing.come_back_all(self.hand, self.in_force))

    async def _turn(self, turn: int) -> bool:
        """Everybody answers once; whether the case has closed."""
        hand, rules = self.hand, self.in_force
        rows = await hand.rows("SELECT closed_on, paused_at FROM cases WHERE reference = $1")
        if rows[0]["closed_on"]:
            return True
        if rows[0]["paused_at"] and turn % _PAUSED_FOR == 0:
            await changing.pause_or_resume(hand, rules)
        court = await hand.rows("SELECT kind FROM court_events WHERE reference = $1")
        if not ends_the_case([CourtEventKind(row["kind"]) for row in court]):
            await hand.court(CourtEventKind.CONVICTED)
        # Whoever is to return the review has it left to them, for a while.
        is_left = "return" in self.still_to_do(turn) and self.turns_left > 0
        if await self._round(left=_RETURNING if is_left else ()):
            self.answered_at = time.monotonic()
        elif time.monotonic() - self.answered_at > _STUCK:
            # Whoever reviews may stand in the line of where the case is now; else something falls due with time alone.
            await changing.replace_manager(hand, rules, turn)
            await asyncio.sleep(1)
        await asyncio.sleep(0.1)
        return False


def _rubbish(what: str, gate: str) -> Any:
    match what:
        case "no such gate":
            return {"gate": f"{gate}#99", "decision": NOBODY}
        case "no such decision":
            return {"gate": gate, "decision": NOBODY}
        case "an answer that does not exist":
            return {"gate": gate, "answer": "maybe", "reason": "other"}
        case "no such stage":
            return {"gate": NOTHING, "decision": NOBODY}
        case _:
            return ["not", {"a": "message"}]
