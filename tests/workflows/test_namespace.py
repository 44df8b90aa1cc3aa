"""`sfo namespace` on the real server: made, put right, never shortened, refused where a type is wrong."""

import asyncio
import json
import os
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
    RemoveSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

import worker
from deploy.embedded.ports import usable_port
from deploy.embedded.temporal import EmbeddedTemporal
from deploy.namespace import SEARCH_ATTRIBUTES, prepare_namespace
from starter.__main__ import run
from starter.rollout import RolloutError, make_current
from starter.settings import Settings
from workflows.contract import ids, search

KIND = IndexedValueType
# How many attributes of each type a namespace has room for on SQL visibility.
# Source: docs.temporal.io/search-attribute#custom-search-attribute-limits
MOST = {
    KIND.INDEXED_VALUE_TYPE_BOOL: 3,
    KIND.INDEXED_VALUE_TYPE_DATETIME: 3,
    KIND.INDEXED_VALUE_TYPE_KEYWORD: 10,
    KIND.INDEXED_VALUE_TYPE_KEYWORD_LIST: 3,
}


@pytest.fixture
async def client(temporal: EmbeddedTemporal, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of a namespace that is not there yet, which a command would find too."""
    for name in [name for name in os.environ if name.startswith("SFO_")]:
        monkeypatch.delenv(name)
    client = await Client.connect(temporal.address, namespace=f"sfo-{uuid4().hex[:8]}")
    monkeypatch.setenv("SFO_TEMPORAL_ADDRESS", temporal.address)
    monkeypatch.setenv("SFO_TEMPORAL_NAMESPACE", client.namespace)
    return client


async def typed(*arguments: str) -> int:
    return await asyncio.to_thread(run, ["namespace", *arguments])


async def days_kept(client: Client) -> int:
    found = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    return found.config.workflow_execution_retention_ttl.ToTimedelta().days


async def known(client: Client) -> dict[str, IndexedValueType.ValueType]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    return dict((await client.operator_service.list_search_attributes(request)).custom_attributes)


async def test_a_namespace_is_made_and_a_workflow_can_start_in_it_at_once(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await typed("--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert done == {
        "namespace": client.namespace,
        "made": True,
        "retention_days": 3650,
        "search_attributes_added": list(SEARCH_ATTRIBUTES),
    }
    assert await days_kept(client) == 3650
    assert SEARCH_ATTRIBUTES.items() <= (await known(client)).items()
    pair = SearchAttributePair(search.GATES, ["a gate"])
    handle = await client.start_workflow(
        "none", id="one", task_queue="nobody", search_attributes=TypedSearchAttributes([pair])
    )
    await handle.terminate()


async def test_said_again_it_changes_nothing_and_says_so(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert [await typed(), await typed()] == [0, 0]
    first, again = capsys.readouterr().out.split("namespace ")[1:]
    assert "made" in first
    assert again.endswith("there\nclosed workflows are kept for 3650 days\nsearch attributes added: none was missing\n")


async def test_what_is_missing_is_added_and_a_retention_is_raised_and_never_shortened(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    days = RegisterNamespaceRequest(namespace=client.namespace)
    days.workflow_execution_retention_period.FromTimedelta(timedelta(days=3))
    await client.workflow_service.register_namespace(days)
    assert await typed("--keep", "730") == 0
    assert "it kept closed workflows for 3 days only" in capsys.readouterr().out
    assert await typed("--keep", "90") == 0
    assert "kept for 730 days" in capsys.readouterr().out
    assert await days_kept(client) == 730
    await client.operator_service.remove_search_attributes(
        RemoveSearchAttributesRequest(namespace=client.namespace, search_attributes=["SfoClock"])
    )
    assert (await prepare_namespace(client)).added == ("SfoClock",)


async def test_an_attribute_of_another_type_is_refused_by_its_name(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    await typed()
    operator = client.operator_service
    remove = RemoveSearchAttributesRequest(namespace=client.namespace, search_attributes=["SfoOverdue"])
    await operator.remove_search_attributes(remove)
    wrong = {"SfoOverdue": KIND.INDEXED_VALUE_TYPE_KEYWORD}
    await operator.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes=wrong)
    )
    assert await typed() == 1
    assert f"of another type in {client.namespace}: SfoOverdue; " in capsys.readouterr().err


async def test_settings_of_other_services_do_not_matter_even_where_their_secrets_are_missing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the job of the chart, which is given the plain settings and none of the secrets."""
    monkeypatch.setenv("SFO_TEMPORAL_ADDRESS", client.service_client.config.target_host)
    monkeypatch.setenv("SFO_TEMPORAL_NAMESPACE", client.namespace)
    monkeypatch.setenv("SFO_OIDC_ISSUER", "https://id.example.test")
    monkeypatch.setenv("SFO_OIDC_CLIENT_ID", "sfo")
    monkeypatch.setenv("SFO_NOTIFY_TEMPLATE", "f33517ff-2a88-4f6e-b855-c550268ce08a")
    assert await typed() == 0


async def test_two_at_once_do_no_harm(client: Client) -> None:
    await asyncio.gather(prepare_namespace(client), prepare_namespace(client), prepare_namespace(client))
    assert SEARCH_ATTRIBUTES.items() <= (await known(client)).items()


async def test_a_server_that_does_not_answer_ends_with_3_and_names_the_setting(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SFO_TEMPORAL_ADDRESS", f"127.0.0.1:{usable_port(0)}")
    assert await typed("--wait", "1") == 3
    assert "SFO_TEMPORAL_ADDRESS" in capsys.readouterr().err
    monkeypatch.delenv("SFO_TEMPORAL_ADDRESS")
    assert await typed() == 2  # a stand-in would lead nowhere
    assert "SFO_TEMPORAL_ADDRESS: missing" in capsys.readouterr().err


def test_the_attributes_are_those_of_the_contract_and_find_room_in_a_namespace_on_postgresql() -> None:
    assert {"SfoStage", "SfoDue", "SfoGates"} < set(SEARCH_ATTRIBUTES)
    kinds = list(SEARCH_ATTRIBUTES.values())
    assert {kind: kinds.count(kind) for kind in set(kinds) if kinds.count(kind) > MOST[kind]} == {}


async def test_workers_under_another_name_are_known_by_it_and_made_current(client: Client) -> None:
    """As Temporal's Worker Controller names them."""
    await prepare_namespace(client)
    name = "sfo/sfo-worker"
    async with worker.build_worker(client, ids.CASEWORK_QUEUE, [], "one", name):
        await make_current(client, deployment=name, build_id="one", timeout=timedelta(minutes=1))
        with pytest.raises(RolloutError):
            await make_current(client, build_id="one", timeout=timedelta(seconds=0.1))


def test_the_name_of_our_workers_can_be_set_and_is_checked() -> None:
    given = {"SFO_TEMPORAL_ADDRESS": "none:1", "SFO_DEPLOYMENT": "sfo/sfo-worker"}
    assert Settings.with_stand_ins(given).deployment == "sfo/sfo-worker"
    assert Settings.with_stand_ins({}).deployment == "sfo"
