"""What changes about a case under way, by the functions behind the commands and pages that people use for it.

Each says whether it was taken; a rule that stands against it is no fault.
"""

import contextlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from starter.absences import Wanted, absences_from, covered, end_absence, set_absence
from starter.announcing import announce_bank_holiday
from starter.correcting import request_correction
from starter.enquiring import Enquiry, log_enquiry
from starter.judging import Rules
from starter.opting_in import Wish, opt_in
from starter.reopening import TakenUp, hand_on
from starter.reports import ReportRefusedError
from starter.requests import request_pause, request_replacement, request_resume, request_transfer
from starter.signals import NoSuchWorkflowError
from tests.invariants.service import CaseInHand
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import EnquiryKind, ReasonCode, Role
from workflows.policy.calendar import working_day_on_or_before
from workflows.policy.cover import candidates
from workflows.policy.due import on_in_london

NATIONAL = "sfo.team@national.example.test"
ENQUIRIES = tuple(EnquiryKind)
PLACES = (("N53", "N53NOT"), ("N53", "N53LEI"), ("N56", "N56CAM"), ("N51", "N51LIV"))
MANAGERS = (Role.REVIEWING_MANAGER, Role.COUNTERSIGNING_MANAGER)
_AWAY_FOR = timedelta(days=30)
_REASONS = "Invented reason."
T = TypeVar("T")


async def announce_holiday(hand: CaseInHand, rules: Rules, number: int) -> bool:
    """The national team announces that a working day is off which an open question still counts."""
    counted = [row for row in await hand.rows(_COUNTED) if row["due_on"] > hand.today]
    if not counted:
        return False
    row = _one_of(counted, number)
    on = working_day_on_or_before(row["due_on"] - timedelta(days=number % 3), rules.holidays)
    if on <= row["begun_on"]:
        return False
    async with hand.service.office.record.pool.acquire() as connection:
        try:
            found = await announce_bank_holiday(connection, rules, on, "Invented Jubilee", "invented news", NATIONAL)
        except ReportRefusedError:
            return False
    for request in found.requests:
        with contextlib.suppress(NoSuchWorkflowError):  # the relay has the rest
            await hand.service.delivery.deliver_request(request)
    return found.is_new


_COUNTED = """
    SELECT due_on, least(counted_from, (opened_at AT TIME ZONE 'Europe/London')::date) AS begun_on FROM gates
    WHERE reference = $1 AND state = 'open' AND counted_days IS NOT NULL ORDER BY opened_at, gate
"""


async def go_away(hand: CaseInHand, rules: Rules, number: int) -> bool:
    """Whoever is asked something is away from today on, and somebody of their place stands in."""
    asked = [row for row in await hand.questions() if row["person_key"] and QUESTIONS[row["question"]].role]
    if not asked:
        return False
    directory = (await _today(hand, rules)).directory
    person = directory.person(_one_of(asked, number)["person_key"])
    deputies = candidates(person, directory) if person else ()
    if person is None or not deputies:
        return False
    wanted = Wanted(uuid4(), person, hand.today, hand.today + _AWAY_FOR, _one_of(deputies, number))
    async with hand.service.office.record.pool.acquire() as connection:
        try:
            await set_absence(connection, directory, wanted, NATIONAL, _on())
        except ReportRefusedError:
            return False
    return True


async def come_back(hand: CaseInHand, rules: Rules, number: int) -> bool:
    """Somebody who is away, or will be, comes back after all."""
    directory = (await _today(hand, rules)).directory
    async with hand.service.office.record.pool.acquire() as connection:
        away = await absences_from(connection, _on())
        return bool(away) and await end_absence(connection, directory, _one_of(away, number).absence, NATIONAL)


async def come_back_all(hand: CaseInHand, rules: Rules) -> None:
    """The next case of this record begins with everybody at work."""
    while await come_back(hand, rules, 0):
        pass


async def transfer(hand: CaseInHand, rules: Rules, number: int) -> bool:
    """The SFO Team hands the case over to where supervision is now."""
    region, pdu = _one_of(PLACES, number)
    now, by = await _today(hand, rules), await _holder(hand, rules, Role.SFO_TEAM)
    async with hand.service.office.record.pool.acquire() as connection:
        try:
            request = await request_transfer(
                connection, now, hand.reference, region, pdu, ReasonCode.SUPERVISION_MOVED, _REASONS, by
            )
        except ReportRefusedError:
            return False
    await hand.service.delivery.deliver_request(request)
    return True


async def replace_manager(hand: CaseInHand, rules: Rules, number: int) -> bool:
    """Another person of the region reviews, or countersigns."""
    place, role = await _place(hand), _one_of(MANAGERS, number)
    now = await _today(hand, rules)
    people = now.directory.people_for(role, place["region"], place["pdu"])
    if not people:
        return False
    to, by = _one_of(people, number // 2).key, await _holder(hand, rules, Role.SENIOR_LEAD)
    async with hand.service.office.record.pool.acquire() as connection:
        try:
            request = await request_replacement(
                connection, now, hand.reference, role, to, ReasonCode.ILLNESS, _REASONS, by
            )
        except ReportRefusedError:
            return False
    await hand.service.delivery.deliver_request(request)
    return True


async def pause_or_resume(hand: CaseInHand, rules: Rules) -> bool:
    """The senior lead stops the clock of the review, or lets it run again."""
    by = await _holder(hand, rules, Role.SENIOR_LEAD)
    async with hand.service.office.record.pool.acquire() as connection:
        for ask in (request_resume, request_pause):
            with contextlib.suppress(ReportRefusedError):
                request = await ask(connection, rules, hand.reference, ReasonCode.TRIAL, None, by)
                await hand.service.delivery.deliver_request(request)
                return True
    return False


async def enquire(hand: CaseInHand, number: int) -> bool:
    """Somebody outside asks about the case."""
    received = Enquiry(_one_of(ENQUIRIES, number), hand.today, "Invented words of a request.", "Invented Gazette")
    async with hand.service.office.record.pool.acquire() as connection:
        try:
            logged = await log_enquiry(connection, hand.reference, received, NATIONAL, is_another=True)
        except ReportRefusedError:
            return False
    await hand.service.delivery.deliver_enquiry(hand.reference, logged)
    return True


async def want_it_after_all(hand: CaseInHand, rules: Rules, number: int) -> bool:
    """A family that had not said yes wants the review; its liaison officer records that, in English or Welsh."""
    victims = await hand.rows("SELECT ref, liaison_officer_email FROM victims WHERE reference = $1 ORDER BY ref")
    language, now = "cy" if number % 5 == 0 else "en", await _today(hand, rules)
    async with hand.service.office.record.pool.acquire() as connection:
        for at in range(len(victims)):
            row = _one_of(victims, number + at)
            with contextlib.suppress(ReportRefusedError):
                taken = await opt_in(
                    connection, hand.reference, row["ref"], Wish("copy", language), _REASONS,
                    row["liaison_officer_email"], now,
                )  # fmt: skip
                await _take_up(hand, taken)
                return True
    return False


async def correct(hand: CaseInHand, rules: Rules) -> bool:
    """The national team has the accepted review corrected."""
    now = await _today(hand, rules)
    async with hand.service.office.record.pool.acquire() as connection:
        try:
            taken = await request_correction(
                connection, now, hand.reference, ReasonCode.ERROR_FOUND, _REASONS, NATIONAL
            )
        except ReportRefusedError:
            return False
    await _take_up(hand, taken)
    return True


async def _take_up(hand: CaseInHand, taken: TakenUp) -> None:
    with contextlib.suppress(NoSuchWorkflowError):  # the relay has the rest
        await hand_on(hand.service.delivery, taken)


async def _today(hand: CaseInHand, rules: Rules) -> Rules:
    """What a command reads today: with who is away and who stands in."""
    async with hand.service.office.record.pool.acquire() as connection:
        return await covered(connection, rules, _on())


async def _place(hand: CaseInHand) -> dict[str, Any]:
    return (await hand.rows("SELECT region, pdu FROM cases WHERE reference = $1"))[0]


async def _holder(hand: CaseInHand, rules: Rules, role: Role) -> str:
    """The address of whoever is first listed in this role where the case is now."""
    place = await _place(hand)
    return rules.directory.people_for(role, place["region"], place["pdu"])[0].email


def _on() -> date:
    return on_in_london(datetime.now(UTC))


def _one_of(found: Sequence[T], number: int) -> T:
    return found[number % len(found)]
