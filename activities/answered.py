"""An answer on its way into the record, and what an effect may say of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from activities.means import Means
from activities.people import Place
from activities.record import Connection, Row
from workflows.contract.messages import EscalationRef
from workflows.contract.questions import Question


class AnswerRefusedError(Exception):
    """Policy does not allow the answer as the record stands; the text is a code. What the effect wrote is undone."""

    @property
    def code(self) -> str:
        """Why, as a code that may stand in a history."""
        return str(self.args[0])


@dataclass(frozen=True)
class Answered:
    """One complete answer to one open gate. `received_at` decides what is in time, `at` is now in the case."""

    means: Means
    place: Place
    gate: Row
    question: Question
    decision: UUID
    answer: str
    fields: dict[str, Any]
    reasons: str | None
    by_email: str | None
    received_at: datetime
    at: datetime

    @property
    def connection(self) -> Connection:
        """The transaction that the answer is applied in."""
        return self.place.connection

    @property
    def reference(self) -> str:
        """The case's reference."""
        return self.place.reference

    @property
    def subject(self) -> str:
        """Whom or what the gate is about; empty for none."""
        return str(self.gate["subject"] or "")

    @property
    def number(self) -> int:
        """The version, rendition or enquiry in the subject: 2 of `v2`."""
        return int(self.subject.lstrip("vrpi"))

    @property
    def author_email(self) -> str:
        """Who answered; the person asked where operations answered for them."""
        return str(self.by_email or self.gate["person_email"])

    async def set_case(self, column: str, value: object) -> None:
        """Write one column of the case's row; `column` is a word of the code, never input."""
        await self.connection.execute(f"UPDATE cases SET {column} = $2 WHERE reference = $1", self.reference, value)

    async def settle_duty(self, kind: str, subject: str, state: str = "met") -> None:
        """The duty is met or closed by this decision, and stands in the record even if nobody had noted it."""
        await self.connection.execute(
            """
            INSERT INTO duties (reference, kind, subject, state, decision, at) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (reference, kind, subject)
            DO UPDATE SET state = excluded.state, decision = excluded.decision, at = excluded.at
            """,
            self.reference,
            kind,
            subject,
            state,
            self.decision,
            self.at,
        )

    async def close_owed(self, *kinds: str) -> None:
        """What is still owed of these kinds is closed by this decision."""
        await self.connection.execute(
            """
            UPDATE duties SET state = 'closed', decision = $3, at = $4
            WHERE reference = $1 AND kind = ANY($2) AND state = 'owed'
            """,
            self.reference,
            list(kinds),
            self.decision,
            self.at,
        )


@dataclass(frozen=True)
class Effect:
    """What an answer brought about beyond itself: codes and keys for the history, and an escalation."""

    facts: dict[str, str] = field(default_factory=dict)
    refs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    escalation: EscalationRef | None = None
