"""Where a request from outside goes, on which clock, who may be given the review, and when nothing is given.

Rule: Annex J (confidentiality; media and other interest), facts.md 2.15, 2.17, 2.18, 5.10 to 5.12, 5.14, 5.18,
5.20 to 5.22.
Every clock runs from the day of receipt. Where a source counts from something else, as a rapid review does from the
notification of the incident, receipt is the only date that the case knows.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from workflows.contract.questions import QUESTIONS, Choice
from workflows.contract.vocabulary import EnquiryKind, Role

PUBLISH = "publish"
LONGEST_BEFORE_THE_CHARGE = timedelta(days=365)


@dataclass(frozen=True)
class Asked:
    """A question and the rulebook key of its date."""

    question: str
    deadline: str


@dataclass(frozen=True)
class Route:
    """What one kind of enquiry asks first, the entitlements to the review that may be named, and where it stands."""

    first: Asked
    rule: str
    entitlements: tuple[Choice, ...] = ()

    @property
    def role(self) -> Role:
        """Who is asked."""
        return QUESTIONS[self.first.question].role or Role.SFO_TEAM


_INQUEST = (
    Choice("inquest", "There is an inquest, and the coroner is entitled to the review"),
    Choice("coroner_notice", "The coroner has required it by notice"),
)
_MAPPA = (Choice("mappa_review", "A MAPPA serious case review, which it informs"),)
_HOMICIDE = (Choice("domestic_homicide_review", "A domestic homicide review, which it informs"),)
_SAFEGUARDING = (
    Choice("rapid_review", "A rapid review of child safeguarding, which it informs"),
    Choice("practice_review", "A child safeguarding practice review, which it informs"),
)

ROUTES: dict[EnquiryKind, Route] = {
    EnquiryKind.FOI: Route(Asked("enquiry_foi", "enquiry_foi"), "Annex J; facts.md 2.18, 5.21"),
    # No source names a team for subject access in SFO cases; the one for information requests has the advice.
    EnquiryKind.SUBJECT_ACCESS: Route(Asked("enquiry_sar", "enquiry_sar"), "facts.md 2.18, 5.22"),
    EnquiryKind.MEDIA: Route(Asked("enquiry_media", "enquiry_media"), "Annex J; facts.md 5.20"),
    # The notice is Coroners and Justice Act 2009, schedule 5; Annex J says no more than "in certain cases".
    EnquiryKind.CORONER: Route(Asked("enquiry_review", "enquiry_review"), "Annex J; facts.md 2.15, 5.14", _INQUEST),
    EnquiryKind.MAPPA: Route(Asked("enquiry_review", "enquiry_review"), "Annex J; facts.md 5.11", _MAPPA),
    EnquiryKind.DOMESTIC_HOMICIDE: Route(
        Asked("enquiry_review", "enquiry_review"), "Annex J; facts.md 5.10", _HOMICIDE
    ),
    EnquiryKind.CHILD_SAFEGUARDING: Route(
        Asked("enquiry_review", "enquiry_child_safeguarding"), "Annex J; facts.md 2.17, 5.12", _SAFEGUARDING
    ),
    EnquiryKind.PUBLICATION: Route(Asked("enquiry_publication", "enquiry_publication"), "Annex J; facts.md 4.2, 5.21"),
}

# What is asked after an answer that does not end the enquiry. Rule: facts.md 2.15, 2.18.
_FURTHER: dict[tuple[str, str], Asked] = {
    ("enquiry_sar", "more_time"): Asked("enquiry_sar", "enquiry_sar_extended"),
    ("enquiry_review", "prevention_report"): Asked("enquiry_prevention", "enquiry_coroner"),
    ("enquiry_prevention", "more_time"): Asked("enquiry_prevention", "enquiry_coroner"),
}


def further(question: str, answer: str) -> Asked | None:
    """What is asked after this answer; none: it ends the enquiry."""
    return _FURTHER.get((question, answer))


def why_not_received(received_on: date, charged_on: date, today: date) -> str | None:
    """Why an enquiry cannot have come on this day: `in_the_future`, or `long_before` the charge; None: it can.

    People ask from an arrest on, and are logged when the case is open. A year before the charge is a slip of the pen;
    the length is ours.
    """
    if received_on > today:
        return "in_the_future"
    return "long_before" if received_on < charged_on - LONGEST_BEFORE_THE_CHARGE else None


@dataclass(frozen=True)
class Standing:
    """How the review stands when somebody outside is to be given it; `accepted` is the version that was accepted."""

    is_held: bool
    is_corrected: bool
    accepted: int | None


def why_not_give(kind: EnquiryKind, entitlement: str, version: str, standing: Standing) -> str | None:
    """Why this version may not be given on this entitlement, or none when it may.

    `held` while a concern about staff safety is open, `being_corrected` while the review is, `not_accepted` for every
    version but the accepted one, `not_entitled` where the entitlement is none of the kind's own.
    """
    if standing.is_held:
        return "held"
    if standing.is_corrected:
        return "being_corrected"
    if standing.accepted is None or version != str(standing.accepted):
        return "not_accepted"
    return None if entitlement in {choice.value for choice in ROUTES[kind].entitlements} else "not_entitled"


def why_not_longer(question: str, *, was_taken: bool, is_late: bool) -> str | None:
    """Why no more time may be taken for a subject access request, or none when it may; a coroner may always extend.

    `more_time_taken` the second time, `too_late` once the first date has passed. Rule: facts.md 2.15, 2.18.
    """
    if question != "enquiry_sar":
        return None
    if was_taken:
        return "more_time_taken"
    return "too_late" if is_late else None
