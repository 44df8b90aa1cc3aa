"""Stopping and resuming the clock of a review: a recorded decision each time, the remaining working days given back."""

from activities.means import Means
from activities.record import Connection
from workflows.contract.messages import Paused, PauseRecord, ResumeRecord


async def pause_review(connection: Connection, means: Means, record: PauseRecord) -> Paused:
    """To be written."""
    raise NotImplementedError


async def resume_review(connection: Connection, means: Means, record: ResumeRecord) -> Paused:
    """To be written."""
    raise NotImplementedError
