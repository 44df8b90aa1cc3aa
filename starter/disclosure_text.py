"""The disclosure of a case for a person to read: legs, release, impact on staff, readers, and the audit trail."""

from collections.abc import Iterator
from datetime import datetime

from starter.register import View, as_table
from starter.views import in_words, role
from workflows.contract.choices import LANGUAGES, REDACTION_GROUNDS, WISHES
from workflows.policy.due import LONDON

_STATES = {
    "closed": "closed",
    "given": "has been given the review",
    "wanted": "wants the review",
    "declined": "did not want the review",
    "later": "wants to decide later",
    "not_answered": "has not answered yet",
    "told": "has been told, and not answered yet",
    "referred": "has been referred",
    "not_referred": "has not been referred yet",
}
_DATES = (
    ("referred_on", "referred"),
    ("told_on", "told of the supervision"),
    ("answered_on", "answered"),
    ("ask_again_on", "not asked before"),
    ("language_arranged_on", "language arranged"),
    ("given_on", "given"),
    ("stopped_told_on", "told that it is not shared"),
)
_BECAUSE = {"no_contact": "no contact is wanted", "nobody": "there is nobody to tell"}
_LABELS = {choice.value: choice.label for choice in (*LANGUAGES, *WISHES, *REDACTION_GROUNDS)}


def as_text(story: View) -> str:
    """Write the story under its headings, dates in words, moments in London."""
    return "\n".join(_lines(story))


def _lines(story: View) -> Iterator[str]:
    yield f"{story['reference']}: disclosure, as it stood on {moment(story['as_of'])}"
    if story["closed_on"]:
        yield f"  The case closed on {in_words(story['closed_on'])}"
    if story["reopened_on"]:
        yield f"  The case was opened again on {in_words(story['reopened_on'])}"
    if story["held_because"]:
        yield f"  HELD: {story['held_because']}"
    yield from _heading("Victims and families")
    for leg in story["legs"]:
        yield from _leg(leg)
    if not story["legs"]:
        yield "  There is nobody to tell"
    yield from _heading("The release")
    yield from _release(story["release"])
    yield from _heading("The impact on staff")
    yield from _impacts(story["impacts"])
    yield from _heading("Who has read what")
    yield from (
        (f"  {line}" for line in as_table(story["readers"]).splitlines()) if story["readers"] else ["  Nobody yet"]
    )
    yield from _heading("The audit trail")
    for row in story["trail"]:
        yield f"  {row['seq']:>6}  {moment(row['at'])}: {row['sentence']}"
    yield f"  {proof(story['chain'])}"


def _heading(words: str) -> tuple[str, str]:
    return "", words


def _leg(leg: View) -> Iterator[str]:
    because = f", {_because(leg['closed_because'])}" if leg["closed_because"] else ""
    name = f", {leg['name']}" if leg.get("name") else ""
    yield f"  {leg['victim']}{name}: {_STATES.get(leg['state'], leg['state'].replace('_', ' '))}{because}"
    if leg.get("officer"):
        yield f"    liaison officer {leg['officer']}"
    if leg["is_child"]:
        yield "    a child, spoken with through " + (leg.get("adult") or "a responsible adult")
    if leg["wish"] or leg["language"] != "en":
        arranged = f", {leg['language_arranged'].replace('_', ' ')}" if leg["language_arranged"] else ""
        wish = [_LABELS[leg["wish"]]] if leg["wish"] else []
        yield f"    wants {', '.join([*wish, _LABELS[leg['language']]])}{arranged}"
    for column, words in _DATES:
        if leg[column]:
            version = f", version {leg['rendition']}" if column == "given_on" and leg["rendition"] else ""
            yield f"    {words} {in_words(leg[column])}{version}"
    yield from _awaited(leg["awaited"])


def _because(code: str) -> str:
    return _BECAUSE.get(code, code.replace("_", " "))


def _awaited(awaited: list[View]) -> Iterator[str]:
    for one in awaited:
        about = f" ({one['subject']})" if one["subject"] else ""
        state = ", answered, being applied" if one["answered"] else "  OVERDUE" if one["overdue"] else ""
        yield f"    awaited of {role(one['role'])} by {in_words(one['due'])}: {one['title']}{about}{state}"


def _release(release: View) -> Iterator[str]:
    redactions = release["redactions"]
    if release["version"] is None:
        yield "  No version for victims has been made yet"
    else:
        yield f"  Version {release['version']}, made from version {release['made_from']} of the review"
        yield f"    sha256 {release['sha256']}"
    if redactions["proposed"]:
        decided = ", ".join(f"{redactions[state]} {state}" for state in ("accepted", "refused", "undecided"))
        yield f"    redactions: {redactions['proposed']} proposed, {decided}"
    for ground, count in redactions["by_ground"].items():
        characters = sum(one["characters"] for one in release["removed"] if one["ground"] == ground)
        yield f"      {count} on the ground: {_LABELS.get(ground, ground)}" + (
            f", {characters} characters" if characters else ""
        )
    if release["share_removed"] is not None:
        yield f"    {release['share_removed']:.1%} of the text was removed"
    for one in release["decided"]:
        said = "released" if one["answer"] == "released" else "not released"
        by = role(one["role"]) if one["rung"] in ("asked", None) else f"{role(one['role'])}, by {role(one['rung'])}"
        yield f"    {one['rendition']} {said} by {by} on {moment(one['at'])}"
    yield from _awaited(release["awaited"])


def _impacts(impacts: View) -> Iterator[str]:
    yield (
        f"  {impacts['affected']} members of staff may be affected: {impacts['manageable']} manageable, "
        f"{impacts['contingency']} with a contingency plan ({impacts['plans_confirmed']} in place), "
        f"{impacts['exceptional']} exceptional"
    )
    if impacts["not_assessed"]:
        yield f"  Not assessed yet: {', '.join(impacts['not_assessed'])}"


def proof(chain: View) -> str:
    """Say whether the audit chain verifies, and what to do where it does not."""
    if chain["verified"]:
        return "The audit chain is whole: no row was edited or taken out."
    return f"THE AUDIT CHAIN IS BROKEN: {'; '.join(chain['problems'])}. Call an engineer; see `sfo audit verify`."


def moment(at: str) -> str:
    """Write a moment in London as people do: 12 March 2027, 2:05pm."""
    local = datetime.fromisoformat(at).astimezone(LONDON)
    half = "am" if local.hour < 12 else "pm"
    return f"{in_words(local.date())}, {local.hour % 12 or 12}:{local:%M}{half}"
