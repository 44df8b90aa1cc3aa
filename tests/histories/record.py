"""Record histories anew: `python -m tests.histories.record` plays the demo under the public key and keeps what ran.

Add to what is recorded after a change that makes new commands; never replace a released history to please a test.
"""

import asyncio
import os
import sys
import tempfile

from temporalio.client import Client

from starter.connections import temporal_client
from starter.demo import play
from starter.schedules import DIGEST
from starter.up import stack
from tests.histories.recorded import RING, write

_DONE = "WorkflowType = 'weekday-digest' AND ExecutionStatus = 'Completed'"


async def main() -> int:
    """Play, then write the history of every workflow that ran."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "SFO_DATA_DIR": folder, "SFO_PAYLOAD_KEYS": RING.encode()}
        async with stack(environ) as running:
            problems = await play(running, lambda line: print(line, flush=True))  # noqa: T201
            client = await temporal_client(running.settings)
            await _digest(client)
            async for execution in client.list_workflows():
                handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
                # What a schedule starts has the moment in its id, which would make another file each time.
                name = DIGEST if execution.id.startswith(DIGEST) else execution.id
                write(execution.workflow_type, name, await handle.fetch_history())
    return len(problems)


async def _digest(client: Client) -> None:
    """The schedule starts it on a weekday morning; here it is started at once, as it is then."""
    await client.get_schedule_handle(DIGEST).trigger()
    async with asyncio.timeout(60):
        while not [one async for one in client.list_workflows(_DONE)]:
            await asyncio.sleep(0.2)


if __name__ == "__main__":
    code = asyncio.run(main())
    sys.stdout.flush()
    os._exit(code)
