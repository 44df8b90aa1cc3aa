"""An answer on its way: the id that makes the same page sent twice one answer, and what became of it in the process."""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from starter.connections import OUT_OF_REACH
from starter.delivery import Delivery
from starter.record import Decided, Gate
from starter.signals import NoSuchWorkflowError, TemporalAwayError
from workflows.contract.messages import Receipt

_LOG = logging.getLogger(__name__)

RECEIPT_WITHIN = 2.0  # seconds that a person waits to hear what became of the answer


def decision_id(
    gate: str, attempt: str, answer: str, fields: Mapping[str, Any], reasons: str | None, person: str = ""
) -> UUID:
    """Make the decision's id from the gate, the try and what was typed; `person`: who of a team was chosen or named.

    Nobody can choose one that another gate has, and a page that was gone back to and corrected is another answer.
    """
    content = json.dumps([answer, fields, reasons, *([person] if person else [])], sort_keys=True)
    return uuid5(NAMESPACE_URL, f"{gate}?{attempt or uuid4()}?{content}")


async def receipt_for(
    delivery: Delivery, gate: Gate, standing: Decided, within: float = RECEIPT_WITHIN
) -> Receipt | None:
    """Hand the decision on and ask what became of it, as long as a person waits. The relay has the rest."""
    if standing.is_applied:
        return Receipt(applied=True)
    try:
        async with asyncio.timeout(within):
            if not await delivery.deliver_decision(standing.decision):
                return None
            return await delivery.receipt(gate.gate, standing.decision)
    except (TemporalAwayError, NoSuchWorkflowError, *OUT_OF_REACH) as error:  # TimeoutError is an OSError
        _LOG.info("a decision of %s is left to the relay: %s", gate.reference, type(error).__name__)
        return None
