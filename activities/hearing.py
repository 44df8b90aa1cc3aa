"""A gate in the hands of one transaction: locked with its case, closed, its links dead, an answer made void."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from activities.correspondence import Letter
from activities.means import Means
from activities.measures import GATES_CLOSED, known
from activities.measures import note as count
from activities.opening import question_of
from activities.people import Place
from activities.record import Connection, Row, audit, lock_case
from workflows.contract import ids
from workflows.contract.questions import Question
from workflows.contract.vocabulary import GateState
from workflows.policy.pausing import was_late


@dataclass(frozen=True)
class Hearing:
    """One gate, locked, with everything that an answer to it is judged by."""

    means: Means
    place: Place
    gate: Row
    question: Question
    at: datetime

    @property
    def connection(self) -> Connection:
        """The transaction."""
        return self.place.connection

    @property
    def name(self) -> str:
        """The gate's id."""
        return str(self.gate["gate"])


async def hearing_of(connection: Connection, means: Means, gate: str, at: datetime) -> Hearing | None:
    """The gate with its case, both held until the transaction ends; none where there is no such gate."""
    case = await lock_case(connection, ids.reference_of(gate))
    row = await connection.fetchrow("SELECT * FROM gates WHERE gate = $1 FOR UPDATE", gate)
    if row is None:
        return None
    place = Place(connection, await means.directory(connection, at), case)
    return Hearing(await means.with_calendar(connection), place, row, question_of(row["question"]), at)


def is_late(gate: Row, received_at: datetime) -> bool:
    """Whether an answer came after the due moment; while the clock stands still, only if it had passed by then."""
    return was_late(received_at, gate["due_at"], gate["paused_at"])


async def close_gate(hearing: Hearing, state: GateState, keep: str | None = None) -> None:
    """The gate is no longer asked; every link but that of `keep` is dead."""
    await hearing.connection.execute(
        "UPDATE gates SET state = $2, closed_at = $3 WHERE gate = $1", hearing.name, str(state), hearing.at
    )
    if state is not GateState.DECIDED:
        count(GATES_CLOSED, question=known(hearing.question.key), state=state)
    await hearing.connection.execute(
        """
        UPDATE links SET revoked_at = $2
        WHERE gate = $1 AND revoked_at IS NULL AND lower(email) IS DISTINCT FROM lower($3)
        """,
        hearing.name,
        hearing.at,
        keep,
    )


async def void(hearing: Hearing, row: Row, letter: str, because: str | None = None) -> None:
    """The decision stays in the record and counts for nothing; its author has a letter on the way."""
    await hearing.connection.execute(
        "UPDATE decisions SET void_at = $2, delivered_at_wall = coalesce(delivered_at_wall, clock_timestamp()), "
        "fields = fields - $3::text[] WHERE decision = $1",
        row["decision"],
        hearing.at,
        list(hearing.question.walled),
    )
    if row["by_email"] is None:
        return
    link = await hearing.connection.fetchval(
        "SELECT link FROM links WHERE gate = $1 AND lower(email) = lower($2)", hearing.name, row["by_email"]
    )
    # Without a link of one's own (an answer by command) there is only the notice that it was not used.
    name = letter if link or letter != "answer_refused" else "decision_void"
    words = {"title": hearing.question.title, "due": hearing.gate["due_on"].isoformat(), "because": because}
    await hearing.means.letters.queue(
        hearing.connection,
        Letter(
            void_event(hearing.name, row["decision"] if letter == "answer_refused" else None),
            name,
            row["by_name"] or "",
            row["by_email"],
            hearing.place.reference,
            hearing.at,
            hearing.name,
            link if name == "answer_refused" else None,
            words,
        ),
    )


def void_event(gate: str, refused: UUID | str | None = None) -> str:
    """The business event of telling an author: once per gate, or once per refused answer."""
    return f"{gate}/refused/{refused}" if refused else f"{gate}/void"


async def note(hearing: Hearing, row: Row, action: str, **detail: object) -> None:
    """One row of the chain about what became of a decision."""
    actor = row["by_email"] or "operations"
    await audit(
        hearing.connection,
        hearing.at,
        hearing.place.reference,
        actor,
        action,
        hearing.name,
        decision=row["decision"],
        **detail,
    )
