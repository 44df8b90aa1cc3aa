"""Faults that a service could have, planted in one of its programs: `python -m tests.drills.planted FAULT PROGRAM`.

A drill that such a service passes would be none: `test_faults_seen.py`.
"""

import asyncio
import sys
from collections.abc import Callable
from unittest import mock

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

import worker
from activities.correspondence import Correspondence
from activities.record import transaction
from starter import deciding, relay
from starter.connections import Connection, open_pool
from starter.deciding import Deciding
from starter.record import Asked, Offer, Outcome, record_decision
from starter.settings import Settings
from tests.drills.programs import run

LATER = 7.0
"""Seconds between what a person is told and the row: longer than a disk takes to run full, and not as long as it is."""
IMPATIENT = 5.0
"""Seconds for a mail server to say that it has a letter."""


def swallowed() -> None:
    """The record cannot be reached, and whoever answers is told that it is recorded."""
    honest = Deciding.decide

    async def decide(self: Deciding, request: Request) -> Response:
        reply = await honest(self, request)
        if reply.status_code != 503:
            return reply
        return RedirectResponse(f"/a/{request.path_params['token']}/receipt", 303)

    mock.patch.object(Deciding, "decide", decide).start()


def told_before_the_commit() -> None:
    """Whoever answers is told that it is recorded, and the row is written a little later, where it can be."""
    writing = set()
    url = Settings.from_environment().database_url

    async def written(gate: str, by: Asked, offer: Offer) -> None:
        await asyncio.sleep(LATER)
        async with await open_pool(url, max_size=1) as pool, pool.acquire() as connection:
            await record_decision(connection, gate, by, offer)

    async def record(connection: Connection, gate: str, by: Asked, offer: Offer) -> Outcome:
        looking = connection.transaction()
        await looking.start()
        try:
            outcome = await record_decision(connection, gate, by, offer)
        finally:
            await looking.rollback()
        if outcome.is_new:
            writing.add(asyncio.create_task(written(gate, by, offer)))
        return outcome

    async def receipt(*_: object) -> None:
        return None

    mock.patch.object(deciding, "record_decision", record).start()
    mock.patch.object(deciding, "receipt_for", receipt).start()


def no_answer_relayed() -> None:
    """An answer that Temporal could not take when it was given is never told to it."""
    others = tuple(one for one in relay.BACKLOGS if one.name != "decisions")
    mock.patch.object(relay, "BACKLOGS", others).start()


def no_letter_swept() -> None:
    """A letter that could not go at once never goes."""

    async def sweep(self: Correspondence, stop: asyncio.Event | None = None) -> None:
        return None

    mock.patch.object(Correspondence, "sweep", sweep).start()


def mail_within_a_transaction() -> None:
    """A connection of the record is held for as long as the mail server takes."""
    sent = Correspondence._send_claimed

    async def send(self: Correspondence, claim: str, *arguments: object) -> int:
        async with transaction(self._pool):
            return await sent(self, claim, *arguments)

    mock.patch.object(Correspondence, "_send_claimed", send).start()


def impatient() -> None:
    """A mail server that takes its time is given up, and gets the letter again."""
    mock.patch.object(worker, "MAIL_TAKEN", IMPATIENT).start()


FAULTS: dict[str, Callable[[], None]] = {
    fault.__name__: fault
    for fault in (
        swallowed,
        told_before_the_commit,
        no_answer_relayed,
        no_letter_swept,
        mail_within_a_transaction,
        impatient,
    )
}


def with_fault(fault: Callable[[], None], part: str) -> dict[str, tuple[str, ...]]:
    """What this worker or gateway runs, so that it has the fault."""
    return {part: ("-m", __name__, fault.__name__, part)}


if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    run(sys.argv[2])
