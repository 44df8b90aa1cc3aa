"""What a process and its children cost: CPU seconds and memory, as Linux counts them."""

import os
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds so far, by who used them. `driver`: the measuring process itself, which is reported apart."""

    worker: float
    temporal: float
    postgres: float
    driver: float

    def __sub__(self, before: "Cpu") -> "Cpu":
        return Cpu(
            self.worker - before.worker,
            self.temporal - before.temporal,
            self.postgres - before.postgres,
            self.driver - before.driver,
        )

    @property
    def total(self) -> float:
        """All but the driver."""
        return self.worker + self.temporal + self.postgres


def say(what: str) -> None:
    """How far it is, for whoever watches: a line on standard error, with the time of day."""
    print(f"{time.strftime('%H:%M:%S')}  {what}", file=sys.stderr, flush=True)  # noqa: T201


def cpu_of(pid: int) -> float:
    """CPU seconds of this process and all below it, those that have ended and were waited for included."""
    return sum(_used(one) for one in _tree(pid))


def megabytes_of(pid: int) -> float:
    """Memory in MB of this process and all below it; what several share is counted once (PSS)."""
    return sum(_pss(one) for one in _tree(pid))


def busy() -> tuple[float, float]:
    """CPU seconds that the whole machine has worked, and those that it could have."""
    fields = [int(one) for one in (_PROC / "stat").read_text().partition("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / _TICKS, sum(fields) / _TICKS


def _tree(pid: int) -> Iterator[int]:
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children[int(fields[1])].append(int(entry.name))
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += children[one]


def _used(pid: int) -> float:
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / _TICKS if fields else 0.0


def _stat(pid: int) -> list[str]:
    """The fields after the name, which may hold blanks; empty for a process that has gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _pss(pid: int) -> float:
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
