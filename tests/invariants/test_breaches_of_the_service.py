"""The service itself does wrong, by a fault planted in it, and looking at it from outside finds that."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest
from opentelemetry import trace

from activities import settling
from starter import identity
from starter.judging import Rules, rules_in_force
from starter.mailer import SmtpMailer
from starter.settings import Settings
from tests.histories.incompatible import AskedTwice
from tests.invariants.agreement import disagreements
from tests.invariants.answers import usual
from tests.invariants.changing import pause_or_resume
from tests.invariants.kinds import MURDER
from tests.invariants.rules import RULES
from tests.invariants.service import PRIVACY, CaseInHand, Service
from tests.workflows.conftest import DEPLOY
from workflows.contract.vocabulary import CourtEventKind
from workflows.policy.authority import Eligibility, who_answers

# Thirteen services, each with its fault: a quarter of a minute each, and more on a busy machine.
pytestmark = pytest.mark.drill
SPEED = 5 * 86_400
Patch = pytest.MonkeyPatch
Scene = Callable[[Service, Patch], Awaitable[CaseInHand]]


def in_force(hand: CaseInHand) -> Rules:
    folders = SimpleNamespace(rulebook_dir=DEPLOY / "rulebook", directory_dir=DEPLOY / "directory")
    return rules_in_force(cast("Settings", folders), hand.opening.charged_on)


async def carried(hand: CaseInHand, until: str) -> None:
    """Everybody answers as usual until this question stands open."""
    for _ in range(40):
        rows = await hand.questions()
        if any(row["question"] == until for row in rows):
            return
        for row in rows:
            given = usual(row, hand.today)
            await hand.answer(row["gate"], given.answer, given.fields, given.reasons)
        await hand.settle()
    raise AssertionError(f"{until} was never asked")


async def nobody_is_told(service: Service, patch: Patch) -> CaseInHand:
    patch.setattr("activities.casework.tell", AsyncMock())
    hand = await service.open(SPEED)
    await carried(hand, "invite")
    return hand


async def anybody_may_answer(service: Service, patch: Patch) -> CaseInHand:
    patch.setattr("activities.settling.why_not_asked", lambda *_: None)
    hand = await service.open(SPEED)
    await carried(hand, "notification")
    row = next(row for row in await hand.questions() if row["question"] == "notification")
    given = usual(row, hand.today)
    await hand.answer_unasked(row["gate"], given.answer, given.fields, "stranger@elsewhere.example.test")
    return hand


async def families_hear_at_once(service: Service, patch: Patch) -> CaseInHand:
    patch.setattr("workflows.policy.disclosure.is_open", lambda _court: True)
    hand = await service.open(SPEED)
    await carried(hand, "refer")
    return hand


async def a_date_moves_by_itself(service: Service, patch: Patch) -> CaseInHand:
    hand = await service.open(SPEED)
    await carried(hand, "notification")
    await hand.service.office.record.pool.execute("UPDATE gates SET due_on = due_on + 30")
    return hand


async def a_second_answer_is_told_as_the_first(service: Service, patch: Patch) -> CaseInHand:
    hand = await service.open(SPEED)
    await carried(hand, "early_look")
    row = next(row for row in await hand.questions() if row["question"] == "early_look")
    given = usual(row, hand.today)
    await hand.answer(row["gate"], given.answer, given.fields, given.reasons)
    await hand.settle()
    hand.window.keep(await hand.window.look())
    await hand.service.office.record.pool.execute(
        "UPDATE decisions SET answer = 'actions' WHERE gate = $1", row["gate"]
    )
    return hand


async def closed_whatever_is_owed(service: Service, patch: Patch) -> CaseInHand:
    patch.setattr("activities.closing.unmet", lambda _owed: ())
    hand = await service.open(SPEED, first_appearance_on=None)
    await hand.settle()
    await hand.service.office.record.pool.execute(
        """INSERT INTO duties (reference, kind, subject, at)
           SELECT reference, 'fed_back', 's1', now() FROM cases WHERE reference = $1 ON CONFLICT DO NOTHING""",
        hand.reference,
    )
    await hand.service.office.record.pool.execute("UPDATE duties SET state = 'owed'")
    patch.setattr("activities.owing._close", AsyncMock())
    await hand.court(CourtEventKind.DISCONTINUED)
    await hand.case.result()
    return hand


async def reasons_go_along(service: Service, patch: Patch) -> CaseInHand:
    made = settling.decision_message

    def talkative(hearing: Any, row: Any, effect: Any) -> Any:
        message = made(hearing, row, effect)
        return message.model_copy(update={"facts": {**message.facts, "reasons": str(row["reasons"])}})

    patch.setattr("activities.settling.decision_message", talkative)
    hand = await service.open(SPEED)
    await carried(hand, "commission")
    return hand


async def a_span_names_somebody(service: Service, patch: Patch) -> CaseInHand:
    patch.setattr("starter.tracing.reference_of", lambda _workflow: "Invented Person")
    hand = await service.open(SPEED)
    await carried(hand, "notification")
    return hand


async def a_metric_has_free_text(service: Service, patch: Patch) -> CaseInHand:
    patch.setattr("activities.opening.known", lambda _question: "Invented words of a manager")
    hand = await service.open(SPEED)
    await carried(hand, "notification")
    return hand


async def whoever_signs_in_is_named(service: Service, patch: Patch) -> CaseInHand:
    opened = identity.open_session

    async def talkative(connection: Any, email: str) -> Any:
        logging.getLogger("starter.signing_in").info("%s signed in", email)
        trace.get_current_span().set_attribute("enduser.id", email)
        return await opened(connection, email)

    patch.setattr("starter.signing_in.open_session", talkative)
    hand = await service.open(SPEED)
    await carried(hand, "notification")
    row = next(row for row in await hand.questions() if row["question"] == "notification")
    assert await hand.answer_on_page(row)
    return hand


async def openings_are_not_noted(service: Service, patch: Patch) -> CaseInHand:
    patch.setattr("activities.opening.audit", AsyncMock())
    hand = await service.open(SPEED)
    await carried(hand, "notification")
    return hand


async def answers_are_never_delivered(service: Service, patch: Patch) -> CaseInHand:
    hand = await service.open(SPEED)
    await carried(hand, "notification")
    patch.setattr("starter.delivery.send_signal", AsyncMock())
    patch.setattr("tests.invariants.service.SETTLES_WITHIN", 1.0)
    row = next(row for row in await hand.questions() if row["question"] == "notification")
    given = usual(row, hand.today)
    await hand.answer(row["gate"], given.answer, given.fields, given.reasons)
    return hand


async def code_that_open_cases_cannot_go_on_with(service: Service, patch: Patch) -> CaseInHand:
    hand = await service.open(SPEED)
    await carried(hand, "notification")
    await service.run_instead(AskedTwice)
    row = next(row for row in await hand.questions() if row["question"] == "notification")
    given = usual(row, hand.today)
    patch.setattr("tests.invariants.service.SETTLES_WITHIN", 3.0)
    await hand.answer(row["gate"], given.answer, given.fields, given.reasons)
    return hand


async def every_letter_leaves_twice(service: Service, patch: Patch) -> CaseInHand:
    once = SmtpMailer.send

    async def twice(mailer: SmtpMailer, *letter: Any) -> Any:
        await once(mailer, *letter)
        return await once(mailer, *letter)

    patch.setattr(SmtpMailer, "send", twice)
    hand = await service.open(SPEED)
    await carried(hand, "notification")
    return hand


async def a_pause_gives_nothing_back(service: Service, patch: Patch) -> CaseInHand:
    patch.setattr("workflows.policy.pausing.resumed", lambda due_on, *_: due_on)
    hand = await service.open(SPEED)
    await carried(hand, "invite")
    assert await pause_or_resume(hand, in_force(hand))
    await hand.settle()
    await asyncio.sleep(3)
    assert await pause_or_resume(hand, in_force(hand))
    return hand


async def a_shortage_is_kept_quiet(service: Service, patch: Patch) -> CaseInHand:
    def nobody(question: str, people: Any, directory: Any, ties: Any, on: Any) -> Eligibility:
        is_short = question == "notification" and any("spoc" in person.roles for person in people)
        return Eligibility() if is_short else who_answers(question, people, directory, ties, on)

    patch.setattr("activities.opening.who_answers", nobody)
    patch.setattr("activities.opening._missing", AsyncMock(return_value=None))
    hand = await service.open(SPEED)
    await carried(hand, "notification")
    return hand


SCENES: dict[int, Scene] = {
    1: nobody_is_told,
    2: anybody_may_answer,
    3: families_hear_at_once,
    4: a_date_moves_by_itself,
    5: a_second_answer_is_told_as_the_first,
    6: closed_whatever_is_owed,
    7: reasons_go_along,
    8: openings_are_not_noted,
    9: answers_are_never_delivered,
    10: code_that_open_cases_cannot_go_on_with,
    11: every_letter_leaves_twice,
    12: a_pause_gives_nothing_back,
    13: a_shortage_is_kept_quiet,
}


TOLD: tuple[tuple[str, Scene], ...] = (
    ("the traces", a_span_names_somebody),
    ("the metrics", a_metric_has_free_text),
    ("the traces", whoever_signs_in_is_named),
    ("the log", whoever_signs_in_is_named),
)


def test_a_fault_is_planted_for_every_invariant() -> None:
    assert sorted(SCENES) == sorted(RULES)


@pytest.mark.parametrize("number", sorted(SCENES), ids=[f"{n}-{scene.__name__}" for n, scene in SCENES.items()])
async def test_a_fault_of_the_service_is_found(service: Service, monkeypatch: Patch, number: int) -> None:
    hand = await SCENES[number](service, monkeypatch)
    _, found = await hand.breaches()
    assert number in {breach.number for breach in found}, [str(breach) for breach in found]


@pytest.mark.parametrize(("place", "scene"), TOLD, ids=[f"{place}-{scene.__name__}" for place, scene in TOLD])
async def test_a_name_in_what_the_service_tells_operations_is_found(
    service: Service, monkeypatch: Patch, place: str, scene: Scene
) -> None:
    hand = await scene(service, monkeypatch)
    _, found = await hand.breaches()
    assert [breach for breach in found if breach.number == PRIVACY and breach.what.startswith(place)], found


@pytest.mark.parametrize(
    ("days", "found"), [(0, "#2 was asked on"), (400, "is due again since")], ids=["too early", "too late"]
)
async def test_contact_with_staff_that_falls_due_at_another_time_is_found(
    service: Service, monkeypatch: Patch, days: int, found: str
) -> None:
    charge = {"code": MURDER, "rosh": "medium", "appeared": True, "interest": False}
    again_on = lambda today, *_, **__: today + timedelta(days=days)  # noqa: E731
    monkeypatch.setattr("activities.effects_staff.again_on", again_on)
    hand = await service.open(SPEED, code=MURDER, rosh_highest="medium")
    await carried(hand, "welfare")
    await asyncio.sleep(4)  # twenty days after the last stage began
    for row in await hand.questions():
        if row["question"] == "welfare":
            given = usual(row, hand.today)
            await hand.answer(row["gate"], given.answer, given.fields, given.reasons)
    await hand.settle()
    assert not [one for one in disagreements((await hand.breaches())[0], charge) if found in one]
    async with asyncio.timeout(30):
        while not [one for one in disagreements((await hand.breaches())[0], charge) if found in one]:
            await asyncio.sleep(0.5)
