"""How a command finds the service that runs on this machine: `sfo up` leaves its settings beside its keys.

Only where keys lie in the data folder already, that is for embedded services; elsewhere the environment says all.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from starter.settings import Settings

_FILE, _KEYS = "running.env", "keys.env"


@contextmanager
def remembered(settings: Settings) -> Iterator[None]:
    """Leave the settings in the data folder, readable by us alone, while the block lasts."""
    path = settings.data_dir / _FILE
    if not (settings.data_dir / _KEYS).exists():
        yield
        return
    _write(path, "".join(f"{name}={value}\n" for name, value in settings.to_environment().items()))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def recalled(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment, completed from the service that runs on this machine, if there is one.

    What the environment says counts first; an environment that names a database is taken as it is.
    """
    path = Path(environ.get("SFO_DATA_DIR") or ".sfo").absolute() / _FILE
    if environ.get("SFO_DATABASE_URL") or not path.is_file():
        return dict(environ)
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = dict(line.split("=", 1) for line in lines if "=" in line)
    return kept | {name: value for name, value in environ.items() if value}


def _write(path: Path, text: str) -> None:
    """Write under another name first, so that nobody reads half of it."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.rename(path)
