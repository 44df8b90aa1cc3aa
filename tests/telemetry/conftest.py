"""The service once, watched, for every test that only looks at what was seen."""

from pathlib import Path

import pytest
import pytest_asyncio

from tests.telemetry.watched import Watched, watch


@pytest_asyncio.fixture(scope="session")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    folder: Path = tmp_path_factory.mktemp("watched")
    return await watch(folder)
