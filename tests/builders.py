"""Invented cases, put into the record by SQL, and the ports that work on them."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from activities.casework import PostgresCasework
from activities.correspondence import Correspondence, Mailer
from activities.gates import PostgresGates
from activities.record import Pool
from activities.rulebooks import FileRulebooks
from starter.mailer import SmtpMailer
from workflows.contract.messages import (
    CaseClock,
    CaseOpening,
    DecideSignal,
    GateOpened,
    GateRequest,
    Settled,
    Settlement,
    StaffRef,
)
from workflows.contract.rulebook import DigestRule
from workflows.contract.vocabulary import Role

if TYPE_CHECKING:
    from tests.conftest import MailServer

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
MONDAY = datetime(2026, 10, 5, 10, 0, tzinfo=UTC)  # the charge; a Monday without bank holidays near
RULEBOOK = "2026-04-01"
LINK_KEY = b"k" * 32
_NUMBERS = count(1)

LETTER_WORDS: dict[str, Any] = {
    "reference": "SFO-2026-00042",
    "title": "Notify the HMPPS SFO Team",
    "due": "2027-03-12",
    "if_silent": "It climbs.",
    "url": "https://sfo.example.test/a/token",
    "role": "the spoc",
    "overdue": True,
    "because": "of a <reason>.",
    "what": "a case to be moved to another place",
    "asked": "2027-04-12",
    "original": "2027-03-12",
    "granted": True,
    "here": True,
    "line": True,
    "other": "SFO-2026-00043",
    "lines": ["2 interviews not held yet", "18 working days left"],
    "questions": [{"title": "Write the draft review", "due": "2027-03-12"}],
    "place": "East Midlands",
    "from_on": "2027-03-12",
    "to_on": "2027-03-26",
    "received": "2027-03-12T14:05:00+00:00",
    "audit": 123,
    "letters": [{"subject": "SFO-2026-00042: Notify the HMPPS SFO Team", "url": "https://sfo.example.test/a/token"}],
    "stranded": [
        {
            "about": "SFO-2026-00042/review",
            "what": "A question is open and the stage that asks it does not run.",
            "do": "See whether the case begins it again within ten minutes; if not, call an engineer.",
        }
    ],
    "more": 3,
    "count": 4,
    "digest_on": "2027-03-12",
    "head": {"seq": 1234, "hash": "0f" * 32},
    "parts": [
        {
            "name": name,
            "lines": [
                {
                    "reference": "SFO-2026-00042",
                    "what": what,
                    "role": role,
                    "due_on": due_on,
                    "days": days,
                }
            ],
            "more": more,
        }
        for name, what, role, due_on, days, more in (
            ("overdue", "Write the draft review", "the reviewing manager", "2027-03-01", 9, 2),
            ("at_risk", "review", "", "2027-03-30", 4, 0),
            ("due", "review", "", "2027-03-13", None, 0),
            ("waiting", "Notify the HMPPS SFO Team", "the single point of contact", None, 12, 0),
            ("raised", "staff safety", "", None, 2, 0),
            ("stranded", "stage gone", "", None, None, 0),
        )
    ],
}
"""Every word that any letter needs."""

WITHOUT_A_CASE = {"cover_set", "cover_ended", "digest", "stranded", "weekday_digest"}
"""Letters that are about no case, or about several."""

PRACTITIONER, LINE_MANAGER, HEAD, OTHER = "s1", "s2", "s3", "s4"
HEAD_EMAIL = "head.lei@n53.example.test"  # as in the directory, so that the deputy is known


@dataclass
class ACase:
    """A case in the record and the ports that carry it; `at` is the case's time, moved on by the test."""

    reference: str
    pool: Pool
    letters: Correspondence
    gates: PostgresGates
    casework: PostgresCasework
    at: datetime = MONDAY
    staff: dict[str, str] = field(default_factory=dict)

    def gate(self, question: str, subject: str | None = None, stage: str = "review", ask: int = 1) -> str:
        about = f":{subject}" if subject else ""
        return f"{self.reference}/{stage}/{question}{about}{f'#{ask}' if ask > 1 else ''}"

    def request(
        self, question: str, subject: str | None = None, stage: str = "review", ask: int = 1, **more: Any
    ) -> GateRequest:
        gate = self.gate(question, subject, stage, ask)
        return GateRequest(gate=gate, question=question, subject=subject, at=self.at, rulebook=RULEBOOK, **more)

    async def ask(
        self, question: str, subject: str | None = None, stage: str = "review", ask: int = 1, **more: Any
    ) -> GateOpened:
        return await self.gates.open_gate(self.request(question, subject, stage, ask, **more))

    async def decide(
        self, gate: str, answer: str, reasons: str | None = None, by: str | None = None, **fields: Any
    ) -> UUID:
        """Write the row that the gateway writes when a link is answered."""
        row = await self.pool.fetchrow("SELECT * FROM gates WHERE gate = $1", gate)
        assert row is not None
        decision, received_at = uuid4(), self._received_at(fields)
        await self.pool.execute(
            """
            INSERT INTO decisions
                (decision, gate, answer, fields, reasons, by_email, by_name, channel, received_at, late)
            VALUES ($1, $2, $3, $4, $5, $6, 'Example Decider', 'link', $7, $8)
            """,
            decision,
            gate,
            answer,
            fields,
            reasons,
            by or row["person_email"],
            received_at,
            received_at > row["due_at"],
        )
        return decision

    def _received_at(self, fields: dict[str, Any]) -> datetime:
        """An answer that tells what happened on a day comes on that day at the earliest."""
        days = [str(value) for name, value in fields.items() if name.endswith("_on") and name != "new_on"]
        noons = [datetime.combine(date.fromisoformat(day), time(12), tzinfo=UTC) for day in days]
        return max([self.at, *noons])

    async def settle(self, gate: str, decision: UUID) -> Settled:
        signal = DecideSignal(gate=gate, decision=str(decision))
        return await self.gates.settle_gate(Settlement(gate=gate, at=self.at, signal=signal))

    async def answer(
        self,
        question: str,
        answer: str,
        subject: str | None = None,
        stage: str = "review",
        ask: int = 1,
        reasons: str | None = None,
        **fields: Any,
    ) -> Settled:
        """Ask, decide as the person asked, and settle."""
        opened = await self.ask(question, subject, stage, ask)
        return await self.settle(opened.gate, await self.decide(opened.gate, answer, reasons, **fields))

    def pass_days(self, days: int) -> None:
        self.at += timedelta(days=days)

    async def column(self, column: str) -> Any:
        return await self.pool.fetchval(f"SELECT {column} FROM cases WHERE reference = $1", self.reference)


def a_correspondence(
    pool: Pool,
    mail_server: "MailServer",
    *,
    rulebooks: FileRulebooks | None = None,
    digest: DigestRule | None = None,
    reply_to: str | None = None,
    mailer: Mailer | None = None,
) -> Correspondence:
    return Correspondence(
        pool,
        mailer or SmtpMailer(mail_server.url, timeout=5),
        mail_from="sfo@example.test",
        public_url="https://sfo.example.test",
        link_key_id="k1",
        link_keys={"k1": LINK_KEY},
        digest=digest,
        reply_to=reply_to,
        language_of=(rulebooks or FileRulebooks(DEPLOY / "rulebook", DEPLOY / "directory")).language_of,
    )


async def a_case(
    pool: Pool,
    mail_server: "MailServer",
    *,
    code: str = "SX03001A",
    rosh: str = "high",
    appeared_on: date | None = date(2026, 10, 6),
    public_interest: str | None = None,
    staff: tuple[tuple[str, str, bool], ...] | None = None,
    pdu: str = "N53LEI",
    mailer: Mailer | None = None,
) -> ACase:
    """A complete case: practitioner, line manager, Head of PDU, another; two victims; charged on `MONDAY`."""
    reference = f"SFO-2026-{next(_NUMBERS):05d}"
    people = staff or (
        ("practitioner", "practitioner@n53.example.test", True),
        ("line_manager", "line.manager@n53.example.test", True),
        ("head_of_pdu", HEAD_EMAIL, True),
        ("other", "other@n53.example.test", False),
    )
    clock = CaseClock(case_anchor=MONDAY, wall_anchor=MONDAY)
    opening = CaseOpening(
        reference=reference,
        clock=clock,
        region="N53",
        pdu=pdu,
        charged_on=MONDAY.date(),
        appeared_on=appeared_on,
        staff=tuple(
            StaffRef(ref=f"s{n}", role=Role(role), in_line=line) for n, (role, _, line) in enumerate(people, 1)
        ),
        victims=("v1", "v2"),
    )
    await pool.execute(
        """
        INSERT INTO cases (reference, charge_key, crn, person_name, region, pdu, supervision_type,
            supervision_started_on, rosh, charged_on, appeared_on, public_interest, clock, opening, opened_on)
        VALUES ($1, $1, 'X123456', 'Example Supervised Person', 'N53', $2, 'licence', '2026-01-12', $3, $4, $5, $6,
            $7, $8, $4)
        """,
        reference,
        pdu,
        rosh,
        MONDAY.date(),
        appeared_on,
        public_interest,
        json.loads(clock.model_dump_json()),
        json.loads(opening.model_dump_json()),
    )
    await pool.execute(
        "INSERT INTO offences (reference, round, number, code, offence_on) VALUES ($1, 1, 1, $2, '2026-10-02')",
        reference,
        code,
    )
    for n, (role, email, line) in enumerate(people, 1):
        await pool.execute(
            "INSERT INTO staff VALUES ($1, $2, $3, $4, $5, $6)",
            reference,
            f"s{n}",
            role,
            f"Example {role}",
            email,
            line,
        )
    for n in (1, 2):
        await pool.execute(
            "INSERT INTO victims (reference, ref, name, liaison_officer_email) VALUES ($1, $2, $3, $4)",
            reference,
            f"v{n}",
            f"Example Family {n}",
            f"officer{n}@n53.example.test",
        )
    rulebooks = FileRulebooks(DEPLOY / "rulebook", DEPLOY / "directory")
    letters = a_correspondence(pool, mail_server, rulebooks=rulebooks, mailer=mailer)
    return ACase(
        reference,
        pool,
        letters,
        PostgresGates(pool, letters, rulebooks),
        PostgresCasework(pool, letters, rulebooks),
        staff={f"s{n}": email for n, (_, email, _) in enumerate(people, 1)},
    )
