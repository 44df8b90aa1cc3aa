"""What messages are made of: the frozen base, the case's clock, a due date, and references instead of people.

Every time is UTC and case time (the case's own clock, equal to real time at speed 1) unless its name says `wall`.
"""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from .vocabulary import EscalationKind, Role

Code = Annotated[str, Field(pattern=r"^[A-Z0-9]{4,10}$")]
Ref = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/#-]{0,120}$")]


# Slower than a hundredth nobody waits for; beyond a million times, a day of the case is a twelfth of a second.
SLOWEST, FASTEST = 0.01, 1_000_000.0


class Message(BaseModel):
    """A frozen message. Fields that newer code added are ignored, so that old and new workers run side by side."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Signal(Message):
    """A message that people also type by hand: an unknown field is refused, so that a typing error is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CaseClock(Message):
    """How a case's time runs: at `speed` 1 it is real; at another, case time runs `speed` times as fast."""

    case_anchor: AwareDatetime
    wall_anchor: AwareDatetime
    speed: float = Field(default=1.0, ge=SLOWEST, le=FASTEST, allow_inf_nan=False)


class Due(Message):
    """A due date and its moment, 23:59:59 Europe/London on that date, as UTC. Rule: design.md 6."""

    on: date
    at: AwareDatetime


class StaffRef(Message):
    """A member of staff in the case, by the number that the record gave: `s1`, `s2`."""

    ref: Ref
    role: Role
    in_line: bool = False


class OffenceRef(Message):
    """One offence charged: a CJS code and the date, nothing else."""

    code: Code
    offence_on: date
    victim_age: int | None = Field(default=None, ge=0, le=130)


class EscalationRef(Message):
    """An escalation that the record has numbered."""

    kind: EscalationKind
    number: int
