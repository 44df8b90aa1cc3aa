"""The payloads of Temporal's own histories, each with the place where it stands in its event."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from starter.temporal_state import runs_of

_RPC = timedelta(seconds=15)
_CLEAR = ("search_attributes", ".header", "marker", "indexed_fields")
"""What Temporal itself reads, which is never sealed and holds codes, dates and references."""


async def payloads_of(client: Client, reference: str) -> AsyncIterator[tuple[str, Payload]]:
    """Every payload of every history of a case that Temporal has not forgotten. Raises RPCError, TemporalAwayError."""
    runs = [(one.workflow, one.run) async for one in runs_of(client, reference)]
    for workflow, run in sorted(runs):
        try:
            history = await client.get_workflow_handle(workflow, run_id=run).fetch_history(rpc_timeout=_RPC)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # forgotten meanwhile
                raise
            continue
        for event in history.events:
            for place, payload in payloads_in(event):
                if not any(clear in place for clear in _CLEAR):
                    yield place, payload


def payloads_in(message: Message, path: str = "") -> Iterator[tuple[str, Payload]]:
    """Every payload in a message with the names of the fields that lead to it."""
    if isinstance(message, Payload):
        yield path, message
        return
    for field, value in message.ListFields():
        for one in _messages(field, value):
            yield from payloads_in(one, f"{path}.{field.name}")


def _messages(field: FieldDescriptor, value: Any) -> list[Message]:
    """The messages that a field holds: itself, those of a list, the values of a map; none for a plain value.

    What it is, its description says: a list of messages is no iterable by its type.
    """
    if field.message_type is None:
        return []
    if field.message_type.GetOptions().map_entry:
        return [one for one in value.values() if isinstance(one, Message)]
    return [value] if isinstance(value, Message) else list(value)
