"""An invented case in disclosure, put into the record by SQL, with a gateway over it and a Temporal that keeps runs."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
from bs4 import BeautifulSoup
from temporalio.client import WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from tests.builders import LINK_KEY, ACase
from tests.conftest import MailServer, Record
from tests.starter.front_desk import Browser, Desk, FakeTemporal, a_settings
from workflows.contract import ids
from workflows.contract.messages import CaseClock, CaseOpening, StaffRef
from workflows.contract.vocabulary import Role
from workflows.policy.links import seal

NOW = datetime(2027, 3, 10, 10, tzinfo=UTC)
TODAY = NOW.date()
REFERENCE = "SFO-2026-00007"
OFFICER, OFFICER_2 = "officer1@n53.example.test", "officer2@n53.example.test"
TEAM, LEAD, DIRECTOR = "sfo.team@n53.example.test", "senior.lead@n53.example.test", "director@n53.example.test"
NATIONAL, AUTHOR = "sfo.team@national.example.test", "reviewer.one@n53.example.test"
NAMES = ("Invented", "Example", "@", "example.test")
BYTES = {"html": b"<!DOCTYPE html><p>Invented", "docx": b"PK invented word", "pdf": b"%PDF-1.7 invented"}
RENDITION: dict[str, Any] = {
    "kind": "victim_rendition",
    "version": 1,
    "languages": ["en"],
    "formats": ["html", "docx", "pdf"],
}
ROLES = {
    "refer": Role.SFO_TEAM,
    "language": Role.SFO_TEAM,
    "leaks": Role.SENIOR_LEAD,
    "internal_leaks": Role.SENIOR_LEAD,
    "quality": Role.NATIONAL_TEAM,
    "enquiry_review": Role.SFO_TEAM,
    "redaction_decision": Role.SENIOR_LEAD,
    "release": Role.REGIONAL_DIRECTOR,
    "release_public": Role.NATIONAL_TEAM,
    "staff_impact": Role.HEAD_OF_PDU,
}


@dataclass
class Run:
    """One run of a workflow, as Temporal keeps it."""

    opening: Any
    memo: dict[str, Any]
    options: dict[str, Any]
    is_running: bool = True


@dataclass
class KeptRuns(FakeTemporal):
    """A Temporal that keeps every run of an id and obeys the policies for starting one."""

    runs: dict[str, list[Run]] = field(default_factory=dict)

    async def start_workflow(self, kind: str, opening: Any, *, id: str, **options: Any) -> None:
        self._reach()
        runs = self.runs.setdefault(id, [])
        if runs and runs[-1].is_running:
            if options["id_conflict_policy"] is WorkflowIDConflictPolicy.USE_EXISTING:
                return
            raise WorkflowAlreadyStartedError(id, kind)
        if runs and options["id_reuse_policy"] is WorkflowIDReusePolicy.REJECT_DUPLICATE:
            raise WorkflowAlreadyStartedError(id, kind)
        runs.append(Run(opening, options.get("memo", {}), options))
        self.ended.discard(id)

    def end(self, workflow_id: str) -> None:
        """The run ends, as one does that has closed its case."""
        self.runs[workflow_id][-1].is_running = False
        self.ended.add(workflow_id)

    def get_workflow_handle(self, workflow_id: str) -> SimpleNamespace:
        async def describe(**_: Any) -> SimpleNamespace:
            self._reach()
            if not self.runs.get(workflow_id):
                raise RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")
            run = self.runs[workflow_id][-1]

            async def memo_value(key: str, default: Any = None) -> Any:
                return run.memo.get(key, default)

            running, ended = WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED
            return SimpleNamespace(status=running if run.is_running else ended, memo_value=memo_value)

        return SimpleNamespace(describe=describe)


@dataclass
class Disclosure:
    """The case, who may be asked, and a gateway. A conviction stands, version 2 is accepted, rendition 1 is there."""

    record: Record
    mail: MailServer
    temporal: KeptRuns
    desk: Desk

    @property
    def case_id(self) -> str:
        return ids.case_id(REFERENCE)

    async def run(self, statement: str, *arguments: object) -> None:
        await self.record.pool.execute(statement, *arguments)

    async def court(self, kind: str, on: date = TODAY, *, applied: bool = True) -> None:
        number = await self.record.value("SELECT count(*) FROM court_events")
        await self.run(
            "INSERT INTO court_events (event, reference, kind, on_date, at, applied_at) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            f"{REFERENCE}/court/{kind}-{number}",
            REFERENCE,
            kind,
            on,
            NOW,
            NOW + timedelta(minutes=int(str(number))) if applied else None,
        )

    async def file(self, format_: str, data: bytes, language: str = "en", *, searched: bool = True, **key: Any) -> None:
        """A file of a rendition, by default of version 1 for victims."""
        kind, version = key.get("kind", "victim_rendition"), key.get("version", 1)
        digest = hashlib.sha256(data).hexdigest()
        await self.run(
            "INSERT INTO rendition_files VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            *(REFERENCE, kind, version, language, format_, data, digest, TEAM if language != "en" else None, NOW),
        )
        if searched:
            await self.run(
                "INSERT INTO file_searches SELECT $1, $2, $3, $4, $5, $6, names, $7 FROM cases WHERE reference = $1",
                *(REFERENCE, kind, version, language, format_, digest, NOW),
            )

    async def rendition(self, version: int = 1, kind: str = "victim_rendition", **content: Any) -> None:
        """A rendition with a file of each format."""
        held = {"review_version": 2, "share": 0.021, "removed": [], **content}
        await self.run(
            "INSERT INTO documents VALUES ($1, $2, $3, $4, $5, NULL, $6)",
            *(REFERENCE, kind, version, held, hashlib.sha256(str(version).encode()).hexdigest(), NOW),
        )
        for format_, data in BYTES.items():
            await self.file(format_, data, kind=kind, version=version)

    async def ask(
        self,
        question: str,
        subject: str | None = None,
        *,
        email: str = OFFICER,
        stage: str = "victim-disclosure",
        due_on: date = TODAY + timedelta(days=7),
        **page: Any,
    ) -> str:
        """An open question; its name."""
        about, role = f":{subject}" if subject else "", ROLES.get(question, Role.VICTIM_LIAISON_OFFICER)
        gate = f"{REFERENCE}/{stage}/{question}{about}"
        content = {
            "title": "A question", "why": "Why.", "if_silent": "It climbs.", "facts": [], "options": {}, "refused": {},
            "document": None, "redactions": [], **page,
        }  # fmt: skip
        due_at = datetime.combine(due_on, datetime.max.time(), tzinfo=UTC)
        await self.run(
            """INSERT INTO gates (gate, reference, stage, round, question, subject, role, person_name, person_email,
                   page, due_on, due_at, original_due_on, opened_at)
               VALUES ($1, $2, $3, 1, $4, $5, $6, 'Invented Person', $7, $8, $9, $10, $9, $11)""",
            *(gate, REFERENCE, stage, question, subject, str(role), email, content, due_on, due_at, NOW),
        )
        return gate

    async def decide(self, gate: str, answer: str, *, applied: bool = True, **fields: Any) -> UUID:
        """The answer to a question; by default it has taken effect, which closes the question."""
        decision, email = uuid4(), await self.record.value("SELECT person_email FROM gates WHERE gate = $1", gate)
        await self.run(
            """INSERT INTO decisions (decision, gate, answer, fields, by_email, channel, received_at, late, applied_at)
               VALUES ($1, $2, $3, $4, $5, 'link', $6, false, $7)""",
            *(decision, gate, answer, fields, email, NOW, NOW if applied else None),
        )
        if applied:
            await self.run("UPDATE gates SET state = 'decided', closed_at = $2 WHERE gate = $1", gate, NOW)
        return decision

    async def release(self, number: int = 1) -> None:
        """The director has released this rendition."""
        gate = await self.ask("release", f"r{number}", email=DIRECTOR, rendition={**RENDITION, "version": number})
        await self.decide(gate, "released")

    async def link(self, gate: str, email: str | None = None, rung: str = "asked") -> str:
        """The path of a link to the question."""
        link = uuid4()
        await self.run(
            "INSERT INTO links (link, gate, email, name, rung) SELECT $1, gate, coalesce($3, person_email), "
            "person_name, $4 FROM gates WHERE gate = $2",
            *(link, gate, email, rung),
        )
        return f"/a/{seal(link.bytes, 'k1', LINK_KEY)}"

    async def visit(
        self, question: str, subject: str | None = None, **more: Any
    ) -> tuple[Browser, str, httpx.Response]:
        """Whoever is asked, signed in on the question's page."""
        return await self.enter(await self.ask(question, subject, **more))

    async def enter(self, gate: str) -> tuple[Browser, str, httpx.Response]:
        """Whoever is or was asked, signed in."""
        link, browser = await self.link(gate), self.desk.browser()
        await self.sign_in(browser, link)
        return browser, link, await browser.web.get(f"{link}/decide")

    async def sign_in(self, browser: Browser, link: str) -> None:
        asked = await browser.web.post(f"{link}/start")
        if asked.status_code != 303:
            typed = await browser.web.post(f"{link}/code", data={"code": browser.code()})
            assert typed.status_code == 303, typed.text

    async def audits(self, action: str) -> list[dict[str, Any]]:
        return await self.record.rows("SELECT * FROM audit WHERE action = $1 ORDER BY seq", action)

    async def victim(self, ref: str) -> dict[str, Any]:
        (row,) = await self.record.rows("SELECT * FROM victims WHERE ref = $1", ref)
        return row

    async def duties(self, ref: str) -> dict[str, str]:
        rows = await self.record.rows("SELECT kind, state FROM duties WHERE subject = $1", ref)
        return {str(row["kind"]): str(row["state"]) for row in rows}

    async def close(self) -> None:
        """The case has closed, and its run has ended."""
        await self.run("UPDATE cases SET closed_on = '2027-02-01', outcome = 'completed', stage = 'closed'")
        self.temporal.end(self.case_id)

    async def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table but the sessions and one-time codes of the gateway."""
        tables = await self.record.rows(
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'sfo' "
            "AND table_type = 'BASE TABLE' AND table_name NOT IN ('sessions', 'codes', 'referrals')"
        )
        return {str(t["name"]): await self.record.rows(f"SELECT * FROM {t['name']} t ORDER BY t::text") for t in tables}


async def a_disclosure(record: Record, mail_server: MailServer, **settings: str) -> Disclosure:
    """A case whose clock shows `NOW`, convicted, with two families, an accepted review and a rendition of it."""
    clock = CaseClock(case_anchor=NOW, wall_anchor=datetime.now(UTC))
    opening = CaseOpening(
        reference=REFERENCE, clock=clock, region="N53", pdu="N53LEI", charged_on=date(2026, 10, 5),
        staff=(StaffRef(ref="s1", role=Role.PRACTITIONER, in_line=True),), victims=("v1", "v2"),
    )  # fmt: skip
    pool, temporal = record.pool, KeptRuns()
    await pool.execute(
        """INSERT INTO cases (reference, charge_key, crn, person_name, region, pdu, supervision_type,
               supervision_started_on, rosh, charged_on, ground, stage, rulebook, accepted_version, clock, opening,
               opened_on, started_at_wall)
           VALUES ($1, $1, 'X123456', 'Invented Supervised Person', 'N53', 'N53LEI', 'licence', '2026-01-12', 'high',
               '2026-10-05', 'always_reviewed', 'victim-disclosure', '2026-04-01', 2, $2, $3, '2026-10-05', now())""",
        *(REFERENCE, clock.model_dump(mode="json"), opening.model_dump(mode="json")),
    )
    await pool.executemany(
        "INSERT INTO victims (reference, ref, name, liaison_officer_email, officer_name) VALUES ($1, $2, $3, $4, $5)",
        [
            (REFERENCE, "v1", "Invented Family One", OFFICER, "Invented Officer One"),
            (REFERENCE, "v2", "Invented Family Two", OFFICER_2, "Invented Officer Two"),
        ],
    )
    await pool.executemany(
        "INSERT INTO staff VALUES ($1, $2, $3, $4, $5, true)",
        [
            (REFERENCE, "s1", "practitioner", "Invented Practitioner", "practitioner@n53.example.test"),
            (REFERENCE, "s2", "line_manager", "Invented Manager", "line.manager@n53.example.test"),
        ],
    )
    await pool.executemany(
        "INSERT INTO documents VALUES ($1, 'review', $2, $3, $4, $5, $6)",
        [
            (REFERENCE, n, {"analysis": "x"}, hashlib.sha256(b"r%d" % n).hexdigest(), AUTHOR, NOW - timedelta(days=30))
            for n in (1, 2)
        ],
    )
    desk = Desk(record, mail_server, temporal, cast(ACase, None), a_settings(record, mail_server, **settings))
    found = Disclosure(record, mail_server, temporal, desk)
    await found.rendition()
    await found.court("convicted", date(2027, 2, 1))
    temporal.runs[found.case_id] = [Run(opening, {}, {})]
    return found


def errors(page: httpx.Response) -> dict[str, str]:
    """What the page says is wrong, by the input that it leads to."""
    soup = BeautifulSoup(page.text, "html.parser")
    for anchor in soup.select(".govuk-error-summary a"):
        assert soup.find(id=str(anchor["href"])[1:]), anchor
    return {str(anchor["href"])[1:]: anchor.get_text() for anchor in soup.select(".govuk-error-summary a")}


def text_of(page: httpx.Response) -> str:
    """What stands on the page, in one line."""
    return re.sub(r"\s+", " ", BeautifulSoup(page.text, "html.parser").get_text(" ")).strip()
