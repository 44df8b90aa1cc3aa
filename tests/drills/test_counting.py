"""That the drills' own counting would see harm: without a service, on what one might have looked like."""

from typing import cast

from tests.drills.counted import Row, table
from tests.drills.harm import Mails
from tests.drills.kills import Kill, Progress
from tests.drills.service import GATEWAYS, MAIL, POSTGRES, TEMPORAL, WORKERS, Service
from tests.drills.storm import Storm, charges


def a_kill(*names: str, at: float = 100.0, back: float = 103.0) -> Kill:
    return Kill("something", frozenset(names), at, 10, back)


def a_storm(mails: Mails, *kills: Kill) -> Storm:
    class Found:
        def __init__(self) -> None:
            self.mails = mails

    return Storm(1, list(kills), Progress(cast(Service, None)), 0, {}, Found(), 0.0, {})  # type: ignore[arg-type]


def test_a_letter_that_came_twice_needs_a_kill_between_the_server_s_word_and_the_row() -> None:
    twice = Mails({"<a>": [101.0, 163.0]})
    for name in (MAIL, WORKERS[0]):
        assert a_storm(twice, a_kill(name)).unexplained == {}
    for kill in (a_kill(POSTGRES), a_kill(GATEWAYS[0]), a_kill(TEMPORAL), a_kill(MAIL, at=120.0, back=125.0)):
        assert a_storm(twice, kill).unexplained == twice.taken
    assert a_storm(Mails({"<a>": [101.0]})).unexplained == {}


def test_each_further_copy_needs_a_kill_of_its_own() -> None:
    thrice = Mails({"<a>": [101.0, 163.0, 240.0]})
    assert a_storm(thrice, a_kill(MAIL)).unexplained == thrice.taken
    assert a_storm(thrice, a_kill(MAIL), a_kill(WORKERS[1], at=162.0, back=164.0)).unexplained == {}


def test_a_worker_that_dies_before_the_record_is_back_takes_along_what_it_knew() -> None:
    twice = Mails({"<a>": [101.0, 163.0]})
    away = a_kill(POSTGRES, at=100.0, back=103.0)
    assert a_storm(twice, away, a_kill(WORKERS[0], at=105.0, back=107.0)).unexplained == {}
    assert a_storm(twice, away, a_kill(WORKERS[0], at=120.0, back=121.0)).unexplained == twice.taken


def test_something_moves_again_when_more_is_done_than_before_the_kill() -> None:
    progress = Progress(cast(Service, None), [(99.0, 5), (100.5, 5), (104.0, 5), (107.0, 6)])
    assert progress.resumed(a_kill(POSTGRES)) == 7.0
    assert progress.resumed(a_kill(POSTGRES, at=108.0)) is None


def test_the_table_says_what_was_lost() -> None:
    heading, row = table([Row("storm", "killed: PostgreSQL", 2, 40, 120, 3.25, 1, 0, 4)])
    assert heading.split("  ")[0] == "drill"
    assert row.split()[-7:] == ["2", "40", "120", "3.2", "1", "0", "4"]


def test_every_other_charge_is_one_about_which_the_national_team_is_asked() -> None:
    assert [one.offences[0].code == "ZZ99001" for one in charges(4)] == [True, False, True, False]
