"""A clock that is put forward and back under running processes, which is libfaketime's doing.

Debian's package `faketime` brings it. It is a tool of whoever runs the drills, and no part of what is shipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

_PLACES = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/lib64/faketime")
_LIBRARY = "libfaketimeMT.so.1"  # the one for programs with threads
_MESSAGE = "no {} here: install the package faketime (apt install faketime) to step the clock of a process"
_ASKED = "from datetime import UTC, datetime; print(datetime.now(UTC).isoformat())"


@dataclass(frozen=True)
class Clock:
    """The wall clock of every process that has its variables; what measures spans of time stays as it is."""

    folder: Path
    library: Path

    @property
    def variables(self) -> dict[str, str]:
        """What a process is started with."""
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",  # seconds until a step is seen; to look at each call would slow everything
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    @property
    def _file(self) -> Path:
        return self.folder / "offset"

    def step(self, wrong_by: timedelta) -> None:
        """From this moment on, or a second later, it is wrong by so much."""
        new = self.folder / "offset.new"
        new.write_text(f"{wrong_by.total_seconds():+.0f}\n")
        new.rename(self._file)

    def now(self) -> datetime:
        """What a process that has this clock takes for now."""
        asked = subprocess.run(
            [sys.executable, "-c", _ASKED], env=os.environ | self.variables, capture_output=True, check=True, text=True
        )
        return datetime.fromisoformat(asked.stdout.strip())

    def rules(self, pid: int) -> bool:
        """Whether this process has this clock."""
        return self.library.name in Path(f"/proc/{pid}/maps").read_text()


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A clock that is right as yet."""
    found = [path for place in _PLACES for path in Path("/").glob(f"{place[1:]}/{_LIBRARY}")]
    if not found:
        pytest.skip(_MESSAGE.format(_LIBRARY))
    folder = Path(tempfile.mkdtemp(prefix="sfo-clock-", dir="/tmp"))
    ours = _kept_in_memory()
    made = Clock(folder, found[0])
    made.step(timedelta(0))
    try:
        assert abs(made.now() - datetime.now(UTC)) < timedelta(minutes=1)
        yield made
    finally:
        shutil.rmtree(folder)
        for name in _kept_in_memory() - ours:  # what a killed process could not clear away itself
            name.unlink(missing_ok=True)


def _kept_in_memory() -> set[Path]:
    return set(Path("/dev/shm").glob("*faketime_*"))  # noqa: S108  # where the library keeps it
