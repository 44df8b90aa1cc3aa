"""Another person reviews or countersigns: the appointment and every open question of that role."""

from activities.handing_over import Handover, hand_over, request_of
from activities.means import Means
from activities.people import APPOINTED, Place, stored_key
from activities.record import Connection, audit, lock_case
from workflows.contract.messages import Reassigned, ReplacementRecord
from workflows.policy.authority import same_person, why_not_appoint
from workflows.policy.due import on_in_london


async def replace_manager(connection: Connection, means: Means, record: ReplacementRecord) -> Reassigned:
    """A reviewer who falls ill or leaves hands over; the clock, the drafts and the interviews stay as they are.

    Refused: `unknown_role`, `unknown_person`, `not_appointed` while nobody holds the role, `holds_it_already`, and
    what stands against an appointment, absence on the day included. Rule: Annex J (who reviews), design.md 3.2.
    """
    case = await lock_case(connection, record.reference)
    place = Place(connection, means.directory(record.at), case)
    person = place.directory.person(record.to)
    if record.role not in APPOINTED:
        return Reassigned(allowed=False, refused="unknown_role")
    if person is None:
        return Reassigned(allowed=False, refused="unknown_person")
    holder = await place.appointed(record.role)
    if holder is None:
        return Reassigned(allowed=False, refused="not_appointed")
    if same_person(holder.email, person.email):
        return Reassigned(allowed=False, refused="holds_it_already")
    if code := why_not_appoint(record.role, person, await place.ties(), on_in_london(record.at)):
        return Reassigned(allowed=False, refused=code)
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
