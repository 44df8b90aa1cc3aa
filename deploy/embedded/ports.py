"""Ports on loopback: the usual one where it is free, so that people find the page where they left it."""

import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"
_LOWEST, _TRIES = 10_000, 100
_GIVEN_AWAY = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""Whence Linux takes a port for whoever connects somewhere."""


def usable_port(usual: int) -> int:
    """Return the usual port, or a free one when it is taken or 0. Nothing reserves it until somebody listens.

    On Linux it is one that nobody is given who merely connects, be it in the moment before somebody listens or
    while a server that listened there is started again.
    """
    for port in (*((usual,) if usual else ()), *_out_of_the_way()):
        try:
            return _bind(port)
        except OSError:
            continue
    return _bind(0)


def _out_of_the_way() -> Iterator[int]:
    try:
        first = int(_GIVEN_AWAY.read_text().split()[0])
    except OSError:
        return
    for _ in range(_TRIES if first > _LOWEST else 0):
        yield _LOWEST + secrets.randbelow(first - _LOWEST)


@contextmanager
def kept_port(usual: int) -> Iterator[int]:
    """Yield such a port for somebody who listens seconds later; until the block ends nobody else is yielded it."""
    with socket.socket(socket.AF_UNIX) as mark:
        port = usable_port(usual)
        while not _is_ours(mark, port):
            port = usable_port(0)
        yield port


def _is_ours(mark: socket.socket, port: int) -> bool:
    """Mark the port by a name that ends with the process. Such names are Linux's own; elsewhere nothing is marked."""
    if sys.platform != "linux":
        return True
    try:
        mark.bind(f"\0sfo-port-{port}")
    except OSError:
        return False
    return True


def _bind(port: int) -> int:
    with socket.socket() as probe:
        # Without it a port that was in use a minute ago would still count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))
        return int(probe.getsockname()[1])
