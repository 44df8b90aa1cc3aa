"""What the gauges of the record are, each with its query: counts by role, region and kind, ages in real seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One gauge: its name, meaning and unit, and of which query which column is its value and which are its labels."""

    name: str
    description: str
    query: str
    column: str
    labels: tuple[str, ...]
    unit: str = ""


# The case's own moment, and from it how many real seconds ago something was that carries the case's time.
_CLOCKS = """
    WITH clocks AS (
        SELECT reference, region, (clock ->> 'speed')::float AS speed,
            (clock ->> 'case_anchor')::timestamptz
            + (clock_timestamp() - (clock ->> 'wall_anchor')::timestamptz) * (clock ->> 'speed')::float AS now
        FROM sfo.cases
    )
"""


def _ago(moment: str) -> str:
    return f"greatest(0, extract(epoch FROM (k.now - {moment})) / k.speed)"


def _since(moment: str) -> str:
    return f"greatest(0, extract(epoch FROM clock_timestamp() - {moment}))"


_LATE = "g.paused_at IS NULL AND g.due_at < k.now"

_GATES = f"""
    {_CLOCKS}
    SELECT g.role, k.region, count(*) AS open, count(*) FILTER (WHERE {_LATE}) AS overdue,
        -- An hour after its date the process has marked or closed every question, whatever silence means.
        count(*) FILTER (WHERE {_LATE} AND NOT g.overdue AND {_ago("g.due_at")} > 3600) AS unclimbed,
        max({_ago("g.opened_at")}) AS oldest
    FROM sfo.gates g JOIN clocks k USING (reference) WHERE g.state = 'open' GROUP BY 1, 2
"""

_CASES = f"""
    {_CLOCKS}
    SELECT c.region, count(*) AS open, count(*) FILTER (WHERE c.at_risk) AS at_risk,
        count(*) FILTER (WHERE c.review_overdue OR EXISTS (SELECT FROM sfo.gates g
            WHERE g.reference = c.reference AND g.state = 'open' AND {_LATE})) AS overdue,
        count(*) FILTER (WHERE c.paused_at IS NOT NULL) AS paused
    FROM sfo.cases c JOIN clocks k USING (reference) WHERE c.closed_on IS NULL GROUP BY 1
"""

# `held` waits to be gathered with others and is not late; it is counted and has no age.
_OUTBOX = f"""
    SELECT s.state, count(o.letter_id) AS letters,
        CASE WHEN s.state <> 'held' THEN coalesce(max({_since("o.recorded_at")}), 0) END AS oldest
    FROM unnest(ARRAY['queued', 'sending', 'held']) AS s(state) LEFT JOIN sfo.outbox o USING (state) GROUP BY 1
"""

_RELAY = f"""
    {_CLOCKS},
    waiting AS (
        SELECT 'case' AS what, {_since("recorded_at")} AS age FROM sfo.cases WHERE started_at_wall IS NULL
        UNION ALL
        SELECT 'decision', {_since("recorded_at")} FROM sfo.decisions
        WHERE applied_at IS NULL AND void_at IS NULL AND channel <> 'operations'
        UNION ALL
        SELECT 'request', {_since("recorded_at")} FROM sfo.requests WHERE delivered_at_wall IS NULL
        UNION ALL
        SELECT 'court event', {_ago("e.at")} FROM sfo.court_events e JOIN clocks k USING (reference)
        WHERE delivered_at_wall IS NULL AND applied_at IS NULL
        UNION ALL
        SELECT 'concern', {_ago("e.raised_at")} FROM sfo.escalations e JOIN clocks k USING (reference)
        WHERE delivered_at_wall IS NULL AND state = 'raised' AND raised_by IS NOT NULL
        UNION ALL
        SELECT 'enquiry', {_ago("e.at")} FROM sfo.enquiries e JOIN clocks k USING (reference)
        WHERE delivered_at_wall IS NULL AND state = 'open'
        UNION ALL
        SELECT 'request for time', {_ago("r.at")} FROM sfo.extension_requests r JOIN clocks k USING (reference)
        WHERE delivered_at_wall IS NULL AND granted IS NULL AND void_at IS NULL
        UNION ALL
        SELECT 'refused letter', {_since("recorded_at")} FROM sfo.outbox WHERE state = 'refused' AND NOT told_workflow
    )
    SELECT w.what, count(waiting.what) AS waiting, coalesce(max(age), 0) AS oldest
    FROM unnest(ARRAY['case', 'decision', 'request', 'court event', 'concern', 'enquiry', 'request for time',
        'refused letter']) AS w(what) LEFT JOIN waiting USING (what) GROUP BY 1
"""

# Acknowledged late is what the question says that asks for it, so that the date is the rulebook's.
_ESCALATIONS = f"""
    {_CLOCKS}
    SELECT e.kind, e.state, count(*) AS open, max({_ago("e.raised_at")}) AS oldest,
        count(*) FILTER (WHERE e.state = 'raised' AND EXISTS (SELECT FROM sfo.gates g
            WHERE g.reference = e.reference AND g.question = 'acknowledge' AND g.state = 'open' AND {_LATE}
              AND g.stage = 'escalation/' || e.kind || '-' || e.number)) AS late
    FROM sfo.escalations e JOIN clocks k USING (reference) WHERE e.state <> 'resolved' GROUP BY 1, 2
"""

_STRANDED = """
    SELECT kind, count(*) AS open FROM sfo.stranded WHERE resolved_at IS NULL GROUP BY 1
"""

FIGURES = (
    Figure("sfo.gates.open", "Open questions", _GATES, "open", ("role", "region")),
    Figure("sfo.gates.overdue", "Open questions whose date has passed", _GATES, "overdue", ("role", "region")),
    Figure(
        "sfo.gates.unclimbed",
        "Open questions whose date passed an hour ago and whose process has not noticed",
        _GATES,
        "unclimbed",
        ("role", "region"),
    ),
    Figure("sfo.gates.oldest", "Age of the oldest open question", _GATES, "oldest", ("role", "region"), "s"),
    Figure("sfo.cases.open", "Open cases", _CASES, "open", ("region",)),
    Figure("sfo.cases.overdue", "Open cases with anything overdue", _CASES, "overdue", ("region",)),
    Figure("sfo.cases.at.risk", "Open cases whose review will be late as things stand", _CASES, "at_risk", ("region",)),
    Figure("sfo.cases.paused", "Open cases whose clock stands still", _CASES, "paused", ("region",)),
    Figure("sfo.outbox.waiting", "Letters that are not sent yet", _OUTBOX, "letters", ("state",)),
    Figure("sfo.outbox.oldest", "Age of the oldest letter that is not sent yet", _OUTBOX, "oldest", ("state",), "s"),
    Figure("sfo.relay.waiting", "What the record holds and no workflow has taken yet", _RELAY, "waiting", ("what",)),
    Figure("sfo.relay.oldest", "Age of the oldest of it", _RELAY, "oldest", ("what",), "s"),
    Figure("sfo.stranded.open", "Workflows on which record and Temporal disagree", _STRANDED, "open", ("kind",)),
    Figure("sfo.escalations.open", "Escalations not resolved", _ESCALATIONS, "open", ("kind", "state")),
    Figure("sfo.escalations.late", "Escalations not acknowledged in time", _ESCALATIONS, "late", ("kind", "state")),
    Figure("sfo.escalations.oldest", "Age of the oldest", _ESCALATIONS, "oldest", ("kind", "state"), "s"),
)
