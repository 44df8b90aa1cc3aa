"""The record of the model: plain rows in memory, with a chain, letters that arrive at once, and a clock set by hand."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from activities.bank_holidays import england_and_wales
from activities.rulebooks import FileRulebooks
from tests.invariants.observed import Flow, Observed, Offered, Row
from tests.workflows.conftest import DEPLOY
from workflows.contract.cover import Cover, with_covers
from workflows.contract.directory import Directory, Person
from workflows.contract.messages import StaffRef
from workflows.contract.questions import QUESTIONS
from workflows.contract.rulebook import Unit
from workflows.contract.vocabulary import CourtEventKind, Role
from workflows.policy import deadlines
from workflows.policy import due as moments
from workflows.policy.authority import Involved, Ties, who_answers
from workflows.policy.calendar import rebased
from workflows.policy.care import looked_after
from workflows.policy.climbing import standing_in
from workflows.policy.disclosure import OPENING
from workflows.policy.due import on_in_london

REGION, PDU = "N53", "N53LEI"
RUNGS = (Role.SENIOR_LEAD, Role.REGIONAL_DIRECTOR, Role.NATIONAL_TEAM)
STAFF = (
    ("s1", Role.PRACTITIONER, "practitioner@model.example.test"),
    ("s2", Role.LINE_MANAGER, "line.manager@model.example.test"),
    ("s3", Role.HEAD_OF_PDU, "head@model.example.test"),
)
VICTIMS = ("v1", "v2")
_OWN_DATE = ("action", "management_action")
SECRETS = frozenset({"Invented ", "Example ", "example.test"})


@cache
def rules() -> FileRulebooks:
    """The dated rules as they are shipped."""
    return FileRulebooks(DEPLOY / "rulebook", DEPLOY / "directory")


@cache
def directory() -> Directory:
    """Who works where."""
    return rules().directory(date(2026, 11, 2))


@cache
def _units() -> tuple[str, ...]:
    return tuple(unit for region in directory().regions.values() for unit in region.pdus)


class ModelRecord:
    """Rows by table, the clock of the case, and what arrived in whose mailbox."""

    def __init__(self, reference: str, now: datetime) -> None:
        self.reference, self.now = reference, now
        self.rulebook = rules().in_force(now.date())
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.mail: Counter[str] = Counter()
        self.offers: list[Offered] = []
        self.flows: dict[str, Flow] = {}
        self.said: dict[str, str] = {}
        self.announced: dict[date, datetime] = {}
        self.covers: list[Cover] = []
        for ref, role, email in STAFF:
            name = f"Invented {role}"
            self.add("staff", reference=reference, ref=ref, role=role, name=name, email=email, in_line=True)
        for ref in VICTIMS:
            officer = f"officer.{ref}@model.example.test"
            self.add("victims", ref=ref, name="Invented Family", liaison_officer_email=officer, referred_on=None,
                     told_on=None, answer=None, ask_again_on=None, given_on=None, given=None, language="en",
                     language_arranged=None, closed_because=None, stopped_told_on=None)  # fmt: skip

    # --- rows --------------------------------------------------------------------------------------

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """The rows in which these columns have these values."""
        found = self.tables.get(table, [])
        return [row for row in found if all(row[name] == value for name, value in where.items())]

    def add(self, table: str, **row: Any) -> dict[str, Any]:
        """One more row."""
        self.tables.setdefault(table, []).append(row)
        return row

    @property
    def case(self) -> dict[str, Any]:
        """The row of the case."""
        return self.tables["cases"][0]

    @property
    def today(self) -> date:
        """The case's date in London."""
        return on_in_london(self.now)

    @property
    def directory(self) -> Directory:
        """Who works where today, and who is away."""
        return with_covers(directory(), self.covers, self.today)

    @property
    def holidays(self) -> frozenset[date]:
        """Every bank holiday, as far as it has been announced."""
        return england_and_wales(frozenset(self.announced))

    @property
    def convicted_on(self) -> date | None:
        """The day on which the court opened disclosure, counted anew after a conviction was quashed."""
        opened: date | None = None
        for row in self.rows("court_events"):
            if row["kind"] == CourtEventKind.QUASHED:
                opened = None
            elif row["kind"] in OPENING:
                opened = opened or row["on_date"]
        return opened

    def mark(self) -> object:
        """Whatever has changed changes this."""
        return len(self.tables.get("audit", ())), sum(map(len, self.tables.values()))

    def audit(self, actor: str, action: str, subject: str, **detail: Any) -> None:
        """One row of the chain."""
        plain = json.loads(json.dumps(detail, default=str))
        rows = self.tables.setdefault("audit", [])
        row: dict[str, Any] = {
            "seq": len(rows) + 1, "at": self.now, "reference": self.reference, "actor": actor, "action": action,
            "subject": subject, "detail": plain,
        }  # fmt: skip
        rows.append({**row, "hash": _hash(row, rows[-1]["hash"] if rows else "")})

    def letter(self, event: str, letter: str, email: str, gate: str | None = None) -> None:
        """One event is one letter to each person; it arrives at once."""
        if any(row["to_email"] == email for row in self.rows("outbox", event=event)):
            return
        message = str(uuid4())
        self.add("outbox", event=event, letter=letter, to_email=email, gate=gate, message_id=message, state="sent",
                 attempts=1, at=self.now)  # fmt: skip
        self.mail[message] += 1

    # --- people ------------------------------------------------------------------------------------

    def ties(self, subject: str | None = None) -> Ties:
        """Who is tied to the case."""
        appointed = {row["role"]: row["email"] for row in self.rows("appointments")}
        members = looked_after([StaffRef(ref=ref, role=role) for ref, role, _ in STAFF], subject or "")
        waiting = [r for r in self.rows("extension_requests") if r["granted"] is None]
        proposed = [d for d in self.rows("decisions") if self.gate(d["gate"])["question"] == "redactions"]
        return Ties(
            pdu=self.case["pdu"],
            roster=tuple(Involved(email, role, in_line=True) for _, role, email in STAFF),
            author=appointed.get(Role.REVIEWING_MANAGER),
            wrote=tuple(row["author_email"] for row in self.rows("documents", kind="review")),
            countersigner=appointed.get(Role.COUNTERSIGNING_MANAGER),
            proposer=proposed[-1]["by_email"] if proposed else None,
            requester=waiting[-1]["requested_by"] if waiting else None,
            cared_for=tuple(email for ref, _, email in STAFF if ref in members),
        )

    def holders(self, role: Role | None, subject: str | None) -> list[Person]:
        """Who is asked in this role."""
        emails: list[str] = []
        match role:
            case None:
                emails = [email for ref, _, email in STAFF if ref == subject]
            case Role.REVIEWING_MANAGER | Role.COUNTERSIGNING_MANAGER:
                emails = [row["email"] for row in self.rows("appointments", role=role)]
            case Role.VICTIM_LIAISON_OFFICER:
                emails = [row["liaison_officer_email"] for row in self.rows("victims", ref=subject)]
            case Role.ACTION_OWNER:
                emails = [row["owner_email"] for row in self.rows("actions", ref=subject)]
            case Role.LINE_MANAGER | Role.PRACTITIONER:
                emails = [email for _, held, email in STAFF if held == role]
            case Role.OTHER_REGION_LEAD:  # the lead of the region that was asked to lend a reviewer
                return list(self.directory.people_for(Role.SENIOR_LEAD, subject or "", ""))
            case Role.PLAN_OWNER:
                emails = ["head.lei@n53.example.test"]
            case _:
                return list(self.directory.people_for(role, self.case["region"], self.case["pdu"]))
        return [known(email, role or Role.OTHER) for email in emails]

    def gate(self, name: str) -> dict[str, Any]:
        """The question of this name."""
        return next(row for row in self.tables["gates"] if row["gate"] == name)

    # --- questions ---------------------------------------------------------------------------------

    def next_gate(self, part: str, key: str, subject: str | None) -> str:
        """What the question will be called when it is asked next."""
        name = f"{self.reference}/{part}/{key}" + (f":{subject}" if subject else "")
        times = sum(row["gate"].partition("#")[0] == name for row in self.rows("gates"))
        return name if not times else f"{name}#{times + 1}"

    def dated(self, key: str, subject: str | None, from_on: date) -> tuple[date, date | None, int | None]:
        """Until when, and from which date how many working days lead there."""
        if key in ("action", "management_action") and (rows := self.rows("actions", ref=subject)):
            return rows[0]["due_on"], None, None
        rule = self.rulebook.deadlines[key]
        on = deadlines.due_on(rule, from_on, self.holidays)
        return (on, from_on, rule.amount) if rule.unit is Unit.WORKING_DAYS else (on, None, None)

    def rebase(self) -> None:
        """Every open date that is counted in working days has them all; none becomes earlier."""
        for gate in self.rows("gates", state="open", paused_at=None):
            on = rebased(gate["due_on"], gate["counted_from"], gate["counted_days"], self.holidays)
            if on != gate["due_on"]:
                gate.update(due_on=on, due_at=moments.due_moment(on))
                self.add("deadlines", what=gate["gate"], due_on=on, original_due_on=gate["original_due_on"],
                         rule="calendar", decision=None, late=False, at=self.now)  # fmt: skip

    def open_gate(
        self,
        part: str,
        key: str,
        subject: str | None,
        role: Role | None,
        due_on: date | None,
        *,
        deadline: str | None = None,
        counted_from: date | None = None,
        when: datetime | None = None,
    ) -> tuple[dict[str, Any], bool]:
        """The question stands open with its link and its letter; and whether its role had to be passed over."""
        question = QUESTIONS[key]
        role = role or question.role
        ties, holders = self.ties(subject), self.holders(role, subject)
        people, when = self.directory, when or self.now
        found = list(who_answers(key, holders, people, ties, self.today).eligible)
        is_fallback = not found and question.role is not None
        asked_role = role
        for rung in RUNGS if is_fallback else ():
            if found := list(who_answers(key, self.holders(rung, None), people, ties, self.today).eligible):
                asked_role = rung
                break
        person = (found or holders or self.holders(Role.NATIONAL_TEAM, None))[0]
        name = self.next_gate(part, key, subject)
        due = deadline or question.deadline
        counted = self.dated(due if key not in _OWN_DATE else key, subject, counted_from or on_in_london(when))
        on, counted_from, counted_days = (due_on, None, None) if due_on else counted
        on_clock = part.rstrip("-0123456789") in ("review", "countersign", "quality-assurance")
        gate = self.add(
            "gates", gate=name, reference=self.reference, stage=part, round=1, question=key, subject=subject,
            role=str(asked_role or Role.OTHER), person_email=person.email, person_key=person.key, deputy_email=None,
            state="open", due_on=on, due_at=moments.due_moment(on), original_due_on=on, overdue=False,
            rulebook=self.rulebook.version, opened_at=when, recorded_at=self.now, closed_at=None,
            counted_from=counted_from, counted_days=counted_days,
            paused_at=self.now if on_clock and self.case["paused_at"] else None,
        )  # fmt: skip
        self.add("links", gate=name, email=person.email, name=person.name, revoked_at=None)
        self.letter(f"{name}/asked", "asked", person.email, name)
        self.audit("system", "gate_opened", name, question=key, role=gate["role"], due_on=on, asked=person.key)
        return gate, is_fallback

    def ask_deputy(self, gate: dict[str, Any]) -> None:
        """Nobody answered: whoever stands in is asked as well, where independence lets them."""
        person = self.directory.person_by_email(gate["person_email"])
        if person is None or gate["deputy_email"] or QUESTIONS[gate["question"]].role is None:
            return
        ties = self.ties(gate["subject"])
        if deputy := standing_in(gate["question"], person, self.directory, ties, self.today):
            gate["deputy_email"] = deputy.email
            self.add("links", gate=gate["gate"], email=deputy.email, name=deputy.name, revoked_at=None)
            self.letter(f"{gate['gate']}/deputy", "deputy", deputy.email, gate["gate"])

    def close_gate(self, gate: dict[str, Any], state: str, keep: str | None = None) -> None:
        """Nobody can answer any more."""
        gate.update(state=state, closed_at=self.now, paused_at=None)
        for link in self.rows("links", gate=gate["gate"]):
            if link["email"] != keep and link["revoked_at"] is None:
                link["revoked_at"] = self.now

    # --- seen from outside -------------------------------------------------------------------------

    def observe(self, before: Observed | None = None, *, is_due_to_close: bool = False) -> Observed:
        """The model as a service would be seen; its rows are copied, so that what was seen stays."""
        tables: dict[str, list[Row]] = {name: [dict(row) for row in rows] for name, rows in self.tables.items()}
        people = [person for region in directory().regions.values() for person in region.people]
        if before:
            before.before = None
        return Observed(
            reference=self.reference,
            now=self.now,
            tables=tables,
            broken=tuple(self._broken()),
            mail_before=Counter(self.mail),
            mail_after=Counter(self.mail),
            said={**self.said, "the chain": "".join(row["subject"] for row in tables.get("audit", ()))},
            secrets=SECRETS,
            flows=dict(self.flows),
            offers=tuple(self.offers),
            in_line={unit: frozenset(p.email for p in people if unit in p.in_line_of) for unit in _units()},
            holidays=self.holidays,
            announced=dict(self.announced),
            is_settled=not any(not d["applied_at"] and not d["void_at"] for d in self.rows("decisions")),
            is_due_to_close=is_due_to_close,
            before=before,
        )

    def _broken(self) -> list[str]:
        broken, last = [], ""
        for number, row in enumerate(self.rows("audit"), start=1):
            content = {name: value for name, value in row.items() if name != "hash"}
            if row["seq"] != number or row["hash"] != _hash(content, last):
                broken.append(f"row {row['seq']}")
            last = row["hash"]
        return broken


def known(email: str, role: Role) -> Person:
    """The directory's entry, or one of whom only the address is known."""
    made = Person.model_construct(
        key=email, name="Invented Person", email=email, roles=(role,), deputy=None, away=(), in_line_of=()
    )
    return directory().person_by_email(email) or made


def stem(gate: str) -> str:
    """A question whatever its number: how often it was asked, or a rendition made, differs where two things race."""
    return re.sub(r":[rpi]\d+$", ":rendition", gate.partition("#")[0])


def _hash(row: Row, before: str) -> str:
    content = json.dumps([before, row["seq"], row["at"], row["actor"], row["action"], row["subject"], row["detail"]],
                         default=str)  # fmt: skip
    return hashlib.sha256(content.encode()).hexdigest()


def a_model_record(reference: str, appeared: bool, clock: Callable[[], datetime] | None = None) -> ModelRecord:
    """An opened case, as yet unjudged."""
    start = clock() if clock else datetime(2026, 11, 2, 9, tzinfo=UTC)
    record = ModelRecord(reference, start)
    record.add(
        "cases", reference=reference, region=REGION, pdu=PDU, ground="ask",
        review_required_on=None, rosh="medium", charged_on=start.date() - timedelta(days=1),
        appeared_on=start.date() if appeared else None, notified_on=None, review_due=None, original_review_due=None,
        review_overdue=False, accepted_version=None, paused_at=None, closed_on=None, outcome=None, offence_class=None,
        interest_answer=None, rulebook=record.rulebook.version, is_interest_proposed=False,
    )  # fmt: skip
    record.flows[f"sfo/{reference}"] = Flow("RUNNING")
    return record


def new_decision() -> UUID:
    """An id."""
    return uuid4()
