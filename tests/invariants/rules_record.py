"""Invariants 5 to 9 and 11: one decision, nothing left over, no names, the chain, nothing lost or sent twice."""

from collections import Counter
from collections.abc import Iterator

from tests.invariants.observed import Breach, Observed, Row

ONCE = ("asked", "receipt", "withdrawn", "review_under_way", "review_signed", "deputy")
ADDRESS = "example.test"
KEPT = ("answer", "by_email", "received_at", "reasons", "channel", "late")


def one_decision(seen: Observed) -> Iterator[Breach]:
    """5. One decision a gate; whoever comes again changes nothing and is told what was decided."""
    standing = Counter(row["gate"] for row in seen["decisions"] if row["void_at"] is None)
    yield from (Breach(5, f"{gate} has {n} decisions") for gate, n in standing.items() if n > 1)
    applied = Counter(row["gate"] for row in seen["decisions"] if row["applied_at"])
    for gate in seen["gates"]:
        if gate["state"] == "decided" and applied[gate["gate"]] != 1:
            yield Breach(5, f"{gate['gate']} is decided by {applied[gate['gate']]} applied decisions")
        if gate["state"] != "decided" and applied[gate["gate"]]:
            yield Breach(5, f"{gate['gate']} is {gate['state']} and has an applied decision")
    answers: dict[str, set[str]] = {}
    for row in seen["decisions"]:
        answers.setdefault(row["gate"], set()).add(row["answer"])
    for offer in seen.offers:
        if not offer.is_new and offer.told is not None and offer.told not in answers.get(offer.gate, set()):
            yield Breach(5, f"{offer.gate}: somebody was told {offer.told}, which nobody decided")
    if seen.before:
        yield from _changed(seen, seen.before)


def _changed(seen: Observed, before: Observed) -> Iterator[Breach]:
    now = {row["decision"]: row for row in seen["decisions"]}
    for row in before["decisions"]:
        later = now.get(row["decision"])
        if later is None or any(later[name] != row[name] for name in KEPT):
            yield Breach(5, f"the decision on {row['gate']} is not what it was")
        elif any(row[name] and later[name] != row[name] for name in ("applied_at", "void_at")):
            yield Breach(5, f"the decision on {row['gate']} counts otherwise than it did")


def nothing_is_owed_at_the_end(seen: Observed) -> Iterator[Breach]:
    """6. Closed only when every duty, action and leg is met or closed by a recorded decision or court event."""
    if seen.case["closed_on"] is None:
        return
    left = [f"{row['kind']} to {row['subject']}" for row in seen["duties"] if row["state"] == "owed"]
    left += [f"action {row['ref']}" for row in seen["actions"] if row["state"] == "open"]
    left += [f"escalation {row['kind']}" for row in seen["escalations"] if row["state"] != "resolved"]
    left += [f"enquiry {row['number']}" for row in seen["enquiries"] if row["state"] == "open"]
    left += [row["gate"] for row in seen["gates"] if row["state"] == "open"]
    left += [row["event"] for row in seen["court_events"] if row["applied_at"] is None]
    yield from (Breach(6, f"closed with {what} left") for what in left)
    if seen.case["accepted_version"] is not None:
        known = {(row["kind"], row["subject"]) for row in seen["duties"]}
        for member in seen["staff"]:
            for kind in ("told", "fed_back", "cared_for"):
                if (kind, member["ref"]) not in known:
                    yield Breach(6, f"closed and nobody noted that {member['ref']} was owed {kind}")
    for row in (*seen["duties"], *seen["actions"]):
        if row["state"] in ("closed", "withdrawn") and row["decision"] is None and not seen["court_events"]:
            yield Breach(6, f"{row} was closed by no decision")


def nobody_is_named(seen: Observed) -> Iterator[Breach]:
    """7. No name, address or free text in a history, an attribute, a log or a letter to somebody else."""
    for place, text in seen.said.items():
        low = text.casefold()
        yield from (Breach(7, f"{place} holds {one!r}") for one in seen.secrets if one.casefold() in low)
    for letter in seen.letters:
        others = letter.text.replace(letter.name, "").replace(letter.email, "").casefold()
        for one in seen.secrets - {ADDRESS}:  # its links and its sender have one
            if one.casefold() in others:
                yield Breach(7, f"{letter.event} holds {one!r}, which is not about whoever gets it")


def all_of_it_is_chained(seen: Observed) -> Iterator[Breach]:
    """8. Every decision, notice, release and change of a date is in the chain, once, and the chain is whole."""
    yield from (Breach(8, f"the chain is broken: {why}") for why in seen.broken)
    chained = Counter((row["action"], row["detail"].get("decision")) for row in seen["audit"])
    for row in seen["decisions"]:
        name = str(row["decision"])
        recorded = int(row["channel"] != "operations")
        yield from _count(chained["decision_recorded", name], recorded, f"{row['gate']}: recorded")
        yield from _count(chained["decision_applied", name], int(row["applied_at"] is not None), f"{row['gate']}: used")
        void = chained["decision_refused", name] + chained["decision_void", name]
        yield from _count(void, int(row["void_at"] is not None), f"{row['gate']}: void")
    by_subject = Counter((row["action"], row["subject"]) for row in seen["audit"])
    for gate in seen["gates"]:
        yield from _count(by_subject["gate_opened", gate["gate"]], 1, f"{gate['gate']}: opened")
        for action, state in (("gate_lapsed", "lapsed"), ("gate_withdrawn", "withdrawn")):
            yield from _count(by_subject[action, gate["gate"]], int(gate["state"] == state), f"{gate['gate']}: {state}")
    for event in seen["court_events"]:
        action = "charge_amended" if event["kind"] == "amended" else "court_event"
        yield from _count(by_subject[action, event["event"]], int(event["applied_at"] is not None), event["event"])
    closings = len(seen.audited("case_reopened")) + int(seen.case["closed_on"] is not None)
    yield from _count(by_subject["case_closed", seen.reference], closings, "closed")
    given = [row for row in seen["releases"] if row["kind"] == "victim_rendition"]
    yield from _count(len(seen.audited("rendition_handed_over")), len(given), "versions given")
    yield from _dates_and_notices(seen)
    if any(not row["actor"] or row["at"] is None for row in seen["audit"]):
        yield Breach(8, "a row of the chain does not say who or when")
    if seen.before and seen["audit"][: len(seen.before["audit"])] != seen.before["audit"]:
        yield Breach(8, "a row of the chain was removed or edited")


def _dates_and_notices(seen: Observed) -> Iterator[Breach]:
    of_review = [row for row in seen["deadlines"] if row["what"] == "review"]
    moved = sum(row["rule"] == "extension" for row in of_review)
    fixed = sum(row["rule"] == "review" for row in of_review)
    yield from _count(sum(r["subject"] == "review" for r in seen.audited("deadline_moved")), moved, "dates moved")
    yield from _count(len(seen.audited("deadline_fixed")), fixed, "dates fixed")
    told = {row["subject"] for row in seen.audited("told")}
    for letter in seen["outbox"]:
        if letter["letter"] == "review_under_way" and letter["event"] not in told:
            yield Breach(8, f"the notice {letter['event']} is not in the chain")


def _count(found: int, wanted: int, what: str) -> Iterator[Breach]:
    if found != wanted:
        yield Breach(8, f"{what} stands {found} times in the chain, not {wanted}")


def nothing_is_lost_or_repeated(seen: Observed) -> Iterator[Breach]:
    """9. Whatever was taken stands, every letter arrives, nothing waits for ever, and nobody sees a thing twice."""
    rows = {str(row["decision"]): row for row in seen["decisions"]}
    for offer in seen.offers:
        row = rows.get(offer.decision)
        if offer.is_new and (row is None or row["answer"] != offer.answer):
            yield Breach(9, f"{offer.gate}: the answer {offer.answer} was taken and is lost")
    for letter in seen["outbox"]:
        if letter["state"] == "sent" and not seen.mail_after[letter["message_id"]]:
            yield Breach(9, f"{letter['event']} counts as sent and did not arrive")
        if seen.mail_before[letter["message_id"]] > letter["attempts"]:
            yield Breach(9, f"{letter['event']} arrived more often than it was sent")
        if letter["message_id"] in seen.stuck:
            yield Breach(9, f"{letter['event']} never leaves")
    for row in seen["decisions"] if seen.is_settled else ():
        if row["applied_at"] is None and row["void_at"] is None:
            yield Breach(9, f"the answer to {row['gate']} waits for ever")
    yield from _runs(seen)
    if seen.before:
        before = {row["message_id"] for row in seen.before["outbox"]}
        if lost := before - {row["message_id"] for row in seen["outbox"]}:
            yield Breach(9, f"{len(lost)} letters are gone from the record")


def _runs(seen: Observed) -> Iterator[Breach]:
    """An open case runs; a closed one does not, nor anything of it."""
    case = seen.flows.get(f"sfo/{seen.reference}")
    if case is None or not seen.is_settled:
        return
    is_closed = seen.case["closed_on"] is not None
    if is_closed == (case.status == "RUNNING"):
        yield Breach(9, f"the case is {'closed' if is_closed else 'open'} and its workflow {case.status}")
    running = {name for name, flow in seen.flows.items() if flow.status == "RUNNING"}
    for gate in seen["gates"]:
        workflow = f"sfo/{str(gate['gate']).rpartition('/')[0]}"
        if gate["state"] == "open" and workflow not in running:
            yield Breach(9, f"{gate['gate']} stands open and nothing waits for it")


def one_event_one_letter(seen: Observed) -> Iterator[Breach]:
    """11. One business event is one letter to each person, and every message is one of the record's letters."""
    times: Counter[tuple[str, ...]] = Counter((row["event"], row["to_email"]) for row in seen["outbox"])
    times.update(
        (letter["letter"], _about(letter), letter["to_email"]) for letter in seen["outbox"] if _is_once(letter)
    )
    yield from (Breach(11, f"{what[:-1]} is {n} letters to one person") for what, n in times.items() if n > 1)
    known = Counter(row["message_id"] for row in seen["outbox"])
    for message, arrived in seen.mail_before.items():
        if not known[message]:
            yield Breach(11, "a message arrived that the record does not know")
        elif arrived > 1:
            yield Breach(11, f"a message arrived {arrived} times")


def _is_once(letter: Row) -> bool:
    return bool(letter["letter"] in ONCE)


def _about(letter: Row) -> str:
    return str(letter["gate"] or letter["event"])
