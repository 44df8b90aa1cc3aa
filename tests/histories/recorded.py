"""The recorded histories, a folder for each release, and the key that reads them.

The key is public: everything under it is invented.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.converter import PayloadCodec

from starter.history_payloads import payloads_in
from starter.keys import KeyRing
from starter.payloads import ENCODING, EncryptionCodec

FOLDER = Path(__file__).parent
RING = KeyRing("recorded", {"recorded": b"a public key for test histories!"})


def histories() -> Iterator[tuple[str, WorkflowHistory]]:
    """Every recorded history with its name, `<release>/<workflow type>--<what happened>`."""
    for path in sorted(FOLDER.glob("*/*.json.gz")):
        name = path.name.removesuffix(".json.gz")
        text = gzip.decompress(path.read_bytes()).decode()
        workflow_id = "sfo/" + name.partition("--")[2].replace("~", "/")
        yield f"{path.parent.name}/{name}", WorkflowHistory.from_json(workflow_id, text)


def type_of(name: str) -> str:
    """The type of the workflow whose history has this name."""
    return name.partition("/")[2].partition("--")[0]


async def write(release: str, workflow_type: str, name: str, history: WorkflowHistory, codec: PayloadCodec) -> None:
    """Record one history under the public key; `codec` opens what its payloads are sealed with.

    `name`: the workflow's id, which stages read, so that it is part of the file's name.
    """
    public = EncryptionCodec(RING)
    for event in history.events:
        for _, payload in payloads_in(event):
            if payload.metadata.get("encoding") == ENCODING:
                [sealed] = await public.encode(await codec.decode([payload]))
                payload.CopyFrom(sealed)
    path = FOLDER / release / f"{workflow_type}--{name.removeprefix('sfo/').replace('/', '~')}.json.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(history.to_json().encode(), mtime=0))
