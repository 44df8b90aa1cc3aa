"""One planted breach, or more, for each invariant: in the model's rules, in the record, or in what people are told.

Each takes a case that is whole and makes it wrong in one way that the product could; the rule of that number must say
so, and the case as it was must pass.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from tests.invariants.model import Model
from tests.invariants.observed import Flow, Observed, Offered

Plant = Callable[[Model], None]


def _row(model: Model, table: str, **where: Any) -> dict[str, Any]:
    return model.record.rows(table, **where)[0]


def told_after_the_invitation(model: Model) -> None:
    """A member of staff hears of the review only after having been invited."""
    asked = _row(model, "gates", question="invite")
    email = next(row["email"] for row in model.record.rows("staff") if row["ref"] == asked["subject"])
    for letter in model.record.rows("outbox", letter="review_under_way", to_email=email):
        letter["at"] = asked["opened_at"] + timedelta(hours=1)


def facts_skipped(model: Model) -> None:
    """The draft goes to the countersigner past the Head of PDU."""
    gate = _row(model, "gates", question="facts")
    gate.update(state="withdrawn")
    model.record.audit("system", "gate_withdrawn", gate["gate"])


def facts_cut_short(model: Model) -> None:
    """The time to comment is given up before it is over."""
    _row(model, "gates", question="facts").update(state="lapsed")


def author_countersigns(model: Model) -> None:
    """Whoever wrote the review signs it."""
    author = model.record.rows("documents", kind="review")[0]["author_email"]
    _decided(model, "countersign").update(by_email=author)


def line_countersigns(model: Model) -> None:
    """Somebody of the line signs."""
    _decided(model, "countersign").update(by_email="head@model.example.test")


def line_writes(model: Model) -> None:
    """Somebody of the line writes."""
    model.record.rows("documents", kind="review")[0]["author_email"] = "line.manager@model.example.test"


def stranger_decides(model: Model) -> None:
    """Somebody decides what was not asked of them."""
    _decided(model, "notification").update(by_email="stranger@elsewhere.example.test")


def given_to_another_meanwhile(model: Model) -> None:
    """A link that was dead when the answer came still counts."""
    decision = _decided(model, "notification")
    for link in model.record.rows("links", gate=decision["gate"]):
        link["revoked_at"] = decision["received_at"] - timedelta(days=1)


def disclosed_without_conviction(model: Model) -> None:
    """The conviction never stood when the family was given the review."""
    for row in model.record.rows("court_events"):
        row["kind"] = "acquitted"


def given_while_unsafe(model: Model) -> None:
    """The safety of staff is a concern at that moment."""
    given = _row(model, "releases")
    model.record.add(
        "escalations", kind="staff_safety", number=9, state="resolved", about=None, outcome="release",
        raised_at=given["at"] - timedelta(days=1), resolved_at=given["at"] + timedelta(days=1),
    )  # fmt: skip


def another_text_given(model: Model) -> None:
    """A draft leaves instead of the released version."""
    _row(model, "releases")["sha256"] = "a draft"


def given_before_release(model: Model) -> None:
    """Nobody had released it yet."""
    released = _row(model, "audit", action="rendition_released")
    _row(model, "releases")["at"] = released["at"] - timedelta(minutes=1)


def given_while_corrected(model: Model) -> None:
    """The accepted review had been found wrong a moment before."""
    rows = model.record.tables["audit"]
    given = _row(model, "audit", action="rendition_handed_over")
    rows.insert(rows.index(given), {**given, "seq": given["seq"] - 0.5, "action": "correction_asked"})


def date_moved_by_nobody(model: Model) -> None:
    """The review's date is another and no decision says so."""
    model.record.case["review_due"] += timedelta(days=30)


def original_forgotten(model: Model) -> None:
    """The original date is overwritten by an extension."""
    model.record.case["original_review_due"] += timedelta(days=30)


def late_extension_hides_it(model: Model) -> None:
    """An extension that was asked for late takes back that the review was overdue."""
    _extended(model, late=True)
    model.record.case["review_overdue"] = False


def extension_by_nobody(model: Model) -> None:
    """A date moves by a decision that nobody made."""
    _extended(model, late=False)
    model.record.rows("deadlines", rule="extension")[0]["decision"] = "nobody's"


def _extended(model: Model, *, late: bool) -> None:
    record = model.record
    due = record.case["review_due"] + timedelta(days=14)
    gate = f"{record.reference}/review/extension:{due}"
    fixed = _row(model, "deadlines", rule="review")
    asked_at = datetime.combine(fixed["due_on"] + timedelta(days=3), time(9), UTC) if late else fixed["at"]
    decision = "an extension"
    record.add("gates", **{**_row(model, "gates", question="quality"), "gate": gate, "question": "extension"})
    record.add("decisions", **{**_decided(model, "quality"), "gate": gate, "answer": "granted", "decision": decision})
    record.add("extension_requests", at=asked_at, decision=decision, granted=True, new_on=due)
    record.add("deadlines", what="review", due_on=due, original_due_on=record.case["original_review_due"],
               rule="extension", decision=decision, late=late, at=record.now)  # fmt: skip
    record.case.update(review_due=due, review_overdue=late)


def two_decisions(model: Model) -> None:
    """A second click counts as well."""
    first = _decided(model, "notification")
    model.record.add("decisions", **{**first, "decision": "another"})


def told_another_answer(model: Model) -> None:
    """Whoever clicks again is told something that nobody decided."""
    gate = _decided(model, "commission")["gate"]
    model.record.offers.append(Offered("late", gate, "nobody", "x@y.example.test", is_new=False, told="hmip"))


def closed_with_a_duty_left(model: Model) -> None:
    """One member of staff never had feedback."""
    _row(model, "duties", kind="fed_back").update(state="owed")


def closed_with_an_action_left(model: Model) -> None:
    """An action of the plan is still open."""
    _row(model, "actions").update(state="open")


def closed_with_a_concern_left(model: Model) -> None:
    """Nobody resolved a concern."""
    model.record.add("escalations", kind="other", number=9, state="raised", about=None, outcome=None,
                     raised_at=model.record.now, resolved_at=None)  # fmt: skip


def duty_forgotten(model: Model) -> None:
    """Nobody ever noted that feedback was owed."""
    model.record.tables["duties"].remove(_row(model, "duties", kind="fed_back"))


def named_in_a_history(model: Model) -> None:
    """What somebody typed stands in a history."""
    model.record.said["a history"] = '{"reason": "Invented words of a manager"}'


def address_in_an_attribute(model: Model) -> None:
    """Whom a case awaits stands there by address."""
    model.record.said["the attributes"] = '{"SfoAwaiting": "reviewer.one@n53.example.test"}'


def free_text_in_a_metric(model: Model) -> None:
    """What somebody typed is counted by."""
    model.record.said["the metrics"] = '{"question": "Invented words of a manager"}'


def row_edited(model: Model) -> None:
    """A row of the chain is edited."""
    _row(model, "audit", action="charge_judged")["actor"] = "somebody"


def row_removed(model: Model) -> None:
    """A row of the chain is taken out."""
    model.record.tables["audit"].remove(_row(model, "audit", action="gate_opened"))


def decision_not_chained(model: Model) -> None:
    """A decision counts that the chain never heard of."""
    rows = model.record.tables["audit"]
    rows[:] = [row for row in rows if row["action"] != "decision_applied" or "/submit" not in row["subject"]]


def release_not_chained(model: Model) -> None:
    """A version is handed over past the chain."""
    rows = model.record.tables["audit"]
    rows[:] = [row for row in rows if row["action"] != "rendition_handed_over"]


def answer_lost(model: Model) -> None:
    """An answer that was taken is not in the record."""
    model.record.offers.append(Offered("lost", _decided(model, "draft")["gate"], "draft_ready", "x", True, "x"))


def letter_never_arrives(model: Model) -> None:
    """A letter counts as sent and nobody has it."""
    model.record.mail.pop(_row(model, "outbox", letter="asked")["message_id"])


def nothing_runs(model: Model) -> None:
    """An open case has no workflow any more."""
    model.record.case["closed_on"] = None
    model.record.flows[f"sfo/{model.record.reference}"] = Flow("COMPLETED")


def code_cannot_replay(model: Model) -> None:
    """A workflow is stuck in code that does not fit its history."""
    model.record.flows[f"sfo/{model.record.reference}/review"] = Flow("RUNNING", failed_tasks=3)


def another_rulebook(model: Model) -> None:
    """Half of a review is asked by another rulebook."""
    _row(model, "gates", question="submit")["rulebook"] = "2027-01-01"


def sent_twice(model: Model) -> None:
    """One event is two letters."""
    first = _row(model, "outbox", letter="asked")
    model.record.add("outbox", **{**first, "event": f"{first['event']}/again", "message_id": "another"})
    model.record.mail["another"] += 1


def arrives_twice(model: Model) -> None:
    """One letter arrives twice."""
    model.record.mail[_row(model, "outbox", letter="receipt")["message_id"]] += 1


def days_not_given_back(model: Model) -> None:
    """After a pause the date is where it was."""
    record = model.record
    due = record.case["review_due"]
    record.add("pauses", number=1, paused_at=record.now - timedelta(days=200), review_due=due, new_due=due,
               resumed_at=record.now - timedelta(days=150))  # fmt: skip
    record.rows("pauses")[0].update(review_due=(record.now - timedelta(days=180)).date(),
                                    new_due=(record.now - timedelta(days=149)).date())  # fmt: skip


def chased_in_a_pause(model: Model) -> None:
    """People are chased while the clock stands still."""
    gate = _row(model, "gates", question="draft")
    record, now = model.record, model.record.now
    record.add("pauses", number=1, paused_at=gate["opened_at"] + timedelta(seconds=1), review_due=None, new_due=None,
               resumed_at=now + timedelta(days=1))  # fmt: skip
    record.audit("system", "gate_chased", gate["gate"])


def holiday_not_counted(model: Model) -> None:
    """An open question has fewer working days than its rule gives."""
    gate = _row(model, "gates", question="notification")
    gate.update(state="open", counted_from=gate["due_on"] - timedelta(days=7), counted_days=10)


def deputy_is_the_author(model: Model) -> None:
    """Cover puts the countersignature to whoever wrote the review."""
    author = model.record.rows("documents", kind="review")[0]["author_email"]
    _row(model, "gates", question="countersign").update(state="open", deputy_email=author)


def shortage_unnoticed(model: Model) -> None:
    """Nobody eligible was left, and nobody hears of it."""
    opened = next(r for r in model.record.rows("audit", action="gate_opened") if "/commission" not in r["subject"]
                  and "/notification" in r["subject"])  # fmt: skip
    opened["detail"]["role"] = "national_team"


def put_to_somebody_away(model: Model) -> None:
    """A question is put to somebody whose absence was set the day before."""
    gate = _row(model, "gates", question="notification")
    on = gate["opened_at"].date()
    model.record.add("absences", person_key=gate["person_key"], from_on=on, to_on=on, ended_at=None,
                     recorded_at=gate["recorded_at"] - timedelta(days=1))  # fmt: skip


def _decided(model: Model, question: str) -> dict[str, Any]:
    gate = _row(model, "gates", question=question)
    return _row(model, "decisions", gate=gate["gate"], void_at=None)


PLANTED: Mapping[int, tuple[Plant, ...]] = {
    1: (told_after_the_invitation, facts_skipped, facts_cut_short),
    2: (author_countersigns, line_countersigns, line_writes, stranger_decides, given_to_another_meanwhile),
    3: (
        disclosed_without_conviction,
        given_while_unsafe,
        another_text_given,
        given_before_release,
        given_while_corrected,
    ),
    4: (date_moved_by_nobody, original_forgotten, late_extension_hides_it, extension_by_nobody),
    5: (two_decisions, told_another_answer),
    6: (closed_with_a_duty_left, closed_with_an_action_left, closed_with_a_concern_left, duty_forgotten),
    7: (named_in_a_history, address_in_an_attribute, free_text_in_a_metric),
    8: (row_edited, row_removed, decision_not_chained, release_not_chained),
    9: (answer_lost, letter_never_arrives, nothing_runs),
    10: (code_cannot_replay, another_rulebook),
    11: (sent_twice, arrives_twice),
    12: (days_not_given_back, chased_in_a_pause, holiday_not_counted),
    13: (deputy_is_the_author, shortage_unnoticed, put_to_somebody_away),
}


def changed_since(seen: Observed) -> Mapping[int, Callable[[Observed], None]]:
    """What may never change between two looks, changed: by the number of the invariant that must notice."""

    def original(now: Observed) -> None:
        now["gates"][0] = {**now["gates"][0], "original_due_on": now["gates"][0]["original_due_on"] + timedelta(days=1)}

    def answer(now: Observed) -> None:
        now["decisions"][0] = {**now["decisions"][0], "answer": "another"}

    def chain(now: Observed) -> None:
        now["audit"].pop(3)

    def letters(now: Observed) -> None:
        now["outbox"].pop(0)

    assert seen["audit"]
    return {4: original, 5: answer, 8: chain, 9: letters}
