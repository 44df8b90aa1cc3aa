"""The results as Markdown."""

import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from tests.bench.rounds import Lives, Standing

BASE = "skeleton"
"""What the others are divided by, round by round."""


def machine(server: str, database: str) -> str:
    """One line: on what it was measured."""
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    cores = Path("/proc/cpuinfo").read_text().count("processor\t")
    memory = int(re.findall(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[0]) / 1024**2
    packages = ", ".join(f"{name} {_version(name)}" for name in ("temporalio", "asyncpg", "dbos"))
    return (
        f"{found[1] if found else platform.machine()}, {cores} cores, {memory:.0f} GB; Linux {platform.release()}; "
        f"Python {platform.python_version()}, {packages}; Temporal server {server}; PostgreSQL {database}"
    )


def of_lives(rounds: Mapping[str, Sequence[Lives]]) -> str:
    """Whole cases: one row for each contender, the median of its rounds and in brackets the lowest and highest."""
    base = rounds[BASE]
    rows = []
    for name, lives in rounds.items():
        ratios = [one.cpu_a_gate / other.cpu_a_gate for one, other in zip(lives, base, strict=True)]
        history = lives[-1].history
        rows.append(
            (
                name,
                spread([one.cases / one.seconds for one in lives], 2),
                f"{lives[-1].gates / lives[-1].cases:.0f}",
                spread([one.gates / one.seconds for one in lives], 0),
                spread([one.cpu_a_gate for one in lives], 1),
                *(f"{median(part(one, p) for one in lives):.1f}" for p in ("worker", "temporal", "postgres", "driver")),
                spread(ratios, 2),
                spread([1000 * at(one.latencies, 0.5) for one in lives], 0),
                spread([1000 * at(one.latencies, 0.95) for one in lives], 0),
                f"{history.workflows:.0f}; {history.events:.0f}; {history.bytes / 1024:.0f}" if history else "",
                f"{lives[-1].rows:.0f}; {lives[-1].bytes / 1024:.0f}",
                spread([100 * one.others for one in lives], 0),
            )
        )
    return table(
        (
            *("", "cases/s", "questions a case", "questions/s", "CPU ms a question", "worker", "Temporal"),
            *("PostgreSQL", "(driver)", f"ratio to {BASE}", "click to applied p50 ms", "p95 ms"),
            *("workflows; events; KB a case", "rows; KB a case", "others %"),
        ),
        rows,
    )


def part(lives: Lives, name: str) -> float:
    """CPU milliseconds of one process for each question."""
    used: float = getattr(lives.cpu, name)
    return 1000 * used / lives.gates


def of_standing(rounds: Iterable[tuple[str, Standing]]) -> str:
    """Open cases: one row for each contender and number."""
    rows = [
        (
            name,
            f"{one.cases:,}",
            f"{one.cases / one.opened_in:.1f}",
            f"{one.worker_kb:.0f}",
            f"{one.temporal_kb:.0f}",
            f"{one.rows:.0f}; {one.bytes / 1024:.0f}",
            _times(one.applied),
            _times(one.receipts),
            f"{one.recovered_in:.1f} ({one.killed})",
            f"{one.burst_in:.1f} ({one.burst})",
        )
        for name, one in rounds
    ]
    return table(
        (
            *("", "open", "opened/s", "worker KB a case", "Temporal KB a case", "rows; KB a case"),
            *("click alone to applied p50; p95 ms", "to receipt p50; p95 ms"),
            *("killed: all applied after s (answers)", "the same, not killed"),
        ),
        rows,
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lines of Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(values: Sequence[float], digits: int) -> str:
    """The median, and the lowest and highest in brackets where there are several."""
    middle = f"{median(values):.{digits}f}"
    return middle if len(values) == 1 else f"{middle} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


def at(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _times(seconds: Sequence[float]) -> str:
    return f"{1000 * at(seconds, 0.5):.0f}; {1000 * at(seconds, 0.95):.0f}" if seconds else ""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"
