"""Everything that a case's workflows, activities, signals and queries leave in Temporal is under the case's own key."""

from collections import Counter
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import Client

from starter.payloads import ENCODING, KEY_ID
from starter.script import SILENT, Line
from starter.temporal_state import runs_of
from tests.workflows.conftest import Office
from tests.workflows.test_case import KIDNAPPING, offence, opened, running


def payloads_in(message: Message, path: str = "") -> list[tuple[str, Payload]]:
    """Every payload in a message with the place where it stands."""
    if isinstance(message, Payload):
        return [(path, message)]
    found: list[tuple[str, Payload]] = []
    for field, value in message.ListFields():
        place = f"{path}.{field.name}"
        if field.type != field.TYPE_MESSAGE:
            continue
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            several: list[Any] = [one for one in value.values() if isinstance(one, Message)]
        else:
            several = list(value) if isinstance(value, list) or hasattr(value, "add") else [value]
        for one in several:
            found += payloads_in(one, place)
    return found


async def sealed_payloads(client: Client, reference: str) -> list[tuple[str, str, Payload]]:
    """Each payload of every history of a case: the workflow, the place, the payload. Not what Temporal reads itself."""
    found = []
    async for one in runs_of(client, reference):
        history = await client.get_workflow_handle(one.workflow, run_id=one.run).fetch_history()
        for event in history.events:
            for place, payload in payloads_in(event):
                if not any(own in place for own in ("search_attributes", ".header.", "markers", "indexed_fields")):
                    found.append((one.workflow, place, payload))
    return found


async def test_every_payload_of_a_case_is_under_its_own_key(office: Office) -> None:
    lines = {"rosh": [Line("never_assessed")], "commission": [SILENT], "early_look": [SILENT]}
    charge: dict[str, Any] = {"rosh_highest": "not_recorded", "offences": [offence(KIDNAPPING)]}
    async with running(office, lines, speed=86_400, **charge) as (opening, _):
        await opened(office, opening, "review/commission")
        handle = office.client.get_workflow_handle(f"sfo/{opening.reference}")
        await handle.query("status")
        found = await sealed_payloads(office.client, opening.reference)
    own = f"case:{opening.reference}:"
    strangers = Counter(
        (place, payload.metadata.get(KEY_ID, payload.metadata.get("encoding")))
        for _, place, payload in found
        if not payload.metadata.get(KEY_ID, b"").decode().startswith(own)
    )
    assert strangers == {}
    places = " ".join({place for _, place, _ in found})
    for part in (
        "workflow_execution_started_event_attributes.input",
        "workflow_execution_signaled_event_attributes.input",
        "activity_task_scheduled_event_attributes.input",
        "activity_task_completed_event_attributes.result",
        "start_child_workflow_execution_initiated_event_attributes.input",
        "user_metadata.summary",
    ):
        assert part in places, part
    assert {payload.metadata["encoding"] for _, _, payload in found} == {ENCODING}
    assert len({workflow for workflow, _, _ in found}) >= 4
    assert len({payload.metadata[KEY_ID] for _, _, payload in found}) == 1
