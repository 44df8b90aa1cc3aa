"""Tells what happens while it happens, from the audit chain: the case's date, the reference, what was done."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from starter.connections import Pool
from workflows.contract.questions import QUESTIONS

EVERY_SECONDS = 0.5


class Narrator:
    """Reads new rows of the audit chain and says one line for each that a person would want to hear of."""

    def __init__(self, pool: Pool, names: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._pool = pool
        self._names = names
        self._say = say
        self._seen = 0

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self.catch_up()
            await asyncio.sleep(EVERY_SECONDS)

    async def catch_up(self) -> None:
        """Tell what has come since the last time."""
        rows = await self._pool.fetch("SELECT * FROM sfo.audit WHERE seq > $1 ORDER BY seq", self._seen)
        for row in rows:
            self._seen = row["seq"]
            if line := told(row["action"], row["subject"], row["detail"]):
                name = self._names.get(row["reference"], "")
                self._say(f"{row['at']:%d %b %Y}  {row['reference']}  {name:<16} {line}")


def told(action: str, subject: str, detail: Mapping[str, Any]) -> str | None:
    """One audit row in words, or none for what a demo need not tell."""
    return _TOLD[action](subject, detail) if action in _TOLD else None


def _decided(subject: str, detail: Mapping[str, Any]) -> str | None:
    gate = subject.rpartition("/")[2].split("#")[0]
    question = QUESTIONS.get(gate.split(":")[0])
    if question is None:
        return None
    answer = question.answer(str(detail.get("answer", "")))
    return f"{question.title}: {answer.label if answer else detail.get('answer')}{' (late)' * bool(detail.get('late'))}"


_TOLD: dict[str, Callable[[str, Mapping[str, Any]], str | None]] = {
    "decision_recorded": _decided,
    "charge_judged": lambda _, d: f"Criteria: {d.get('ground')}, because {d.get('reason')}".replace("_", " "),
    "court_event_reported": lambda _, d: f"COURT: {d.get('kind')}".replace("_", " "),
    "stage_ended": lambda s, d: f"{s} ended: {d.get('outcome')}".replace("_", " "),
    "case_closed": lambda _, d: f"CLOSED: {d.get('outcome')}".replace("_", " "),
}
