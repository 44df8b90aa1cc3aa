"""A service of one's own: the fixtures of the workflow tests, with workers that a test replaces at will."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from temporalio.client import Client

from deploy.embedded.temporal import EmbeddedTemporal
from starter.case_keys import CaseKeys
from starter.keys import KeyRing
from starter.payloads import data_converter
from starter.tracing import Tracing
from tests.conftest import MailServer, Record
from tests.invariants.service import Service
from tests.invariants.telemetry import keeper
from tests.workflows.conftest import an_office, plain_files, temporal

__all__ = ["plain_files", "temporal"]


@pytest_asyncio.fixture
async def service(
    record: Record, mail_server: MailServer, temporal: EmbeddedTemporal, plain_files: None, tmp_path: Path
) -> AsyncIterator[Service]:
    """Everything at work; whatever is still running is ended with the test."""
    ring = KeyRing.generate()
    keys = CaseKeys(record.app_url, ring)
    telemetry = keeper()
    client = await Client.connect(
        temporal.address, data_converter=data_converter(ring, keys), interceptors=[Tracing()], runtime=telemetry.runtime
    )
    serving = Service(an_office(record, mail_server, client, ring, keys), tmp_path, telemetry=telemetry)
    async with telemetry.keeping(), serving.at_work():
        yield serving
        async for execution in client.list_workflows("ExecutionStatus='Running'"):
            await client.get_workflow_handle(execution.id).terminate("the test is over")
