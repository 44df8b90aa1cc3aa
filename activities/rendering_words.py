"""The fixed words of a rendition, per audience: what it is, what happens next, whom to call, what a gap means.

Families called what they were given cold, full of jargon, and different from the draft that they had been shown.
So: short sentences, no term without its meaning, and its version on every page. Rule: facts.md 6.4, 6.5, 6.6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from workflows.contract.choices import REDACTION_GROUNDS
from workflows.contract.rendition import Audience

# The language of the words below; what people wrote may be in another.
LANGUAGE = "en-GB"


@dataclass(frozen=True, slots=True)
class Wording:
    """What one audience is told around the review.

    `notice` stands apart below the title. `next_steps` is empty where the reader is asked and promised nothing;
    `action_step` joins it where the review has an action plan, `naming_step` wherever a part has a name.
    """

    title: str
    kind: str
    opening: tuple[str, ...]
    notice: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    action_step: str = ""
    naming_step: str = ""
    last_steps: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    explains_words: bool = True
    status: str = "Version {number}. This is the released version. It is not a draft."
    running: str = "{title}. {kind}. Version {number}, released."
    source: str = "Version {number}, released. Made from version {review_version} of the full review."


IN_SHORT = "In short"
NEXT = "What happens next"
WHOM_TO_CALL = "Whom to call"
CHANGED = "What changed"
REMOVED = "What was removed, and why"
REVIEW = "The review"
PARTS = "The parts of the review"
WORDS = "Words used in this document"

_ACTIONS = (
    "The action plan in this review says what will be done, and by when. Each action is checked until it is done. "
    "If one is dropped, the reason is recorded."
)

WORDINGS: dict[Audience, Wording] = {
    Audience.VICTIM: Wording(
        title="Review of probation's work in this case",
        kind="For victims and families",
        opening=(
            "We are sorry for what you, and those close to you, have been through.",
            "This is the review of how probation supervised the person, up to the offence. "
            "It says what was done well, what was not, and what will be done about it.",
            "Some of it may be hard to read. You can stop at any time and come back to it. "
            "You may want somebody you trust to be with you.",
        ),
        next_steps=(
            "You do not have to do anything. You need not reply, and there is no date by which you must read this.",
            "We can go through it with you. If you would like, a senior manager can be there too, "
            "to answer your questions.",
        ),
        naming_step="Every part has a name, such as “{label}”. If you want to ask about a part, you only need "
        "to say its name.",
        action_step=_ACTIONS,
        last_steps=(
            "This version will not be altered. If something in it has to be corrected, you will be told. "
            "The new version will have its own number, and it will say what changed.",
            "If another form would be easier for you, such as large print, another language or having it read out, "
            "please ask.",
        ),
        removed=(
            "We remove words only where we must. A second person decides on each removal.",
            "If you want to know more about something that was removed, you can ask. "
            "We will explain as much as we are allowed to.",
        ),
    ),
    Audience.PUBLIC: Wording(
        title="Review of probation's work in a case",
        kind="Public version",
        opening=(
            "We are sorry for the harm that was done.",
            "This is a review of how probation supervised a person, up to a serious offence. "
            "It says what was done well, what was not, and what will be done about it.",
            "It names nobody. Please respect the privacy of everyone whose life it touches.",
        ),
        action_step=_ACTIONS,
        naming_step="Every part has a name, such as “{label}”. Please use it if you write about that part.",
        last_steps=(
            "This version will not be altered. If something in it has to be corrected, there will be a new version. "
            "It will have its own number, and it will say what changed.",
        ),
        removed=("Words are removed only where they must be. A second person decides on each removal.",),
    ),
    Audience.INTERNAL: Wording(
        title="Serious Further Offence review",
        kind="Internal version",
        notice=(
            "Confidential. For the Regional Probation Director, the Chief Probation Officer and the readers whom they "
            "designate. Anyone else, such as a coroner, may read it only where they are entitled to.",
            "Readers are recorded: who was given this version, and when. Do not copy it and do not pass it on. "
            "Victims and families are given a version of their own.",
        ),
        opening=(),
        removed=("Each removal was proposed with a reason and decided by a second person.",),
        explains_words=False,
        # It is made before it is rated, and never altered afterwards, so it cannot say that it was accepted.
        status="Version {number}. Readers are given the accepted version alone.",
        running="{title}. {kind}. Version {number}.",
        source="Version {number} of the review.",
    ),
}

# --- whom to call ------------------------------------------------------------------------------------

CALL = "You can ask us anything about this review. Just say that it is about version {number}."
CALL_PUBLIC = "For questions about this review. Please say that it is about version {number}."
CALL_WHO_GAVE_IT = "Please call the person who gave you this. They can answer your questions, or find somebody who can."
CONTACT_LABELS = ("Name", "Telephone", "Email", "When")

# --- what changed ------------------------------------------------------------------------------------

REPLACES = "This version takes the place of version {since}. The list says where the two differ."
REPLACES_UNKNOWN = "This version takes the place of an earlier one. The list says where the two differ."
REPLACES_SAME = "This version takes the place of version {since}. The words of the review are the same in both."
CHANGES_HEAD = ("Part of the review", "What changed")
KINDS = {"added": "It is new", "changed": "Its words changed", "removed": "It is no longer there"}

# --- what was removed --------------------------------------------------------------------------------

NOTHING_REMOVED = "Nothing was removed from this version."
SHARE = "{share} of the text of the review was removed."
GAP_SHOWN = "Where words were removed, this version says so and gives the reason, like this: {gap}"
GAP_SIZE = "That note is always the same size. It does not show how much was removed."
REMOVED_HEAD = ("Reason", "Passages removed")
GAP = "[Removed: {ground}]"

GROUND_LABELS = {ground.value: ground.label for ground in REDACTION_GROUNDS}
# Rule: Annex J (victims), redaction grounds (i), (ii), (iii).
GROUND_MEANINGS = {
    "third_party_confidence": (
        "Somebody outside the probation service told us this in confidence. "
        "The law does not let us pass it on unless they agree."
    ),
    "personal_data": (
        "This is private information about the person who was supervised, about somebody else, or about staff. "
        "We may share it only where it is needed to understand the review."
    ),
    "third_party_not_public": "This is private information about other people. It is not known to the public.",
}


def gap(ground: str) -> str:
    """What stands where a passage was removed; the same whatever its length. Errors: ValueError, unknown ground."""
    if ground not in GROUND_LABELS:
        raise ValueError("a passage was removed on a ground that is none of the three")
    label = GROUND_LABELS[ground]
    return GAP.format(ground=label[:1].lower() + label[1:])


def share_in_words(share: float) -> str:
    """How much of the text was removed, 0 to 1, for people: `About 3%`. Too little to round is `Less than 1%`."""
    percent = int(share * 100 + 0.5)
    if percent < 1:
        return "Less than 1%"
    return f"About {percent}%" if percent < 100 else "Almost all"


# --- words used --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """A word that is explained where it is used; `also`: other forms in which it stands in a text."""

    term: str
    meaning: str
    also: Sequence[str] = ()


TERMS = (
    Term("Action plan", "What will be done to put things right, and by when."),
    Term("Approved premises", "A hostel where some people on probation must live. Staff are there day and night."),
    Term("Breach", "Not keeping to the rules of a sentence or a licence.", ("breached", "breaches")),
    Term("Chronology", "What happened, in the order in which it happened."),
    Term("Community order", "A sentence that is served outside prison. The court sets its rules."),
    Term("Countersigning manager", "A second manager, who checked the review before it was accepted."),
    Term("Deficiency", "Something that was not done as well as it should have been.", ("deficiencies",)),
    Term("Head of PDU", "The manager in charge of probation in one area, a probation delivery unit (PDU).", ("PDU",)),
    Term("Licence", "Rules that a person must keep after leaving prison. Probation checks that they do."),
    Term(
        "MAPPA",
        "Multi-agency public protection arrangements: police, prisons, probation and others work together "
        "on people who may be dangerous.",
    ),
    Term("OASys", "The form in which probation writes down what a person needs and what risk they may be."),
    Term(
        "Organisational",
        "To do with how the whole service works. “Team” is about one office or team, "
        "“individual” about one member of staff.",
    ),
    Term("Personal data", "Information about a person that shows who they are."),
    Term("Practitioner", "The member of probation staff who worked with the person.", ("practitioners",)),
    Term(
        "Probation",
        "The service that supervises people who serve a sentence outside prison, or who have left prison.",
    ),
    Term("Public domain", "What anybody can know or find out."),
    Term("Recall", "Being sent back to prison for not keeping to a licence.", ("recalled",)),
    Term("Reviewing manager", "The manager who wrote this review. Nobody who managed the case may write it."),
    Term(
        "Risk of serious harm",
        "How likely it is thought that a person will seriously hurt somebody: low, medium, high or very high.",
        ("RoSH",),
    ),
    Term("Safeguarding", "Keeping children safe from harm, and adults who need help."),
    Term(
        "Serious Further Offence",
        "A serious offence with which somebody is charged while probation supervises them, or soon after.",
        ("SFO",),
    ),
    Term("Strength", "Something that was done well.", ("strengths",)),
    Term("Supervised person", "The person whom probation was supervising."),
    Term("Suspended sentence", "A prison sentence that is not served in prison if the court's rules are kept."),
    Term("Third party", "A person or an organisation outside the probation service.", ("third-party", "third parties")),
    Term("Victim liaison officer", "The person at probation who keeps victims and families informed."),
)
