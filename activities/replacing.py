"""Another person reviews or countersigns: the appointment and every open question of that role."""

from activities.handing_over import Handover, hand_over, request_of
from activities.means import Means
from activities.people import APPOINTED, Place, stored_key
from activities.record import Connection, audit, lock_case
from activities.refusing import Refusal, tell_refused
from workflows.contract.directory import Person
from workflows.contract.messages import Reassigned, ReplacementRecord
from workflows.policy.authority import same_person, why_not_appoint
from workflows.policy.due import on_in_london


async def replace_manager(connection: Connection, means: Means, record: ReplacementRecord) -> Reassigned:
    """A reviewer who falls ill or leaves hands over; the clock, the drafts and the interviews stay as they are.

    Refused: `unknown_role`, `unknown_person`, `not_appointed` while nobody holds the role, `holds_it_already`, and
    what stands against an appointment, absence on the day included. Rule: Annex J (who reviews), design.md 3.2.
    """
    case = await lock_case(connection, record.reference)
    place = Place(connection, await means.directory(connection, record.at), case)
    person, holder = place.directory.person(record.to), await _holder(place, record)
    code = await _why_not(place, record, person, holder)
    if code or person is None or holder is None:
        refused = code or "unknown_person"
        await tell_refused(
            connection, means, Refusal(record.reference, record.event, record.at, "replacement", refused)
        )
        return Reassigned(allowed=False, refused=refused)
    gates = await hand_over(Handover(means, place, record.role, person, record.at, record.event))
    request = await request_of(connection, record.event)
    await audit(
        connection,
        record.at,
        record.reference,
        request["asked_by"] if request else "operations",
        "manager_replaced",
        str(record.role),
        before=stored_key(holder),
        to=stored_key(person),
        reason=record.reason,
        request=record.event,
        gates=gates,
    )
    return Reassigned(allowed=True)


async def _holder(place: Place, record: ReplacementRecord) -> Person | None:
    return await place.appointed(record.role) if record.role in APPOINTED else None


async def _why_not(place: Place, record: ReplacementRecord, person: Person | None, holder: Person | None) -> str | None:
    if record.role not in APPOINTED:
        return "unknown_role"
    if person is None:
        return "unknown_person"
    if holder is None:
        return "not_appointed"
    if same_person(holder.email, person.email):
        return "holds_it_already"
    return why_not_appoint(record.role, person, await place.ties(), on_in_london(record.at))
