"""Stands where production has its load balancer: one address before all frontends, whichever of them answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count

from deploy.embedded.ports import LOOPBACK

_AT_ONCE = 65_536  # bytes


@asynccontextmanager
async def balanced(port: int, targets: Sequence[int]) -> AsyncIterator[str]:
    """Yield an address on loopback; connections go to these ports in turn, past those where nobody listens."""
    turn = count()
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = next(turn)
        order = [targets[(first + step) % len(targets)] for step in range(len(targets))]
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine runs in one
        connections.add(task)
        try:
            await _joined(reader, writer, order)
        finally:
            connections.discard(task)

    server = await asyncio.start_server(serve, LOOPBACK, port)
    try:
        yield f"{LOOPBACK}:{port}"
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, order: Sequence[int]) -> None:
    try:
        for port in order:
            try:
                inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                continue
            await asyncio.gather(carried(reader, inner_writer), carried(inner_reader, writer))
            return
    finally:
        writer.close()


async def carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything that one side says has reached the other, until either hangs up."""
    try:
        with contextlib.suppress(OSError):
            while part := await reader.read(_AT_ONCE):
                writer.write(part)
                await writer.drain()
    finally:
        writer.close()
