"""What has happened in a case, for a person: the milestones of its page, and each answer that people gave beside them.

The milestones come from the read model, the answers from the audit chain in its own words. One of each thing: an answer
that a milestone already tells is left out. Roles and numbers only.
"""

from collections.abc import Iterable

from starter.audit_sentences import told
from starter.audit_story import seen_of
from starter.case_timeline import DONE, MOVED, Entry, timeline
from starter.casebook import Known
from starter.connections import Connection
from starter.disclosure_answers import Row, Seen
from workflows.contract.directory import Directory
from workflows.policy.due import on_in_london

_ANSWERS = "SELECT * FROM sfo.audit WHERE reference = $1 AND action = 'decision_recorded' ORDER BY seq"
_MILESTONES = {"notification": "", "submit": "", "quality": "", "acknowledge": "", "resolve": "", "extension": "",
               "countersign": "returned", "interview": "held"}  # fmt: skip
"""Questions whose answer is a milestone already; where only one answer is, that one."""


async def history_of(connection: Connection, known: Known, directory: Directory | None) -> list[Entry]:
    """Return what has happened by now, by date in London, the earliest first; what is only due is not in it."""
    reference, today = known.case["reference"], on_in_london(known.now)
    gates = await connection.fetch("SELECT * FROM sfo.gates WHERE reference = $1", reference)
    rows = await connection.fetch(_ANSWERS, reference)
    seen = await seen_of(connection, reference, gates, directory)
    past = [one for one in timeline(known, (), today) if one.state in (DONE, MOVED) and one.on <= today]
    return sorted([*past, *_answers(rows, seen)], key=lambda one: one.on)


def _answers(rows: Iterable[Row], seen: Seen) -> Iterable[Entry]:
    for row in rows:
        gate, decision = seen.gates.get(row["subject"]), seen.decisions.get(str(row["detail"].get("decision")))
        if decision is not None and decision["void_at"] is not None:
            continue  # it did not count, and was given again
        if gate is not None and _MILESTONES.get(gate["question"]) in ("", row["detail"].get("answer")):
            continue
        sentence = told(row, seen)
        yield Entry(on_in_london(row["at"]), sentence[:1].upper() + sentence[1:])
