"""Another person reviews or countersigns: the appointment and every open question of that role."""

from activities.means import Means
from activities.record import Connection
from workflows.contract.messages import Reassigned, ReplacementRecord


async def replace_manager(connection: Connection, means: Means, record: ReplacementRecord) -> Reassigned:
    """To be written."""
    raise NotImplementedError
