"""Reads what the figures of a period are counted from: a few statements, codes and dates alone.

No name, address, reference or free text leaves the database: findings come as their coded kind, level and theme.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import starmap

import asyncpg

from starter.connections import Connection
from workflows.contract.messages import CaseClock
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import Outcome, Stage
from workflows.policy.clock import is_rehearsed
from workflows.policy.disclosure import OPENING
from workflows.policy.figure_rows import (
    FIXED,
    Action,
    Carried,
    Deficiency,
    Findings,
    Granted,
    Leg,
    Move,
    Pause,
    Period,
    Rated,
    Round,
    Row,
)
from workflows.policy.figures_of_work import STANDARDS
from workflows.policy.quality import is_accepted
from workflows.policy.stages import OF_THE_REVIEW

Rows = list[asyncpg.Record]
Parts = Mapping[str, Rows]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which cases the figures are about. `region` None: all. Rehearsed cases run on a clock of their own."""

    period: Period
    region: str | None = None
    with_rehearsed: bool = False


async def read_rows(connection: Connection, asked: Asked, rulebook: Rulebook) -> list[Row]:
    """One row for each case that was open at any time of the period, as of one moment.

    `rulebook` says which rating is accepted, for the standards that fell below it.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        cases = await connection.fetch(_CASES, asked.period.from_on, asked.period.to_on, asked.region)
        if not asked.with_rehearsed:
            cases = [case for case in cases if not is_rehearsed(CaseClock.model_validate(case["clock"]))]
        references = [case["reference"] for case in cases]
        found = {name: await _by_case(connection, query, references) for name, query in _PARTS.items()}
    parts = ({name: of[case["reference"]] for name, of in found.items()} for case in cases)
    return [_row(case, part, rulebook) for case, part in zip(cases, parts, strict=True)]


async def last_day(connection: Connection, today: date) -> date:
    """Today, or the last day on which anything was answered or closed on the clock of a rehearsed case."""
    found: date | None = await connection.fetchval(_LAST_DAY)
    return max(today, found or today)


async def _by_case(connection: Connection, query: str, references: list[str]) -> defaultdict[str, Rows]:
    found: defaultdict[str, Rows] = defaultdict(list)
    for row in await connection.fetch(query, references):
        found[row["reference"]].append(row)
    return found


_LAST_DAY = """
    SELECT max(day) FROM (
        SELECT max(closed_on) AS day FROM sfo.cases
        UNION ALL SELECT max((received_at AT TIME ZONE 'Europe/London')::date) FROM sfo.decisions
    ) days"""

_CASES = """
    SELECT reference, region, charged_on, appeared_on, notified_on, closed_on, clock
    FROM sfo.cases
    WHERE opened_on <= $2 AND (closed_on IS NULL OR closed_on >= $1)
        AND ($3::text IS NULL OR region = $3)
    ORDER BY reference"""

_PARTS = {
    "moves": """
        SELECT reference, (at AT TIME ZONE 'Europe/London')::date AS on_, due_on, rule, late
        FROM sfo.deadlines WHERE what = 'review' AND reference = ANY($1) ORDER BY id""",
    "holidays": """
        SELECT reference, (at AT TIME ZONE 'Europe/London')::date AS on_
        FROM sfo.deadlines WHERE what <> 'review' AND rule = 'calendar' AND reference = ANY($1) ORDER BY id""",
    # The answers that make rounds: a version submitted, then signed or rated or sent back.
    "answers": """
        SELECT g.reference, g.question, g.subject, g.role, d.answer, r.accepted,
            (d.received_at AT TIME ZONE 'Europe/London')::date AS on_, r.ratings ->> 'analysis_of_practice'
            AS analysis_of_practice, r.ratings ->> 'overall_judgements' AS overall_judgements,
            r.ratings ->> 'learning' AS learning, r.ratings ->> 'victims' AS victims
        FROM sfo.gates g
        JOIN sfo.decisions d ON d.gate = g.gate AND d.applied_at IS NOT NULL
        LEFT JOIN sfo.ratings r ON g.question = 'quality' AND r.reference = g.reference AND r.round = g.round
        WHERE g.question IN ('submit', 'countersign', 'quality') AND d.answer IN ('submitted', 'returned', 'rated')
            AND g.reference = ANY($1) ORDER BY d.received_at, d.recorded_at""",
    "stages": """
        WITH begun AS (
            SELECT reference, stage, min(opened_at) AS at FROM sfo.gates
            WHERE reference = ANY($1) GROUP BY reference, stage
        )
        SELECT b.reference, b.stage, a.detail ->> 'outcome' AS outcome,
            (b.at AT TIME ZONE 'Europe/London')::date AS began_on, (a.at AT TIME ZONE 'Europe/London')::date AS ended_on
        FROM begun b
        LEFT JOIN sfo.audit a ON a.reference = b.reference AND a.subject = b.stage AND a.action = 'stage_ended'
        ORDER BY a.seq NULLS LAST""",
    "notified": """
        SELECT reference, min(original_due_on) AS due_on FROM sfo.gates
        WHERE question = 'notification' AND reference = ANY($1) GROUP BY reference""",
    "pauses": """
        SELECT reference, (paused_at AT TIME ZONE 'Europe/London')::date AS paused_on,
            (resumed_at AT TIME ZONE 'Europe/London')::date AS resumed_on
        FROM sfo.pauses WHERE reference = ANY($1) ORDER BY number""",
    "granted": """
        SELECT e.reference, e.reason_code, (d.received_at AT TIME ZONE 'Europe/London')::date AS on_
        FROM sfo.extension_requests e JOIN sfo.decisions d ON d.decision = e.decision
        WHERE e.granted AND e.reference = ANY($1) ORDER BY d.received_at""",
    "court": """
        SELECT reference, kind, on_date FROM sfo.court_events
        WHERE applied_at IS NOT NULL AND reference = ANY($1) ORDER BY on_date, event""",
    "legs": """
        SELECT reference, told_on, given_on, closed_because IS NOT NULL AS is_closed
        FROM sfo.victims WHERE reference = ANY($1) ORDER BY reference, ref""",
    # The codes alone: what was written stays where it is.
    "findings": """
        WITH accepted AS MATERIALIZED (
            SELECT reference, accepted_version AS version FROM sfo.cases
            WHERE accepted_version IS NOT NULL AND reference = ANY($1)
        )
        SELECT d.reference, f.number, f.one ->> 'kind' AS kind, f.one ->> 'level' AS level,
            f.one ->> 'theme' AS theme,
            d.content ->> 'judgement' AS judgement
        FROM accepted JOIN sfo.documents d USING (reference, version)
        LEFT JOIN LATERAL jsonb_array_elements(
            CASE jsonb_typeof(d.content -> 'findings') WHEN 'array' THEN d.content -> 'findings' END
        ) WITH ORDINALITY AS f (one, number) ON true
        WHERE d.kind = 'review' ORDER BY d.reference, f.number""",
    "actions": """
        SELECT reference, state, due_on, finding FROM sfo.actions
        WHERE kind = 'plan' AND reference = ANY($1) ORDER BY reference, ref""",
}

_CARRIED = tuple(sorted(Stage, key=len, reverse=True))


def _row(case: asyncpg.Record, parts: Parts, rulebook: Rulebook) -> Row:
    rounds = tuple(_rounds(parts["answers"]))
    is_accepted_once = any(one.is_accepted for one in rounds)
    convicted = (event["on_date"] for event in parts["court"] if event["kind"] in OPENING)
    return Row(
        region=case["region"],
        charged_on=case["charged_on"],
        appeared_on=case["appeared_on"],
        notified_on=case["notified_on"],
        notify_by=parts["notified"][0]["due_on"] if parts["notified"] else None,
        convicted_on=next(convicted, None),
        stopped_on=None if is_accepted_once else _stopped_on(case, parts["stages"]),
        moves=_moves(parts["moves"]),
        rounds=rounds,
        pauses=tuple(Pause(one["paused_on"], one["resumed_on"]) for one in parts["pauses"]),
        stages=tuple(_carried(parts["stages"])),
        legs=tuple(Leg(one["told_on"], one["given_on"], one["is_closed"]) for one in parts["legs"]),
        findings=_findings(parts["findings"]),
        actions=tuple(_actions(parts)),
        ratings=tuple(Rated(one["on_"], _below(one, rulebook)) for one in parts["answers"] if one["answer"] == "rated"),
        granted=tuple(Granted(one["on_"], one["reason_code"]) for one in parts["granted"]),
        holidays_moved=tuple(one["on_"] for one in parts["holidays"]),
    )


def _moves(moves: Rows) -> tuple[Move, ...]:
    """Since the date was fixed last: a review that was stopped and is due again has its own three months."""
    fixed = [n for n, one in enumerate(moves) if one["rule"] == FIXED]
    since = moves[fixed[-1] :] if fixed else []
    return tuple(Move(one["on_"], one["due_on"], one["rule"], one["late"]) for one in since)


def _rounds(answers: Rows) -> Iterable[Round]:
    """Each version submitted, with the first answer that sent it back or accepted it."""
    ends: dict[str, asyncpg.Record] = {}
    for one in answers:
        if one["answer"] in ("returned", "rated"):
            ends.setdefault(one["subject"], one)
    for one in answers:
        if one["answer"] == "submitted":
            end = ends.get(one["subject"])
            is_returned = end is not None and not end["accepted"]
            yield Round(one["on_"], end["on_"] if end else None, end["role"] if end and is_returned else None)


@cache
def _stage_of(part: str) -> Stage | None:
    """The stage of an id part, whichever its round; none for what runs beside the stages."""
    return next((stage for stage in _CARRIED if part == stage or part.removeprefix(f"{stage}-").isdigit()), None)


def _carried(stages: Rows) -> Iterable[Carried]:
    """Stages in which somebody was asked, that have ended and were not stopped."""
    for one in stages:
        stage = _stage_of(one["stage"])
        if stage and one["ended_on"] and one["outcome"] != Outcome.WITHDRAWN:
            yield Carried(stage, one["began_on"], one["ended_on"])


def _stopped_on(case: asyncpg.Record, stages: Rows) -> date | None:
    """When the review was stopped: its last stage was withdrawn and none goes on; where none began, the case closed."""
    of_review = [one for one in stages if _stage_of(one["stage"]) in OF_THE_REVIEW]
    closed_on: date | None = case["closed_on"]
    if not of_review or of_review[-1]["outcome"] != Outcome.WITHDRAWN:
        return closed_on
    stopped_on: date = of_review[-1]["ended_on"]
    return stopped_on


def _findings(found: Rows) -> Findings | None:
    if not found:
        return None
    deficiencies = (one for one in found if one["kind"] == "deficiency")
    return Findings(
        tuple(Deficiency(one["level"] or "", one["theme"] or "") for one in deficiencies),
        sum(one["kind"] == "strength" for one in found),
        found[0]["judgement"],
    )


def _actions(parts: Parts) -> Iterable[Action]:
    levels = {one["number"]: one["level"] for one in parts["findings"] if one["kind"] == "deficiency"}
    return starmap(Action, ((one["state"], one["due_on"], levels.get(one["finding"])) for one in parts["actions"]))


def _below(rating: asyncpg.Record, rulebook: Rulebook) -> tuple[str, ...]:
    return tuple(name for name in STANDARDS if rating[name] and not is_accepted(rating[name], rulebook))
