"""What lies ahead of an open question, and who hears of it at a rung."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from activities.bank_holidays import england_and_wales
from workflows.contract.directory import Absence, Directory
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import Role, Rung, StepKind
from workflows.policy.ahead import OpenQuestion, ahead, further_after, looks, planned, reminds_every
from workflows.policy.authority import Involved, Ties
from workflows.policy.climbing import Climb, Place, climb
from workflows.policy.due import due_moment, on_in_london
from workflows.policy.reminders import schedule

HOLIDAYS = england_and_wales()
OPENED = datetime(2026, 10, 5, 10, tzinfo=UTC)
ASKED = OpenQuestion("notification", Role.SPOC, "notification", OPENED, date(2026, 10, 19))
COMMENT = OpenQuestion("facts", Role.HEAD_OF_PDU, "facts", OPENED, date(2026, 10, 19))
REMIND, OVERDUE, LAPSE = StepKind.REMIND, StepKind.OVERDUE, StepKind.LAPSE


def lines(asked: OpenQuestion, rulebook: Rulebook, now: datetime) -> list[tuple[str, str]]:
    """The date in London of each step, and its kind or rung."""
    return [
        (on_in_london(step.at).isoformat(), str(step.rung if step.kind is StepKind.CLIMB else step.kind))
        for step in ahead(asked, rulebook, HOLIDAYS, now)
    ]


OVERDUE_AND_LADDER = [
    ("2026-10-20", "overdue"), ("2026-10-20", "deputy"), ("2026-10-22", "senior_lead"), ("2026-10-26", "remind"),
    ("2026-10-26", "regional_director"), ("2026-11-02", "remind"), ("2026-11-02", "national_team"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "now", "first"),
    [
        pytest.param(
            ASKED,
            OPENED,
            [("2026-10-12", "remind"), ("2026-10-16", "remind"), ("2026-10-19", "remind"), *OVERDUE_AND_LADDER],
            id="just asked",
        ),
        pytest.param(
            ASKED,
            datetime(2026, 10, 19, 8, tzinfo=UTC),  # 09:00 in London: this reminder has gone out
            OVERDUE_AND_LADDER,
            id="on the day",
        ),
        pytest.param(
            ASKED, datetime(2026, 10, 21, tzinfo=UTC), OVERDUE_AND_LADDER, id="the service was away, so it is made late"
        ),
        pytest.param(
            replace(ASKED, overdue=True, climbed=(Rung.DEPUTY,)),
            datetime(2026, 10, 21, tzinfo=UTC),
            OVERDUE_AND_LADDER[2:],
            id="overdue, the deputy asked",
        ),
        pytest.param(
            replace(ASKED, climbed=(Rung.DEPUTY,)),
            OPENED + timedelta(days=8),
            [
                ("2026-10-16", "remind"),
                ("2026-10-19", "remind"),
                *[one for one in OVERDUE_AND_LADDER if one[1] != "deputy"],
            ],
            id="the deputy asked early, because the letter came back",
        ),
        pytest.param(
            replace(ASKED, armed_at=datetime(2026, 10, 21, 10, tzinfo=UTC), due_on=date(2026, 11, 2), overdue=False,
                    climbed=(Rung.DEPUTY,)),
            datetime(2026, 10, 21, 10, tzinfo=UTC),
            [("2026-10-30", "remind"), ("2026-11-02", "remind"), ("2026-11-03", "overdue"),
             ("2026-11-05", "senior_lead")],
            id="more time: no rung that was told is told again",
        ),
        pytest.param(
            replace(ASKED, armed_at=datetime(2026, 11, 2, 10, tzinfo=UTC), overdue=True, climbed=(Rung.DEPUTY,),
                    ladder_from=date(2026, 10, 30)),
            datetime(2026, 11, 2, 10, tzinfo=UTC),
            [("2026-11-04", "senior_lead"), ("2026-11-06", "regional_director"), ("2026-11-09", "remind"),
             ("2026-11-13", "national_team")],
            id="late before a pause: the ladder goes on from where it stood",
        ),
        pytest.param(
            COMMENT,
            OPENED,
            [("2026-10-12", "remind"), ("2026-10-16", "remind"), ("2026-10-19", "remind"), ("2026-10-20", "lapse")],
            id="silence has a meaning",
        ),
        pytest.param(
            COMMENT, datetime(2026, 12, 1, tzinfo=UTC), [("2026-10-20", "lapse")], id="its period is over"
        ),
    ],
)  # fmt: skip
def test_what_is_still_to_come(
    rulebook: Rulebook, asked: OpenQuestion, now: datetime, first: list[tuple[str, str]]
) -> None:
    found = lines(asked, rulebook, now)
    assert found[: len(first)] == first
    assert asked.lapses is (len(found) == len(first))
    assert {what for _, what in found[len(first) :]} <= {"remind", "regional_director", "national_team"}


def test_when_all_that_was_planned_is_over_the_reminders_go_on(rulebook: Rulebook) -> None:
    told = replace(ASKED, overdue=True, climbed=tuple(Rung)[1:])
    last = planned(told, rulebook, HOLIDAYS)[-1].at
    first = further_after(told, rulebook, HOLIDAYS, last)
    assert ahead(told, rulebook, HOLIDAYS, last) == first
    assert ahead(told, rulebook, HOLIDAYS, first[2].at) == first[3:]
    years_later = last + timedelta(days=2000)
    (soon, *_) = ahead(told, rulebook, HOLIDAYS, years_later)
    assert timedelta(0) < soon.at - years_later <= timedelta(days=8)


def test_further_reminders_wait_for_what_is_planned_and_never_follow_a_lapse(rulebook: Rulebook) -> None:
    assert further_after(ASKED, rulebook, HOLIDAYS, OPENED) == ()
    assert further_after(COMMENT, rulebook, HOLIDAYS, OPENED + timedelta(days=400)) == ()
    assert (reminds_every(ASKED, rulebook), reminds_every(COMMENT, rulebook)) == (7, None)


def test_a_rule_without_repeats_ends_with_the_ladder(rulebook: Rulebook) -> None:
    rule = rulebook.reminders["default"].model_copy(update={"then_every_days": None})
    book = rulebook.model_copy(update={"reminders": rulebook.reminders | {"default": rule}})
    told = replace(ASKED, overdue=True, climbed=tuple(Rung)[1:])
    assert ahead(told, book, HOLIDAYS, OPENED + timedelta(days=100)) == ()


def test_a_review_is_looked_at_on_mornings_before_its_date_and_once_it_is_past(rulebook: Rulebook) -> None:
    *mornings, past = looks(rulebook, date(2027, 1, 5), HOLIDAYS)
    assert mornings == sorted(mornings)
    assert all(at < past for at in mornings)
    assert past == due_moment(date(2027, 1, 5)) + timedelta(seconds=1)


# --- who hears of it --------------------------------------------------------------------------------

REVIEWER, DEPUTY = "reviewer.one@n53.example.test", "reviewer.two@n53.example.test"
LEAD = "senior.lead@n53.example.test"


def heard(found: Climb) -> str:
    """Who hears of it, as a word for the table."""
    if found.escalates:
        return "escalation"
    if found.deputy:
        return f"asks {found.deputy.email}"
    return f"tells {found.told.email}" if found.told else "nobody"


@pytest.mark.parametrize(
    ("rung", "question", "asked", "ties", "who"),
    [
        (Rung.DEPUTY, "draft", REVIEWER, Ties("N53LEI"), f"asks {DEPUTY}"),
        (Rung.DEPUTY, "draft", REVIEWER, Ties("N53LEI", (Involved(DEPUTY, Role.OTHER),)), f"tells {LEAD}"),
        (Rung.DEPUTY, "draft", REVIEWER, Ties("N53LEI", countersigner=DEPUTY), f"tells {LEAD}"),
        (Rung.DEPUTY, "draft", "nobody@n53.example.test", Ties("N53LEI"), f"tells {LEAD}"),
        (Rung.DEPUTY, "invitation", REVIEWER, Ties("N53LEI"), f"tells {LEAD}"),
        (Rung.DEPUTY, "commission", LEAD, Ties("N53LEI"), "asks senior.lead.deputy@n53.example.test"),
        (Rung.SENIOR_LEAD, "draft", REVIEWER, Ties("N53LEI"), f"tells {LEAD}"),
        (Rung.SENIOR_LEAD, "draft", LEAD.upper(), Ties("N53LEI"), "nobody"),
        (Rung.REGIONAL_DIRECTOR, "draft", REVIEWER, Ties("N53LEI"), "tells director@n53.example.test"),
        (Rung.NATIONAL_TEAM, "draft", REVIEWER, Ties("N53LEI"), "escalation"),
    ],
)
def test_who_hears_of_it(directory: Directory, rung: Rung, question: str, asked: str, ties: Ties, who: str) -> None:
    place = Place(directory, "N53", "N53LEI", date(2026, 10, 20))
    assert heard(climb(rung, question, asked, place, ties)) == who


def test_a_deputy_who_is_away_on_the_day_is_passed_over(directory: Directory) -> None:
    away = Absence(from_on=date(2026, 10, 19), to_on=date(2026, 10, 21))
    people = tuple(
        person.model_copy(update={"away": (away,)}) if person.email == DEPUTY else person
        for person in directory.regions["N53"].people
    )
    region = directory.regions["N53"].model_copy(update={"people": people})
    covered = Directory.model_construct(**{**dict(directory), "regions": directory.regions | {"N53": region}})

    def on(day: int) -> str:
        place = Place(covered, "N53", "N53LEI", date(2026, 10, day))
        return heard(climb(Rung.DEPUTY, "draft", REVIEWER, place, Ties("N53LEI")))

    assert [on(18), on(20), on(22)] == [f"asks {DEPUTY}", f"tells {LEAD}", f"asks {DEPUTY}"]


def test_whoever_is_told_is_told_as_the_holder_of_a_role_and_nobody_where_none_holds_it(directory: Directory) -> None:
    place = Place(directory, "N53", "N53LEI", date(2026, 10, 20))
    ties = Ties("N53LEI")
    assert climb(Rung.SENIOR_LEAD, "draft", REVIEWER, place, ties).role is Role.SENIOR_LEAD
    assert climb(Rung.REGIONAL_DIRECTOR, "draft", REVIEWER, place, ties).role is Role.REGIONAL_DIRECTOR
    assert climb(Rung.DEPUTY, "invitation", REVIEWER, place, ties).role is Role.SENIOR_LEAD
    assert climb(Rung.DEPUTY, "draft", None, place, ties).role is Role.SENIOR_LEAD
    region = directory.regions["N53"].model_copy(update={"people": ()})
    bare = Directory.model_construct(**{**dict(directory), "regions": directory.regions | {"N53": region}})
    empty = replace(place, directory=bare)
    assert climb(Rung.REGIONAL_DIRECTOR, "draft", REVIEWER, empty, ties) == Climb(role=Role.REGIONAL_DIRECTOR)


# --- what whoever waits was given -------------------------------------------------------------------

ARMED = datetime(2026, 10, 21, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "asked",
    [
        ASKED,
        COMMENT,
        replace(ASKED, role=Role.SENIOR_LEAD),
        replace(ASKED, climbed=(Rung.DEPUTY,), overdue=True),
        replace(ASKED, armed_at=ARMED, climbed=(Rung.DEPUTY,), overdue=True),
        replace(ASKED, armed_at=ARMED, due_on=date(2026, 11, 2)),
        replace(ASKED, armed_at=ARMED, ladder_from=date(2026, 10, 30)),
        replace(ASKED, opened_at=datetime(2026, 10, 20, 10, tzinfo=UTC)),
    ],
)
def test_what_is_planned_is_the_schedule_of_the_opening_or_the_one_made_anew(
    rulebook: Rulebook, asked: OpenQuestion
) -> None:
    fired = {(StepKind.CLIMB, rung) for rung in asked.climbed}
    expected = schedule(
        rulebook,
        asked.deadline,
        on_in_london(asked.opened_at),
        asked.due_on,
        HOLIDAYS,
        lapses=asked is COMMENT,
        role=asked.role,
        after=asked.opened_at if asked.armed_at is None else asked.armed_at,
        ladder_from=asked.ladder_from,
        fired=None if asked.armed_at is None else fired | ({(OVERDUE, Rung.ASKED)} if asked.overdue else set()),
    )
    assert planned(asked, rulebook, HOLIDAYS) == expected
    assert expected


def test_a_question_to_the_senior_lead_does_not_climb_to_the_senior_lead(rulebook: Rulebook) -> None:
    def rungs(role: Role) -> list[Rung]:
        steps = planned(replace(ASKED, role=role), rulebook, HOLIDAYS)
        return [step.rung for step in steps if step.kind is StepKind.CLIMB]

    assert Rung.SENIOR_LEAD in rungs(Role.SPOC)
    assert Rung.SENIOR_LEAD not in rungs(Role.SENIOR_LEAD)


def test_that_it_is_overdue_is_over_at_its_very_moment_once_it_is_marked(rulebook: Rulebook) -> None:
    at = next(step.at for step in planned(ASKED, rulebook, HOLIDAYS) if step.kind is OVERDUE)
    assert OVERDUE in {step.kind for step in ahead(ASKED, rulebook, HOLIDAYS, at)}
    assert OVERDUE not in {step.kind for step in ahead(replace(ASKED, overdue=True), rulebook, HOLIDAYS, at)}
