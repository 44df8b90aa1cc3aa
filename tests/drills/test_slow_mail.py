"""A mail server that is slow, or takes connections and says nothing: letters wait, cases go on, and none goes twice."""

import asyncio
import random
from pathlib import Path

import pytest
from temporalio.client import Client

from starter.demo import beside
from tests.drills.crowd import Alike, Crowd
from tests.drills.harm import counted, mails, rested
from tests.drills.moody_mail import MoodyMail, moody_mail
from tests.drills.service import Service, a_service
from tests.drills.worker_memory import a_charge
from workflows.contract.messages import CaseClock

pytestmark = pytest.mark.drill

FIRST, THEN = 10, 60
"""Cases that are asked before the server falls silent, and that are opened while it is: more than the worker has slots
for, were each of their steps to wait for its letters for ever."""


async def test_while_the_mail_server_says_nothing_letters_wait_and_cases_go_on(tmp_path: Path) -> None:
    async with moody_mail(tmp_path / "mail") as mail, a_service(smtp_url=mail.url, mailbox=mail.folder) as service:
        crowd = a_crowd(service, await service.open([a_charge(number) for number in range(FIRST)]))
        asked, resumed = await while_it_says_nothing(service, mail, crowd)
        what = f"says nothing; {THEN} cases asked in {asked:.0f} s"
        done = await counted(service, "slow mail", what, FIRST + THEN, crowd.heard.recorded, resumed)
        assert done.found == {}
        assert done.mails.twice == {}


async def while_it_says_nothing(
    service: Service, mail: MoodyMail, crowd: Crowd, first: int = FIRST, then: int = THEN, within: float = 150
) -> tuple[float, float]:
    """Returns the seconds until every new case had asked, and until a letter went once the server spoke again."""
    await service.asked("early_look", first)
    await rested(service)
    mail.is_silent = True
    began = len(mails(mail.folder).taken)
    async with beside(crowd.run()):
        await service.open([a_charge(first + number) for number in range(then)])
        asked = await service.asked("notification", first + then, within=within)
        await service.applied("notification", first)
        waiting = await service.value("SELECT count(*) FROM outbox WHERE state <> 'sent'")
        assert int(str(waiting)) > then
        assert len(mails(mail.folder).taken) == began
        assert await tries(service.client) == {1}  # no step took so long that Temporal gave it up
        assert (await service.health())["database"] == "UP"
        mail.is_silent = False
        mail.hang_up()
        return asked, await service.until("SELECT count(*) > $1 FROM outbox WHERE state = 'sent'", began, within=90)


@pytest.mark.parametrize("seconds", [5, 25], ids=["slow", "slower than we wait for anything else"])
async def test_a_mail_server_that_takes_its_time_to_say_yes_gets_no_letter_twice(tmp_path: Path, seconds: int) -> None:
    async with moody_mail(tmp_path / "mail") as mail, a_service(smtp_url=mail.url, mailbox=mail.folder) as service:
        crowd = a_crowd(service, await service.open([a_charge(number) for number in range(FIRST)]))
        resumed = await while_it_takes(service, mail, crowd, seconds, FIRST)
        done = await counted(service, "slow mail", f"says yes after {seconds} s", FIRST, crowd.heard.recorded, resumed)
        assert done.found == {}
        assert done.mails.twice == {}


async def while_it_takes(service: Service, mail: MoodyMail, crowd: Crowd, seconds: float, cases: int) -> float:
    """Returns the seconds until the notification of each case was answered; the server is prompt from then on."""
    mail.takes = seconds
    async with beside(crowd.run()):
        answered = await service.applied("notification", cases)
    mail.takes = 0.0
    return answered


def a_crowd(service: Service, clocks: dict[str, CaseClock]) -> Crowd:
    return Crowd(service, Alike(), clocks, random.Random(3))  # noqa: S311


async def tries(client: Client) -> set[int]:
    """How often the steps that are under way have been tried."""
    runs = [run async for run in client.list_workflows("ExecutionStatus = 'Running'")]
    described = await asyncio.gather(*(client.get_workflow_handle(run.id).describe() for run in runs))
    pending = [step for one in described for step in one.raw_description.pending_activities]
    return {step.attempt for step in pending} | {1}
