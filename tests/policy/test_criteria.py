from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.bank_holidays import england_and_wales
from workflows.contract.messages import OffenceRef
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import CriteriaReason, Ground, OffenceCategory, Rosh, SupervisionType
from workflows.policy.calendar import add_working_days
from workflows.policy.criteria import ChargeFacts, Verdict, judge
from workflows.policy.offences import OffenceTable

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
BOOK = Rulebook.from_toml((DEPLOY / "rulebook/2026-04-01.toml").read_text())
TABLE = OffenceTable.from_csv((DEPLOY / "rulebook" / BOOK.offences).read_text())
HOLIDAYS = england_and_wales()

OFFENCE_ON = date(2026, 10, 2)
RAPE, ATTEMPT, ROBBERY, DAMAGE, UNHEARD, CHILD = "SX03001", "SX03001A", "TH68023", "CD71039", "ZZ99001", "SX03027"


def offences(*codes: str, on: date = OFFENCE_ON, age: int | None = None) -> tuple[OffenceRef, ...]:
    return tuple(OffenceRef(code=code, offence_on=on, victim_age=age) for code in codes)


def facts(*codes: str, rosh: Rosh = Rosh.MEDIUM, age: int | None = None) -> ChargeFacts:
    return ChargeFacts(
        offences=offences(*codes, age=age),
        supervision=SupervisionType.LICENCE,
        supervised_from=date(2026, 1, 12),
        supervised_until=None,
        rosh=rosh,
        charged_on=date(2026, 10, 5),
    )


def judged(given: ChargeFacts) -> Verdict:
    """The shipped rules applied to facts."""
    return judge(given, TABLE, BOOK, HOLIDAYS)


LEVELS: list[tuple[Rosh, Ground, CriteriaReason, str | None]] = [
    (Rosh.LOW, Ground.NONE, CriteriaReason.BELOW_THRESHOLD, None),
    (Rosh.MEDIUM, Ground.NONE, CriteriaReason.BELOW_THRESHOLD, None),
    (Rosh.HIGH, Ground.RISK, CriteriaReason.HIGH_RISK, None),
    (Rosh.VERY_HIGH, Ground.RISK, CriteriaReason.HIGH_RISK, None),
    (Rosh.NEVER_ASSESSED, Ground.NOT_ASSESSED, CriteriaReason.NEVER_ASSESSED, None),
    (Rosh.NOT_RECORDED, Ground.ASK, CriteriaReason.RISK_NOT_RECORDED, "rosh"),
]


@pytest.mark.parametrize(("rosh", "ground", "reason", "question"), LEVELS)
def test_a_qualifying_offence_is_reviewed_by_risk(
    rosh: Rosh, ground: Ground, reason: CriteriaReason, question: str | None
) -> None:
    assert judged(facts(ROBBERY, rosh=rosh)) == Verdict(ground, reason, question, is_sfo=True)


@pytest.mark.parametrize("rosh", Rosh)
@pytest.mark.parametrize("code", [RAPE, ATTEMPT, "COML025", "COML026C", "TR06007"])
def test_a_named_offence_is_always_reviewed_whatever_the_risk(rosh: Rosh, code: str) -> None:
    expected = Verdict(Ground.ALWAYS_REVIEWED, CriteriaReason.NAMED_OFFENCE, is_sfo=True)
    assert judged(facts(code, rosh=rosh)) == expected


@pytest.mark.parametrize("rosh", Rosh)
def test_an_unknown_code_is_asked_about_never_refused(rosh: Rosh) -> None:
    verdict = judged(facts(UNHEARD, rosh=rosh))
    assert verdict == Verdict(Ground.ASK, CriteriaReason.UNKNOWN_OFFENCE, "offence_class")


def test_beside_a_listed_offence_an_unknown_one_is_asked_about_and_the_case_is_an_sfo_meanwhile() -> None:
    verdict = judged(facts(UNHEARD, ROBBERY))
    assert verdict == Verdict(Ground.ASK, CriteriaReason.UNKNOWN_OFFENCE, "offence_class", is_sfo=True)


def test_an_age_that_decides_is_asked_about() -> None:
    verdict = judged(facts(CHILD))
    assert verdict == Verdict(Ground.ASK, CriteriaReason.VICTIM_AGE_MISSING, "offence_class")
    assert judged(facts(CHILD, age=12)).ground is Ground.ALWAYS_REVIEWED
    assert judged(facts(CHILD, age=13)).reason is CriteriaReason.BELOW_THRESHOLD


@pytest.mark.parametrize(
    ("answer", "rosh", "ground"),
    [
        (OffenceCategory.MANDATORY, Rosh.LOW, Ground.ALWAYS_REVIEWED),
        (OffenceCategory.QUALIFYING, Rosh.HIGH, Ground.RISK),
        (OffenceCategory.QUALIFYING, Rosh.LOW, Ground.NONE),
        (OffenceCategory.QUALIFYING, Rosh.NOT_RECORDED, Ground.ASK),
        (OffenceCategory.NOT_SFO, Rosh.VERY_HIGH, Ground.NONE),
    ],
)
def test_the_answer_about_the_offence_is_obeyed(answer: OffenceCategory, rosh: Rosh, ground: Ground) -> None:
    for code in (UNHEARD, CHILD):
        assert judged(replace(facts(code, rosh=rosh), offence_class=answer)).ground is ground


def test_an_answer_about_one_offence_does_not_weaken_a_listed_one() -> None:
    given = replace(facts(RAPE, UNHEARD), offence_class=OffenceCategory.NOT_SFO)
    assert judged(given).ground is Ground.ALWAYS_REVIEWED


@pytest.mark.parametrize(
    ("codes", "ground"),
    [
        ((ROBBERY, RAPE), Ground.ALWAYS_REVIEWED),
        ((UNHEARD, RAPE), Ground.ALWAYS_REVIEWED),
        ((DAMAGE, ROBBERY), Ground.RISK),
        ((UNHEARD, ROBBERY), Ground.ASK),  # it might be a named offence
        ((DAMAGE,), Ground.NONE),
    ],
)
def test_of_several_offences_the_strongest_decides(codes: tuple[str, ...], ground: Ground) -> None:
    for order in (codes, codes[::-1]):
        assert judged(facts(*order, rosh=Rosh.HIGH)).ground is ground


def test_what_is_not_on_the_list_is_not_an_sfo() -> None:
    assert judged(facts(DAMAGE, rosh=Rosh.HIGH)) == Verdict(Ground.NONE, CriteriaReason.NOT_SFO)


# --- the supervision window -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offence_on", "ended_on", "is_inside"),
    [
        ("2026-01-12", None, True),  # the first day
        ("2026-01-11", None, False),
        ("2026-10-02", "2026-10-02", True),
        ("2027-02-01", "2026-12-18", True),  # the 28th working day, over Christmas and New Year
        ("2027-02-02", "2026-12-18", False),
        ("2027-01-29", "2026-12-18", True),
        ("2026-11-11", "2026-10-02", True),
        ("2026-11-12", "2026-10-02", False),
        ("2027-02-06", "2026-12-29", True),  # Saturday: between the 27th and 28th working day
        ("2027-02-08", "2026-12-29", True),
        ("2027-02-09", "2026-12-29", False),
    ],
)
def test_supervision_covers_28_working_days_after_its_end(
    offence_on: str, ended_on: str | None, is_inside: bool
) -> None:
    given = replace(
        facts(RAPE),
        offences=offences(RAPE, on=date.fromisoformat(offence_on)),
        supervised_until=date.fromisoformat(ended_on) if ended_on else None,
        charged_on=date(2027, 3, 1),
    )
    reason = judged(given).reason
    assert reason is (CriteriaReason.NAMED_OFFENCE if is_inside else CriteriaReason.OUTSIDE_SUPERVISION)


def test_outside_supervision_there_is_no_review_and_no_sfo() -> None:
    given = replace(facts(RAPE), supervised_from=date(2026, 10, 3))
    assert judged(given) == Verdict(Ground.NONE, CriteriaReason.OUTSIDE_SUPERVISION)


def test_only_the_offences_inside_supervision_count() -> None:
    given = replace(facts(), offences=offences(RAPE, on=date(2026, 1, 1)) + offences(ROBBERY))
    assert judged(given).reason is CriteriaReason.BELOW_THRESHOLD


# --- public interest ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "is_sfo"),
    [
        (facts(ROBBERY), True),
        (facts(DAMAGE), False),
        (replace(facts(RAPE), supervised_from=date(2026, 10, 3)), False),
    ],
)
def test_a_proposed_public_interest_review_is_asked_for_and_obeyed(given: ChargeFacts, is_sfo: bool) -> None:
    without = judged(given)
    proposed = replace(given, is_public_interest_proposed=True)
    asked = Verdict(Ground.ASK, CriteriaReason.PUBLIC_INTEREST_PROPOSED, "public_interest", is_sfo)
    assert judged(proposed) == asked
    granted = Verdict(Ground.PUBLIC_INTEREST, CriteriaReason.PUBLIC_INTEREST, is_sfo=is_sfo)
    assert judged(replace(proposed, public_interest=True)) == granted
    assert judged(replace(proposed, public_interest=False)) == without


@pytest.mark.parametrize("given", [facts(RAPE), facts(ROBBERY, rosh=Rosh.HIGH), facts(ROBBERY, rosh=Rosh.NOT_RECORDED)])
def test_public_interest_is_not_asked_where_something_else_decides_first(given: ChargeFacts) -> None:
    assert judged(replace(given, is_public_interest_proposed=True)) == judged(given)


# --- the criteria as a whole ------------------------------------------------------------------------------

ANY_FACTS = st.builds(
    ChargeFacts,
    offences=st.lists(
        st.builds(
            OffenceRef,
            code=st.sampled_from([RAPE, ATTEMPT, ROBBERY, DAMAGE, UNHEARD, CHILD, "SX03010", "COML064"]),
            offence_on=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
            victim_age=st.none() | st.integers(0, 80),
        ),
        min_size=1,
        max_size=4,
    ).map(tuple),
    supervision=st.sampled_from(SupervisionType),
    supervised_from=st.just(date(2026, 3, 1)),
    supervised_until=st.none() | st.dates(date(2026, 3, 1), date(2026, 12, 31)),
    rosh=st.sampled_from(Rosh),
    charged_on=st.just(date(2026, 12, 31)),
    is_public_interest_proposed=st.booleans(),
    offence_class=st.none() | st.sampled_from([c for c in OffenceCategory if c is not OffenceCategory.UNKNOWN]),
    public_interest=st.none() | st.booleans(),
)


@given(ANY_FACTS)
def test_a_gap_is_always_asked_and_a_question_is_always_a_gap(given: ChargeFacts) -> None:
    verdict = judged(given)
    assert (verdict.question is not None) is (verdict.ground is Ground.ASK)
    if verdict.question == "rosh":
        assert given.rosh is Rosh.NOT_RECORDED
        answered = replace(given, rosh=Rosh.HIGH)
    elif verdict.question == "offence_class":
        assert given.offence_class is None
        answered = replace(given, offence_class=OffenceCategory.MANDATORY)
    elif verdict.question == "public_interest":
        assert given.public_interest is None
        answered = replace(given, public_interest=True)
    else:
        return
    assert judged(answered).question != verdict.question


@given(ANY_FACTS)
def test_adding_a_named_offence_under_supervision_always_means_a_review(given: ChargeFacts) -> None:
    more = replace(given, offences=(*given.offences, *offences("COML025", on=given.supervised_from)))
    assert judged(more).ground is Ground.ALWAYS_REVIEWED


@given(ANY_FACTS, st.integers(1, 28))
def test_the_window_after_the_end_never_closes_early(given: ChargeFacts, days: int) -> None:
    ended_on = date(2026, 12, 18)
    on = add_working_days(ended_on, days, HOLIDAYS)
    inside = replace(given, offences=offences(RAPE, on=on), supervised_until=ended_on)
    assert judged(inside).ground is Ground.ALWAYS_REVIEWED
    after = add_working_days(ended_on, 28, HOLIDAYS) + timedelta(days=days)
    outside = replace(inside, offences=offences(RAPE, on=after), is_public_interest_proposed=False)
    assert judged(outside).reason is CriteriaReason.OUTSIDE_SUPERVISION
