"""A case that moves to another region or delivery unit: its place, its people, its open questions."""

from activities.means import Means
from activities.record import Connection
from workflows.contract.messages import TransferRecord, Transferred


async def transfer_case(connection: Connection, means: Means, record: TransferRecord) -> Transferred:
    """To be written."""
    raise NotImplementedError
