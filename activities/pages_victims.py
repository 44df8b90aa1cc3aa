"""What a liaison officer and the SFO Team read about a victim's or family's leg before they answer.

Rule: Annex J (victims), facts.md 2.11, 2.13, 5.23, 5.25, 6.5: told early, warmly, and never asked twice.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from activities.asked import Asking, Facts, in_words
from activities.pages_enquiries import offer_managers
from activities.record import Row
from activities.release_facts import released_rendition
from activities.rendered import files_on_page
from workflows.contract.choices import LANGUAGES, WISHES
from workflows.contract.directory import Contact

_LANGUAGES = {choice.value: choice.label for choice in LANGUAGES}
_WISHES = {choice.value: choice.label for choice in WISHES}
_SAID = {"accepted": "They want it", "declined": "They did not want it", "later": "They wanted to decide later",
         "not_answered": "They had not answered"}  # fmt: skip


async def _leg_facts(asking: Asking) -> Facts:
    """Who they are, with whom to speak, and how their leg stands so far."""
    row = await _leg(asking)
    if row is None:
        return []
    return [
        ["Victim or family", row["name"]],
        *([["Speak with, on the child's behalf", row["adult"]]] if row["is_child"] and row["adult"] else []),
        *_dates(row),
        *await _joint_facts(asking),
    ]


def _dates(row: Row) -> Facts:
    parts = (
        ("Referred on", row["referred_on"]),
        ("Told on", row["told_on"]),
        ("Not before", row["ask_again_on"]),
        ("Given on", row["given_on"]),
    )
    return [[label, in_words(on)] for label, on in parts if on]


async def _referral_facts(asking: Asking) -> Facts:
    row = await _leg(asking)
    known = [["Liaison officer on record", row["liaison_officer_email"]]] if row else []
    return [*await _leg_facts(asking), *known]


async def _telling_facts(asking: Asking) -> Facts:
    """What they are to be told, so that nobody has to look for the words. Rule: facts.md 2.13."""
    contact = _contact(asking)
    said = (
        "The person was under probation supervision. The offence is one after which the service looks at how it did "
        "its work. They can ask to see that review once it is finished, and may decide later or change their mind."
    )
    call = f"{contact.name}, {contact.phone}, {contact.email}" if contact else "not recorded"
    return [*await _leg_facts(asking), ["What they should hear", said], ["Whom they can call", call]]


async def _offer_facts(asking: Asking) -> Facts:
    """What they have said so far: nobody offers it a second time. Rule: facts.md 5.23."""
    rows = await asking.place.connection.fetch(
        """
        SELECT d.answer, d.received_at::date AS on_day FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.question = 'offer' AND g.subject = $2 AND d.applied_at IS NOT NULL
        ORDER BY d.applied_at
        """,
        asking.place.reference,
        asking.request.subject,
    )
    said = [["Recorded before", f"{_SAID[r['answer']]} ({in_words(r['on_day'])})"] for r in rows]
    waiting = [["Do not offer it again", "It has been offered. Record what they answer when they do"]] if rows else []
    return [*await _leg_facts(asking), *said, *waiting]


async def _wish_facts(asking: Asking) -> Facts:
    """How and in which language they want it, and how that was arranged."""
    row = await _leg(asking)
    if row is None:
        return []
    language = row["language_other"] if row["language"] == "other" else _LANGUAGES[row["language"]]
    facts = [["Language", language or "not recorded"], ["They want", _WISHES.get(row["wish"], "not recorded")]]
    if row["language_arranged"]:
        facts.append(["Language arranged", row["language_arranged"].replace("_", " ")])
    return [*await _leg_facts(asking), *facts]


async def _handover_facts(asking: Asking) -> Facts:
    earlier = await asking.place.connection.fetch(
        """
        SELECT rendition, on_date FROM releases
        WHERE reference = $1 AND kind = 'victim_rendition' AND reader = $2 ORDER BY rendition
        """,
        asking.place.reference,
        asking.request.subject,
    )
    before = [
        [f"They have version {r['rendition']}", f"Since {in_words(r['on_date'])}. The new one says what changed"]
        for r in earlier
    ]
    return [*await _wish_facts(asking), *before]


async def _joint_facts(asking: Asking) -> Facts:
    """Joint cases may have the same family: whoever tells them speaks with the other officer first."""
    rows = await asking.place.connection.fetch(
        """
        SELECT CASE WHEN reference = $1 THEN other ELSE reference END AS other FROM relations
        WHERE $1 IN (reference, other) AND kind = 'joint' ORDER BY 1
        """,
        asking.place.reference,
    )
    told = "May concern the same family: agree with its liaison officer who tells them what, so that nobody asks twice"
    return [[f"Joint case {row['other']}", told] for row in rows]


async def _leg(asking: Asking) -> Row | None:
    return await asking.place.connection.fetchrow(
        "SELECT * FROM victims WHERE reference = $1 AND ref = $2", asking.place.reference, asking.request.subject
    )


def _contact(asking: Asking) -> Contact | None:
    region = asking.place.directory.region(asking.place.case["region"])
    return region.victim_contact if region else None


# --- what may be chosen, and the files ---------------------------------------------------------------


async def _offer_files(asking: Asking, page: dict[str, Any], name: str) -> None:
    """The files of what was released, to hand over or to have translated."""
    connection, reference = asking.place.connection, asking.place.reference
    number = await released_rendition(connection, reference)
    if number is not None:
        subject = asking.request.subject or ""
        page[name] = await files_on_page(connection, reference, "victim_rendition", number, subject)


_Fill = Callable[[Asking, dict[str, Any], str], Awaitable[None]]

PERSON_SHOWN = ("refer", "tell_family", "offer", "language", "handover", "tell_stopped")
FACTS: dict[str, Callable[[Asking], Awaitable[Facts]]] = {
    "refer": _referral_facts,
    "tell_family": _telling_facts,
    "offer": _offer_facts,
    "language": _wish_facts,
    "handover": _handover_facts,
    "tell_stopped": _leg_facts,
}
FILLED: dict[str, tuple[tuple[str, _Fill], ...]] = {
    "language": (("rendition", _offer_files),),
    "handover": (("rendition", _offer_files), ("given_by", offer_managers)),
}
