"""What the cluster is: the production files, every service, the namespace as the service needs it."""

from collections import Counter

import asyncpg
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, GetClusterInfoRequest

from deploy.cluster.persistence import ROLE, socket_of
from deploy.namespace import RETENTION, SEARCH_ATTRIBUTES
from tests.cluster.conftest import OnCluster

ROLES = {1: "frontend", 2: "history", 3: "matching", 4: "worker", 5: "internal-frontend"}


async def test_each_service_has_its_processes_and_all_know_of_each_other(on_cluster: OnCluster) -> None:
    assert sorted(on_cluster.cluster.pids()) == sorted(node.name for node in on_cluster.cluster.nodes)
    socket = socket_of(on_cluster.cluster.database.owner_url)
    connection = await asyncpg.connect(host=str(socket), user=ROLE, database="temporal")
    try:
        members = await connection.fetch(
            "SELECT role, rpc_port FROM cluster_membership WHERE last_heartbeat > now() - interval '20 seconds'"
        )
    finally:
        await connection.close()
    assert Counter(ROLES[row["role"]] for row in members) == {
        "frontend": 2, "history": 2, "matching": 2, "worker": 1, "internal-frontend": 1,
    }  # fmt: skip


async def test_it_is_the_server_of_the_embedded_version_on_postgresql_with_the_shards_of_production(
    on_cluster: OnCluster,
) -> None:
    info = await on_cluster.client.workflow_service.get_cluster_info(GetClusterInfoRequest())
    assert info.server_version == "1.32.0"
    assert (info.persistence_store, info.visibility_store) == ("postgres12", "postgres12")
    assert info.history_shard_count == 128


async def test_the_namespace_is_as_the_service_needs_it(on_cluster: OnCluster) -> None:
    client = on_cluster.client
    found = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    assert found.config.workflow_execution_retention_ttl.ToTimedelta() == RETENTION
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    assert {name: known.custom_attributes[name] for name in SEARCH_ATTRIBUTES} == SEARCH_ATTRIBUTES
