"""Before a rollout: which open workflows would break under other code is found by replay, and nothing is touched."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest
from click.testing import CliRunner
from temporalio.client import Client

from starter import commands_rollout
from starter.command import CommandError, Services
from starter.delivery import Delivery
from starter.keys import KeyRing
from starter.payloads import data_converter
from starter.registered import BY_TYPE
from starter.replaying import Fate, Foreseen, Replayed, foresee
from starter.script import SILENT
from starter.signals import TemporalAwayError
from tests.histories.failing import Quoting
from tests.histories.incompatible import AskedTwice
from tests.starter.front_desk import a_settings
from tests.workflows.conftest import Office
from tests.workflows.test_case import running
from workflows.contract import ids
from workflows.contract.vocabulary import Stage
from workflows.notification import Notification

CASES = 3
OTHERS = [one for one in BY_TYPE.values() if one is not Notification]


def reaching(office: Office, client: Client) -> Callable[[], AbstractAsyncContextManager[Services]]:
    """What a command reaches: this record by this client, under a build that no worker runs."""
    settings = a_settings(office.record, office.mail, SFO_BUILD_ID="nobody-runs-it")

    @contextlib.asynccontextmanager
    async def reached() -> AsyncIterator[Services]:
        yield Services(settings, office.record.pool, Delivery(client, office.record.pool))

    return reached


async def _open(office: Office, stage: Stage, number: int) -> set[str]:
    """So many workflows of this stage, each waiting for its first answer, and listed."""
    handles = [await office.start(await office.report(), stage) for _ in range(number)]
    async with asyncio.timeout(60):
        for handle in handles:
            query = f"WorkflowId = '{handle.id}' AND SfoAwaiting IS NOT NULL AND ExecutionStatus = 'Running'"
            while not (await office.client.count_workflows(query)).count:
                await asyncio.sleep(0.2)
    return {handle.id for handle in handles}


async def test_a_check_finds_exactly_what_would_break(office: Office) -> None:
    notifications = await _open(office, Stage.NOTIFICATION, CASES)
    reviews = await _open(office, Stage.EARLY_LOOK, 1)

    same = await foresee(office.client)
    changed = await foresee(office.client, [*OTHERS, AskedTwice])

    # Other tests share the namespace, and what they left may still be listed.
    ours = {one.workflow: one for one in changed.troubled if one.workflow in notifications | reviews}
    assert not [one for one in same.troubled if one.workflow in notifications | reviews]
    assert same.number(Fate.GOES_ON) >= CASES + len(reviews)
    assert ours.keys() == notifications
    assert {one.fate for one in ours.values()} == {Fate.BREAKS}
    assert changed.counts[Stage.EARLY_LOOK, Fate.GOES_ON] >= 1
    assert all(re.search(r"event \d+ holds, |activity \w+ was asked for", one.why) for one in ours.values()), ours
    assert all(one.reference and one.reference in one.workflow for one in ours.values())


async def test_what_fails_breaks_and_nothing_that_it_quotes_is_said_or_logged(
    office: Office, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    opened = await _open(office, Stage.NOTIFICATION, 1)
    caplog.clear()
    capfd.readouterr()
    found = await foresee(office.client, [*OTHERS, Quoting])
    (broken,) = [one for one in found.troubled if one.workflow in opened]
    assert (broken.fate, broken.why.partition(",")[0]) == (Fate.BREAKS, "its code fails when it is replayed")
    printed = capfd.readouterr()
    assert "quoted" not in caplog.text
    assert "Failing workflow task" not in printed.out + printed.err  # the SDK's core prints past Python


async def test_a_check_narrows_by_type_and_number(office: Office) -> None:
    await _open(office, Stage.NOTIFICATION, CASES)
    await _open(office, Stage.EARLY_LOOK, 1)
    of_one_type = await foresee(office.client, kind=Stage.NOTIFICATION)
    assert {kind for kind, _ in of_one_type.counts} == {Stage.NOTIFICATION}
    assert of_one_type.number(Fate.GOES_ON) >= CASES
    assert (await foresee(office.client, limit=2)).number(Fate.GOES_ON) == 2


async def test_a_check_narrows_by_region_and_a_region_that_is_none_is_named(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands_rollout, "services", reaching(office, office.client))
    silent = {"notification": [SILENT], "early_look": [SILENT], "welfare": [SILENT]}
    async with running(office, silent, speed=1) as (opening, _):
        asked = f"{ids.case_id(opening.reference)}/notification"
        await office.gate(f"{opening.reference}/notification/notification")

        async def breaking(region: str) -> set[str]:
            found = await foresee(office.client, [*OTHERS, AskedTwice], region=region)
            return {one.workflow for one in found.troubled}

        async with asyncio.timeout(60):
            while asked not in await breaking("N53"):  # a list is a moment behind
                await asyncio.sleep(0.2)
        assert asked not in await breaking("N56")
    _, found = await commands_rollout._check("N53", None, None)
    assert found.number(Fate.GOES_ON) >= 1
    with pytest.raises(CommandError, match="--region: there is no region N99; the directory has MCG"):
        await commands_rollout._check("N99", None, None)


async def test_a_history_under_a_lost_key_is_unread_and_not_said_to_go_on(office: Office) -> None:
    opened = await _open(office, Stage.NOTIFICATION, 1)
    other = await Client.connect(
        office.client.service_client.config.target_host, data_converter=data_converter(KeyRing.generate())
    )
    found = await foresee(other, kind=Stage.NOTIFICATION)
    assert opened <= {one.workflow for one in found.troubled if one.fate is Fate.UNREAD}
    assert found.number(Fate.GOES_ON) == 0


def test_the_command_ends_with_one_and_says_where_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> tuple[str, Foreseen]:
        found = Foreseen()
        found.add(Replayed("sfo/SFO-2026-00042/review", "review", Fate.BREAKS, "at event 7"))
        found.add(Replayed("sfo/SFO-2026-00043/review", "review", Fate.GOES_ON))
        return "b1", found

    monkeypatch.setattr(commands_rollout, "_check", broken)
    said = CliRunner().invoke(commands_rollout.rollout, ["check"])
    assert said.exit_code == 1
    assert "sfo/SFO-2026-00042/review" in said.output
    assert "at event 7" in said.output
    assert "SFO-2026-00043" not in said.output
    (troubled,) = json.loads(CliRunner().invoke(commands_rollout.rollout, ["check", "--json"]).stdout)["troubled"]
    assert troubled["reference"] == "SFO-2026-00042"


def test_a_type_is_typed_as_temporal_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    async def noted(*arguments: object) -> tuple[str, Foreseen]:
        asked.append(arguments)
        return "b1", Foreseen()

    monkeypatch.setattr(commands_rollout, "_check", noted)
    said = CliRunner().invoke(commands_rollout.rollout, ["check", "--type", "quality-assurance", "--limit", "5"])
    assert said.exit_code == 0, said.output
    assert asked == [(None, "quality-assurance", 5, None)]
    assert CliRunner().invoke(commands_rollout.rollout, ["check", "--type", "reviews"]).exit_code == 2


@pytest.mark.parametrize(
    ("address", "error", "said"),
    [
        (None, CommandError, r"nobody-runs-it.*is not current.*start its worker"),
        ("127.0.0.1:1", TemporalAwayError, r"did not make nobody-runs-it current"),
    ],
)
async def test_a_build_does_not_become_current_without_a_worker_or_without_temporal(
    office: Office, monkeypatch: pytest.MonkeyPatch, address: str | None, error: type[Exception], said: str
) -> None:
    client = await Client.connect(address, lazy=True) if address else office.client

    monkeypatch.setattr(commands_rollout, "services", reaching(office, client))
    with pytest.raises(error, match=said):
        await commands_rollout._current(timedelta(seconds=1))
