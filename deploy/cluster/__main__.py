"""`python -m deploy.cluster [FOLDER]`: run the cluster for looking, and say how the service is put on it."""

import asyncio
import signal
import sys
from pathlib import Path

from deploy.cluster.running import Cluster, cluster
from deploy.embedded.process import ServiceError


async def main(folder: Path) -> None:
    """Run until Ctrl-C. Raises ServiceError."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print("Starting PostgreSQL and seven processes of Temporal; half a minute ...", flush=True)
    async with cluster(folder, lambda line: print(line, flush=True)) as made:
        print(described(made), flush=True)
        await stop.wait()


def described(made: Cluster) -> str:
    """A table of the processes, and what to type next."""
    pids = made.pids()
    lines = [
        f"  {node.name:<12} pid {pids.get(node.name, '?'):<8} {', '.join(node.services)} on "
        + ", ".join(str(grpc) for grpc, _ in node.ports.values())
        for node in made.nodes
    ]
    return "\n".join(
        [
            "The cluster is running; Ctrl-C stops it.",
            "",
            *lines,
            "",
            f"  All frontends: {made.address}. Logs: {made.folder}",
            "  The service on it, in another terminal:",
            f"    SFO_TEMPORAL_ADDRESS={made.address} sfo up",
        ]
    )


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".sfo/cluster").absolute()))
    except ServiceError as error:
        sys.exit(str(error))
