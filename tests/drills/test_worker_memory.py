"""Open cases beyond the worker's cache cost it next to nothing: a small version of what `worker_memory` measures."""

import tempfile
from pathlib import Path

import pytest

from tests.drills.worker_memory import bench

CACHED, FULL, CASES = 40, 20, 60
"""Workflows in the cache, which ten cases fill; the cases before and after."""
GROWTH = 30.0
"""Megabytes; without an end to the cache forty cases of four workflows each would take seventy."""


@pytest.mark.journey
async def test_memory_does_not_grow_by_the_case_once_the_cache_is_full() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with bench(Path(folder), CACHED) as running:
            await running.grow(FULL)
            before = await running.reading()
            await running.grow(CASES)
            after = await running.reading()
    assert (before.cases, after.cases) == (FULL, CASES)
    assert after.workflows > 3 * CASES
    assert after.pss - before.pss < GROWTH, f"{before}; {after}"
