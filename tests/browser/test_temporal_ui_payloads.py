"""The real Temporal UI in a real browser: what a payload looks like to whom, and what can be done there."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest_asyncio
from playwright.async_api import Browser, expect
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from deploy.embedded.ports import usable_port
from deploy.embedded.temporal import EmbeddedTemporal
from deploy.embedded.web_ui import embedded_web_ui
from starter.delivery import Delivery
from starter.gateway import gateway_app
from starter.identity import open_session
from starter.mailer import SmtpMailer
from tests.browser.conftest import Visitor, visitor
from tests.serving import served
from tests.starter.front_desk import a_settings
from tests.workflows.conftest import Office
from tests.workflows.conftest import mailer as mailer  # the fixture
from tests.workflows.conftest import office as office  # the fixture
from tests.workflows.conftest import temporal as temporal  # the fixture
from workflows.contract import ids

ENGINEER, LEAD = "engineer.one@national.example.test", "senior.lead@n53.example.test"
OTHERS = [
    f"/api/v1/namespaces/default/{path}" for path in ("workflows/another", "batch-operations", "update", "schedules/x")
]


@dataclass
class Stack:
    """The gateway, the UI behind its front, and a case that waits for its notification."""

    office: Office
    gateway: str
    ui: str
    case: WorkflowHandle[Any, Any]
    reference: str

    @property
    def history(self) -> str:
        run = self.case.first_execution_run_id
        return f"{self.ui}/namespaces/default/workflows/{quote(self.case.id, safe='')}/{run}/history"


@pytest_asyncio.fixture
async def stack(office: Office, temporal: EmbeddedTemporal) -> AsyncIterator[Stack]:
    opening = await office.report()
    case = await office.client.start_workflow(
        "sfo-case", opening, id=ids.case_id(opening.reference), task_queue=ids.CASEWORK_QUEUE
    )
    await office.gate(f"{opening.reference}/notification/notification")
    port = usable_port(0)
    more = {
        "SFO_TEMPORAL_UI_URL": f"http://127.0.0.1:{port}",
        "SFO_PUBLIC_URL": "http://127.0.0.1",
        "SFO_PAYLOAD_KEYS": office.ring.encode(),
    }
    settings = a_settings(office.record, office.mail, **more)
    app = gateway_app(
        settings, office.record.pool, Delivery(office.client, office.record.pool), SmtpMailer(office.mail.url)
    )
    async with (
        served(app) as gateway,
        embedded_web_ui(port=port, behind=temporal.ui_url, public_url=gateway) as ui,
    ):
        yield Stack(office, gateway, ui, case, opening.reference)


async def open_history(stack: Stack, person: Visitor) -> int:
    """The page of the case in the real UI, once it has asked for its payloads; with what it was answered."""
    async with person.page.expect_response("**/codec/decode**") as answered:
        await person.see(stack.history)
    return (await answered.value).status


async def input_shown(person: Visitor) -> str:
    """What the UI shows as the input of the workflow."""
    shown = person.page.locator(".cm-content:visible").first
    await shown.wait_for()
    return await shown.inner_text()


def code_to(stack: Stack, email: str) -> str:
    found = re.search(r"\b\d{6}\b", str(stack.office.mail.to(email)[-1].get_content()))
    assert found
    return found[0]


async def rows(stack: Stack) -> list[dict[str, Any]]:
    return await stack.office.record.rows("SELECT * FROM payload_readings ORDER BY reading")


async def test_ciphertext_for_nobody_and_another_role_and_the_case_for_operations(
    stack: Stack, chromium: Browser
) -> None:
    async with visitor(chromium) as person:
        person.page.set_default_timeout(60_000)  # the UI is large, and a machine may be busy
        assert await open_history(stack, person) == 401
        await person.page.get_by_text("Payloads are readable for operations only").first.wait_for()
        assert stack.reference not in await input_shown(person)
        async with stack.office.record.pool.acquire() as connection:
            cookie, _ = await open_session(connection, LEAD)
        await person.page.context.add_cookies(
            [{"name": "sfo", "value": cookie, "url": stack.gateway, "httpOnly": True, "sameSite": "Strict"}]
        )
        assert await open_history(stack, person) == 403
        assert stack.reference not in await input_shown(person)
        assert {row["refused"] for row in await rows(stack)} == {"not_signed_in", "other_role"}
        assert {row["person_key"] for row in await rows(stack)} == {None, "n53.senior_lead"}
        assert not any(row["payloads"] or row["cases"] for row in await rows(stack))

        await person.see(f"{stack.gateway}/operations")
        person.said.clear()  # the UI complains of what it cannot read, until it is left
        await person.check()
        await person.press("Sign out")
        await person.check()
        await person.page.get_by_label("Your email address").fill(ENGINEER)
        await person.press("Send the code")
        await person.check()
        await person.page.get_by_label("Code").fill(code_to(stack, ENGINEER))
        await person.press("Continue")
        await person.check()

        refused = len(await rows(stack))
        assert await open_history(stack, person) == 200
        # The answer to the browser comes before the page shows it, and before those about what else is on the page.
        shown = person.page.locator(".cm-content:visible").first
        await expect(shown).to_contain_text(f'"reference": "{stack.reference}"', timeout=60_000)
        assert await person.page.get_by_text("Payloads are readable for operations only").count() == 0
        read = (await rows(stack))[refused:]
        assert {(row["action"], row["person_key"], row["refused"]) for row in read} == {
            ("decode", "operations.engineer.1", None)
        }
        assert {case for row in read for case in row["cases"]} == {stack.reference}
        assert stack.office.keys is not None
        own = await stack.office.keys.sealing(stack.reference)
        assert {key for row in read for key in row["key_ids"]} == {own.key_id}


async def test_what_must_not_be_done_is_neither_offered_nor_passed_and_a_signal_goes_through_sealed(
    stack: Stack, chromium: Browser
) -> None:
    async with visitor(chromium) as person:
        person.page.set_default_timeout(60_000)
        async with stack.office.record.pool.acquire() as connection:
            cookie, _ = await open_session(connection, ENGINEER)
        await person.page.context.add_cookies(
            [{"name": "sfo", "value": cookie, "url": stack.gateway, "httpOnly": True, "sameSite": "Strict"}]
        )
        await open_history(stack, person)
        more = person.page.get_by_role("button", name="More Actions")
        await more.first.click()
        offered = {}
        for action in ("reset", "terminate", "update", "start-workflow", "signal"):
            entry = person.page.locator(f"[data-testid={action}-button]:visible")
            offered[action] = await entry.get_attribute("aria-disabled") == "false"
        assert offered == dict.fromkeys(offered, False) | {"signal": True}
        assert await person.page.get_by_role("button", name="Request Cancellation").first.is_disabled()
        assert await person.page.get_by_role("menuitem", name="Pause").count() == 0

        statuses = await person.page.evaluate(
            """async ([workflow, others]) => {
                const token = document.cookie.split("; ").find(one => one.startsWith("_csrf=")).slice(6);
                const found = {};
                const own = ["terminate", "reset", "pause", "cancel"].map(one => `${workflow}/${one}`);
                for (const path of [...own, ...others])
                    found[path] = await fetch(path, {method: "POST", body: "{}", headers: {
                        "Content-Type": "application/json", "X-CSRF-TOKEN": token}}).then(
                            async one => [one.status, (await one.json()).message]);
                return found;
            }""",
            [f"/api/v1/namespaces/default/workflows/{quote(stack.case.id, safe='')}", OTHERS],
        )
        assert {status for status, _ in statuses.values()} == {403}
        assert all("What must not be done" in message for _, message in statuses.values())
        assert (await stack.case.describe()).status is WorkflowExecutionStatus.RUNNING

        await person.page.locator("[data-testid=signal-button]:visible").click()
        dialog = person.page.locator("dialog[open]")
        await dialog.get_by_test_id("signal-select-button").click()
        await dialog.get_by_role("option").filter(has_text="raise_concern").click()
        await dialog.get_by_role("textbox", name="Data").fill('{"kind": "other", "reason": "other"}')
        await dialog.get_by_role("textbox", name="Data").blur()  # the input is set out in lines, and Submit moves
        await dialog.locator(".cm-line").nth(3).wait_for()
        async with person.page.expect_response("**/signal/raise_concern**") as sent:
            await dialog.get_by_role("button", name="Submit").click()
        assert (await sent.value).status == 200
        history = await stack.case.fetch_history()
        (given,) = [
            event.workflow_execution_signaled_event_attributes
            for event in history.events
            if event.HasField("workflow_execution_signaled_event_attributes")
            and event.workflow_execution_signaled_event_attributes.signal_name == "raise_concern"
        ]
        assert [one.metadata["encoding"] for one in given.input.payloads] == [b"binary/encrypted"]
        assert ("encode", "operations.engineer.1") in {(row["action"], row["person_key"]) for row in await rows(stack)}
        escalation = f"{stack.reference}/escalation/other-1/acknowledge:other-1"
        assert (await stack.office.gate(escalation))["state"] == "open"  # the case has heard it
