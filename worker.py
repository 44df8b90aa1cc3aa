"""The worker: connect, register, run, drain. The only file that knows everything; it defines nothing else."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerDeploymentConfig

from activities.casework import PostgresCasework
from activities.correspondence import Correspondence
from activities.gates import PostgresGates
from activities.measures import start_at_nothing
from activities.rulebooks import FileRulebooks
from activities.weekday_digest import PostgresDigests
from starter.connections import database_pool, temporal_client
from starter.mailer import SmtpMailer
from starter.measures import watch_pool
from starter.notify_mailer import NotifyMailer
from starter.registered import CASEWORK, NATIONAL
from starter.sandbox import workflow_runner
from starter.schema import at_work_as
from starter.settings import Settings, SettingsError
from starter.telemetry import start_telemetry
from starter.temporal_connection import keep_renewed
from workflows.contract.ids import CASEWORK_QUEUE, DEPLOYMENT, NATIONAL_QUEUE
from workflows.policy.due import on_in_london

# Longer than the longest activity, so that a stopping worker finishes what it began.
DRAIN = timedelta(seconds=40)
# Workflows kept in memory, at 0.2 MB each (docs/operations.md, memory): a case that waits has four. One that has fallen
# out costs one replay when it is answered.
CACHED = 2_000
# A task that a dead worker held goes to another after this; a shorter time makes a burst replay for nothing.
STICKY = timedelta(seconds=3)
# Seconds that a mail server may take to say that it has a letter, as RFC 5321 has it; nobody at a page waits for that.
MAIL_TAKEN = 600.0
# Seconds that a stopping worker still waits for it: whoever takes the letter over cannot know, and sends it again.
LAST_WORD = 3.0


def activities_of(*ports: object) -> list[Callable[..., object]]:
    """The activities that these implementations of the ports offer."""
    methods = [getattr(port, name) for port in ports for name in dir(port) if not name.startswith("_")]
    return [method for method in methods if hasattr(method, "__temporal_activity_definition")]


def build_worker(
    client: Client,
    queue: str,
    activities: Sequence[Callable[..., object]],
    build_id: str | None,
    name: str = DEPLOYMENT,
) -> Worker:
    """A worker of one task queue. Without a build id it is unversioned, as tests want it."""
    deployment = build_id and WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(name, build_id),
        use_worker_versioning=True,
        # A case waits for months: it moves to new code, kept compatible by patches and replay tests.
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )
    return Worker(
        client,
        task_queue=queue,
        workflows=CASEWORK if queue == CASEWORK_QUEUE else NATIONAL,
        activities=activities,
        workflow_runner=workflow_runner(),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        max_cached_workflows=CACHED,
        sticky_queue_schedule_to_start_timeout=STICKY,
        graceful_shutdown_timeout=DRAIN,
        deployment_config=deployment or None,
    )


async def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; then finish what was begun. CancelledError: a service was still being waited for."""
    telemetry = start_telemetry(settings, "worker")
    stop, working, starting = asyncio.Event(), asyncio.Event(), asyncio.current_task()

    def asked_to_stop() -> None:
        stop.set()
        if starting is not None and not working.is_set():
            starting.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_stop)
    client = await temporal_client(settings, telemetry)
    name = at_work_as("sfo-worker", settings.build_id)
    async with telemetry.running(), database_pool(settings, service=name, attempts=None) as pool:
        start_at_nothing()
        watch_pool(pool)
        rulebooks = FileRulebooks(settings.rulebook_dir, settings.directory_dir)
        letters = Correspondence(
            pool,
            NotifyMailer.of(settings) or SmtpMailer(settings.smtp_url, patience=MAIL_TAKEN),
            mail_from=settings.mail_from,
            public_url=settings.public_url,
            link_key_id=settings.link_keys.active_id,
            link_keys=settings.link_keys.readable,
            digest=rulebooks.in_force(on_in_london(datetime.now(UTC))).digest,
            return_pattern=settings.bounce_address,
            reply_to=settings.reply_to,
            language_of=rulebooks.language_of,
        )
        ports = (kind(pool, letters, rulebooks) for kind in (PostgresGates, PostgresCasework, PostgresDigests))
        activities = activities_of(*ports)
        beside = [asyncio.create_task(work) for work in (letters.sweep(), keep_renewed(client, settings))]
        workers = [
            build_worker(client, queue, activities, settings.build_id, settings.deployment)
            for queue in (CASEWORK_QUEUE, NATIONAL_QUEUE)
        ]
        working.set()
        async with workers[0], workers[1]:
            await stop.wait()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await letters.finish(LAST_WORD)


if __name__ == "__main__":
    try:
        asyncio.run(main(Settings.from_environment()))
    except SettingsError as error:
        sys.exit(str(error))
    except asyncio.CancelledError:  # there was nothing yet to finish
        pass
    sys.stderr.flush()
    # The interpreter's own exit can abort while the SDK's threads still run.
    os._exit(0)
