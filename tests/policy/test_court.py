"""What the court's decisions mean for a case and for its review, whatever came before."""

import pytest

from workflows.contract.vocabulary import CourtEventKind
from workflows.policy.court import ends_the_case, ends_the_review, has_appeared

APPEARED, AMENDED = CourtEventKind.APPEARED, CourtEventKind.AMENDED
DISCONTINUED, ACQUITTED = CourtEventKind.DISCONTINUED, CourtEventKind.ACQUITTED
CONVICTED, SENTENCED = CourtEventKind.CONVICTED, CourtEventKind.SENTENCED
DIED, QUASHED = CourtEventKind.DIED_RESPONSIBLE, CourtEventKind.QUASHED


@pytest.mark.parametrize(
    ("court", "case", "appeared", "review", "review_after_an_acquittal"),
    [
        # What happened, and whether it ends the case, says that they appeared, and ends the review, by either rule.
        ((), False, False, False, False),
        ((APPEARED,), False, True, False, False),
        ((AMENDED,), False, False, False, False),
        ((APPEARED, AMENDED), False, True, False, False),
        ((DISCONTINUED,), True, False, True, True),
        ((APPEARED, DISCONTINUED), True, True, True, True),
        ((ACQUITTED,), True, True, True, False),
        ((APPEARED, ACQUITTED), True, True, True, False),
        ((CONVICTED,), True, True, False, False),
        ((SENTENCED,), True, True, False, False),
        ((DIED,), True, True, False, False),
        ((APPEARED, CONVICTED, QUASHED), True, True, False, False),
        ((CONVICTED, QUASHED, ACQUITTED), True, True, True, False),
        ((CONVICTED, QUASHED, DISCONTINUED), True, True, True, True),
        ((DISCONTINUED, CONVICTED), True, True, False, False),  # another charge of the case led to a conviction
        ((ACQUITTED, CONVICTED), True, True, False, False),
    ],
)
def test_what_the_court_did_ends_the_case_or_the_review(
    court: tuple[CourtEventKind, ...], case: bool, appeared: bool, review: bool, review_after_an_acquittal: bool
) -> None:
    assert ends_the_case(court) is case
    assert has_appeared(court) is appeared
    assert ends_the_review(court) is review
    assert ends_the_review(court, acquittal_ends_it=True) is review
    assert ends_the_review(court, acquittal_ends_it=False) is review_after_an_acquittal
