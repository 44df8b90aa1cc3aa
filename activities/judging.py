"""Judging a charge: the facts come from the record, the criteria from policy, the verdict goes back."""

from activities.means import Means
from activities.owing import bring_in_line
from activities.record import Connection, Row, audit, lock_case
from workflows.contract.messages import ChargeReading, Judgement, OffenceRef
from workflows.contract.vocabulary import Ground, OffenceCategory, Rosh, SupervisionType
from workflows.policy.criteria import ChargeFacts, Verdict, judge


async def judge_charge(connection: Connection, means: Means, reading: ChargeReading) -> Judgement:
    """The verdict and the pinned rulebook stand in the case; a review owes its staff their duties from here on."""
    case = await lock_case(connection, reading.reference)
    # Pinned once: a case keeps its rulebook through every amendment. Rule: design.md 6.
    rulebook = means.rulebook(case["rulebook"], reading.at)
    means = await means.with_calendar(connection)
    facts = await _facts(connection, case)
    verdict = judge(facts, means.rulebooks.offences(rulebook.version), rulebook, means.holidays)
    await _write(connection, case, verdict, rulebook.version, reading)
    await bring_in_line(connection, means, reading.reference, reading.at)
    await audit(
        connection,
        reading.at,
        reading.reference,
        "system",
        "charge_judged",
        reading.reference,
        round=reading.round,
        ground=verdict.ground,
        reason=verdict.reason,
        question=verdict.question,
        rulebook=rulebook.version,
    )
    return Judgement(
        ground=verdict.ground,
        reason=verdict.reason,
        rulebook=rulebook.version,
        is_sfo=verdict.is_sfo,
        # Rule: facts.md 1.5 and 1.16: whether a charge below the threshold is notified is the rulebook's to say.
        must_notify=verdict.ground.is_reviewed or (verdict.is_sfo and rulebook.notify_below_threshold.value),
        acquittal_ends_review=not rulebook.review_continues_after_acquittal.value,
        question=verdict.question,
    )


async def _facts(connection: Connection, case: Row) -> ChargeFacts:
    rows = await connection.fetch(
        """
        SELECT code, offence_on, victim_age FROM offences
        WHERE reference = $1 AND round = (SELECT max(round) FROM offences WHERE reference = $1) ORDER BY number
        """,
        case["reference"],
    )
    interest = case["interest_answer"]
    return ChargeFacts(
        offences=tuple(OffenceRef(**dict(row)) for row in rows),
        supervision=SupervisionType(case["supervision_type"]),
        supervised_from=case["supervision_started_on"],
        supervised_until=case["supervision_ended_on"],
        rosh=Rosh(case["rosh"]),
        charged_on=case["charged_on"],
        is_public_interest_proposed=case["public_interest"] is not None,
        offence_class=OffenceCategory(case["offence_class"]) if case["offence_class"] else None,
        public_interest=None if interest is None else interest == "review",
    )


async def _write(connection: Connection, case: Row, verdict: Verdict, rulebook: str, reading: ChargeReading) -> None:
    """A review under way keeps its ground until a person has decided what a reduced charge does to it."""
    # Rule: facts.md 5.6. The stage's end writes the ground that was settled.
    was_reviewed = Ground(case["ground"]).is_reviewed
    ground = case["ground"] if was_reviewed and not verdict.ground.is_reviewed else str(verdict.ground)
    await connection.execute(
        """
        UPDATE cases SET ground = $2, ground_reason = $3, is_sfo = $4, rulebook = $5, review_required_on =
            CASE WHEN $6 THEN (SELECT max(on_date) FROM court_events WHERE reference = $1 AND kind = 'amended')
            ELSE review_required_on END
        WHERE reference = $1
        """,
        case["reference"],
        ground,
        str(verdict.reason),
        verdict.is_sfo,
        rulebook,
        # No review was due before and the amended charge makes it due: its three months run from the amendment.
        reading.round > 1 and verdict.ground.is_reviewed and not was_reviewed,
    )
