"""What a large review costs in history: eight interviews, three rounds, measured on the real server and bounded."""

from starter.script import USUAL, Line
from tests.workflows.conftest import Office
from tests.workflows.test_case import end_of, running
from workflows.contract import ids

EIGHT = tuple(
    {"role": "practitioner", "name": f"Invented Practitioner {n}", "email": f"practitioner.{n}@n53.example.test",
     "in_line": True}
    for n in range(1, 8)
)  # fmt: skip
LINE = {"role": "line_manager", "name": "Invented Manager", "email": "manager@n53.example.test", "in_line": True}
HEAD = {"role": "head_of_pdu", "name": "Invented Head", "email": "head@n53.example.test", "in_line": True}
MOST_EVENTS, MOST_KILOBYTES = 1_100, 330


async def test_a_review_with_eight_interviews_and_three_rounds_keeps_a_small_history(office: Office) -> None:
    below = {**USUAL["quality"].fields, "composite": "inadequate", "must_change": "Invented."}
    lines = {
        "countersign": [Line("returned", reasons="Invented."), USUAL["countersign"]],
        "quality": [Line("rated", below, "Invented."), USUAL["quality"]],
    }
    async with running(office, lines, roster=[*EIGHT, LINE, HEAD]) as (opening, _):
        cost: dict[str, tuple[int, float]] = {}
        parts = ("review", "countersign", "review-2", "countersign-2", "quality-assurance", "review-3",
                 "countersign-3", "quality-assurance-2")  # fmt: skip
        for part in parts:
            await end_of(office, opening, part)
            handle = office.client.get_workflow_handle(f"{ids.case_id(opening.reference)}/{part}")
            description = (await handle.describe()).raw_description.workflow_execution_info
            cost[part] = (description.history_length, description.history_size_bytes / 1024)
        interviews = await office.record.value(
            "SELECT count(*) FROM duties WHERE reference = $1 AND kind = 'interviewed' AND state = 'met'",
            opening.reference,
        )
        assert interviews == 8
        events, kilobytes = sum(e for e, _ in cost.values()), sum(k for _, k in cost.values())
        told = ", ".join(f"{part} {e} events {k:.0f} KiB" for part, (e, k) in cost.items())
        assert events < MOST_EVENTS, f"{events} events: {told}"
        assert kilobytes < MOST_KILOBYTES, f"{kilobytes:.0f} KiB: {told}"
