"""A drill that a faulty service passes would be none: each fault is planted in a program, and its drill must say so.

Small versions of the drills beside this file, which are the same code.
"""

from pathlib import Path

import pytest

from tests.drills import test_away_for_a_day as away
from tests.drills import test_connections_gone as connections
from tests.drills import test_disk_full as disk_full
from tests.drills import test_slow_mail as slow_mail
from tests.drills import test_upgraded_in_flight as upgraded
from tests.drills.harm import Harm, harm
from tests.drills.moody_mail import moody_mail
from tests.drills.planted import (
    impatient,
    mail_within_a_transaction,
    no_answer_relayed,
    no_letter_swept,
    swallowed,
    told_before_the_commit,
    with_fault,
)
from tests.drills.service import GATEWAYS, MAIL, TEMPORAL, WORKERS, Service, a_service
from tests.drills.test_disk_full import small_disk
from tests.drills.worker_memory import a_charge
from tests.histories.incompatible import AskedTwice

__all__ = ["small_disk"]
pytestmark = pytest.mark.drill

CASES = 6
SOON = 15.0
"""Seconds in which a sound service has gone on."""
GATEWAY, WORKER = GATEWAYS[0], WORKERS[0]


def fails(*how: type[Exception]) -> pytest.RaisesGroup[Exception]:
    """The drill fails in one of these ways, whatever ran beside it."""
    return pytest.RaisesGroup(pytest.RaisesExc(how), flatten_subgroups=True, allow_unwrapped=True)


async def test_an_answer_that_is_called_recorded_where_the_record_cannot_be_reached_is_lost() -> None:
    programs = with_fault(swallowed, GATEWAY)
    async with connections.asked(CASES, postgres=connections.FEW, programs=programs) as (service, crowd):
        with fails(AssertionError):
            await connections.without_a_free_connection(service, crowd, CASES)
        assert len((await harm(service, crowd.heard.recorded)).lost) >= CASES
    async with connections.asked(CASES, programs=programs) as (service, crowd):
        with fails(AssertionError):
            await connections.while_every_connection_waits(service, crowd, CASES)
        assert len((await harm(service, crowd.heard.recorded)).lost) >= CASES


async def test_an_answer_that_is_called_recorded_before_the_commit_is_lost_on_a_full_disk(small_disk: Path) -> None:
    programs = with_fault(told_before_the_commit, GATEWAY)
    async with disk_full.asked(small_disk, CASES, think=0.5, programs=programs) as (service, crowd):
        try:
            await disk_full.until_there_is_room(service, crowd, small_disk, CASES, SOON)
        except* (AssertionError, TimeoutError):
            pass  # nobody is left to be told to try again, or it stands still; a quick disk is full before that
        assert (await harm(service, crowd.heard.recorded)).lost


async def test_a_change_without_its_patch_fails_in_cases_that_were_begun_before() -> None:
    async with upgraded.begun(CASES) as (service, crowd, clocks):
        with fails(TimeoutError):
            await upgraded.upgrade(service, crowd, clocks, AskedTwice, SOON)
        found = await harm(service, crowd.heard.recorded)
        assert found.lost
        assert found.other["workflows that fail"]


async def test_a_mail_server_that_is_given_up_while_it_takes_a_letter_has_it_twice(tmp_path: Path) -> None:
    programs = with_fault(impatient, WORKER)
    async with (
        moody_mail(tmp_path / "mail") as mail,
        a_service(smtp_url=mail.url, mailbox=mail.folder, programs=programs) as service,
    ):
        crowd = slow_mail.a_crowd(service, await service.open([a_charge(number) for number in range(CASES)]))
        await slow_mail.while_it_takes(service, mail, crowd, 2 * SOON, CASES)
        assert (await harm(service, crowd.heard.recorded)).mails.twice


async def test_a_mail_that_goes_within_a_transaction_holds_up_the_cases(tmp_path: Path) -> None:
    programs = with_fault(mail_within_a_transaction, WORKER)
    async with (
        moody_mail(tmp_path / "mail") as mail,
        a_service(smtp_url=mail.url, mailbox=mail.folder, programs=programs) as service,
    ):
        crowd = slow_mail.a_crowd(service, await service.open([a_charge(number) for number in range(CASES)]))
        with fails(TimeoutError):
            await slow_mail.while_it_says_nothing(service, mail, crowd, CASES, 4 * CASES, within=2 * SOON)


async def test_an_answer_that_the_relay_does_not_deliver_is_lost_when_temporal_was_away() -> None:
    async with a_service(programs=with_fault(no_answer_relayed, GATEWAY)) as service:
        found = await after_a_day_without(TEMPORAL, service)
        assert len(found.lost) >= away.ANSWERED


async def test_letters_that_nobody_sweeps_never_go_when_the_mail_server_was_away() -> None:
    async with a_service(programs=with_fault(no_letter_swept, WORKER)) as service:
        found = await after_a_day_without(MAIL, service)
        assert found.other["letters that never went"]


async def after_a_day_without(part: str, service: Service) -> Harm:
    """The day's own look finds it first: what waited does not go on."""
    day = await away.Day.begun(service)
    with fails(TimeoutError):
        await away.a_day_without(part, day, SOON)
    return await harm(service, day.crowd.heard.recorded)
