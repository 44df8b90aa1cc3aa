"""What tests of the way in share: a Temporal that only notes what it is told, a gateway in process, a browser."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import httpx
from bs4 import BeautifulSoup
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from starter.delivery import Delivery
from starter.gateway import gateway_app
from starter.keys import KeyRing
from starter.mailer import SmtpMailer
from starter.payloads import data_converter
from starter.settings import Settings
from tests.builders import LINK_KEY, MONDAY, ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract import ids
from workflows.contract.messages import CaseClock, DecideSignal

PUBLIC_URL = "https://sfo.example.test"
RING = KeyRing("p1", {"p1": b"p" * 32})


@dataclass(frozen=True)
class Signal:
    workflow_id: str
    name: str
    content: dict[str, Any]
    request: str


@dataclass
class FakeTemporal:
    """Takes signals and starts as the server does: durable, each request id once. `stage` answers a `decide`."""

    is_away: bool = False
    has_namespace: bool = True
    refuses: dict[str, RPCStatusCode] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    ended_as: WorkflowExecutionStatus = WorkflowExecutionStatus.COMPLETED
    signals: list[Signal] = field(default_factory=list)
    started: dict[str, dict[str, Any]] = field(default_factory=dict)
    stage: Callable[[DecideSignal], Awaitable[object]] | None = None
    sent: int = 0
    namespace: str = "default"
    data_converter: Any = field(default_factory=lambda: data_converter(RING))

    @property
    def workflow_service(self) -> "FakeTemporal":
        return self

    def delivery(self, record: Record) -> Delivery:
        return Delivery(cast(Client, self), record.pool)

    async def describe_namespace(self, request: Any, **_: Any) -> None:
        self._reach()

    async def signal_workflow_execution(self, request: Any, **_: Any) -> None:
        self._reach()
        self.sent += 1
        workflow_id = request.workflow_execution.workflow_id
        if workflow_id in self.refuses:
            raise RPCError("refused", self.refuses[workflow_id], b"")
        if workflow_id in self.ended | self.unknown:
            raise RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")
        (content,) = await self.data_converter.decode(request.input.payloads, [dict])
        signal = Signal(workflow_id, request.signal_name, content, request.request_id)
        if any((s.workflow_id, s.request) == (workflow_id, signal.request) for s in self.signals):
            return
        self.signals.append(signal)
        if signal.name == "decide" and self.stage:
            await self.stage(DecideSignal.model_validate(content))

    async def start_workflow(self, kind: str, opening: Any, *, id: str, **options: Any) -> None:
        self._reach()
        self.started.setdefault(id, {"kind": kind, "opening": opening, **options})

    def get_workflow_handle(self, workflow_id: str) -> SimpleNamespace:
        async def describe(**_: Any) -> SimpleNamespace:
            self._reach()
            if workflow_id in self.unknown:
                raise RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")
            closed = workflow_id in self.ended
            return SimpleNamespace(status=self.ended_as if closed else WorkflowExecutionStatus.RUNNING)

        return SimpleNamespace(describe=describe)

    def _reach(self) -> None:
        if self.is_away:
            raise RuntimeError("Failed client connect")
        if not self.has_namespace:
            raise NoNamespaceError


class NoNamespaceError(RPCError):
    """What a server says about a namespace that it does not have: also NOT_FOUND, with another detail."""

    def __init__(self) -> None:
        super().__init__("namespace not found", RPCStatusCode.NOT_FOUND, b"")

    @property
    def grpc_status(self) -> Any:
        detail = SimpleNamespace(Is=lambda descriptor: descriptor is NamespaceNotFoundFailure.DESCRIPTOR)
        return SimpleNamespace(details=[detail])


def a_settings(record: Record, mail_server: MailServer, **more: str) -> Settings:
    return Settings.from_environment(
        {
            "SFO_DATABASE_URL": record.app_url,
            "SFO_SCHEMA_DATABASE_URL": record.owner_url,
            "SFO_TEMPORAL_ADDRESS": "127.0.0.1:1",
            "SFO_SMTP_URL": mail_server.url,
            "SFO_MAIL_FROM": "sfo@example.test",
            "SFO_PUBLIC_URL": PUBLIC_URL,
            "SFO_LINK_KEYS": KeyRing("k1", {"k1": LINK_KEY}).encode(),
            "SFO_PAYLOAD_KEYS": RING.encode(),
            **more,
        }
    )


async def a_case_now(record: Record, mail_server: MailServer) -> ACase:
    """A case whose clock shows its first Monday now, whatever day the test runs on."""
    case = await a_case(record.pool, mail_server)
    clock = CaseClock(case_anchor=MONDAY, wall_anchor=datetime.now(UTC)).model_dump(mode="json")
    await record.pool.execute(
        "UPDATE cases SET clock = $2, opening = opening || jsonb_build_object('clock', $2::jsonb) WHERE reference = $1",
        case.reference,
        clock,
    )
    return case


@dataclass
class Desk:
    """A gateway over a real record and a real mail server."""

    record: Record
    mail: MailServer
    temporal: FakeTemporal
    case: ACase
    settings: Settings

    def browser(self, base_url: str = PUBLIC_URL) -> "Browser":
        app = gateway_app(
            self.settings, self.record.pool, self.temporal.delivery(self.record), SmtpMailer(self.mail.url, timeout=5)
        )
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        return Browser(httpx.AsyncClient(transport=transport, base_url=base_url), self.mail)

    async def ask(self, question: str, subject: str | None = None, stage: str = "review", **more: Any) -> str:
        """Open a gate and return its name."""
        return (await self.case.ask(question, subject, stage, **more)).gate

    def link(self, email: str) -> str:
        """The path of the newest link mailed to this person."""
        letters = [str(m.get_body(("plain",)).get_content()) for m in self.mail.to(email)]  # type: ignore[union-attr]
        return [found[0] for text in letters if (found := re.search(r"/a/[A-Za-z0-9_-]{56}", text))][-1]

    async def apply(self, signal: DecideSignal) -> None:
        """What the stage does with a decision: settle it through the real port."""
        await self.case.settle(signal.gate, UUID(str(signal.decision)))

    async def decisions(self) -> list[dict[str, object]]:
        return await self.record.rows("SELECT * FROM decisions ORDER BY recorded_at")


@dataclass
class Browser:
    """Somebody at a browser; keeps cookies and knows only what pages say."""

    web: httpx.AsyncClient
    mail: MailServer

    async def sign_in(self, link: str) -> httpx.Response:
        """Follow the link, ask for the code, type it, and return the question's page."""
        await self.web.get(link)
        asked = await self.web.post(f"{link}/start")
        if asked.status_code == 303:
            return await self.web.get(f"{link}/decide")
        typed = await self.web.post(f"{link}/code", data={"code": self.code()})
        assert typed.status_code == 303, typed.text
        return await self.web.get(f"{link}/decide")

    async def answer(self, link: str, page: httpx.Response, answer: str, **inputs: str) -> httpx.Response:
        """Send the form of a question's page, filled in and checked; `sent_on` is the input of that answer's field."""
        known = ("reasons", "add", "csrf", "attempt", "checked", "person", "person_name")
        inputs = {"checked": "yes", **first_of_the_team(page), **inputs}
        named = {name if name in known else f"{answer}.{name}": value for name, value in inputs.items()}
        return await self.post(f"{link}/decide", {**hidden(page), "answer": answer, **named})

    async def post(self, path: str, form: dict[str, str]) -> httpx.Response:
        """Send a form, and open the page that it leads on to, as browsers do."""
        reply = await self.web.post(path, data=form)
        return await self.web.get(reply.headers["location"]) if reply.status_code == 303 else reply

    def code(self) -> str:
        """The newest code mailed to anybody."""
        body = self.mail.messages[-1].get_body(("plain",))
        assert body is not None
        found = re.search(r"\b\d{6}\b", str(body.get_content()))
        assert found
        return found[0]


def first_of_the_team(page: httpx.Response) -> dict[str, str]:
    """Who is deciding, where the page asks; nobody where the address is one person's."""
    found = BeautifulSoup(page.text, "html.parser").select("input[name=person], select[name=person] option[value]")
    chosen = [str(one["value"]) for one in found if one["value"]]
    return {"person": chosen[0]} if chosen else {}


def hidden(page: httpx.Response) -> dict[str, str]:
    """The hidden inputs of a page's first form."""
    form = BeautifulSoup(page.text, "html.parser").select_one("main form")
    assert form is not None
    return {str(i["name"]): str(i.get("value", "")) for i in form.select("input[type=hidden]")}


def heading(page: httpx.Response) -> str:
    found = BeautifulSoup(page.text, "html.parser").select_one("h1")
    assert found is not None
    return found.get_text(strip=True)


def a_signal_of(gate: str, decision: object) -> Signal:
    content = {"gate": gate, "decision": str(decision), "answer": None, "reason": None}
    return Signal(ids.workflow_of_gate(gate), "decide", content, str(decision))
