"""What tests of a judged case do to it: the charge read by the criteria, the court heard, what is owed."""

from tests.builders import ACase
from tests.conftest import Record
from workflows.contract.messages import (
    ChargeReading,
    CourtRecord,
    Judgement,
)
from workflows.contract.vocabulary import (
    CourtEventKind,
)


async def judge(case: ACase, round_: int = 1) -> Judgement:
    return await case.casework.judge_charge(ChargeReading(reference=case.reference, round=round_, at=case.at))


async def court(case: ACase, kind: CourtEventKind) -> None:
    record = CourtRecord(
        reference=case.reference, at=case.at, event=f"{case.reference}/{kind}", kind=kind, on=case.at.date()
    )
    for _ in range(2):
        await case.casework.record_court_event(record)


async def duties(record: Record, state: str = "owed") -> set[str]:
    rows = await record.rows("SELECT kind, subject FROM duties WHERE state = $1", state)
    return {f"{row['kind']}:{row['subject']}" for row in rows}
