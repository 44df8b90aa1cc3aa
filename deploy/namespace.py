"""What our namespace in Temporal must be like, on any server: it is there, keeps closed workflows, can be searched."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from workflows.contract import search

SEARCH_ATTRIBUTES = {
    key.name: IndexedValueType.ValueType(key.indexed_value_type)
    for key in vars(search).values()
    if isinstance(key, SearchAttributeKey)
}
"""What operations search by, and its type."""

RETENTION = timedelta(days=3650)
"""How long a closed workflow stays visible. The server's own default is one day."""

_RPC = timedelta(seconds=10)
_SETTLES = timedelta(seconds=60)
"""A server knows a new namespace, or an attribute of it, after at most a round of its cache."""


class AttributeTypeError(Exception):
    """A search attribute is registered with another type, which cannot be changed; the text names it."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a namespace was made to be. `found`: its retention before, None where there was no such namespace."""

    namespace: str
    found: timedelta | None
    retention: timedelta
    added: tuple[str, ...]


async def prepare_namespace(client: Client, retention: timedelta = RETENTION) -> Prepared:
    """The namespace exists, keeps closed workflows for `retention` at least, and knows every search attribute.

    Safe to repeat, and at once. Nothing is taken away: a longer retention and other attributes stay.
    Raises AttributeTypeError, TimeoutError where the server does not take it within a minute, and RPCError.
    """
    async with asyncio.timeout(_SETTLES.total_seconds()):
        found = await _retention(client)
        if found is None:
            await _register(client, retention)
        elif found < retention:
            await _keep(client, retention)
        added = await _search_attributes(client)
    return Prepared(client.namespace, found, max(retention, found or retention), added)


async def _retention(client: Client) -> timedelta | None:
    request = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        found = await client.workflow_service.describe_namespace(request, timeout=_RPC)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return found.config.workflow_execution_retention_ttl.ToTimedelta()


async def _register(client: Client, retention: timedelta) -> None:
    request = RegisterNamespaceRequest(
        namespace=client.namespace,
        description="Serious Further Offence cases",
        workflow_execution_retention_period=_as_duration(retention),
    )
    try:
        await client.workflow_service.register_namespace(request, timeout=_RPC)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:  # another starter was quicker
            raise


async def _keep(client: Client, retention: timedelta) -> None:
    config = NamespaceConfig(workflow_execution_retention_ttl=_as_duration(retention))
    request = UpdateNamespaceRequest(namespace=client.namespace, config=config)
    await client.workflow_service.update_namespace(request, timeout=_RPC)


async def _search_attributes(client: Client) -> tuple[str, ...]:
    """Register what is missing, and wait until the server tells it back: before that no case could start."""
    first = await _missing(client)
    missing = first
    while missing:
        request = AddSearchAttributesRequest(
            namespace=client.namespace, search_attributes={name: SEARCH_ATTRIBUTES[name] for name in missing}
        )
        try:
            await client.operator_service.add_search_attributes(request, timeout=_RPC)
        except RPCError as error:
            if error.status not in (RPCStatusCode.ALREADY_EXISTS, RPCStatusCode.NOT_FOUND):
                raise
        missing = await _missing(client)
        if missing:
            await asyncio.sleep(0.5)
    return first


async def _missing(client: Client) -> tuple[str, ...]:
    """Which attributes the server does not know yet. One of another type is refused."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    while True:
        try:
            answer = await client.operator_service.list_search_attributes(request, timeout=_RPC)
            break
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # a namespace just made is not known everywhere
                raise
        await asyncio.sleep(0.5)
    there = answer.custom_attributes
    wrong = sorted(name for name, kind in SEARCH_ATTRIBUTES.items() if there.get(name, kind) != kind)
    if wrong:
        raise AttributeTypeError(
            f"of another type in {client.namespace}: {', '.join(wrong)}; an attribute cannot change its type: "
            "remove it (temporal operator search-attribute remove), then say this again"
        )
    return tuple(name for name in SEARCH_ATTRIBUTES if name not in there)


def _as_duration(time: timedelta) -> Duration:
    return Duration(seconds=int(time.total_seconds()))
