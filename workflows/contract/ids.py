"""How a case, a stage, a gate, an escalation and an enquiry are named. No name holds anything about a person."""

import re

from .vocabulary import EscalationKind, Stage

CASEWORK_QUEUE = "sfo-casework"
NATIONAL_QUEUE = "sfo-national"
DEPLOYMENT = "sfo"
STAFF_CARE = "staff-care"
"""The workflow type and id part of staff care, `sfo/SFO-2026-00042/staff-care`."""

REFERENCE = re.compile(r"^SFO-\d{4}-\d{5}$")


def case_id(reference: str) -> str:
    """The workflow id of a case, `sfo/SFO-2026-00042`."""
    return f"sfo/{reference}"


def stage_part(stage: str, round_: int = 1) -> str:
    """The id part of a stage or of staff care; later rounds carry their number, `review-2`."""
    return str(stage) if round_ == 1 else f"{stage}-{round_}"


def stage_id(reference: str, stage: Stage, round_: int = 1) -> str:
    """The workflow id of a stage, `sfo/SFO-2026-00042/review-2`."""
    return f"{case_id(reference)}/{stage_part(stage, round_)}"


def escalation_id(reference: str, kind: EscalationKind, number: int) -> str:
    """The workflow id of an escalation, `sfo/SFO-2026-00042/escalation/overdue-1`."""
    return f"{case_id(reference)}/escalation/{kind}-{number}"


def enquiry_id(reference: str, number: int) -> str:
    """The workflow id of an enquiry, `sfo/SFO-2026-00042/enquiry/1`."""
    return f"{case_id(reference)}/enquiry/{number}"


def is_escalation(part: str) -> bool:
    """Whether this part of a workflow's id is an escalation's: `escalation/overdue-1`, and not `review-2`."""
    return part.startswith("escalation/")


def part_of(workflow_id: str) -> str:
    """The part of a workflow's id after the case's: `review-2` or `escalation/overdue-1`."""
    return workflow_id.split("/", 2)[2]


def gate_id(workflow_id: str, question: str, subject: str | None = None, ask: int = 1) -> str:
    """The name of one asking: `SFO-2026-00042/review/interview:s2`; asked again it ends in `#2`."""
    stem = f"{workflow_id.removeprefix('sfo/')}/{question}"
    about = f":{subject}" if subject else ""
    again = f"#{ask}" if ask > 1 else ""
    return f"{stem}{about}{again}"


def workflow_of_gate(gate: str) -> str:
    """The workflow id that a gate's decision is signalled to."""
    return f"sfo/{gate.rpartition('/')[0]}"


def settled_key(gate: str, decision: object) -> str:
    """Return the key under which the record holds what became of a decision, however it came to be applied."""
    return f"{gate}/settle/{decision}"


def reference_of(name: str) -> str:
    """The case reference inside a workflow id or gate id."""
    return name.removeprefix("sfo/").split("/", 1)[0]
