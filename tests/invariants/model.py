"""A fast model of the service: one case, in memory, by the same rules, with answers that may be on their way a while.

What people and courts do are methods; each returns once nothing moves any more. `observe` shows the case to the same
invariants as the service is shown to.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from tests.invariants.model_asking import Answered
from tests.invariants.model_case import OF_THE_REVIEW, Procedure
from tests.invariants.model_effects import EFFECTS, Effects
from tests.invariants.model_legs import LEG_EFFECTS
from tests.invariants.model_record import known, new_decision
from tests.invariants.observed import Observed, Offered
from workflows.contract.directory import Person
from workflows.contract.messages import OffenceRef
from workflows.contract.question import Silence
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import CourtEventKind, EnquiryKind, Role
from workflows.policy.authority import why_not_answer
from workflows.policy.court import has_appeared
from workflows.policy.disclosure import is_open

FILLED_BY_THE_PLACE = (Role.SPOC, Role.SFO_TEAM, Role.SENIOR_LEAD, Role.REGIONAL_DIRECTOR)
ALL_EFFECTS = {**EFFECTS, **LEG_EFFECTS}


class Model(Procedure):
    """One case, with everything that can be done to it."""

    def answer(
        self, gate: str, answer: str, fields: Mapping[str, Any] | None = None, by: str | None = None,
        *, is_delivered: bool = True, decision: Any = None,
    ) -> Offered:  # fmt: skip
        """Somebody answers by their link; told what stands where something does."""
        row = self.record.gate(gate)
        links = {link["email"] for link in self.record.rows("links", gate=gate) if link["revoked_at"] is None}
        who = by or row["person_email"]
        standing = self.record.rows("decisions", gate=gate, void_at=None)
        is_new = not standing and row["state"] == "open" and who in links
        made = decision or new_decision()
        if is_new:
            self.record.add(
                "decisions", decision=made, gate=gate, answer=answer, fields=dict(fields or {}), reasons="Invented.",
                by_email=who, channel="link", received_at=self.record.now, late=self.record.now > row["due_at"],
                applied_at=None, void_at=None,
            )  # fmt: skip
            self.record.audit(who, "decision_recorded", gate, decision=made, answer=answer)
        told = answer if is_new else standing[0]["answer"] if standing else None
        offered = Offered(str(made), gate, answer, who, is_new, told)
        self.record.offers.append(offered)
        if is_new and is_delivered:
            self.deliver(str(made))
        return offered

    def deliver(self, decision: str) -> None:
        """The stage hears of an answer, once or again: what is not waiting changes nothing."""
        for row in self.record.rows("decisions", applied_at=None, void_at=None):
            if str(row["decision"]) == decision:
                self.settle(row)
        self.go_on()

    def relay(self) -> None:
        """Whatever waits is delivered."""
        for row in self.record.rows("decisions", applied_at=None, void_at=None):
            self.deliver(str(row["decision"]))

    def settle(self, row: dict[str, Any]) -> None:
        """Judged once more as the record stands now; refused, or applied with its effect."""
        gate = self.record.gate(row["gate"])
        person = known(row["by_email"], Role.OTHER)
        is_late = QUESTIONS[gate["question"]].silence is Silence.LAPSE and row["received_at"] > gate["due_at"]
        refused = why_not_answer(gate["question"], person, self.record.ties(gate["subject"])) or self.why_not(gate, row)
        name = gate["gate"]
        if is_late or refused:
            row["void_at"] = self.record.now
            self.record.letter(f"{name}/refused/{row['decision']}", "answer_refused", row["by_email"], name)
            self.record.audit(row["by_email"], "decision_refused", name, decision=row["decision"], code=refused)
            return
        row["applied_at"] = self.record.now
        self.record.close_gate(gate, "decided", keep=row["by_email"])
        self.record.letter(f"{name}/receipt", "receipt", row["by_email"], name)
        self.record.audit(row["by_email"], "decision_applied", name, decision=row["decision"])
        self.answers[name] = ALL_EFFECTS.get(gate["question"], _nothing)(self, gate, row)

    def hear_court(
        self,
        kind: CourtEventKind,
        offences: tuple[OffenceRef, ...] = (),
        event: str | None = None,
        on: date | None = None,
    ) -> None:
        """The court does this; an amended charge is judged anew."""
        event = event or f"{self.record.reference}/court/{len(self.record.rows('court_events'))}"
        self.record.add("court_events", event=event, kind=str(kind), applied_at=self.record.now, at=self.record.now,
                        on_date=on or self.record.today)  # fmt: skip
        if kind is CourtEventKind.AMENDED:
            self.record.audit("court", "charge_amended", event)
            self.amend(offences)
        else:
            self.record.audit("court", "court_event", event)
            self.hear_verdict(kind)
        self.go_on()

    def amend(self, offences: tuple[OffenceRef, ...]) -> None:
        """The charge as it now stands is judged, in place of whatever was asked about it."""
        self.offences = offences
        case = self.record.case
        case.update(offence_class=None)
        case["interest_answer"] = None if case["interest_answer"] == "no_review" else case["interest_answer"]
        if self.charging:
            self.charging.stop()
        self.charging = self.tasks.start(self.charge())

    def hear_verdict(self, kind: CourtEventKind) -> None:
        """Where it ends a review or disclosure these stop; a new conviction begins disclosure anew."""
        was_open, case = is_open(self.court), self.record.case
        self.court.append(kind)
        if case["appeared_on"] is None and has_appeared(self.court):
            case["appeared_on"] = self.record.rows("court_events")[-1]["on_date"]
        self.bring_in_line(self.court, self.ground)
        if was_open and not is_open(self.court):
            self.is_shut = True
        elif is_open(self.court) and not was_open:
            self.stop("victim-disclosure")
        if not self.is_wanted:
            self.stop(*OF_THE_REVIEW)
            self.let_the_clock_run()
        self.begin_care()
        self.go_on()
        self.begin_catching_up()

    def concern(self, kind: str = "staff_safety") -> None:
        """Somebody raises a concern."""
        if self.record.case["closed_on"] is None:
            self.escalate(kind)
            self.go_on()

    def more_time(self, days: int) -> bool:
        """The reviewing manager asks for a later date; one request waits at a time."""
        case, record = self.record.case, self.record
        author = record.rows("appointments", role=Role.REVIEWING_MANAGER)
        is_waiting = any(row["granted"] is None for row in record.rows("extension_requests"))
        reviewing = self.stages.get("review")
        if not author or is_waiting or case["review_due"] is None or reviewing is None or reviewing.is_done:
            return False
        new_on = max(case["review_due"], record.today) + timedelta(days=days)
        late = record.today > case["review_due"] and case["paused_at"] is None
        case["review_overdue"] = case["review_overdue"] or late
        self.requests.append(record.add(
            "extension_requests", new_on=new_on, late=late, granted=None, decision=None, at=record.now,
            requested_by=author[0]["email"],
        ))  # fmt: skip
        record.audit(author[0]["email"], "extension_requested", str(new_on))
        self.go_on()
        return True

    def pause(self) -> bool:
        """The clock of the review stands still."""
        case, record = self.record.case, self.record
        if case["paused_at"] or case["review_due"] is None or case["accepted_version"] or not self.is_wanted:
            return False
        case["paused_at"] = record.now
        record.add("pauses", number=len(record.rows("pauses")) + 1, paused_at=record.now, resumed_at=None,
                   review_due=case["review_due"], new_due=None)  # fmt: skip
        for gate in self.on_the_clock():
            gate["paused_at"] = record.now
        record.audit("operations", "clock_paused", "review")
        self.go_on()
        return True

    def resume(self) -> bool:
        """The clock runs again, towards a date that gives the working days back."""
        if not self.record.case["paused_at"]:
            return False
        self.let_the_clock_run()
        self.go_on()
        return True

    def announce(self, on: date) -> None:
        """A bank holiday is announced late."""
        self.record.announced[on] = self.record.now
        self.record.rebase()
        self.go_on()

    def enquire(self, kind: EnquiryKind, received_on: date) -> None:
        """Somebody outside asks."""
        number = len(self.record.rows("enquiries")) + 1
        row = self.record.add("enquiries", number=number, kind=kind, received_on=received_on, state="open")
        self.record.audit("operations", "enquiry_received", f"{self.record.reference}/enquiry/{number}")
        self.tasks.start(self.enquiry(row))
        self.go_on()

    def transfer(self, region: str, pdu: str) -> bool:
        """The case is somewhere else: what the place answers is asked of its people there."""
        case, record = self.record.case, self.record
        if (case["region"], case["pdu"]) == (region, pdu):
            return False
        before = f"{case['region']} {case['pdu']}"
        case.update(region=region, pdu=pdu)
        for gate in record.rows("gates", state="open"):
            if gate["role"] in FILLED_BY_THE_PLACE and (people := record.holders(Role(gate["role"]), gate["subject"])):
                self.reassign(gate["gate"], people[0].key)
            else:
                self.pass_on(gate)
        record.audit("operations", "case_transferred", f"{region} {pdu}", before=before)
        return True

    def pass_on(self, gate: dict[str, Any]) -> None:
        """Whoever was given it and stands in the line of the new place has it no longer, nor stands in."""
        record, question = self.record, gate["question"]
        ties = record.ties(gate["subject"])

        def may_not(email: str | None) -> bool:
            return email is not None and why_not_answer(question, known(email, Role.OTHER), ties) is not None

        if may_not(gate["deputy_email"]):
            gate["deputy_email"] = None
        holders = record.holders(Role(gate["role"]), gate["subject"]) if may_not(gate["person_email"]) else []
        for person in holders:
            if not may_not(person.email):
                self.hand_to(gate, person)
                return

    def opt_in(self, ref: str, language: str = "en") -> bool:
        """A family wants the review after all."""
        record, victim = self.record, self.victim(ref)
        owed = record.rows("duties", kind="victim_given", subject=ref)
        wants = victim["answer"] == "accepted" and not victim["closed_because"] and bool(owed)
        wants = wants and owed[0]["state"] != "closed"
        versions = len(record.rows("documents", kind="victim_rendition"))
        has_latest = victim["given"] is not None and victim["given"] >= versions
        waits = [d for d in record.rows("decisions", applied_at=None, void_at=None)
                 if record.gate(d["gate"])["subject"] == ref]  # fmt: skip
        is_shareable = self.ground.is_reviewed and is_open(self.court) and not self.is_stopped
        if not is_shareable or wants or has_latest or waits:
            return False
        self.record_wish(ref, language)
        return True

    def record_wish(self, ref: str, language: str) -> None:
        """It is owed from now on, and the case takes it up, or is opened again for it."""
        victim = self.victim(ref)
        if self.record.case["closed_on"]:
            self.open_again()
        if victim["language"] != language:
            victim["language_arranged"] = None
        victim.update(answer="accepted", ask_again_on=None, closed_because=None, language=language)
        self.meet("victim_answered", ref, decision="opted in")
        self.meet("victim_given", ref, "owed")
        self.record.audit("officer", "opted_in", ref, language=language)
        self.opted_in.append(ref)
        self.go_on()

    def correct(self) -> bool:
        """The accepted review is written once more; a case that had closed is opened again for it."""
        if self.record.case["accepted_version"] is None or self.is_corrected:
            return False
        if self.record.case["closed_on"]:
            self.open_again()
        self.record.audit("national", "correction_asked", "review")
        self.is_corrected = True
        self.correcting = self.tasks.start(self.correct_review())
        self.go_on()
        return True

    def reassign(self, gate: str, to: str) -> bool:
        """Another person is asked, where independence lets them; earlier links are dead."""
        row, person = self.record.gate(gate), self.record.directory.person(to)
        if person is None or row["state"] != "open" or why_not_answer(
            row["question"], person, self.record.ties(row["subject"]), self.record.today
        ):  # fmt: skip
            return False
        for link in self.record.rows("links", gate=gate):
            link["revoked_at"] = link["revoked_at"] or self.record.now
        for waiting in self.record.rows("decisions", gate=gate, applied_at=None, void_at=None):
            self.deliver(str(waiting["decision"]))
        if row["state"] != "open":
            return False
        self.hand_to(row, person, to)
        return True

    def hand_to(self, row: dict[str, Any], person: Person, to: str = "") -> None:
        """The question is this person's from now on."""
        gate = row["gate"]
        for link in self.record.rows("links", gate=gate):
            link["revoked_at"] = link["revoked_at"] or self.record.now
        row.update(person_email=person.email, person_key=person.key, deputy_email=None)
        for link in self.record.rows("links", gate=gate, email=person.email):
            link["revoked_at"] = None
            break
        else:
            self.record.add("links", gate=gate, email=person.email, name=person.name, revoked_at=None)
        times = sum(r["action"] == "gate_reassigned" and r["subject"] == gate for r in self.record.rows("audit"))
        self.record.letter(f"{gate}/reassigned/{times + 1}", "reassigned", person.email, gate)
        self.record.audit("operations", "gate_reassigned", gate, to=to or person.key)

    def wait(self, days: float) -> None:
        """Nobody does anything for so long: what falls due is chased, and silence is given its meaning."""
        self.record.now += timedelta(days=days)
        for gate in self.record.rows("gates", state="open"):
            if gate["paused_at"] or self.record.now <= gate["due_at"]:
                continue
            if QUESTIONS[gate["question"]].silence is Silence.LAPSE:
                self.lapse(gate)
            elif not gate["overdue"]:
                gate["overdue"] = True
                self.record.ask_deputy(gate)
                self.record.audit("system", "gate_chased", gate["gate"])
        case = self.record.case
        is_writing = any(g["question"] in ("draft", "submit") for g in self.record.rows("gates", state="open"))
        if case["review_due"] and is_writing and self.record.today > case["review_due"] and not case["paused_at"]:
            case["review_overdue"] = True
        self.go_on()

    def lapse(self, gate: dict[str, Any]) -> None:
        """Its silence has a meaning; an answer that came in time counts instead."""
        for row in self.record.rows("decisions", gate=gate["gate"], applied_at=None, void_at=None):
            self.settle(row)
        if gate["state"] == "open":
            self.record.close_gate(gate, "lapsed")
            self.record.audit("system", "gate_lapsed", gate["gate"])
            silence: dict[str, Any] = {"answer": "lapsed", "decision": None, "by_email": None, "fields": {}}
            self.answers[gate["gate"]] = ALL_EFFECTS.get(gate["question"], _nothing)(self, gate, silence)

    def observe(self, before: Observed | None = None, *, is_due_to_close: bool = False) -> Observed:
        """As a service would be seen."""
        return self.record.observe(before, is_due_to_close=is_due_to_close)


def _nothing(_case: Effects, _gate: dict[str, Any], row: Mapping[str, Any]) -> Answered:
    return Answered(row["answer"], dict(row["fields"]))
