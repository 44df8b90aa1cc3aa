"""The review list of a subject-access export: every passage with boxes to tick, as a text that any editor opens.

What is read back are the ticks alone; the passages themselves are read from the record again, so nobody can alter one
here, and a passage that is new or has changed since is undecided.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from starter.access_gathering import Held, Passage
from starter.data_subjects import is_handle
from starter.views import in_words

GROUNDS = {
    "others": "it is about other people, or would tell who they are",
    "safety": "it could put the safety of somebody at risk",
    "privilege": "it is legal advice or was written for court proceedings",
    "investigation": "it would harm an investigation, a prosecution or a review that is under way",
    "not_theirs": "it does not relate to the person who asks",
}
"""Why a passage may be withheld. Rule: Data Protection Act 2018 s.45(4), Schedule 2 and 3; decided by a person."""

_WIDE = 110
_HEAD = "SUBJECT ACCESS: WHAT IS RELEASED AND WHAT IS NOT"
_FIELD = re.compile(r"(Person|Request): *(.*)")
_PASSAGE = re.compile(r"=+ passage \d+ of \d+ =+ ([0-9a-f]{12})")
_TICK = re.compile(r"\[([^\]]*)\] *(release|withhold)\b.*")
_GROUND = re.compile(r"Ground: *(.*)")
_REMOVE = re.compile(r"Remove: *(.*)")


class ReviewError(ValueError):
    """The list cannot be read; the text names each line and what to do there."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on a passage. `ground` None: it is released; `remove`: words that are taken out of it."""

    ground: str | None
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """A list as it was read: whose it is, the enquiry that asked, and what was decided, by passage."""

    handles: tuple[str, ...]
    request: str | None
    decisions: Mapping[str, Decision]


def as_list(held: Held, request: str | None, decided: Mapping[str, Decision] | None = None) -> str:
    """Write the list; what was decided before on a passage that still reads the same stands in it."""
    lines = [_HEAD, "", *_how_to(len(held.passages)), ""]
    lines += [f"Person: {handle}" for handle in held.person.handles]
    lines += [f"Request: {request or ''}", ""]
    for number, one in enumerate(held.passages, start=1):
        lines += _passage(one, number, len(held.passages), (decided or {}).get(one.id))
    return "\n".join(lines) + "\n"


def _how_to(count: int) -> list[str]:
    grounds = [f"    {ground:<14} {words}" for ground, words in GROUNDS.items()]
    return [
        *wrap(
            f"Read each of the {count} passages below and put an x in one of its two boxes: [x] release, or [x] "
            "withhold with one of these grounds behind “Ground:”",
            _WIDE,
        ),
        "",
        *grounds,
        "",
        *wrap(
            "To release a passage without some of its words, tick release, copy each run of words behind a “Remove:” "
            "line of its own, and give the ground for that. Names, addresses and numbers of other people that the "
            "record knows stand as [roles]. The search finds no nickname, no misspelling, no initials and nobody "
            "whom the record does not know: look for these in every passage. A ground is told to the person, with "
            "how many passages it stands for.",
            _WIDE,
        ),
        "",
        "Do not change anything else; lines with a bar are only for reading. Then: sfo subject-access release",
    ]


def _passage(one: Passage, number: int, count: int, decided: Decision | None) -> list[str]:
    released = decided is not None and (decided.ground is None or bool(decided.remove))
    withheld = decided is not None and not released
    since = f", {in_words(one.since[:10])}" if one.since else ""
    return [
        f"==== passage {number} of {count} ==== {one.id}",
        f"Where: {one.case}{since}",
        *(f"       {' '.join(place.split())}" for place in one.places),
        *(f"Look again: {why}" for why in one.look),
        *(f"    | {line}" for part in one.text.splitlines() for line in wrap(part, _WIDE) or [""]),
        f"[{'x' if released else ' '}] release",
        f"[{'x' if withheld else ' '}] withhold",
        f"Ground: {(decided.ground if decided else '') or ''}".rstrip(),
        *(f"Remove: {words}" for words in (decided.remove if decided and decided.remove else ("",))),
        "",
    ]


@dataclass
class _Ticked:
    """The boxes and lines of one passage as they are read."""

    line: int
    ticks: list[str]
    grounds: list[str]
    remove: list[str]

    def problem(self) -> str | None:
        """Say what does not fit together; None: all does, or nothing is ticked yet."""
        ground = self.ground
        if len(self.ticks) > 1:
            return "both boxes are ticked; take one x out"
        if ground and ground not in GROUNDS:
            return f"there is no ground {ground!r}; write one of {', '.join(GROUNDS)}"
        if self.ticks == ["withhold"] and not ground:
            return f"a ground is missing; write one of {', '.join(GROUNDS)}"
        if self.ticks == ["withhold"] and self.remove:
            return "it is withheld and words are removed from it; do one of the two"
        if self.remove and not ground:
            return "words are removed without a ground; write one behind Ground:"
        if self.ticks == ["release"] and ground and not self.remove:
            return "it is released with a ground; tick withhold, name the words to remove, or take the ground out"
        return None

    @property
    def ground(self) -> str:
        return self.grounds[-1] if self.grounds else ""


def read_list(text: str) -> Review:
    """Read what was ticked. Raises ReviewError with every problem at once; what is not ticked is simply undecided."""
    lines = re.split(r"\r\n|\n|\r", text.lstrip("\ufeff"))  # no other sign begins a line: a passage may hold them
    if not lines or lines[0].strip() != _HEAD:
        raise ReviewError("this is not the review list of a subject-access export; give its review.txt")
    handles, requests = list[str](), list[str]()
    ticked = dict[str, _Ticked]()
    now: _Ticked | None = None
    problems = list[str]()
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if found := _PASSAGE.fullmatch(stripped):
            if found[1] in ticked:
                problems.append(f"line {number}: this passage stands twice; take one out")
            now = ticked[found[1]] = _Ticked(number, [], [], [])
        elif now is None and (found := _FIELD.fullmatch(stripped)):
            (handles if found[1] == "Person" else requests).append(found[2].strip())
        elif now is not None:
            problems += [f"line {number}: {problem}" for problem in _read_line(now, stripped)]
    problems += [f"line {one.line}: {problem}" for one in ticked.values() if (problem := one.problem())]
    if not handles or not all(map(is_handle, handles)):
        problems.append("the lines Person: are missing or changed; take the file as the export wrote it")
    if problems:
        raise ReviewError("\n".join(problems))
    decisions = {one: Decision(t.ground or None, tuple(t.remove)) for one, t in ticked.items() if t.ticks}
    return Review(tuple(handles), next(filter(None, requests), None), decisions)


def _read_line(now: _Ticked, line: str) -> Iterator[str]:
    if found := _TICK.fullmatch(line):
        mark = found[1].strip().lower()
        if mark in ("x", "✓", "✔"):
            now.ticks.append(found[2])
        elif mark:
            yield f"[{found[1]}] is no tick; write [x] or [ ]"
    elif found := _GROUND.fullmatch(line):
        now.grounds += [found[1].strip().lower()] if found[1].strip() else []
    elif found := _REMOVE.fullmatch(line):
        now.remove += [found[1].strip()] if found[1].strip() else []


@dataclass(frozen=True, slots=True)
class Decided:
    """A passage as it leaves: its text, or none and why it is withheld. `removed`: the ground of words taken out."""

    passage: Passage
    text: str | None
    ground: str | None = None


def undecided(passages: Iterable[Passage], decisions: Mapping[str, Decision]) -> list[int]:
    """Return the numbers of the passages that nobody has decided."""
    return [number for number, one in enumerate(passages, start=1) if one.id not in decisions]


def decided(passages: Sequence[Passage], decisions: Mapping[str, Decision]) -> list[Decided]:
    """Return each passage as it leaves. Raises ReviewError where words to remove do not stand in it."""
    found, problems = list[Decided](), list[str]()
    for number, one in enumerate(passages, start=1):
        decision = decisions[one.id]
        if decision.ground and not decision.remove:
            found.append(Decided(one, None, decision.ground))
            continue
        text = one.text
        for words in decision.remove:
            shape = re.compile(r"\s+".join(map(re.escape, words.split())))
            if not shape.search(text):
                problems.append(f"passage {number}: the words to remove do not stand in it; copy them as they stand")
            text = shape.sub("[withheld]", text)
        found.append(Decided(one, text, decision.ground))
    if problems:
        raise ReviewError("\n".join(problems))
    return found
