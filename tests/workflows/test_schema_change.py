"""The schema changes while an old and a new build of the worker carry the same cases on, and no case is harmed."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import activity
from temporalio.worker import Worker

import worker
from activities.gates import PostgresGates
from activities.means import Means
from starter.rollout import make_current
from starter.schema import SCHEMA_DIR, SchemaError, apply_schema, at_work_as
from tests.conftest import MailServer
from tests.drills.harm import put_down
from tests.workflows.conftest import Office
from tests.workflows.site import Held, Site, a_site
from workflows.contract import ids
from workflows.contract.messages import GateOpened, GateRequest

pytestmark = pytest.mark.drill  # servers of its own

EXPANDS = "-- expands: which build asked\nALTER TABLE sfo.gates ADD asked_by_build text;\n"
CONTRACTS = "-- contracts: nobody has read it since the release before\nALTER TABLE sfo.gates DROP COLUMN rung;\n"


@pytest.fixture
async def site(mail_server: MailServer) -> AsyncIterator[Site]:
    async with a_site(mail_server) as site:
        yield site


class NewGates(PostgresGates):
    """The next release: it writes the new column, and copes with rows that lack it."""

    @activity.defn
    async def open_gate(self, request: GateRequest) -> GateOpened:
        opened = await super().open_gate(request)
        await self._means.pool.execute(
            "UPDATE gates SET asked_by_build = coalesce(asked_by_build, 'new') WHERE gate = $1", request.gate
        )
        return opened


def build(office: Office, build_id: str) -> tuple[Worker, Worker]:
    activities = list(office.activities)
    if build_id == "new":
        means: Means = next(one.__self__ for one in activities if isinstance(one.__self__, PostgresGates))._means  # type: ignore[attr-defined]
        new = NewGates(means.pool, means.letters, means.rulebooks)
        kept = [one for one in activities if not isinstance(one.__self__, PostgresGates)]  # type: ignore[attr-defined]
        activities = [*kept, *worker.activities_of(new)]
    one, two = (
        worker.build_worker(office.client, q, activities, build_id) for q in (ids.CASEWORK_QUEUE, ids.NATIONAL_QUEUE)
    )
    return one, two


async def test_two_builds_carry_cases_on_over_a_change(site: Site, tmp_path: Path) -> None:
    shutil.copytree(SCHEMA_DIR, tmp_path / "schema")
    folder = tmp_path / "schema"
    number = len(list(folder.glob("*.sql")))
    async with site.office(at_work_as("sfo-worker", "old")) as old, site.office(at_work_as("sfo-worker", "new")) as new:
        one, two = build(old, "old")
        three, four = build(new, "new")
        async with three, four:
            async with one, two:
                await make_current(old.client, build_id="old", timeout=timedelta(seconds=30))
                before = await _cases(old, 3)
                # The schema expands under the old build, which goes on without the new column.
                (folder / f"{number + 1:04}_planted.sql").write_text(EXPANDS)
                assert await apply_schema(site.owner_url, folder, build_id="new", only_expand=True)
                await _answered(old, before, "notification")
                # Both poll now: cases move to the new build as they are next touched.
                await make_current(new.client, build_id="new", timeout=timedelta(seconds=30))
                after = await _cases(new, 2)
                await _answered(new, before, "early_look")
                (folder / f"{number + 2:04}_gives_up.sql").write_text(CONTRACTS.replace("rung", "asked_by_build"))
                with pytest.raises(SchemaError, match="sfo-worker old"):
                    await apply_schema(site.owner_url, folder, build_id="new")
            await old.record.pool.close()
            assert await site.value("SELECT count(*) FROM sfo.gates WHERE asked_by_build = 'new'")
            assert await site.value("SELECT count(*) FROM sfo.gates WHERE asked_by_build IS NULL")
            await _answered(new, after, "notification")
            for reference in [*before, *after]:
                await new.gate(f"{reference}/review/commission")
            # The old build had asked the first cases; the new one, which writes the column, the later ones.
            by_new = """SELECT count(*) FROM sfo.gates
                WHERE question = 'commission' AND reference = ANY($1) AND asked_by_build = 'new'"""

            async def is_written() -> bool:
                return bool(await site.value(by_new, after) == len(after))

            await new.until(is_written)
            refused = "SELECT count(*) FROM sfo.audit WHERE action IN ('decision_void', 'decision_refused')"
            assert await site.value(refused) == 0
            found = [
                run.id
                async for run in new.client.list_workflows(
                    "TemporalReportedProblems IS NOT NULL OR ExecutionStatus = 'Failed'"
                )
            ]
            assert found == []
            assert (await put_down(new.record.pool, "schema", "changed under two builds")).lost == 0
    # The builds that read it have stopped.
    assert await apply_schema(site.owner_url, folder, build_id="newer") == [f"{number + 2:04}_gives_up.sql"]


async def _cases(office: Office, number: int) -> list[str]:
    """So many cases, each asked for its notification and its early look."""
    references = []
    for _ in range(number):
        opening = await office.report(speed=1.0)
        await office.client.start_workflow(
            "sfo-case", opening, id=ids.case_id(opening.reference), task_queue=ids.CASEWORK_QUEUE
        )
        references.append(opening.reference)
    for reference in references:
        await office.gate(f"{reference}/notification/notification")
        await office.gate(f"{reference}/early-look/early_look")
    return references


async def _answered(office: Office, references: list[str], question: str) -> None:
    """This question is answered in each of them, and applied."""
    for reference in references:
        stage = question.replace("_", "-")
        (row,) = await office.record.rows(
            "SELECT g.*, c.clock FROM gates g JOIN cases c USING (reference) WHERE gate = $1",
            f"{reference}/{stage}/{question}",
        )
        await Held(office, reference, set()).answer(row)

    async def applied() -> bool:
        return (
            await office.record.value(
                "SELECT count(*) FROM gates WHERE reference = ANY($1) AND question = $2 AND state = 'open'",
                references,
                question,
            )
            == 0
        )

    await office.until(applied)
