"""The programs of a Temporal cluster, built by `make cluster` from the server's Go module."""

import sys
from pathlib import Path

from deploy.embedded.process import ServiceError

FOLDER = Path(sys.prefix) / "go" / "bin"
SERVER, SQL_TOOL = "temporal-server", "temporal-sql-tool"


def are_built() -> bool:
    """Whether both programs are there."""
    return all((FOLDER / name).is_file() for name in (SERVER, SQL_TOOL))


def binary(name: str) -> str:
    """Return the path of a program. Raises ServiceError when it was not built."""
    path = FOLDER / name
    if not path.is_file():
        raise ServiceError(f"{path} is not there; `make cluster` builds it, and needs Go")
    return str(path)
