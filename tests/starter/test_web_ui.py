"""The front before the embedded Web UI: what passes, what is refused, what the UI is told."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from deploy.embedded.ports import usable_port
from deploy.embedded.process import ServiceError
from deploy.embedded.web_ui import SHIPPED, embedded_web_ui, may_pass, offered, shipped_settings
from tests.serving import served

API = "/api/v1/namespaces/default"
CASE = f"{API}/workflows/sfo%2FSFO-2026-00042"
RUNBOOK = Path(__file__).parents[2] / "docs" / "operations.md"

PASSES = [
    *[("GET", "/"), ("HEAD", "/"), ("GET", f"{API}/batch-operations")],
    *[("GET", f"{CASE}/{what}") for what in ("history", "terminate")],
    *[
        ("POST", f"{CASE}/{what}")
        for what in ("signal/court_event", "query/status", "query/__temporal_workflow_metadata")
    ],
    *[("POST", f"{CASE}%2Freview/signal/decide"), ("POST", f"{API}/workflows/a-b_c.d~1/signal/x")],
]
ON_A_CASE = [
    *["terminate", "reset", "pause", "unpause", "cancel", "update/x", "update-options", "signal-with-start/x"],
    *["trigger-rule", "activities/1/complete", "signal/", "signal/a/b", "signal/a%2Fterminate", "signal/.."],
    *["terminate/../signal/x", "terminate%00/signal/x", "signal/x\n", "signal/x?", "query/a%20b"],
]
ON_THE_NAMESPACE = [
    *["batch-operations", "batch-operations/1/stop", "workflows/new", "update", "activities/1/pause", "schedules/1"],
    *[
        "activities-deprecated/reset",
        "activity-complete",
        "workflow-rules",
        "worker-deployments/sfo/set-current-version",
    ],
]
ELSEWHERE = [
    *["/", "/api/v1/namespaces", f"/{CASE}/signal/x", f"{CASE}%3F/signal/x"],
    *[f"{CASE}%2Factivities/signal/complete", f"{CASE}%2factivities/query/complete"],
]
REFUSED = [
    *[("POST", f"{CASE}/{what}") for what in ON_A_CASE],
    *[("POST", f"{API}/{what}") for what in ON_THE_NAMESPACE],
    *[("POST", path) for path in ELSEWHERE],
    *[(method, CASE) for method in ("DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND")],
    ("post", f"{CASE}/signal/x"),
]


@pytest.mark.parametrize(("method", "path"), PASSES)
def test_whatever_reads_a_signal_and_a_query_may_pass(method: str, path: str) -> None:
    assert may_pass(method, path.encode())


@pytest.mark.parametrize(("method", "path"), REFUSED)
def test_everything_else_may_not(method: str, path: str) -> None:
    assert not may_pass(method, path.encode())


# --- one source of truth -----------------------------------------------------------------------------


def test_each_shipped_switch_has_its_reason_and_is_what_the_embedded_ui_is_told() -> None:
    shipped = shipped_settings()
    told = offered({"Version": "2", "Codec": {"Endpoint": "", "More": 1}}, shipped, "http://gateway.example.test")
    off = {name for name, value in told.items() if name.endswith("Disabled") and value}
    assert off == {
        *("WorkflowTerminateDisabled", "WorkflowResetDisabled", "WorkflowPauseDisabled", "WorkflowCancelDisabled"),
        *("WorkflowUpdateDisabled", "BatchActionsDisabled", "StartWorkflowDisabled", "ActivityCommandsDisabled"),
    }
    assert (told["WorkflowSignalDisabled"], told["DisableWriteActions"], told["Version"]) == (False, False, "2")
    assert told["Codec"] == {
        "Endpoint": "http://gateway.example.test/codec",
        "IncludeCredentials": True,
        "PassAccessToken": False,
        "DefaultErrorMessage": shipped["TEMPORAL_CODEC_DEFAULT_ERROR_MESSAGE"],
        "DefaultErrorLink": "http://gateway.example.test/operations",
        "More": 1,
    }
    lines = SHIPPED.read_text().splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if re.match(r"TEMPORAL_\w+(DISABLED|ACTIONS|CREDENTIALS|TOKEN)=", line):
            assert before.startswith(("# ", "TEMPORAL_")), f"{line} has no reason"


def test_the_runbook_has_the_section_that_a_refusal_names() -> None:
    assert "\n## What must not be done\n" in RUNBOOK.read_text()


# --- as a server behind it sees it -------------------------------------------------------------------


@dataclass
class Noting:
    """A UI that notes what it is asked."""

    asked: list[tuple[str, bytes, str, dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        query = scope["query_string"].decode()
        self.asked.append((request.method, scope["raw_path"], query, dict(request.headers), await request.body()))
        response: Response = JSONResponse({"Version": "2.54.1", "WorkflowResetDisabled": False}, self.status)
        response.set_cookie("_csrf", "one")
        response.headers.append("set-cookie", "other=two")
        await response(scope, receive, send)


@pytest_asyncio.fixture
async def behind() -> Noting:
    return Noting()


@pytest_asyncio.fixture
async def web(behind: Noting) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        served(behind) as address,
        embedded_web_ui(port=usable_port(0), behind=address, public_url="http://127.0.0.1:1") as at,
        httpx.AsyncClient(base_url=at) as web,
    ):
        yield web


async def test_a_request_is_passed_on_as_it_is_and_the_answer_comes_back_as_it_is(
    web: httpx.AsyncClient, behind: Noting
) -> None:
    behind.status = 418
    headers = {"X-CSRF-TOKEN": "one", "X-HTTP-Method-Override": "DELETE", "Cookie": "_csrf=one"}
    reply = await web.post(f"{CASE}%2Freview/signal/decide?a=b%20c", content=b'{"x": 1}', headers=headers)
    ((method, path, query, given, content),) = behind.asked
    assert (method, path, query) == ("POST", f"{CASE}%2Freview/signal/decide".encode(), "a=b%20c")
    assert (content, given["x-csrf-token"], given["cookie"]) == (b'{"x": 1}', "one", "_csrf=one")
    assert "x-http-method-override" not in given
    assert reply.status_code == 418
    assert len(reply.headers.get_list("set-cookie")) == 2


async def test_cookies_of_one_visitor_are_not_sent_with_the_requests_of_another(
    web: httpx.AsyncClient, behind: Noting
) -> None:
    await web.get("/")
    web.cookies.clear()
    await web.get("/")
    assert "cookie" not in behind.asked[1][3]


async def test_a_refused_request_reaches_nothing_and_names_the_runbook(web: httpx.AsyncClient, behind: Noting) -> None:
    refused = await web.post(f"{CASE}/terminate", json={})
    assert (refused.status_code, behind.asked) == (403, [])
    assert "What must not be done, in docs/operations.md" in refused.json()["message"]


async def test_the_settings_are_the_shipped_ones_with_the_cookie_that_a_signal_needs(
    web: httpx.AsyncClient, behind: Noting
) -> None:
    reply = await web.get("/api/v1/settings")
    told = json.loads(reply.text)
    assert (told["WorkflowResetDisabled"], told["Codec"]["Endpoint"]) == (True, "http://127.0.0.1:1/codec")
    assert "_csrf" in reply.cookies


async def test_who_types_localhost_is_led_to_the_address_that_the_session_is_of(web: httpx.AsyncClient) -> None:
    led = await web.get("/namespaces?a=b", headers={"Host": "localhost:8233"})
    assert (led.status_code, led.headers["location"]) == (307, f"{str(web.base_url).rstrip('/')}/namespaces?a=b")


async def test_a_ui_that_does_not_answer_and_a_port_that_is_taken_are_said() -> None:
    nobody = f"http://127.0.0.1:{usable_port(0)}"
    async with embedded_web_ui(port=usable_port(0), behind=nobody, public_url="http://x") as at:
        async with httpx.AsyncClient() as web:
            assert (await web.get(f"{at}/")).status_code == 502
        with pytest.raises(ServiceError, match="taken"):
            async with embedded_web_ui(port=int(at.rpartition(":")[2]), behind=nobody, public_url="http://x"):
                pass


async def test_when_the_browser_leaves_or_the_service_stops_nothing_is_waited_for() -> None:
    begun, left = asyncio.Event(), asyncio.Event()

    async def for_ever(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await receive()
        while (await receive())["type"] != "http.disconnect":
            pass
        left.set()

    async with asyncio.timeout(20), served(for_ever) as behind:
        async with embedded_web_ui(port=usable_port(0), behind=behind, public_url="http://x") as at:
            async with httpx.AsyncClient() as web:
                with pytest.raises(httpx.ReadTimeout):
                    await web.get(f"{at}/", timeout=0.5)
            await left.wait()
            begun.clear()
            waiting = asyncio.create_task(_get(at))
            await begun.wait()
        assert await waiting == 502


async def _get(address: str) -> int:
    async with httpx.AsyncClient(timeout=20) as web:
        return (await web.get(f"{address}/")).status_code
