"""Whether contact with staff falls due again when the rulebook says, worked out from what the record holds.

Due again after `welfare_again`, sooner where somebody was not reached; once another stage begins, as soon as the rest
after the last contact is over. The days follow from the decision, the rulebook and the holidays known then; when a
stage began, and whether people are looked after at all, is the model's to say. Left out is when whoever was never
reached is asked for at the end: at once, when nothing else of the case is open, of which the record holds no moment.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tests.invariants.model import Model
from tests.invariants.model_record import rules
from tests.invariants.observed import Observed, Row
from workflows.contract.messages import StaffRef
from workflows.policy.care import again_on, looked_after, rest_until
from workflows.policy.due import moment_at, on_in_london

MORNING = 9
EARLY = timedelta(hours=1)  # of the case: twenty milliseconds at two days a second
LAG = timedelta(days=15)
"""Seven seconds at that pace: of two things within it the record does not say which the workflow heard of first."""
GRACE = timedelta(days=10)
_AROUND = timedelta(days=1)


@dataclass(frozen=True)
class Contact:
    """One contact that was recorded, and the moments before which, and at which, the next is due by its days."""

    at: datetime
    rest_until: datetime
    again_at: datetime
    is_owed: bool


def contact_differences(seen: Observed, model: Model) -> Iterator[str]:
    """What was asked again too early, or is not asked although it is due."""
    for carer, gates in _by_carer(seen).items():
        for gate, following in pairwise((*gates, None)):
            assert gate is not None
            contact = _contact(seen, gate)
            if contact is None:
                continue
            if following is None and _is_waited_for(model, carer[0]):
                latest = _latest(contact, model)
                if seen.now > latest + GRACE:
                    yield f"{gate['gate']}: contact is due again since {latest:%Y-%m-%d} and is not asked about"
            elif following is not None and not contact.is_owed:
                earliest = _earliest(contact, model, following["opened_at"])
                if following["opened_at"] < earliest - EARLY:
                    yield f"{following['gate']} was asked on {following['opened_at']:%Y-%m-%d %H:%M}, before {earliest}"


def _by_carer(seen: Observed) -> dict[tuple[str, str], list[Row]]:
    """The questions to each carer of each time that staff were looked after, in their order."""
    found: dict[tuple[str, str], list[Row]] = {}
    for gate in seen["gates"]:
        if gate["question"] == "welfare":
            found.setdefault((gate["stage"], gate["subject"]), []).append(gate)
    return {carer: sorted(gates, key=lambda gate: gate["opened_at"]) for carer, gates in found.items()}


def _contact(seen: Observed, gate: Row) -> Contact | None:
    """None where the question stands open or was taken back."""
    applied = [row for row in seen["decisions"] if row["gate"] == gate["gate"] and row["applied_at"]]
    if not applied:
        return None
    at, given = applied[0]["applied_at"], applied[0]["fields"].get("contacts") or ()
    today, book = on_in_london(at), rules().version(gate["rulebook"])
    # A holiday announced at that very moment may have counted or not; the earlier of the two dates is asked for.
    known = seen.holidays_at(at - _AROUND)
    reached = all(one["contact"] != "not_possible" for one in given)
    return Contact(
        at,
        moment_at(rest_until(today, book, known), MORNING),
        moment_at(again_on(today, book, known, is_everybody_reached=reached), MORNING),
        is_owed=bool(_never_reached(seen, gate["subject"], at)),
    )


def _never_reached(seen: Observed, carer: str, at: datetime) -> set[str]:
    """Whom this carer looks after and nobody had reached by this moment."""
    staff = [StaffRef(ref=row["ref"], role=row["role"], in_line=row["in_line"]) for row in seen["staff"]]
    reached = {
        one["member"]
        for _, row in seen.applied("welfare")
        for one in row["fields"].get("contacts") or ()
        if row["applied_at"] <= at and one["contact"] != "not_possible"
    }
    return {*looked_after(staff, carer)} - reached


def _earliest(contact: Contact, model: Model, asked_at: datetime) -> datetime:
    has_begun = any(contact.at - LAG <= begun <= asked_at + EARLY for begun in model.begun_at)
    return min(contact.rest_until, contact.again_at) if has_begun else contact.again_at


def _latest(contact: Contact, model: Model) -> datetime:
    begun = [max(contact.rest_until, at) for at in model.begun_at if at > contact.at + LAG]
    return min([contact.again_at, *begun])


def _is_waited_for(model: Model, part: str) -> bool:
    """Whether the staff are looked after now: under way, not at rest, and nothing says that the case is at its end."""
    times = model.times.get("staff-care", 0)
    is_newest = part == ("staff-care" if times < 2 else f"staff-care-{times}")
    is_running = model.caring is not None and not model.caring.is_done
    return is_newest and is_running and not (model.is_at_rest or model.is_closing or model.wants_to_close)
