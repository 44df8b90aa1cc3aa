"""The service's own programs, for a process in which a drill changes something first."""

import asyncio
import os
import sys

import worker
from starter.__main__ import main
from starter.settings import Settings


def run(name: str) -> None:
    """A worker, or a gateway with its relay, until it is told to stop. Ends the process."""
    if name.startswith("worker"):
        asyncio.run(worker.main(Settings.from_environment()))
        os._exit(0)  # as the worker itself ends
    sys.argv[1:] = ["gateway"]
    main()
