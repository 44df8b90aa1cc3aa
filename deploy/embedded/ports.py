"""Ports on loopback: the usual one where it is free, so that people find the page where they left it."""

import socket

LOOPBACK = "127.0.0.1"


def usable_port(usual: int) -> int:
    """Return the usual port, or a free one when it is taken. Nothing reserves it until somebody listens."""
    try:
        return _bind(usual)
    except OSError:
        return _bind(0)


def _bind(port: int) -> int:
    with socket.socket() as probe:
        # Without it a port that was in use a minute ago would still count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))
        return int(probe.getsockname()[1])
