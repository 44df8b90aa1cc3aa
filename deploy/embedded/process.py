"""Child processes that end with their parent, however it ends, and a lock that lasts as long as they do."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import IO, TypeAlias

from deploy.embedded import tether

Say: TypeAlias = Callable[[str], None]
"""Takes one line for the person who watches."""


class ServiceError(Exception):
    """An embedded service did not start; the text says why and which log file tells more."""


_FIRST_PAUSE, _LAST_PAUSE, _LONG_LIFE = 0.5, 30.0, 60.0  # seconds


class Identity(StrEnum):
    """As whom a command runs."""

    SELF = "self"
    MAPPED = "mapped"
    """In a user namespace, where this user is called nobody; files stay this user's."""
    NOBODY = "nobody"
    """As the user nobody; only root can."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run and how. The log file is appended to; without one the output is the caller's."""

    arguments: Sequence[str]
    log: Path | None = None
    environment: Mapping[str, str] | None = None
    identity: Identity = Identity.SELF
    end_signal: signal.Signals = signal.SIGTERM
    """Asks for an orderly end."""
    orphan_signal: signal.Signals | None = None
    """What arrives when the parent dies; the end signal unless given."""
    grace: timedelta = timedelta(seconds=10)
    keep_open: Sequence[int] = ()
    """File descriptors that the command inherits."""


async def spawn(command: Command) -> asyncio.subprocess.Process:
    """Start a command that gets its end signal when this process dies. The caller waits for it to end.

    Call from the main thread: Linux sends the signal when the starting thread ends. Raises OSError.
    """
    with _opened(command.log) as output:
        return await asyncio.create_subprocess_exec(
            *_tethered(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=command.environment,
            pass_fds=command.keep_open,
            # Ctrl-C reaches the whole terminal group; these end in our order, not all at once.
            start_new_session=True,
        )


@asynccontextmanager
async def running(command: Command) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command for as long as the block lasts; afterwards it is gone, at the latest after its grace."""
    process = await spawn(command)
    try:
        yield process
    finally:
        await end(process, command.end_signal, command.grace)


@asynccontextmanager
async def kept_running(name: str, command: Command, say: Say) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command as `running` does, and start it again whenever it ends by itself, which `say` is told.

    Yields the first process. The pause before another start doubles up to half a minute, and begins anew
    after a process that lived longer than a minute.
    """
    first = await spawn(command)
    keeper = asyncio.create_task(_keep(name, first, command, say))
    try:
        yield first
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])


def maintained(name: str, command: Command, say: Say | None) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """Keep the command running where there is somebody to tell, and run it just once where there is not."""
    return running(command) if say is None else kept_running(name, command, say)


async def _keep(name: str, process: asyncio.subprocess.Process, command: Command, say: Say) -> None:
    loop, pause = asyncio.get_running_loop(), _FIRST_PAUSE
    try:
        while True:
            began = loop.time()
            status = await process.wait()
            pause = _FIRST_PAUSE if loop.time() - began > _LONG_LIFE else pause
            say(f"{name} ended with status {status}; it starts again in {pause:g} s (log: {command.log})")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LAST_PAUSE)
            process = await spawn(command)
    finally:
        await end(process, command.end_signal, command.grace)


async def end(process: asyncio.subprocess.Process, ask: signal.Signals, grace: timedelta) -> None:
    """End a process in order, or by force when it does not heed the signal within the grace."""
    if process.returncode is not None:
        return
    process.send_signal(ask)
    try:
        await asyncio.wait_for(process.wait(), grace.total_seconds())
    except TimeoutError:
        process.kill()
        await process.wait()


@asynccontextmanager
async def locked(path: Path, patience: timedelta = timedelta(seconds=20)) -> AsyncIterator[int]:
    """Hold a lock file and yield its descriptor; a child that inherits it goes on holding the lock after us.

    Raises ServiceError when somebody still holds it after `patience`, ample for a server that stops.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        for _ in range(max(1, int(patience.total_seconds() * 20))):
            if _try_lock(descriptor):
                break
            await asyncio.sleep(0.05)
        else:
            raise ServiceError(f"another process is using {path.parent}: stop it, or choose another SFO_DATA_DIR")
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def private_folder(path: Path) -> None:
    """Make a folder that only this user can enter, unless it is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)


def _opened(log: Path | None) -> IO[bytes]:
    if log is None:
        return os.fdopen(os.dup(sys.stderr.fileno()), "wb")
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def _tethered(command: Command) -> list[str]:
    if sys.platform != "linux":  # no parent-death signal there: an orderly end is all that is promised
        return list(command.arguments)
    last_word = str(int(command.orphan_signal or command.end_signal))
    launcher = [sys.executable, "-I", "-S", str(Path(tether.__file__))]
    return [*launcher, str(os.getpid()), last_word, command.identity, *command.arguments]
