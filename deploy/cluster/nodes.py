"""The processes of the cluster, as in production: two of each service that shares work, one of Temporal's worker."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.cluster.binaries import SERVER, binary
from deploy.embedded.ports import LOOPBACK
from deploy.embedded.process import Command

FILES = Path(__file__).resolve().parent.parent / "temporal-server"
ALL = ("frontend", "history", "matching", "internal-frontend", "worker")


@dataclass(frozen=True, slots=True)
class Node:
    """One process. `ports` holds the gRPC and the membership port of each service that it runs."""

    name: str
    ports: Mapping[str, tuple[int, int]] = field(repr=False)

    @property
    def services(self) -> tuple[str, ...]:
        """What it runs."""
        return tuple(self.ports)


def planned(port: Callable[[], int]) -> tuple[Node, ...]:
    """Plan the seven processes; `port` gives a free one each time."""
    wanted = {
        "frontend-1": ("frontend",), "frontend-2": ("frontend",),
        "history-1": ("history",), "history-2": ("history",),
        "matching-1": ("matching",), "matching-2": ("matching",),
        # Temporal's own worker reaches the others by a frontend that asks for no token.
        "worker": ("internal-frontend", "worker"),
    }  # fmt: skip
    return tuple(Node(name, {service: (port(), port()) for service in services}) for name, services in wanted.items())


def command_of(node: Node, socket: Path, log: Path, more: Mapping[str, str]) -> Command:
    """Return how a node is started, on the production files. `more` are further variables of theirs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
    ports = {
        f"TEMPORAL_{service.upper().replace('-', '_')}_{kind}": str(number)
        for service, numbers in node.ports.items()
        for kind, number in zip(("PORT", "MEMBERSHIP_PORT"), numbers, strict=True)
    }
    environment = {
        **kept,
        "TEMPORAL_SERVER_CONFIG_FILE_PATH": str(FILES / "server.yaml"),
        "TEMPORAL_DYNAMIC_CONFIG": str(FILES / "dynamic.yaml"),
        "TEMPORAL_BIND_IP": LOOPBACK,
        "TEMPORAL_DB_SOCKET": str(socket),
        **ports,
        **more,
    }
    services = [word for service in node.services for word in ("--service", service)]
    allowed = () if "TEMPORAL_JWKS_URL" in more else ("--allow-no-auth",)
    return Command([binary(SERVER), *allowed, "start", *services], log=log, environment=environment)
