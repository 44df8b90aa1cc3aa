"""Invented cases for figures, many at a time, put into the record as the service leaves them there.

The same number always gives the same cases. No name is more than a placeholder.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from starter.connections import Connection
from workflows.contract.choices import THEMES

REGIONS = ("N53", "N56", "MCG", "N57", "N07", "N54", "N51", "N59", "N58", "N03", "N52", "N55")
SPREAD = {"REAL": 1.0, "REHEARSED": 172_800.0}
_LEVELS = ("individual", "team", "organisational", "mix")
_REASONS = ("trial", "waiting_for_information", "illness", "absence", "workload", "other")


@dataclass
class Invented:
    """Rows by table, gathered before they are written in one go."""

    chance: random.Random
    today: date
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    audits: list[tuple[datetime, str, str, str]] = field(default_factory=list)

    def add(self, table: str, **columns: Any) -> None:
        self.tables.setdefault(table, []).append(columns)

    def id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def days(self, least: int, most: int) -> timedelta:
        return timedelta(days=self.chance.randint(least, most))


def at(on: date) -> datetime:
    return datetime.combine(on, time(12), tzinfo=UTC)


async def seed(connection: Connection, cases: int, today: date, number: int = 1, first: int = 1) -> None:
    """This many cases charged within two years before `today`; every twentieth is rehearsed."""
    invented = Invented(random.Random(number), today)  # noqa: S311  # invented cases, the same ones each time
    for n in range(first, first + cases):
        _case(invented, f"SFO-2026-{n:05d}", REGIONS[invented.chance.randrange(len(REGIONS))], rehearsed=n % 20 == 0)
    for table in sorted(invented.tables, key=lambda name: (name != "cases", name != "gates", name)):
        await _write(connection, table, invented.tables[table])
    await connection.execute(
        """SELECT sfo.audit_append(a.at, a.reference, 'system', 'stage_ended', a.stage,
               jsonb_build_object('outcome', a.outcome))
           FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[]) AS a (at, reference, stage, outcome)""",
        *(list(column) for column in zip(*invented.audits, strict=True)),
        timeout=300,
    )


async def _write(connection: Connection, table: str, rows: list[dict[str, Any]]) -> None:
    columns = ", ".join(rows[0])
    for start in range(0, len(rows), 5_000):
        batch = [{name: _plain(value) for name, value in row.items()} for row in rows[start : start + 5_000]]
        await connection.execute(
            f"INSERT INTO sfo.{table} ({columns}) "
            f"SELECT {columns} FROM jsonb_populate_recordset(NULL::sfo.{table}, $1)",
            batch,
        )


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, date | UUID) else value


def _case(made: Invented, reference: str, region: str, *, rehearsed: bool) -> None:
    charged = made.today - made.days(0, 730)
    notified = charged + made.days(5, 22)
    case = {
        "reference": reference, "charge_key": reference, "crn": "X000000", "person_name": "Example Person",
        "region": region, "pdu": f"{region}PDU", "supervision_type": "licence",
        "supervision_started_on": charged - timedelta(days=200), "rosh": "high", "charged_on": charged,
        "appeared_on": charged + timedelta(days=1), "opened_on": charged, "rulebook": "2026-04-01",
        "clock": {"case_anchor": at(charged).isoformat(), "wall_anchor": at(charged).isoformat(),
                  "speed": SPREAD["REHEARSED" if rehearsed else "REAL"]},
        "opening": {}, "ground": "risk", "notified_on": notified if notified <= made.today else None,
        "review_due": None, "original_review_due": None, "accepted_version": None, "closed_on": None,
    }  # fmt: skip
    if notified <= made.today:
        _stage(made, reference, "notification", "notification", charged + timedelta(days=1), notified,
               charged + timedelta(days=15))  # fmt: skip
        _review(made, case, notified)
    made.add("cases", **case)


def _stage(
    made: Invented, reference: str, stage: str, question: str, begin: date, end: date | None, due: date,
    subject: str | None = None, role: str = "spoc", round_: int = 1, outcome: str = "submitted",
) -> str:  # fmt: skip
    """One question of a stage, and the end of that stage where it has one."""
    gate = f"{reference}/{stage}/{question}{f':{subject}' if subject else ''}"
    made.add(
        "gates", gate=gate, reference=reference, stage=stage, round=round_, question=question, subject=subject,
        role=role, person_name="Example Person", person_email="someone@example.test", page={}, due_on=due,
        due_at=at(due), original_due_on=due, opened_at=at(begin), closed_at=at(end) if end else None,
        state="decided" if end else "open",
    )  # fmt: skip
    if end:
        made.audits.append((at(end), reference, stage, outcome))
    return gate


def _answer(made: Invented, gate: str, answer: str, on: date) -> UUID:
    decision = made.id()
    made.add(
        "decisions", decision=decision, gate=gate, answer=answer, channel="link", received_at=at(on), late=False,
        applied_at=at(on),
    )  # fmt: skip
    return decision


def _review(made: Invented, case: dict[str, Any], begun: date) -> None:
    reference, due = case["reference"], begun + timedelta(days=91)
    _move(made, reference, begun, due, due, "review")
    case["original_review_due"] = due
    slow = 1.0 + REGIONS.index(case["region"]) / 12
    submitted = begun + timedelta(days=int(made.chance.gauss(110, 35) * slow))
    new_due = due
    while made.chance.random() < 0.62 and new_due < submitted + timedelta(days=40):
        asked = new_due + made.days(-30, 8)
        if asked > made.today or asked >= submitted:
            break
        later, is_late = new_due + made.days(14, 70), asked > new_due
        gate = f"{reference}/review/extension:{later}"
        made.add("gates", gate=gate, reference=reference, stage="review", round=1, question="extension",
                 subject=str(later), role="national_team", person_name="Example Person",
                 person_email="someone@example.test", page={}, due_on=asked, due_at=at(asked), original_due_on=asked,
                 opened_at=at(asked), closed_at=at(asked), state="decided")  # fmt: skip
        decision = _answer(made, gate, "granted", asked)
        made.add("extension_requests", request=made.id(), reference=reference, new_on=later,
                 reason_code=made.chance.choice(_REASONS), late=is_late, granted=True, granted_on=later,
                 decision=decision, at=at(asked))  # fmt: skip
        _move(made, reference, asked, later, due, "extension", is_late)
        new_due = later
    if made.chance.random() < 0.1 and submitted <= made.today:
        paused = begun + made.days(5, 20)
        resumed = paused + made.days(5, 40)
        if resumed < submitted and new_due == due:
            new_due = due + (resumed - paused)
            made.add("pauses", reference=reference, number=1, reason_code="trial", paused_at=at(paused),
                     review_due=due, days_left=40, resumed_at=at(resumed), new_due=new_due)  # fmt: skip
            _move(made, reference, resumed, new_due, due, "pause")
    case["review_due"] = new_due
    stage_due = new_due
    if made.chance.random() < 0.08 and begun + timedelta(days=60) <= made.today:
        _stage(made, reference, "review", "draft", begun, begun + timedelta(days=60), stage_due, outcome="withdrawn")
        return
    _rounds(made, case, begun, submitted, stage_due)


def _move(made: Invented, reference: str, on: date, due: date, first: date, rule: str, late: bool = False) -> None:
    made.add("deadlines", reference=reference, what="review", due_on=due, original_due_on=first,
             rulebook="2026-04-01", rule=rule, late=late, at=at(on))  # fmt: skip


def _rounds(made: Invented, case: dict[str, Any], begun: date, submitted: date, due: date) -> None:
    reference = case["reference"]
    for number in range(1, 6):
        part = "" if number == 1 else f"-{number}"
        is_done = submitted <= made.today
        gate = _stage(made, reference, f"review{part}", "submit", begun, submitted if is_done else None, due,
                      f"v{number}", "reviewing_manager", number)  # fmt: skip
        if not is_done:
            return
        _answer(made, gate, "submitted", submitted)
        signed = submitted + made.days(3, 15)
        is_sent_back = made.chance.random() < 0.18
        outcome = "returned" if is_sent_back else "signed"
        is_done = signed <= made.today
        gate = _stage(made, reference, f"countersign{part}", "countersign", submitted, signed if is_done else None,
                      due, f"v{number}", "countersigning_manager", number, outcome)  # fmt: skip
        if not is_done:
            return
        _answer(made, gate, outcome, signed)
        ended = signed
        if not is_sent_back:
            ended = signed + made.days(10, 60)
            is_good = made.chance.random() < 0.6 or number == 5
            is_done = ended <= made.today
            outcome = "accepted" if is_good else "returned"
            gate = _stage(made, reference, f"quality-assurance{part}", "quality", signed, ended if is_done else None,
                          due, f"v{number}", "national_team", number, outcome)  # fmt: skip
            if not is_done:
                return
            _answer(made, gate, "rated", ended)
            ratings = {name: "good" if is_good or made.chance.random() < 0.4 else "requires_improvement"
                       for name in ("analysis_of_practice", "overall_judgements", "learning", "victims")}  # fmt: skip
            made.add("ratings", reference=reference, round=number, ratings={**ratings, "must_change": "Invented"},
                     composite="good" if is_good else "inadequate", accepted=is_good, by_hmip_sample=False,
                     at=at(ended))  # fmt: skip
            if is_good:
                _accepted(made, case, number, ended)
                return
        begun, submitted = ended, ended + made.days(10, 40)


def _accepted(made: Invented, case: dict[str, Any], version: int, on: date) -> None:
    reference = case["reference"]
    case["accepted_version"] = version
    findings = [{"kind": "strength", "level": "", "text": "Invented strength", "reasons": ""}]
    for _ in range(made.chance.randint(1, 4)):
        level = made.chance.choices(_LEVELS, (3, 2, 4, 1))[0]
        theme = made.chance.choice(THEMES).value
        findings.append(
            {"kind": "deficiency", "level": level, "theme": theme, "text": "Invented", "reasons": "Invented"}
        )
    judgement = made.chance.choice(("yes", "no", "partly"))
    made.add("documents", reference=reference, kind="review", version=version, sha256="", at=at(on),
             content={"findings": findings, "judgement": judgement, "analysis": "Invented text"})  # fmt: skip
    for number in range(2, len(findings) + 1):
        due = on + made.days(30, 200)
        state = made.chance.choice(("done", "done", "withdrawn")) if due < made.today else "open"
        if made.chance.random() < 0.2:
            state = "open"
        made.add("actions", reference=reference, ref=f"a{number}", kind="plan", what="Invented",
                 owner_name="Example Person", owner_email="someone@example.test", due_on=due, state=state,
                 version=version, finding=number)  # fmt: skip
    convicted = case["charged_on"] + made.days(150, 420)
    if convicted <= made.today and made.chance.random() < 0.6:
        _disclosed(made, reference, convicted, on)
    if on + timedelta(days=150) <= made.today and made.chance.random() < 0.5:
        case["closed_on"] = on + timedelta(days=150)


def _disclosed(made: Invented, reference: str, convicted: date, accepted: date) -> None:
    made.add("court_events", event=f"{reference}/convicted", reference=reference, kind="convicted",
             on_date=convicted, applied_at=at(convicted), at=at(convicted))  # fmt: skip
    told = convicted + made.days(3, 40)
    given = max(accepted, told) + made.days(20, 90)
    made.add("victims", reference=reference, ref="v1", name="Example Family",
             liaison_officer_email="officer@example.test", told_on=told if told <= made.today else None,
             given_on=given if given <= made.today and made.chance.random() < 0.7 else None)  # fmt: skip
