"""Moments in London: when a due date ends and when a letter goes out. No workflow imports this file.

The time zone is read from a file at import, which Temporal's sandbox refuses; activities call it instead.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from workflows.contract.messages import Due

LONDON = ZoneInfo("Europe/London")
LAST_MOMENT = time(23, 59, 59)


def due_moment(on: date) -> datetime:
    """The UTC moment at which this due date ends, 23:59:59 Europe/London. Rule: design.md 6."""
    return datetime.combine(on, LAST_MOMENT, LONDON).astimezone(UTC)


def due(on: date) -> Due:
    """The due date together with its moment."""
    return Due(on=on, at=due_moment(on))


def moment_at(on: date, hour: int) -> datetime:
    """The UTC moment of this full hour, 0 to 23, Europe/London, on this date."""
    return datetime.combine(on, time(hour), LONDON).astimezone(UTC)


def on_in_london(moment: datetime) -> date:
    """The date in London at this moment. Errors: ValueError for a moment without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone has no date in London")
    return moment.astimezone(LONDON).date()
