import pytest

from workflows.contract.rulebook import Rulebook
from workflows.policy.quality import SCALE, is_accepted, is_hmip_sample, rater


@pytest.mark.parametrize(
    ("rating", "accepted"),
    [("outstanding", True), ("good", True), ("requires_improvement", False), ("inadequate", False)],
)
def test_good_or_better_is_accepted(rulebook: Rulebook, rating: str, accepted: bool) -> None:
    assert is_accepted(rating, rulebook) is accepted


def test_the_rulebook_sets_the_bar(rulebook: Rulebook) -> None:
    figure = rulebook.accepted_rating.model_copy(update={"value": "requires_improvement"})
    lower = rulebook.model_copy(update={"accepted_rating": figure})
    assert [rating for rating in SCALE if is_accepted(rating, lower)] == list(SCALE[:3])


def test_a_rating_off_the_scale_is_refused(rulebook: Rulebook) -> None:
    with pytest.raises(ValueError, match="not in"):
        is_accepted("excellent", rulebook)


def test_about_a_fifth_is_sampled_and_always_the_same_ones() -> None:
    references = [f"SFO-2026-{number:05d}" for number in range(5000)]
    drawn = [ref for ref in references if is_hmip_sample(ref, 0.2)]
    assert 900 < len(drawn) < 1100
    assert drawn == [ref for ref in references if is_hmip_sample(ref, 0.2)]
    assert set(drawn) <= {ref for ref in references if is_hmip_sample(ref, 0.5)}


@pytest.mark.parametrize(("share", "is_drawn"), [(0.65, False), (0.6503, True), (0.66, True)])
def test_a_case_falls_in_the_sample_by_its_reference_alone_and_does_so_for_good(share: float, is_drawn: bool) -> None:
    """Whoever has `sha256sum` can check it: a677755ce8d13028... is 0.65026 of all there are."""
    assert is_hmip_sample("SFO-2026-00042", share) is is_drawn


def test_of_the_first_thirty_references_a_fifth_of_all_takes_these() -> None:
    numbers = [number for number in range(1, 31) if is_hmip_sample(f"SFO-2026-{number:05d}", 0.2)]
    assert numbers == [5, 6, 9, 13, 15, 16, 20, 21, 23, 26]


def test_none_and_all_are_possible_shares() -> None:
    assert not is_hmip_sample("SFO-2026-00042", 0.0)
    assert is_hmip_sample("SFO-2026-00042", 1.0)


def test_the_sample_is_rated_by_the_inspectorate_and_the_rest_by_the_national_team(rulebook: Rulebook) -> None:
    references = [f"SFO-2026-{number:05d}" for number in range(200)]
    drawn = {reference for reference in references if is_hmip_sample(reference, rulebook.hmip_share.value)}
    assert {reference for reference in references if rater(reference, rulebook) == "hmip"} == drawn
    assert {rater(reference, rulebook) for reference in set(references) - drawn} == {"national_team"}
    assert 0 < len(drawn) < 100
