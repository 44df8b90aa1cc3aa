"""What is shown for the time in which nobody acts is what the activities carry out, whatever befalls a question."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from activities.bank_holidays import england_and_wales
from starter.casebook import known_cases
from starter.if_nobody_acts import Ahead, if_nobody_acts
from starter.judging import Pinned
from tests.activities.clocked import at, clocked, pause, reschedule, resume
from tests.builders import DEPLOY, RULEBOOK, ACase
from tests.conftest import MailServer, Record
from workflows.asking.gate import Gate
from workflows.contract.directory import Directory
from workflows.contract.messages import Chase, DeadlineMove, GateRequest, Lapse, Rearmed, Step
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import Role, Rung, StepKind
from workflows.policy import due as moments
from workflows.policy.ahead import OpenQuestion, ahead
from workflows.policy.calendar import is_working_day
from workflows.policy.due import on_in_london

PINNED = Pinned(
    {RULEBOOK: Rulebook.from_toml((DEPLOY / "rulebook" / f"{RULEBOOK}.toml").read_text())},
    england_and_wales(),
    tuple(Directory.from_toml(file.read_text()) for file in sorted((DEPLOY / "directory").glob("*.toml"))),
)

KINDS = {
    "reminder": StepKind.REMIND,
    "overdue": StepKind.OVERDUE,
    "lapses": StepKind.LAPSE,
    "deputy_asked": StepKind.CLIMB,
    "told": StepKind.CLIMB,
    "told_instead": StepKind.CLIMB,
    "nobody_told": StepKind.CLIMB,
    "escalation": StepKind.CLIMB,
}
"""By what a line says, the step that does it."""

# Questions of the review that need nothing before them, and the roles to which they may be put instead.
QUESTIONS = (
    ("commission", None),
    ("facts", "v1"),
    ("invitation", "s1"),
    ("hmip", None),
    ("draft", None),
    ("lend", "N56"),
)
ROLES = (None, Role.SPOC, Role.SENIOR_LEAD, Role.REGIONAL_DIRECTOR, Role.NATIONAL_TEAM, Role.HEAD_OF_PDU)


async def shown(record: Record, case: ACase, now: datetime) -> list[Ahead]:
    """What is shown of this case at this moment of its clock."""
    async with record.pool.acquire() as connection:
        (known,) = await known_cases(connection, (case.reference,), PINNED)
        return await if_nobody_acts(connection, replace(known, now=now), PINNED)


def as_steps(found: list[Ahead], gate: str) -> list[tuple[datetime, StepKind]]:
    return [(one.at, KINDS[one.what]) for one in found if one.at is not None and gate in one.gates]


def as_held(steps: list[Step]) -> list[tuple[datetime, StepKind]]:
    return [(step.at, step.kind) for step in steps]


@dataclass
class Waiting:
    """A question as the workflow has it: the real gate of a workflow, over the real activities."""

    record: Record
    case: ACase
    gate: Gate
    chance: random.Random

    async def is_as_shown(self) -> None:
        """What whoever waits holds is what the pure function finds in the record, and what people are shown."""
        row = await self.record.pool.fetchrow("SELECT * FROM gates WHERE gate = $1", self.gate.id)
        assert row is not None
        recorded = await self.record.pool.fetch("SELECT holiday FROM bank_holidays")
        holidays = PINNED.holidays | {late["holiday"] for late in recorded}
        found = ahead(OpenQuestion.of_row(dict(row)), PINNED.rulebooks[row["rulebook"]], holidays, self.case.at)
        assert list(found) == self.gate.steps
        now = await shown(self.record, self.case, self.case.at)
        assert as_steps(now, self.gate.id) == as_held(self.gate.steps)

    async def time_passes(self) -> None:
        """The next steps come, one or several at once, as when the service was away for a while."""
        if not self.gate.steps:
            return
        upto = self.gate.steps[min(self.chance.choice((0, 0, 1, 4)), len(self.gate.steps) - 1)]
        self.case.at = max(self.case.at, upto.at)
        steps = self.gate.take_due(self.case.at)
        if any(step.kind is StepKind.LAPSE for step in steps):
            assert (await self.case.gates.lapse_gate(Lapse(gate=self.gate.id, at=self.case.at))).refused is None
            self.gate.steps = []
            return
        await self.chase(steps)

    async def letter_comes_back(self) -> None:
        """The ladder is climbed before its time."""
        steps = self.gate.take_climb()
        if steps:
            await self.chase(steps)

    async def chase(self, steps: tuple[Step, ...]) -> None:
        done = await self.case.gates.chase_gate(Chase(gate=self.gate.id, at=self.case.at, steps=steps))
        self.gate.chased(steps, done)

    async def more_time(self) -> None:
        new_on = on_in_london(self.case.at) + timedelta(days=self.chance.randint(-5, 90))
        move = DeadlineMove(
            reference=self.case.reference, gates=(self.gate.id,), decision=f"invented-{self.chance.getrandbits(64)}",
            new_on=new_on, at=self.case.at, rulebook=RULEBOOK,
        )  # fmt: skip
        for rearmed in (await self.case.gates.move_deadline(move)).gates:
            self.gate.rearm(rearmed)

    async def clock_stops(self) -> None:
        today = on_in_london(self.case.at)
        await pause(self.case, today + timedelta(days=1))
        now = await shown(self.record, self.case, self.case.at + timedelta(days=400))
        assert [(one.at, one.what) for one in now if self.gate.id in one.gates] == [(None, "stands_still")]
        await resume(self.case, today + timedelta(days=1 + self.chance.randint(1, 60)))
        self.gate.rearm(await reschedule(self.case, self.gate.id))

    async def holiday(self) -> None:
        on = self._working_day()
        await self.record.pool.execute(
            "INSERT INTO bank_holidays VALUES ($1, 'Example Day', 'an invented proclamation', 'ops@example.test') "
            "ON CONFLICT DO NOTHING",
            on,
        )
        rearmed: Rearmed = await reschedule(self.case, self.gate.id, on)
        self.gate.rearm(rearmed)

    def _working_day(self) -> date:
        on = on_in_london(self.case.at) + timedelta(days=self.chance.randint(1, 30))
        while not is_working_day(on, PINNED.holidays):
            on += timedelta(days=1)
        return on


def a_request(case: ACase, chance: random.Random) -> GateRequest:
    """A question of the review that opens at any moment, by any date and any key of the rulebook."""
    question, subject = chance.choice(QUESTIONS)
    case.at = at(date(2026, 10, 6) + timedelta(days=chance.randint(0, 120)), chance.randint(0, 23)).astimezone(UTC)
    case.at += timedelta(minutes=chance.randint(0, 59), seconds=chance.randint(0, 59))
    given = on_in_london(case.at) + timedelta(days=chance.randint(-40, 150))
    return case.request(
        question,
        subject,
        ask=2,  # the case has been commissioned already
        role=None if question == "invitation" else chance.choice(ROLES),
        deadline=chance.choice((None, "review", *sorted(PINNED.rulebooks[RULEBOOK].deadlines))),
        due=chance.choice((None, moments.due(given))),
    )


@pytest.mark.parametrize("seed", range(24))
async def test_what_is_shown_is_what_is_then_done(record: Record, mail_server: MailServer, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # examples, no secrets
    case = await clocked(record, mail_server)
    gate = Gate(a_request(case, chance))
    gate.open(await case.gates.open_gate(gate.request))
    waiting = Waiting(record, case, gate, chance)
    assert gate.steps, "a question without steps would show nothing"
    await waiting.is_as_shown()
    befalls: list[Callable[[], Awaitable[None]]] = [
        waiting.time_passes, waiting.time_passes, waiting.time_passes, waiting.letter_comes_back, waiting.more_time,
        waiting.clock_stops, waiting.holiday,
    ]  # fmt: skip
    for _ in range(8):
        await chance.choice(befalls)()
        if await record.value("SELECT state FROM gates WHERE gate = $1", gate.id) != "open":
            break
        await waiting.is_as_shown()


async def test_long_after_the_date_the_further_reminders_are_those_that_come(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    gate = Gate(case.request("hmip"))
    gate.open(await case.gates.open_gate(gate.request))
    waiting = Waiting(record, case, gate, random.Random(1))  # noqa: S311
    first = list(gate.steps)
    for _ in range(3):  # each time all that was planned is used up
        last = gate.steps[-1].at
        while gate.steps and gate.steps[0].at <= last:
            await waiting.time_passes()
            await waiting.is_as_shown()
    assert gate.steps
    assert not set(first) & set(gate.steps)
    assert {step.kind for step in gate.steps} == {StepKind.REMIND}


async def test_a_rung_that_was_told_before_its_time_is_shown_no_more(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    gate = Gate(case.request("draft", due=moments.due(date(2027, 1, 5))))
    gate.open(await case.gates.open_gate(gate.request))
    waiting = Waiting(record, case, gate, random.Random(1))  # noqa: S311
    assert next(step.rung for step in gate.steps if step.kind is StepKind.CLIMB) is Rung.DEPUTY
    await waiting.letter_comes_back()
    await waiting.is_as_shown()
    found = await shown(record, case, case.at)
    assert "deputy_asked" not in {one.what for one in found}
    assert {one.words for one in found if one.what == "reminder"} == {
        "a reminder to the reviewing manager and to the deputy"
    }
