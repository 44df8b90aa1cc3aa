"""What each figure says, as one or two plain sentences made from its numbers."""

from collections.abc import Callable

from starter.figures_tables import LEVEL_WORDS, REASON_WORDS, STANDARD_WORDS, THEME_WORDS, Told, plainly, words
from workflows.policy.figure import SMALL, Measure
from workflows.policy.figures_of_reviews import REASONS
from workflows.policy.figures_of_work import ACTION_STATES, LEVEL_CODES, STANDARDS, THEME_CODES
from workflows.policy.stages import ORDER

Said = Callable[[Told, "Whole"], str]


class Whole:
    """The measures of one figure for the place that the sentences are about."""

    def __init__(self, told: Told, key: str) -> None:
        self.key = key
        self._found = told.measures[told.whole][key]

    def __getitem__(self, name: str) -> Measure:
        return self._found[name]

    def count(self, name: str) -> int:
        """How many; none is nought."""
        return int(self._found[name].value or 0)

    def part(self, name: str) -> int:
        """The number behind a share."""
        return self._found[name].part


def sentences(told: Told) -> dict[str, str]:
    """One text for each figure, by its key."""
    return {key: say(told, Whole(told, key)) for key, say in _SAID.items()}


def _many(count: int, one: str, many: str = "") -> str:
    return f"1 {one}" if count == 1 else f"{count} {many or f'{one}s'}"


def _compared(told: Told, key: str, name: str) -> str:
    """The highest and the lowest region, of those that rest on enough."""
    regions = [place for place in told.places if place != told.whole]
    measured = [(place, told.measures[place][key][name]) for place in regions]
    enough = [(one.value, place, one) for place, one in measured if one.value is not None and one.n >= SMALL]
    if len(enough) < 2 or min(enough)[0] == max(enough)[0]:
        return ""
    (_, high, most), (_, low, least) = max(enough), min(enough)
    return f" Highest in {told.places[high]} with {plainly(most)}, lowest in {told.places[low]} with {plainly(least)}."


def _of(told: Told, whole: Whole, name: str, what: str, done: str, more: str = "") -> str:
    """3 of 4 open reviews were overdue (75%); what `more` there is to say of those; then the regions beside it."""
    part, n = whole.part(name), whole[name].n
    said = f"{part} of {n} {what} {'was' if part == 1 else 'were'} {done} ({part / n:.0%})."
    return f"{said}{more}{_compared(told, whole.key, name)}"


def _reviews(_told: Told, whole: Whole) -> str:
    begun, submitted, accepted = (whole.count(name) for name in ("begun", "submitted", "accepted"))
    return (
        f"{_many(begun, 'review')} began in the period. First versions submitted: {submitted}. Accepted: {accepted}. "
        f"Open at the end of the period: {whole.count('open_at_the_end')}."
    )


def _extended(told: Told, whole: Whole) -> str:
    if not whole["extended"].n:
        return "No review was submitted in the period."
    more = ""
    if whole["median"].n:
        more = f" Half of those had {plainly(whole['median'])} or more, and the longest {plainly(whole['longest'])}."
    return _of(told, whole, "extended", "reviews submitted", "given more time", more)


def _moved_otherwise(_told: Told, whole: Whole) -> str:
    moved, dates = whole["moved_by_a_pause"], whole.count("question_dates_moved_by_a_bank_holiday")
    paused = f"{whole.part('moved_by_a_pause')} of {_many(moved.n, 'review')} submitted had days back after a pause."
    return f"{paused} Bank holidays announced late moved the date of {_many(dates, 'question')}."


def _reasons(_told: Told, whole: Whole) -> str:
    total = whole[REASONS[0]].n
    if not total:
        return "No request for more time was granted in the period."
    most = max(REASONS, key=whole.count)
    granted = _many(total, "request was", "requests were")
    return (
        f"{granted} granted. The reason given most often: {REASON_WORDS[most].lower()} ({whole.count(most)} of them)."
    )


def _open_age(told: Told, whole: Whole) -> str:
    age = whole["median"]
    if not age.n:
        return "No review was open at the end of the period."
    said = f"{_many(age.n, 'open review')}: the middle age is {plainly(age)}, the oldest {plainly(whole['oldest'])}."
    return said + _compared(told, whole.key, "median")


def _open_standing(told: Told, whole: Whole) -> str:
    if not whole["overdue_share"].n:
        return "No review was open at the end of the period."
    more = f" Half of those by {plainly(whole['overdue_median'])} or more." if whole["overdue_median"].n else ""
    return _of(told, whole, "overdue_share", "open reviews", "overdue", more)


def _late(told: Told, whole: Whole) -> str:
    if not whole["after_the_date"].n:
        return "No review was submitted in the period."
    more = f" {whole.part('after_the_first_date')} came after the first date that was set."
    return _of(told, whole, "after_the_date", "reviews", "submitted after the date that counts", more)


def _stages(_told: Told, whole: Whole) -> str:
    medians = {stage: whole[f"{stage.replace('-', '_')}_median"] for stage in ORDER}
    known = [(one.value, stage) for stage, one in medians.items() if one.value is not None]
    if not known:
        return "No stage ended in the period."
    _, longest = max(known)
    return f"The longest stage is {words(longest).lower()}: half of them took {plainly(medians[longest])} or more."


def _rounds(told: Told, whole: Whole) -> str:
    if not whole["returned"].n:
        return "No review was accepted in the period."
    return _of(told, whole, "returned", "reviews accepted", "returned at least once first")


def _notification(told: Told, whole: Whole) -> str:
    if not whole["in_time"].n:
        return "No notification was sent in the period."
    more = f" Half were sent {plainly(whole['charge_to_notification_median'])} or more after the charge."
    return _of(told, whole, "in_time", "notifications", "sent in time", more)


def _disclosure(_told: Told, whole: Whole) -> str:
    said = []
    for name, what in (("told", "told that the case was supervised"), ("given", "given the review")):
        if whole.count(name):
            who = _many(whole.count(name), "family or victim was", "families or victims were")
            middle = plainly(whole[f"conviction_to_{name}_median"])
            said.append(f"{who} {what}. The middle time from conviction is {middle}.")
    return " ".join([*said, f"Not told yet at the end of the period: {whole.count('not_told_at_the_end')}."])


_AT_LEVEL = {level: said.lower() for level, said in LEVEL_WORDS.items()} | {"mix": "at several levels"}


def _causes(_told: Told, whole: Whole) -> str:
    total = whole[f"deficiencies_{LEVEL_CODES[0]}"].n
    if not total:
        return "No deficiency stands in a review that was accepted in the period."
    parts = [f"{whole.count(f'deficiencies_{level}')} {_AT_LEVEL[level]}" for level in LEVEL_CODES]
    named = ", ".join(parts[:-1]) + f" and {parts[-1]}"
    said = f"{_many(total, 'deficiency', 'deficiencies')}: {named}.{_most_often(whole)}"
    return f"{said} Strengths found: {whole.count('strengths')}."


def _most_often(whole: Whole) -> str:
    """The themes that weigh most, all of those that weigh the same; nothing where none is coded."""
    counts = {theme: whole.count(f"theme_{theme}") for theme in THEME_CODES}
    most = max(counts.values())
    if not most:
        return ""
    first = [theme for theme in THEME_CODES if counts[theme] == most]
    if len(first) > 1:
        return f" Most often, {most} of each: {', '.join(_inside(THEME_WORDS[theme]) for theme in first)}."
    reviews = whole.part(f"reviews_with_{first[0]}")
    return f" Most often: {_inside(THEME_WORDS[first[0]])}, {most} of them in {_many(reviews, 'review')}."


def _inside(words: str) -> str:
    """Words inside a sentence; names in them keep their capitals."""
    return words[:1].lower() + words[1:]


def _standards(_told: Told, whole: Whole) -> str:
    shares = [(whole[f"{standard}_below"], standard) for standard in STANDARDS]
    if not shares[0][0].n:
        return "No review was rated in the period."
    most, standard = max(shares, key=lambda one: one[0].value or 0)
    if not most.value:
        return f"No standard fell below what is accepted in {_many(most.n, 'rating')}."
    return f"Most often below: {STANDARD_WORDS[standard].lower()}, in {plainly(most)} of {_many(most.n, 'rating')}."


def _actions(_told: Told, whole: Whole) -> str:
    done, left, withdrawn = (whole.count(state) for state in ACTION_STATES)
    late = whole.count("open_and_overdue")
    return f"{done} done, {left} open, of which {late} overdue, and {withdrawn} withdrawn."


_SAID: dict[str, Said] = {
    "reviews": _reviews,
    "extended": _extended,
    "moved_otherwise": _moved_otherwise,
    "reasons": _reasons,
    "open_age": _open_age,
    "open_standing": _open_standing,
    "late": _late,
    "rounds": _rounds,
    "stages": _stages,
    "notification": _notification,
    "disclosure": _disclosure,
    "causes": _causes,
    "standards": _standards,
    "actions": _actions,
}
