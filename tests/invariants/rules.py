"""The thirteen invariants of design.md 3, each a pure function of what was seen. The same check service and model."""

from collections.abc import Callable, Iterator, Mapping

from tests.invariants.observed import Breach, Observed
from tests.invariants.rules_people import (
    cover_keeps_independence,
    independent_and_asked,
    nothing_reaches_a_victim_early,
    told_before_and_heard_on_facts,
)
from tests.invariants.rules_record import (
    all_of_it_is_chained,
    nobody_is_named,
    nothing_is_lost_or_repeated,
    nothing_is_owed_at_the_end,
    one_decision,
    one_event_one_letter,
)
from tests.invariants.rules_time import dates_move_by_decisions, old_cases_finish, pauses_give_back

RULES: Mapping[int, Callable[[Observed], Iterator[Breach]]] = {
    1: told_before_and_heard_on_facts,
    2: independent_and_asked,
    3: nothing_reaches_a_victim_early,
    4: dates_move_by_decisions,
    5: one_decision,
    6: nothing_is_owed_at_the_end,
    7: nobody_is_named,
    8: all_of_it_is_chained,
    9: nothing_is_lost_or_repeated,
    10: old_cases_finish,
    11: one_event_one_letter,
    12: pauses_give_back,
    13: cover_keeps_independence,
}


def breaches_in(seen: Observed) -> list[Breach]:
    """Every breach of every invariant."""
    return [breach for rule in RULES.values() for breach in rule(seen)]
