"""One case for a person at a terminal: how it stands, what has happened, what stands open, what comes if nobody acts.

Made of what `sfo case --json` holds and of the history. Dates in London. Roles, numbers and codes, no names.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starter.case_history import history_of
from starter.case_story import clock_of, ground_of, place_of
from starter.case_timeline import Entry, words
from starter.casebook import known_cases
from starter.casebook_review import View
from starter.connections import Connection
from starter.if_nobody_acts import AHEAD_SHOWN, as_data, if_nobody_acts
from starter.if_nobody_acts_words import as_lines
from starter.judging import Pinned
from starter.views import in_words, role
from workflows.contract.directory import Directory
from workflows.contract.vocabulary import ClockState

HISTORY_SHOWN = 15
"""How many of the latest things that happened are shown; `--all` shows them all."""


@dataclass(frozen=True, slots=True)
class Read:
    """One case as it was read at one moment; `as_data` is what `--json` prints."""

    as_data: View
    history: Sequence[Entry]
    directory: Directory | None

    def as_text(self, *, whole: bool = False) -> str:
        """Tell it for a person."""
        return as_text(self.as_data, self.history, self.directory, whole=whole)


async def read_case(connection: Connection, reference: str, pinned: Pinned) -> Read | None:
    """Read one case with all that is told of it; None: there is no such case."""
    for known in await known_cases(connection, (reference,), pinned):
        ahead = as_data(await if_nobody_acts(connection, known, pinned))
        directory = max(pinned.directories, key=lambda one: one.effective_on, default=None)
        history = await history_of(connection, known, directory)
        return Read({**known.view, "if_nobody_acts": ahead}, history, directory)
    return None


def as_text(view: View, history: Sequence[Entry], directory: Directory | None = None, *, whole: bool = False) -> str:
    """Tell one case under its headings. `view` is what `--json` prints; `whole`: all of what happened and will."""
    parts = [_head(view, directory), _happened(history, whole=whole), _open(view)]
    if ahead := view.get("if_nobody_acts"):
        parts.append(as_lines(ahead, len(ahead) if whole else AHEAD_SHOWN))
    return "\n\n".join(text for part in parts if (text := "\n".join(part)))


def _head(view: View, directory: Directory | None) -> Iterable[str]:
    stage = "Closed" if view["closed_on"] else words(view["stage"])
    yield f"{view['reference']}  {stage}{'  OVERDUE' if view['overdue'] else ''}{_clock(view)}"
    if view["erased_on"]:
        yield f"    erased       {in_words(view['erased_on'])}; what named anybody, and every text, is gone"
    yield f"    place        {place_of(view, directory)}"
    yield f"    ground       {ground_of(view['ground'])} ({view['ground']})"
    yield f"    opened       {in_words(view['opened_on'])}"
    if view["review_due"]:
        moved = view["review_due"] != view["original_review_due"] and view["original_review_due"]
        yield f"    review due   {in_words(view['review_due'])}" + (f", first {in_words(moved)}" if moved else "")
    outlook = view["forecast"]
    if outlook and outlook["remaining"]:
        left = f"{outlook['days_left']} working days left, {outlook['days_needed']} needed"
        yield f"    forecast     {left}: {', '.join(outlook['remaining'])}{'  AT RISK' if outlook['at_risk'] else ''}"
    for one in view["appointments"]:
        if one["organisation"]:
            yield f"    from away    {one['role']} from {one['organisation']}"
    for other in view["related"]:
        yield f"    related      {other['reference']}, {words(other['kind']).lower()}"
    yield f"    waits for    {_awaited(view)}"


def _clock(view: View) -> str:
    if view["closed_on"]:
        return f" {in_words(view['closed_on'])}: {words(view['outcome'] or '').lower()}"
    if view["clock"] == ClockState.PAUSED:
        return "  PAUSED"
    return "" if view["overdue"] else f"  {clock_of(view['clock'])}"


def _awaited(view: View) -> str:
    """Whom the case waits for most urgently, in plain words, and how many more questions stand open."""
    unanswered = [gate for gate in view["open_gates"] if not gate["answered"]]
    if not unanswered:
        return "nobody"
    first, *others = unanswered
    more = f"; {len(others)} more question{'s stand' if len(others) > 1 else ' stands'} open" if others else ""
    return f"{role(first['role'])}, by {in_words(first['due'])}: {first['question']}{more}"


def _happened(history: Sequence[Entry], *, whole: bool) -> Iterable[str]:
    if not history:
        return
    earlier = 0 if whole else max(len(history) - HISTORY_SHOWN, 0)
    yield "    what happened"
    if earlier:
        yield f"        {earlier} earlier; --all shows them"
    for one in history[earlier:]:
        yield f"        {one.on.isoformat()}  {one.what}{f' ({one.detail})' if one.detail else ''}"


def _open(view: View) -> Iterable[str]:
    lines = [*_gates(view), *_escalations(view), *_requests(view), *_interviews(view), *_returned(view)]
    if lines:
        yield "    what stands open"
        yield from (f"        {line}" for line in lines)


def _gates(view: View) -> Iterable[str]:
    for gate in view["open_gates"]:
        first = f", first {gate['original_due']}" if gate["original_due"] != gate["due"] else ""
        notes = [note for is_so, note in ((gate["answered"], "answered, being applied"), (gate["paused"], "PAUSED"),
                                          (gate["overdue"], "OVERDUE")) if is_so]  # fmt: skip
        yield "  ".join([f"{gate['gate']}  {gate['role']} by {gate['due']}{first}", *notes])


def _escalations(view: View) -> Iterable[str]:
    for one in view["escalations"]:
        if one["state"] != "resolved":
            state = "NOT ACKNOWLEDGED" if one["state"] == "raised" else one["state"]
            yield f"escalation {one['kind']}-{one['number']}  {state}"


def _requests(view: View) -> Iterable[str]:
    """What was asked for and is not decided, and why the clock stands still."""
    for asked in view["extensions"]:
        if asked["granted"] is None and not asked["void"]:
            late = ", asked late" if asked["late"] else ""
            yield f"more time until {asked['new_on']}  asked {asked['asked_on']}{late}, not decided"
    for pause in view["pauses"]:
        if pause["resumed_on"] is None:
            yield f"clock stands still since {pause['paused_on']}  {pause['reason']}, {pause['days_left']} days left"
    for enquiry in view["enquiries"]:
        if enquiry["state"] == "open":
            yield f"enquiry {enquiry['number']}  {enquiry['kind']}, received {enquiry['received_on']}"


def _interviews(view: View) -> Iterable[str]:
    for one in view["interviews"]:
        if one["state"] not in ("held", "not_possible"):
            yield f"interview {one['ref']}  {one['state']}" + (f" {one['on']}" if one["on"] else "")


def _returned(view: View) -> Iterable[str]:
    waiting = {gate["gate"] for gate in view["open_gates"]}
    for letter in view["returned_letters"]:
        if letter["gate"] is None or letter["gate"] in waiting:
            to = f"{'deputy of ' if letter['deputy'] else ''}{letter['role'] or 'somebody who is told'}"
            yield f"letter to {to} came back on {letter['on']}: {letter['kind']}"
