"""Invented reviews in a real record, as many as a forecast wants, put there by SQL."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

from tests.builders import RULEBOOK, a_case
from tests.conftest import MailServer, Record


@dataclass
class Backlog:
    """Puts reviews into the record of a real service; dates are those of today and before."""

    record: Record
    mail: MailServer

    async def review(
        self,
        *,
        region: str = "N53",
        came_on: date,
        due_on: date,
        begun_on: date | None = None,
        submitted_on: date | None = None,
        organisation: str | None = None,
        paused_on: date | None = None,
        speed: float = 1.0,
    ) -> str:
        """A case with a review: commissioned, given to a manager, and submitted, as far as dates are given."""
        case = await a_case(self.record.pool, self.mail, pdu="N53LEI")
        reference = case.reference
        await self.record.pool.execute(
            """
            UPDATE cases SET region = $2, review_due = $3, original_review_due = $3, rulebook = $4, opened_on = $5,
                paused_at = $6,
                clock = jsonb_build_object('case_anchor', $7::text, 'wall_anchor', $7::text, 'speed', $8::float)
            WHERE reference = $1
            """,
            reference,
            region,
            due_on,
            RULEBOOK,
            came_on,
            _at(paused_on) if paused_on else None,
            datetime.now(UTC).isoformat(),
            speed,
        )
        await self._gate(reference, "commission", "appoint", came_on, begun_on)
        if begun_on:
            await self.record.pool.execute(
                """
                INSERT INTO appointments (reference, role, person_key, name, email, at, organisation)
                VALUES ($1, 'reviewing_manager', 'n53.reviewer.1', 'Example', 'reviewer@n53.example.test', $2, $3)
                """,
                reference,
                _at(begun_on),
                organisation,
            )
        if submitted_on:
            await self._gate(reference, "submit", "submitted", submitted_on, submitted_on, "v1")
        return reference

    async def _gate(
        self, reference: str, question: str, answer: str, asked_on: date, on: date | None, subject: str | None = None
    ) -> None:
        gate = f"{reference}/review/{question}" + (f":{subject}" if subject else "")
        await self.record.pool.execute(
            """
            INSERT INTO gates (gate, reference, stage, round, question, subject, role, person_name, person_email, page,
                state, due_on, due_at, original_due_on, opened_at, closed_at)
            VALUES ($1, $2, 'review', 1, $3, $4, 'senior_lead', 'Example', 'lead@n53.example.test', '{}', $5, $6, $7,
                $6, $8, $9)
            """,
            gate,
            reference,
            question,
            subject,
            "decided" if on else "open",
            asked_on + timedelta(days=400),
            _at(asked_on + timedelta(days=400)),
            _at(asked_on),
            _at(on) if on else None,
        )
        if on:
            await self.record.pool.execute(
                """
                INSERT INTO decisions (decision, gate, answer, channel, received_at, late, applied_at)
                VALUES ($1, $2, $3, 'link', $4, false, $4)
                """,
                uuid4(),
                gate,
                answer,
                _at(on),
            )


def _at(on: date) -> datetime:
    return datetime.combine(on, time(10), tzinfo=UTC)
