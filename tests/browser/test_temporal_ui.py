"""Each question that operations ask, answered in the real Temporal UI by a saved view or a page."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from playwright.async_api import Browser, Locator, Page, expect
from temporalio import workflow
from temporalio.client import WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from deploy.saved_views import View, of_case, saved_views
from starter.identity import open_session
from tests.browser.conftest import Visitor, visitor
from tests.browser.test_temporal_ui_payloads import ENGINEER, Stack
from tests.browser.test_temporal_ui_payloads import mailer as mailer  # the fixture
from tests.browser.test_temporal_ui_payloads import office as office  # the fixture
from tests.browser.test_temporal_ui_payloads import stack as stack  # the fixture
from tests.browser.test_temporal_ui_payloads import temporal as temporal  # the fixture
from tests.workflows.test_case import KIDNAPPING, offence
from tests.workflows.test_review_clock import until_shown
from workflows.contract import ids

WAIT = 60_000
"""Milliseconds; the first page of the UI is large and two cores are few."""
expect.set_options(timeout=WAIT)


@asynccontextmanager
async def operations(stack: Stack, chromium: Browser) -> AsyncIterator[Visitor]:
    """Somebody of operations at the Temporal UI, signed in at the gateway."""
    async with visitor(chromium, (1500, 950)) as person:
        person.page.set_default_timeout(WAIT)
        async with stack.office.record.pool.acquire() as connection:
            cookie, _ = await open_session(connection, ENGINEER)
        await person.page.context.add_cookies(
            [{"name": "sfo", "value": cookie, "url": stack.gateway, "httpOnly": True, "sameSite": "Strict"}]
        )
        yield person


def view(key: str, region: str | None = None) -> View:
    return next(one for one in saved_views(datetime.now(UTC), region) if one.key == key)


def list_of(stack: Stack, key: str, region: str | None = None) -> str:
    return view(key, region).link(stack.ui, "default")


async def open_page(person: Visitor, stack: Stack, workflow_id: str, tab: str = "timeline") -> None:
    """The page of a workflow: the UI leads to its newest run by itself."""
    await person.see(f"{stack.ui}/namespaces/default/workflows/{quote(workflow_id, safe='')}")
    await person.page.wait_for_url("**/timeline")
    if tab != "timeline":
        await person.see(person.page.url.replace("/timeline", f"/{tab}"))


def row(page: Page, workflow_id: str) -> Locator:
    """The row of a list that is about this workflow and no other."""
    exact = page.get_by_role("link", name=workflow_id, exact=True)
    return page.get_by_role("row").filter(has=exact)


async def set_up(stack: Stack, person: Visitor) -> None:
    """The views and columns are in this browser, by one press of a button."""
    await person.see(f"{stack.ui}/sfo")
    await person.page.get_by_role("button", name="Save the views here").click()
    await person.page.get_by_text("Saved. Choose a view").wait_for()


async def late(stack: Stack, stage: str, question: str) -> WorkflowHandle[Any, Any]:
    """A stage of the case whose question nobody has answered by its date."""
    handle = stack.office.client.get_workflow_handle(f"{stack.case.id}/{stage}")
    gate = await stack.office.gate(f"{stack.reference}/{stage}/{question}")
    await stack.office.skip_to(handle, gate["due_at"] + timedelta(hours=1))
    await until_shown(stack.office, handle, "SfoOverdue", True)
    return handle


async def test_what_is_late_in_my_region_who_is_awaited_and_since_when(stack: Stack, chromium: Browser) -> None:
    notification = await late(stack, "notification", "notification")
    async with operations(stack, chromium) as person:
        await set_up(stack, person)
        await person.see(f"{stack.ui}/namespaces/default/workflows")
        await person.page.get_by_test_id("saved-views-button").click()
        await person.page.get_by_text("Overdue, by stage").first.click()
        found = row(person.page, notification.id)
        for shown in ("spoc", "overdue", "N53", "notification spoc until"):
            await expect(found).to_contain_text(shown)
        await expect(row(person.page, f"{stack.case.id}/early-look")).to_have_count(0)
        await person.see(list_of(stack, "overdue-stages", "N53"))
        await expect(row(person.page, notification.id)).to_have_count(1)
        # In another region nothing is late.
        await person.see(list_of(stack, "overdue-stages", "N56"))
        await expect(person.page.get_by_text("No Workflows", exact=False).first).to_be_visible()
        assert await row(person.page, notification.id).count() == 0


async def test_whom_a_case_waits_for_what_happened_last_and_what_comes_next(stack: Stack, chromium: Browser) -> None:
    async with operations(stack, chromium) as person:
        await set_up(stack, person)
        await person.see(of_case(stack.reference).link(stack.ui, "default"))
        notification = f"{stack.case.id}/notification"
        await expect(row(person.page, notification)).to_contain_text("spoc")
        gate = await stack.office.gate(f"{stack.reference}/notification/notification")
        await expect(row(person.page, notification)).to_contain_text(f"notification spoc until {gate['due_on']}, asked")
        await expect(row(person.page, f"{stack.case.id}/early-look")).to_contain_text("sfo_team")
        # What happened last, and what happens if nobody answers: the steps and the next timer, in words.
        await open_page(person, stack, notification)
        page = person.page
        await expect(page.get_by_text("Ask: Notify the HMPPS SFO Team").first).to_be_visible()
        await expect(page.get_by_text("remind notification on").first).to_be_visible()
        # The short page of the stage names the gate as a signal needs it.
        await open_page(person, stack, notification, "user-metadata")
        shown = page.frame_locator("#user-metadata-current-details").get_by_text(
            f"{stack.reference}/notification/notification"
        )
        await expect(shown.first).to_be_visible()


@workflow.defn(name="review")
class _Broken:
    """A review whose code fails at its first step, as a wrong release would."""

    @workflow.run
    async def run(self) -> None:
        raise RuntimeError("planted")


async def test_what_is_stuck_because_of_us_and_nothing_else(stack: Stack, chromium: Browser) -> None:
    client = stack.office.client
    async with (
        Worker(client, task_queue="broken", workflows=[_Broken], workflow_runner=UnsandboxedWorkflowRunner()),
        operations(stack, chromium) as person,
    ):
        await set_up(stack, person)
        stuck = await client.start_workflow("review", id=f"{stack.case.id}/review", task_queue="broken")

        async def is_reported() -> bool:
            return (await client.count_workflows(f'{view("stuck").query} AND WorkflowId = "{stuck.id}"')).count == 1

        await stack.office.until(is_reported)
        await person.see(list_of(stack, "stuck"))
        await expect(row(person.page, stuck.id)).to_have_count(1)
        assert await row(person.page, stack.case.id).count() == 0


async def signal(person: Visitor, stack: Stack, workflow_id: str, name: str, given: dict[str, Any]) -> None:
    """Send a signal by the forms of the UI."""
    page = person.page
    await open_page(person, stack, workflow_id)
    await page.get_by_role("button", name="More Actions").first.click()
    await page.locator("[data-testid=signal-button]:visible").click()
    dialog = page.locator("dialog[open]")
    await dialog.get_by_test_id("signal-select-button").click()
    await dialog.get_by_role("option").filter(has_text=name).first.click()
    await dialog.get_by_role("textbox", name="Data").fill(json.dumps(given))
    await dialog.get_by_role("textbox", name="Data").blur()  # the input is set out in lines, and Submit moves
    await dialog.locator(".cm-line").nth(len(given) + 1).wait_for()
    async with page.expect_response(f"**/signal/{name}**") as sent:
        await dialog.get_by_role("button", name="Submit").click()
    assert (await sent.value).status == 200


async def test_a_case_is_followed_from_charge_to_early_look_by_the_ui_alone(stack: Stack, chromium: Browser) -> None:
    """The risk is answered and the appearance reported by signals; every step shows in the UI."""
    opening = await stack.office.report(
        rosh_highest="not_recorded", offences=[offence(KIDNAPPING)], first_appearance_on=None
    )
    case_id = ids.case_id(opening.reference)
    await stack.office.client.start_workflow("sfo-case", opening, id=case_id, task_queue=ids.CASEWORK_QUEUE)
    async with operations(stack, chromium) as person:
        await set_up(stack, person)
        await person.see(of_case(opening.reference).link(stack.ui, "default"))
        await expect(row(person.page, f"{case_id}/charge")).to_contain_text("rosh spoc until")
        gate = f"{opening.reference}/charge/rosh"
        await signal(
            person, stack, f"{case_id}/charge", "decide", {"gate": gate, "answer": "high", "reason": "asked_by_phone"}
        )
        await open_page(person, stack, f"{case_id}/charge")
        await expect(person.page.get_by_text("Completed").first).to_be_visible()
        today = datetime.now(UTC).date().isoformat()
        await signal(person, stack, case_id, "court_event", {"kind": "appeared", "on": today})
        early = f"{case_id}/early-look"
        await stack.office.gate(f"{opening.reference}/early-look/early_look")
        await person.see(of_case(opening.reference).link(stack.ui, "default"))
        await expect(row(person.page, early)).to_contain_text("early_look sfo_team until")
        await expect(row(person.page, case_id)).to_contain_text("early-look")
        decided = await stack.office.record.rows("SELECT * FROM decisions WHERE gate = $1", gate)
        assert [(one["answer"], one["channel"], one["by_email"]) for one in decided] == [("high", "operations", None)]
