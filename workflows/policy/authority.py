"""Who may act: independence from the line of the case, and nobody deciding what was not asked of them.

People are compared by address, so that one person in two roles is caught. Every `why_not_…` answers with a refusal
code, or none when the person may. Rule: Annex J (who reviews, factual accuracy), facts.md 3, design.md 3.2 and 3.13.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date

from workflows.contract.directory import Directory, Person
from workflows.contract.vocabulary import Role

AWAY = "away"
IN_THE_LINE = "in_the_line"
IN_THE_CASE = "in_the_case"
IS_THE_AUTHOR = "is_the_author"
IS_THE_COUNTERSIGNER = "is_the_countersigner"
IS_THE_PROPOSER = "is_the_proposer"
IS_THE_REQUESTER = "is_the_requester"
IS_CARED_FOR = "is_cared_for"
NOT_ASKED = "not_asked"

# What people read for a refusal code, on pages and at the command line.
IN_WORDS = {
    AWAY: "Away on this day",
    IN_THE_LINE: "In the line management of the case",
    IN_THE_CASE: "Involved in the case",
    IS_THE_AUTHOR: "Wrote the review",
    IS_THE_COUNTERSIGNER: "Countersigns the review",
    IS_THE_PROPOSER: "Proposed the redactions",
    IS_THE_REQUESTER: "Asked for more time",
    IS_CARED_FOR: "Is one of those to be looked after",
}

# These roles stand in the line of the case whatever the charge file says. Rule: design.md 2, review.
LINE_ROLES = frozenset({Role.PRACTITIONER, Role.LINE_MANAGER, Role.HEAD_OF_PDU})

# Who answers for a case in its place, and so sees where it is, beside its two managers. Rule: design.md 1.
CASE_READERS = (Role.SFO_TEAM, Role.SENIOR_LEAD, Role.REGIONAL_DIRECTOR, Role.HEAD_OF_PDU, Role.NATIONAL_TEAM)


@dataclass(frozen=True)
class Involved:
    """One entry of the case's roster."""

    email: str
    role: Role
    in_line: bool = False

    @property
    def is_in_line(self) -> bool:
        """Whether the entry stands in the line management of the case, by its mark or by its role."""
        return self.in_line or self.role in LINE_ROLES


@dataclass(frozen=True)
class Ties:
    """Who is tied to a case, by address: its delivery unit, its roster, and who has acted so far.

    `author` is the reviewing manager of today, `wrote` everybody who wrote a version of the review, `requester` who
    asked for the extension that waits for its decision, `cared_for` those whose carer is being asked about them.
    """

    pdu: str
    roster: tuple[Involved, ...] = ()
    author: str | None = None
    wrote: tuple[str, ...] = ()
    countersigner: str | None = None
    proposer: str | None = None
    requester: str | None = None
    cared_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """A person passed over, with the reason code."""

    person: Person
    code: str


@dataclass(frozen=True)
class Eligibility:
    """Who may be chosen, and who may not and why, each in the directory's order."""

    eligible: tuple[Person, ...] = ()
    refused: tuple[Refused, ...] = field(default=())


def same_person(email: str | None, other: str | None) -> bool:
    """Whether two addresses are the same person's, however they are written."""
    return email is not None and other is not None and email.strip().lower() == other.strip().lower()


def why_not_in_line(person: Person, ties: Ties) -> str | None:
    """`in_the_line` or `in_the_case` when the person managed, supervised or otherwise worked in the case."""
    entries = [entry for entry in ties.roster if same_person(entry.email, person.email)]
    if ties.pdu in person.in_line_of or any(entry.is_in_line for entry in entries):
        return IN_THE_LINE
    return IN_THE_CASE if entries else None


def why_not_review(person: Person, ties: Ties, on: date | None = None) -> str | None:
    """Why this person may not write the review: tied to the case, its countersigner, or away on the day."""
    if code := why_not_in_line(person, ties):
        return code
    if same_person(person.email, ties.countersigner):
        return IS_THE_COUNTERSIGNER
    return _away(person, on)


def why_not_countersign(person: Person, ties: Ties, on: date | None = None) -> str | None:
    """Why this person may not countersign: an author of it, tied to the case, or away on the day.

    Whoever wrote a version and then handed the review over is its author still. Rule: design.md 3.2.
    """
    if any(same_person(person.email, author) for author in (ties.author, *ties.wrote)):
        return IS_THE_AUTHOR
    return why_not_in_line(person, ties) or _away(person, on)


def why_not_decide_redactions(person: Person, ties: Ties, on: date | None = None) -> str | None:
    """Why this person may not decide the redactions: the one who proposed them, or away on the day."""
    return IS_THE_PROPOSER if same_person(person.email, ties.proposer) else _away(person, on)


def why_not_decide_extension(person: Person, ties: Ties, on: date | None = None) -> str | None:
    """Why this person may not decide a request for time: its author or requester, or away on the day."""
    if same_person(person.email, ties.requester):
        return IS_THE_REQUESTER
    return IS_THE_AUTHOR if same_person(person.email, ties.author) else _away(person, on)


def why_not_check_facts(person: Person, ties: Ties, on: date | None = None) -> str | None:
    """Why this person may not comment on matters of fact: wrote the text, or away. Rule: Annex J, design.md 3.1."""
    is_author = any(same_person(person.email, author) for author in (ties.author, *ties.wrote))
    return IS_THE_AUTHOR if is_author else _away(person, on)


def why_not_rate(person: Person, ties: Ties, on: date | None = None) -> str | None:
    """Why this person may not rate the review: its author, its countersigner, or away. Rule: facts.md 2.8."""
    if same_person(person.email, ties.countersigner):
        return IS_THE_COUNTERSIGNER
    return why_not_check_facts(person, ties, on)


def why_not_care(person: Person, ties: Ties, on: date | None = None) -> str | None:
    """Why this person may not look after these members of staff: being one of them, or away. Rule: facts.md 5.17."""
    is_one = any(same_person(person.email, email) for email in ties.cared_for)
    return IS_CARED_FOR if is_one else _away(person, on)


Rule = Callable[[Person, Ties, date | None], str | None]

# Questions whose answerer must be independent; every other question asks only for presence.
_INDEPENDENT: dict[str, Rule] = {
    "invite": why_not_review,
    "companion": why_not_review,
    "interview": why_not_review,
    "draft": why_not_review,
    "answer_comments": why_not_review,
    "submit": why_not_review,
    "give_feedback": why_not_review,
    "countersign": why_not_countersign,
    "redaction_decision": why_not_decide_redactions,
    "extension": why_not_decide_extension,
    "facts": why_not_check_facts,
    "quality": why_not_rate,
    "welfare": why_not_care,
}


def is_independent_question(question: str) -> bool:
    """Whether whoever answers this question must be independent; for every other one it is enough to be there."""
    return question in _INDEPENDENT


_APPOINTED: dict[Role, Rule] = {
    Role.REVIEWING_MANAGER: why_not_review,
    Role.COUNTERSIGNING_MANAGER: why_not_countersign,
}


def why_not_appoint(role: Role, person: Person, ties: Ties, on: date | None = None) -> str | None:
    """Why this person may not take this role in the case, by its own rule; `unknown_role` for one nobody is given."""
    rule = _APPOINTED.get(role)
    return rule(person, ties, on) if rule else "unknown_role"


def why_not_answer(question: str, person: Person, ties: Ties, on: date | None = None) -> str | None:
    """Why this person may not be asked or answer this question; without `on` absence does not count."""
    rule = _INDEPENDENT.get(question)
    return rule(person, ties, on) if rule else _away(person, on)


def why_not_asked(by: str, asked: str, deputy: str | None = None, also: Collection[str] = ()) -> str | None:
    """`not_asked` unless `by` is the person asked, the recorded deputy, or one of `also`; keys or addresses."""
    return None if any(same_person(by, allowed) for allowed in (asked, deputy, *also)) else NOT_ASKED


def holds(email: str, roles: Iterable[Role], directory: Directory, region: str, pdu: str) -> bool:
    """Whether this address is a holder of one of these roles for the place, or the recorded deputy of one."""
    holders = [person for role in roles for person in directory.people_for(role, region, pdu)]
    return any(same_person(email, one.email) for holder in holders for one in _with_deputy(holder, directory))


def why_not_read_case(
    email: str, appointed: Collection[str], directory: Directory, region: str, pdu: str
) -> str | None:
    """`not_asked` unless this person reviews or countersigns the case now, or answers for it in its place.

    `appointed`: the addresses of the two managers. Who answers for a case: the roles of `CASE_READERS` for its region
    and delivery unit as they stand now, or the recorded deputy of a holder. To be asked something in it is not enough:
    a practitioner or a liaison officer would read there whether somebody's safety is a concern.
    """
    is_appointed = any(same_person(email, one) for one in appointed if one.strip())
    return None if is_appointed or holds(email, CASE_READERS, directory, region, pdu) else NOT_ASKED


def eligible_reviewers(people: Iterable[Person], ties: Ties, on: date | None = None) -> Eligibility:
    """Who of these may be appointed to write the review, and who not and why."""
    return _sorted_out(people, lambda person: why_not_review(person, ties, on))


def eligible_countersigners(people: Iterable[Person], ties: Ties, on: date | None = None) -> Eligibility:
    """Who of these may be appointed to countersign, and who not and why."""
    return _sorted_out(people, lambda person: why_not_countersign(person, ties, on))


def who_answers(question: str, people: Iterable[Person], directory: Directory, ties: Ties, on: date) -> Eligibility:
    """Who can take this question today: each person asked, in order, followed by the recorded deputy.

    The first eligible one is asked. That nobody is left is seen here, when the question opens. Rule: design.md 3.13.
    """
    candidates = {candidate.key: candidate for person in people for candidate in _with_deputy(person, directory)}
    return _sorted_out(candidates.values(), lambda person: why_not_answer(question, person, ties, on))


def _with_deputy(person: Person, directory: Directory) -> tuple[Person, ...]:
    deputy = directory.deputy_of(person.key)
    return (person, deputy) if deputy else (person,)


def _away(person: Person, on: date | None) -> str | None:
    return AWAY if on is not None and person.is_away(on) else None


def _sorted_out(people: Iterable[Person], why_not: Callable[[Person], str | None]) -> Eligibility:
    judged = [(person, why_not(person)) for person in people]
    return Eligibility(
        eligible=tuple(person for person, code in judged if code is None),
        refused=tuple(Refused(person, code) for person, code in judged if code is not None),
    )
