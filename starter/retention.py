"""What is due to be erased, when, and what stands against it: listed for people, who decide. Nothing goes by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from starter.connections import Connection
from starter.erasing import kept_of
from starter.judging import Rules
from workflows.contract.rulebook import RetentionRule
from workflows.policy.keeping import kept_until, why_not_erase


@dataclass(frozen=True, slots=True)
class Due:
    """A closed case: from when it may be erased, what else stands against it, whether somebody has proposed it."""

    reference: str
    region: str
    outcome: str
    closed_on: date
    until: date
    is_due: bool
    against: tuple[str, ...]
    proposed: bool


async def closed_cases(connection: Connection, rules: Rules, region: str | None = None) -> Sequence[Due]:
    """Return every case that has closed and was not erased, what is due first. None without a [retention] in force."""
    rule = rules.rulebook.retention
    if rule is None:
        return []
    rows = await connection.fetch(
        """SELECT c.*, e.reference IS NOT NULL AS proposed FROM sfo.cases c LEFT JOIN sfo.erasures e USING (reference)
           WHERE c.closed_on IS NOT NULL AND c.erased_at IS NULL AND ($1::text IS NULL OR c.region = $1)
           ORDER BY c.closed_on, c.reference""",
        region,
    )
    found = []
    for row in rows:
        kept = await kept_of(connection, row)
        until = kept_until(row["closed_on"], kept.outcome, rule)
        found.append(
            Due(
                reference=row["reference"],
                region=row["region"],
                outcome=kept.outcome,
                closed_on=row["closed_on"],
                until=until,
                is_due=until <= kept.today,
                against=tuple(why_not_erase(kept, rule, is_ordered=True)),
                proposed=row["proposed"],
            )
        )
    return sorted(found, key=lambda one: (one.until, one.reference))


async def number_due(connection: Connection, rule: RetentionRule, today: date) -> tuple[int, int]:
    """How many closed cases are past their period, and how many of those are under hold."""
    years = {name: rule.years(name) for name in type(rule).model_fields}
    row = await connection.fetchrow(
        """WITH due AS (SELECT reference FROM sfo.cases WHERE erased_at IS NULL AND closed_on +
               make_interval(years => coalesce(($1::jsonb ->> outcome)::integer, $2)) <= $3)
           SELECT count(*) AS due, count(*) FILTER (WHERE EXISTS
               (SELECT FROM sfo.holds h WHERE h.reference = due.reference AND lifted_at IS NULL)) AS held FROM due""",
        years,
        max(years.values()),
        today,
    )
    assert row is not None  # noqa: S101  # an aggregate is one row
    return row["due"], row["held"]
