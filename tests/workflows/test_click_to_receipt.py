"""From the click to the receipt, by HTTP and over the record, beside Temporal's own signal and query alone.

Both in one run on one machine, one after the other, so that their ratio says something whatever the machine is.
`pytest -s` prints the figures.
"""

import asyncio
from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import httpx
from temporalio import workflow
from temporalio.client import WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from starter.answering import RECEIPT_WITHIN
from starter.delivery import Delivery
from starter.gateway import gateway_app
from starter.identity import open_session
from starter.keys import KeyRing
from starter.mailer import SmtpMailer
from tests.serving import served
from tests.starter.front_desk import a_settings, heading, hidden
from tests.workflows.conftest import Office
from workflows.contract import ids
from workflows.policy.due import on_in_london
from workflows.policy.links import seal

CLICKS = 20
MOST_TIMES = 40
"""Bound of the ratio of the medians, several times of what was measured: a receipt that waits would be far above."""

_WAITING = """
    SELECT l.link, l.email FROM links l JOIN gates g USING (gate)
    WHERE g.question = 'notification' AND g.state = 'open' ORDER BY g.gate
"""


@workflow.defn(name="bare")
class Bare:
    """The least that takes a signal and answers a query."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: "end" in self.seen)

    @workflow.signal
    def poke(self, what: str) -> None:
        self.seen.add(what)

    @workflow.query
    def has(self, what: str) -> bool:
        return what in self.seen


async def test_from_the_click_to_the_receipt(office: Office) -> None:
    bare = await bare_round_trips(office)
    clicks = await receipts(office)
    for name, seconds in (("signal and query", bare), ("click to receipt", clicks)):
        print(f"{name}: median {median(seconds) * 1000:.0f} ms, p95 {p95(seconds) * 1000:.0f} ms")  # noqa: T201
    print(f"ratio of the medians: {median(clicks) / median(bare):.1f}")  # noqa: T201
    assert p95(clicks) < RECEIPT_WITHIN, "people would be told that it is recorded, not that it is applied"
    assert median(clicks) < MOST_TIMES * median(bare)


async def bare_round_trips(office: Office) -> list[float]:
    # Without the sandbox, which ours have: the figure to compare with is Temporal's least.
    runner = UnsandboxedWorkflowRunner()
    async with Worker(office.client, task_queue="bare", workflows=[Bare], workflow_runner=runner):
        handles = [
            await office.client.start_workflow("bare", id=f"bare-{uuid4()}", task_queue="bare") for _ in range(CLICKS)
        ]
        for handle in handles:
            assert not await handle.query(Bare.has, "x")
        return [await poked(handle) for handle in handles]


async def poked(handle: WorkflowHandle[Any, Any]) -> float:
    began = perf_counter()
    await handle.signal(Bare.poke, "x")
    assert await handle.query(Bare.has, "x")
    took = perf_counter() - began
    await handle.signal(Bare.poke, "end")
    return took


async def receipts(office: Office) -> list[float]:
    settings = a_settings(office.record, office.mail)
    keys: KeyRing = settings.link_keys
    delivery = Delivery(office.client, office.record.pool)
    app = gateway_app(settings, office.record.pool, delivery, SmtpMailer(settings.smtp_url))
    for _ in range(CLICKS):
        opening = await office.report()
        await office.client.start_workflow(
            "sfo-case", opening, id=ids.case_id(opening.reference), task_queue=ids.CASEWORK_QUEUE
        )
    await office.until(lambda: all_asked(office))
    await asyncio.sleep(1)  # what the starts still do is not a click's
    asked = await office.record.rows(_WAITING)
    async with served(app) as address, httpx.AsyncClient(base_url=address, follow_redirects=True) as browser:
        async with office.record.pool.acquire() as connection:
            cookie, _ = await open_session(connection, str(asked[0]["email"]))
        browser.cookies.set("__Host-sfo", cookie)
        browser.headers.update({"Sec-Fetch-Site": "same-origin", "Origin": settings.public_url})
        links = [UUID(str(row["link"])).bytes for row in asked]
        return [await clicked(browser, f"/a/{seal(link, keys.active_id, keys.active)}") for link in links]


async def all_asked(office: Office) -> bool:
    return len(await office.record.rows(_WAITING)) == CLICKS


async def clicked(browser: httpx.AsyncClient, link: str) -> float:
    page = await browser.get(f"{link}/decide")
    today = on_in_london(datetime.now(UTC)).isoformat()
    form = {**hidden(page), "answer": "sent", "checked": "yes", "sent.sent_on": today}
    began = perf_counter()
    reply = await browser.post(f"{link}/decide", data=form)
    took = perf_counter() - began
    assert (reply.status_code, heading(reply)) == (200, "Your answer has been applied"), reply.text
    return took


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]
