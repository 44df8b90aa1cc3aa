"""Record histories anew: `python -m tests.histories.record` plays the demo under the public key and keeps what ran.

Add to what is recorded after a change that makes new commands; never replace a released history to please a test.
"""

import asyncio
import os
import sys
import tempfile

from starter.connections import temporal_client
from starter.demo import play
from starter.up import stack
from tests.histories.recorded import RING, write


async def main() -> int:
    """Play, then write the history of every workflow that ran."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "SFO_DATA_DIR": folder, "SFO_PAYLOAD_KEYS": RING.encode()}
        async with stack(environ) as running:
            problems = await play(running, lambda line: print(line, flush=True))  # noqa: T201
            client = await temporal_client(running.settings)
            async for execution in client.list_workflows():
                handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
                write(execution.workflow_type, execution.id, await handle.fetch_history())
    return len(problems)


if __name__ == "__main__":
    code = asyncio.run(main())
    sys.stdout.flush()
    os._exit(code)
