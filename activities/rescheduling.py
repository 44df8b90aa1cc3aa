"""The schedule of an open question made anew: after a pause, or for a bank holiday announced late."""

from activities.means import Means
from activities.record import Connection
from workflows.contract.messages import Rearmed, Reschedule


async def reschedule_gate(connection: Connection, means: Means, reschedule: Reschedule) -> Rearmed:
    """To be written."""
    raise NotImplementedError
