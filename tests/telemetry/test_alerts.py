"""Each alert rule, with its failure made to happen: that rule fires and no other, on the figures of real processes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from temporalio.client import Client

from starter.audit import HEADS_FILE
from starter.keys import KeyRing
from starter.payloads import data_converter
from tests.conftest import Record
from tests.starter.on_amazon import Amazon
from tests.starter.on_amazon import amazon as amazon  # the fixtures
from tests.starter.on_amazon import amazon_server as amazon_server
from tests.telemetry.induced import LONG, SOON, Service, Watch, running
from tests.telemetry.others_away import ELSEWHERE, a_case
from tests.telemetry.process import QUEUE
from tests.telemetry.rules import rules
from tests.telemetry.watched import two_ports
from workflows.contract import ids
from workflows.contract.messages import CaseClock, CaseOpening
from workflows.policy.links import seal

Induced = Callable[[Service, Watch], Awaitable[None]]


@pytest_asyncio.fixture(scope="module")
async def service(shared_record: Record) -> AsyncIterator[Service]:
    async with running(shared_record) as made:
        await made.start("gateway")
        yield made


@pytest_asyncio.fixture(scope="module")
async def whole(service: Service) -> Service:
    """The service with its worker at work."""
    await service.start("worker")
    await service.make_current()
    return service


_ALL = {"sfo_relay_waiting", "sfo_audit_problems", "sfo_reachable", "sfo_letters_total"}


async def shown(service: Service, names: set[str] = _ALL) -> Watch:
    """A watch that begins when gateway and worker answer and show this much."""
    async with asyncio.timeout(SOON):
        while True:
            watch = Watch(_targets(service))
            await watch.look()
            if _shown(watch) >= names:
                return watch
            await asyncio.sleep(0.2)


def _targets(service: Service) -> dict[str, str]:
    return {name: str(service.settings.metrics_of(name)) for name in ("gateway", "worker")}


async def quiet(service: Service) -> Watch:
    """A watch that has seen the service as it should be for longer than any rule waits."""
    async with asyncio.timeout(SOON):
        while True:
            watch = Watch(_targets(service))
            await watch.look(LONG)
            if _shown(watch) >= _ALL and not watch.fired():
                return watch
            await asyncio.sleep(0.2)


def _shown(watch: Watch) -> set[str]:
    names = {name for labels in watch.samples.series for key, name in labels if key == "__name__"}
    ups = [rows[-1][1] for labels, rows in watch.samples.series.items() if ("__name__", "up") in labels]
    return names if all(ups) else set()


async def gateway_down(service: Service, watch: Watch) -> None:
    await service.stop("gateway")


async def worker_down(service: Service, watch: Watch) -> None:
    await service.stop("worker")


async def workflow_tasks_fail(service: Service, watch: Watch) -> None:
    """A payload that no key of the worker opens, as after a key was taken away too early."""
    other = await Client.connect(service.settings.temporal_address, data_converter=data_converter(KeyRing.generate()))
    clock = CaseClock(case_anchor=datetime.now(UTC), wall_anchor=datetime.now(UTC))
    opening = CaseOpening(
        reference="SFO-2026-99999",
        clock=clock,
        region="N53",
        pdu="N53LEI",
        charged_on=datetime.now(UTC).date(),
        appeared_on=None,
        staff=(),
        victims=(),
    )
    await other.start_workflow("sfo-case", opening, id="sfo/SFO-2026-99999", task_queue=ids.CASEWORK_QUEUE)


async def tasks_start_late(service: Service, watch: Watch) -> None:
    """A second worker, of a queue where work has waited for seconds.

    A counter seems to have grown only from where it was first seen, so its first work must be seen before more waits.
    """
    port = two_ports()
    await service.start("late", SFO_METRICS_ADDRESS=f"127.0.0.1:{port}")
    alone = Watch({"worker-2": f"127.0.0.1:{port + 1}"})
    async with asyncio.timeout(SOON):
        while not alone.sees(f'temporal_workflow_task_schedule_to_start_latency_seconds_count{{task_queue="{QUEUE}"}}'):
            await asyncio.sleep(0.2)
            await alone.look()
    watch.targets |= alone.targets
    await watch.look()
    (service.settings.data_dir / "go-on").touch()


async def nobody_relays(service: Service, watch: Watch) -> None:
    """A session that hangs holds the lock by which one relay leads."""
    connection = await asyncpg.connect(service.record.app_url)
    service.hangs = connection
    await connection.execute("SELECT pg_advisory_lock(hashtext('sfo.relay'))")


async def record_not_delivered(service: Service, watch: Watch) -> None:
    """An answer of ten minutes ago to a stage that Temporal has lost."""
    case = await a_case(service)
    gate = (await case.ask("notification", stage="notification")).gate
    await case.decide(gate, "sent", sent_on="2026-10-05")
    await service.record.pool.execute("UPDATE decisions SET recorded_at = now() - interval '10 minutes'")


async def letters_wait(service: Service, watch: Watch) -> None:
    service.mail.replies.extend(["451 later"] * 500)
    await (await a_case(service)).ask("notification", stage="notification")
    await service.record.pool.execute("UPDATE outbox SET recorded_at = now() - interval '20 minutes'")


async def letters_refused(service: Service, watch: Watch) -> None:
    """Six letters are refused for good, as when our sender is on somebody's list."""
    case = await a_case(service)
    service.mail.replies.extend(["550 no"] * 8)
    await service.record.pool.execute(
        """INSERT INTO outbox (event, reference, letter, to_name, to_email, context, message_id, at)
           SELECT 'test/' || n, $1, 'overdue_notice', 'Example Reader', 'reader' || n || '@example.test',
               '{"title": "t", "due": "2026-11-02", "role": "the spoc", "if_silent": "x", "reference": "r"}'::jsonb,
               '<' || n || '@example.test>', now() FROM generate_series(1, 8) n""",
        case.reference,
    )


async def mail_server_away(service: Service, watch: Watch) -> None:
    await service.close_mail()


async def database_away(service: Service, watch: Watch) -> None:
    await shut(service, "false")


async def shut(service: Service, allowed: str) -> None:
    """Nobody can connect to the record any more, or everybody again."""
    url = service.record.superuser_url.replace(f"/{service.record.name}?", "/postgres?")
    superuser = await asyncpg.connect(url)
    await superuser.execute(f"ALTER DATABASE {service.record.name} ALLOW_CONNECTIONS {allowed}")
    await superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", service.record.name
    )
    await superuser.close()


async def temporal_away(service: Service, watch: Watch) -> None:
    os.kill(service.temporal.pid, signal.SIGSTOP)


async def audit_head_old(service: Service, watch: Watch) -> None:
    """The file of heads was last written three hours ago."""
    then = datetime.now(UTC).timestamp() - 3 * 3600
    os.utime(service.settings.data_dir / HEADS_FILE, (then, then))


async def audit_chain_broken(service: Service, watch: Watch) -> None:
    """The owner of the tables changes who did it."""
    await (await a_case(service)).ask("notification", stage="notification")
    await tamper(service, "'somebody else'")


async def tamper(service: Service, actor: str) -> None:
    async with service.record.owner() as owner:
        await owner.execute("ALTER TABLE audit DISABLE TRIGGER audit_no_change")
        await owner.execute(f"UPDATE audit SET actor = {actor} WHERE seq = 1")
        await owner.execute("ALTER TABLE audit ENABLE TRIGGER audit_no_change")


async def escalation_unacknowledged(service: Service, watch: Watch) -> None:
    case = await a_case(service)
    await service.record.pool.execute(
        """INSERT INTO escalations (reference, kind, number, reason, raised_at, delivered_at_wall)
           VALUES ($1, 'other', 1, 'other', $2, now())""",
        case.reference,
        case.at,
    )
    gate = (await case.ask("acknowledge", "other-1", stage="escalation/other-1")).gate
    await late(service, gate, "overdue = true")


async def stranded_workflows(service: Service, watch: Watch) -> None:
    """What the comparison with Temporal writes of a case that somebody deleted: tests/workflows/test_reconciling.py."""
    await service.record.pool.execute(
        "INSERT INTO stranded (kind, workflow, state, since) VALUES ('case_gone', $1, 'MISSING', now())",
        "sfo/SFO-2026-99998",
    )


async def questions_unclimbed(service: Service, watch: Watch) -> None:
    gate = (await (await a_case(service)).ask("notification", stage="notification")).gate
    await late(service, gate, "overdue = false")


async def late(service: Service, gate: str, more: str) -> None:
    await service.record.pool.execute(
        f"UPDATE gates SET due_at = $2::timestamptz - interval '2 hours', {more} WHERE gate = $1",
        gate,
        await service.record.value("SELECT opened_at FROM gates WHERE gate = $1", gate),
    )


async def gateway_errors(service: Service, watch: Watch) -> None:
    """A row that our code did not foresee."""
    link = await a_link(service)
    await service.record.pool.execute("UPDATE gates SET role = 'nobody'")
    for _ in range(2):
        answer = await posted(service, "GET", link)
        assert answer.status_code == 500, answer.text


async def sign_in_abuse(service: Service, watch: Watch) -> None:
    """Somebody guesses, too little by a link and at the page of operations to be noticed at one of them."""
    link, address = await a_link(service), "engineer.one@national.example.test"
    await posted(service, "POST", f"{link}/start")
    await posted(service, "POST", "/operations/start", address=address)
    for guess in range(13):
        await posted(service, "POST", f"{link}/code", code=f"{guess:06}")
        await posted(service, "POST", "/operations/code", code=f"{guess:06}", address=address)


async def a_link(service: Service) -> str:
    gate = (await (await a_case(service)).ask("notification", stage="notification")).gate
    link: Any = await service.record.value("SELECT link FROM links WHERE gate = $1", gate)
    keys = service.settings.link_keys
    return f"/a/{seal(link.bytes, keys.active_id, keys.active)}"


async def posted(service: Service, method: str, path: str, **form: str) -> httpx.Response:
    own = {"Sec-Fetch-Site": "same-origin", "Origin": service.settings.public_url}
    base = f"http://127.0.0.1:{service.settings.gateway_port}"
    async with httpx.AsyncClient(base_url=base, headers=own, trust_env=False) as browser:
        return await browser.request(method, path, data=form or None)


INDUCED: dict[str, Induced] = {
    "RecordNotDelivered": record_not_delivered,
    "QuestionsUnclimbed": questions_unclimbed,
    "EscalationUnacknowledged": escalation_unacknowledged,
    "StrandedWorkflows": stranded_workflows,
    "GatewayErrors": gateway_errors,
    "SignInAbuse": sign_in_abuse,
    "LettersWait": letters_wait,
    "LettersRefused": letters_refused,
    "MailServerAway": mail_server_away,
    "NobodyRelays": nobody_relays,
    "AuditHeadOld": audit_head_old,
    "AuditChainBroken": audit_chain_broken,
    "TasksStartLate": tasks_start_late,
    "WorkflowTasksFail": workflow_tasks_fail,
    "TemporalAway": temporal_away,
    "DatabaseAway": database_away,
    "GatewayDown": gateway_down,
    "WorkerDown": worker_down,
}


async def mended(service: Service, name: str) -> None:
    """The service as it was before."""
    if name == "MailServerAway":
        await service.serve_mail()
    elif name == "NobodyRelays":
        assert service.hangs is not None
        await service.hangs.close()
    elif name == "AuditHeadOld":
        os.utime(service.settings.data_dir / HEADS_FILE)
    elif name == "AuditChainBroken":
        await tamper(service, "'system'")
    elif name == "TasksStartLate":
        await service.stop("late")
    elif name == "WorkflowTasksFail":
        await (await service.client()).get_workflow_handle("sfo/SFO-2026-99999").terminate()
    elif name == "TemporalAway":
        os.kill(service.temporal.pid, signal.SIGCONT)
    elif name == "DatabaseAway":
        await shut(service, "true")
    elif name in ("GatewayDown", "WorkerDown"):
        await service.start(name.removesuffix("Down").lower())
    await service.calm()


def test_every_rule_has_its_failure() -> None:
    assert set(INDUCED) | ELSEWHERE.keys() | {"WorkerNotPolling"} == {rule.name for rule in rules()}


async def test_a_worker_that_never_gets_through_to_temporal_fires_exactly_its_rule(service: Service) -> None:
    """Before there was another one, because the server lists a worker for minutes after its end."""
    await service.start("worker", SFO_TEMPORAL_ADDRESS="127.0.0.1:1")
    watch = await shown(service, _ALL - {"sfo_letters_total"})  # which it counts once it is through
    try:
        await watch.until_seen("WorkerNotPolling")
        await watch.look(LONG)
        assert watch.fired() == {"WorkerNotPolling"}
    finally:
        await service.stop("worker")


@pytest.mark.parametrize("name", INDUCED)
async def test_a_failure_fires_exactly_its_rule(whole: Service, name: str) -> None:
    service = whole
    watch = await quiet(service)
    await INDUCED[name](service, watch)
    try:
        await watch.until_seen(name)
        await watch.look(LONG)
        assert watch.fired() == {name}
    finally:
        await mended(service, name)


@pytest.mark.parametrize("name", ELSEWHERE)
async def test_a_failure_at_a_service_of_others_fires_exactly_its_rule(
    whole: Service, amazon: Amazon, name: str
) -> None:
    service = whole
    changes = await ELSEWHERE[name](service, amazon)
    await service.stop("gateway")
    await service.start("gateway", **changes)
    try:
        watch = await shown(service)
        if queue := changes.get("SFO_COURT_EVENTS_QUEUE_URL"):
            amazon.sqs.send_message(QueueUrl=queue, MessageBody="{")
        await watch.until_seen(name)
        await watch.look(LONG)
        assert watch.fired() == {name}
    finally:
        await service.stop("gateway")
        await service.start("gateway")
        await service.calm()
