"""An open question passes from one person to another: links, letters, and with an appointment every question of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from activities.appointing import set_appointment
from activities.correspondence import Letter
from activities.hearing import Hearing, hearing_of
from activities.means import Means
from activities.opening import link_for, role_in_words
from activities.people import Place, stored_key
from activities.record import Connection, Pool, Row, decision_uuid, transaction
from workflows.contract.directory import Person
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Role
from workflows.policy.authority import same_person
from workflows.policy.climbing import standing_in
from workflows.policy.due import on_in_london


@dataclass(frozen=True)
class Handover:
    """From now on this person holds the role in the case. `event` is what the letters belong to."""

    means: Means
    place: Place
    role: Role
    person: Person
    at: datetime
    event: str


async def hand_over(handover: Handover) -> tuple[str, ...]:
    """The role and every open question of it are this person's; returns the gates that passed.

    One letter a question to the new person, one in all to whoever was asked before. Dates, versions of the review
    and interviews stay as they are. Rule: Annex J (who reviews); design.md 3.4.
    """
    place = handover.place
    organisation = place.lender_of(handover.person)
    former = await _holder(handover)
    await set_appointment(place, handover.role, handover.person, handover.at, None, organisation=organisation)
    told = _Told(handover, [former] if former else [])
    passed = []
    for gate in await _open_gates(place, handover.role):
        hearing = await hearing_of(place.connection, handover.means, gate, handover.at)
        if hearing is not None and not same_person(hearing.gate["person_email"], handover.person.email):
            told.people += [(hearing.gate[f"{who}_name"], hearing.gate[f"{who}_email"]) for who in ("person", "deputy")]
            await give(hearing, handover.person, handover.role, f"{handover.event}/{gate}")
            passed.append(gate)
    await told.tell()
    return tuple(passed)


async def _holder(handover: Handover) -> tuple[str, str] | None:
    row = await handover.place.connection.fetchrow(
        "SELECT name, email FROM appointments WHERE reference = $1 AND role = $2",
        handover.place.reference,
        str(handover.role),
    )
    return (row["name"], row["email"]) if row else None


async def _open_gates(place: Place, role: Role) -> tuple[str, ...]:
    """Every open question of the role, also where it went to somebody else because nobody of the role was left."""
    rows = await place.connection.fetch(
        "SELECT gate, question, role FROM gates WHERE reference = $1 AND state = 'open' ORDER BY opened_at, gate",
        place.reference,
    )
    return tuple(row["gate"] for row in rows if role in (row["role"], QUESTIONS[row["question"]].role))


@dataclass
class _Told:
    """Everybody who is asked no longer, each told once, the new person left out."""

    handover: Handover
    people: list[tuple[str | None, str | None]] = field(default_factory=list)

    async def tell(self) -> None:
        handover = self.handover
        words = {"role": role_in_words(handover.role)}
        for name, email in self.people:
            if email and not same_person(email, handover.person.email):
                letter = Letter(
                    handover.event, "reviewer_replaced", name or "", email, handover.place.reference, handover.at,
                    words=words,
                )  # fmt: skip
                await handover.means.letters.queue(handover.place.connection, letter)


async def give(hearing: Hearing, person: Person, role: Role, event: str) -> None:
    """The question is this person's: earlier links are dead, a letter under `event` is on the way, the date stays."""
    connection, gate, on = hearing.connection, hearing.gate, on_in_london(hearing.at)
    ties = await hearing.place.ties(hearing.gate["subject"])
    deputy = standing_in(hearing.question.key, person, hearing.place.directory, ties, on)
    await connection.execute(
        "UPDATE links SET revoked_at = $2 WHERE gate = $1 AND revoked_at IS NULL", hearing.name, hearing.at
    )
    await connection.execute(
        """
        UPDATE gates SET person_key = $2, person_name = $3, person_email = $4, deputy_key = $5, deputy_name = $6,
            deputy_email = NULL, rung = 'asked', role = $7 WHERE gate = $1
        """,
        hearing.name,
        stored_key(person),
        person.name,
        person.email,
        deputy.key if deputy else None,
        deputy.name if deputy else None,
        str(role),
    )
    link = await link_for(hearing.place, hearing.name, person)
    words = {
        "title": hearing.question.title,
        "due": gate["due_on"].isoformat(),
        "if_silent": hearing.question.if_silent,
    }
    await hearing.means.letters.queue(
        connection,
        Letter(
            event, "reassigned", person.name, person.email, hearing.place.reference, hearing.at, hearing.name, link,
            words,
        ),
    )  # fmt: skip


async def tell_former(hearing: Hearing, event: str) -> None:
    """Whoever was asked this one question, and a deputy asked as well, hear that it is no longer theirs."""
    for who in ("person", "deputy"):
        if email := hearing.gate[f"{who}_email"]:
            await hearing.means.letters.queue(
                hearing.connection,
                Letter(
                    event, "withdrawn", hearing.gate[f"{who}_name"], email, hearing.place.reference, hearing.at,
                    hearing.name, None, {"title": hearing.question.title},
                ),
            )  # fmt: skip


async def events_under(pool: Pool, event: str) -> Sequence[str]:
    """The event and those of the questions that passed with it, so that all their letters go at once."""
    async with transaction(pool) as connection:
        rows = await connection.fetch(
            "SELECT DISTINCT event FROM outbox WHERE starts_with(event, $1 || '/') AND state = 'queued'", event
        )
    return [event, *(row["event"] for row in rows)]


async def request_of(connection: Connection, event: str) -> Row | None:
    """What a person asked for, where the event names a request of the record; else operations typed it."""
    request = decision_uuid(event.rpartition("/")[2])
    return await connection.fetchrow("SELECT * FROM requests WHERE request = $1", request) if request else None
