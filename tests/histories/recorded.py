"""The recorded histories and the key that reads them. The key is public: everything under it is invented."""

import gzip
from collections.abc import Iterator
from pathlib import Path

from temporalio.client import WorkflowHistory

from starter.keys import KeyRing

FOLDER = Path(__file__).parent
RING = KeyRing("recorded", {"recorded": b"a public key for test histories!"})


def histories() -> Iterator[tuple[str, WorkflowHistory]]:
    """Every recorded history with its name, `<workflow type>--<what happened>`."""
    for path in sorted(FOLDER.glob("*.json.gz")):
        name = path.name.removesuffix(".json.gz")
        text = gzip.decompress(path.read_bytes()).decode()
        workflow_id = "sfo/" + name.partition("--")[2].replace("~", "/")
        yield name, WorkflowHistory.from_json(workflow_id, text)


def write(workflow_type: str, workflow_id: str, history: WorkflowHistory) -> Path:
    """Record one history; the id is part of the name, since stages read it."""
    path = FOLDER / f"{workflow_type}--{workflow_id.removeprefix('sfo/').replace('/', '~')}.json.gz"
    path.write_bytes(gzip.compress(history.to_json().encode(), mtime=0))
    return path
