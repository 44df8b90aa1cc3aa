"""Everybody at once: answers every question of a case as soon as it is asked, straight on the record."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from starter.script import FIRST, SILENT, TODAY, USUAL, Ahead, Each, Line
from tests.workflows.conftest import Office
from workflows.contract import ids
from workflows.contract.columns import GIVEN_ROWS
from workflows.contract.messages import CaseClock, DecideSignal
from workflows.contract.question import FieldKind
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Rung
from workflows.policy.clock import case_time
from workflows.policy.due import on_in_london


class People:
    """`lines` says what is answered otherwise than usual, one line for each time it is asked; SILENT: nothing.

    A key is a question, or a question about one subject, `offer:v2`.
    """

    def __init__(self, office: Office, reference: str, lines: Mapping[str, list[Line]]) -> None:
        self.office, self.reference, self.lines = office, reference, lines
        self.times: defaultdict[str, int] = defaultdict(int)
        self.given: dict[str, Line | None] = {}

    async def run(self) -> None:
        while True:
            rows = await self.office.record.rows(
                """SELECT g.*, c.clock FROM gates g JOIN cases c USING (reference)
                   LEFT JOIN decisions d ON d.gate = g.gate AND d.void_at IS NULL
                   WHERE g.reference = $1 AND g.state = 'open' AND d.gate IS NULL ORDER BY g.opened_at, g.gate""",
                self.reference,
            )
            for row in rows:
                await self.answer(row)
            await asyncio.sleep(0.02)

    async def answer(self, row: dict[str, Any]) -> None:
        line = self.line(str(row["gate"]), str(row["question"]))
        if line is SILENT or line is None:
            return
        now = case_time(CaseClock.model_validate(row["clock"]), datetime.now(UTC))
        if row["question"] == "interview" and str(row["page"]["not_before"]) > str(on_in_london(now)):
            return
        fields = fields_of(row, line, on_in_london(now))
        decision = uuid4()
        # Nobody answers a question that was taken back meanwhile, as the gateway would tell them.
        await self.office.record.pool.execute(
            """INSERT INTO decisions (decision, gate, answer, fields, reasons, by_email, by_name, by_rung, channel,
                   received_at, late)
               SELECT $1, gate, $3, $4, $5, $6, $7, $8, 'link', $9, $10 FROM gates
               WHERE gate = $2 AND state = 'open' FOR UPDATE""",
            decision, row["gate"], line.answer, fields, line.reasons or None, row["person_email"],
            row["person_name"], Rung.ASKED, now, now > row["due_at"],
        )  # fmt: skip
        handle = self.office.client.get_workflow_handle(ids.workflow_of_gate(str(row["gate"])))
        await handle.signal("decide", DecideSignal(gate=str(row["gate"]), decision=str(decision)))

    def line(self, gate: str, question: str) -> Line | None:
        if gate not in self.given:
            about = gate.rpartition("/")[2].partition("#")[0]
            key = about if about in self.lines else question
            self.times[key] += 1
            lines = self.lines.get(key)
            self.given[gate] = lines[min(self.times[key], len(lines)) - 1] if lines else USUAL.get(question)
        return self.given[gate]


def fields_of(row: Mapping[str, Any], line: Line, today: date) -> dict[str, Any]:
    """What a line says to fill in, on the page of this question."""
    return {name: value_of(row, line, name, value, today) for name, value in line.fields.items()}


def value_of(row: Mapping[str, Any], line: Line, name: str, value: Any, today: date) -> Any:
    if isinstance(value, list):
        return [{k: value_of(row, line, name, v, today) for k, v in item.items()} for item in value]
    if isinstance(value, Each):
        given = GIVEN_ROWS[kind_of(str(row["question"]), line.answer, name)]
        filled = {k: value_of(row, line, name, v, today) for k, v in value.columns.items()}
        return [{given.key: str(shown[given.key]), **filled} for shown in row["page"][given.listed]]
    if value == FIRST:
        return row["page"]["options"][name][0]["value"]
    if isinstance(value, Ahead):
        value = today + timedelta(days=value.days)
    value = today if value == TODAY else value
    return value.isoformat() if isinstance(value, date) else value


def kind_of(question: str, answer: str, name: str) -> FieldKind:
    described = QUESTIONS[question].answer(answer)
    assert described is not None
    return next(field.kind for field in described.fields if field.name == name)
