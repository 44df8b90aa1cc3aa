"""The steps in a history that a worker did at hand: each is a marker, which holds the result and not what was asked."""

import json

from temporalio.api.common.v1 import Payloads
from temporalio.api.history.v1 import HistoryEvent

_MARKER = "core_local_activity"
"""How the SDK calls it."""


def step_at_hand(event: HistoryEvent) -> tuple[str, Payloads] | None:
    """The activity's name and its result; none for any other event and for a step that failed."""
    marker = event.marker_recorded_event_attributes
    if marker.marker_name != _MARKER or marker.HasField("failure"):
        return None
    about = json.loads(marker.details["data"].payloads[0].data)
    return str(about["activity_type"]), marker.details["result"]
