"""Dates in the language of the page, for people; the English is that of `views.in_words` and `views.moment`."""

from datetime import date, datetime

from babel.dates import format_date
from markupsafe import Markup

from starter.language import WELSH, is_welsh
from starter.welsh import gettext, ours
from workflows.policy.due import LONDON


def day(on: date | str) -> str:
    """A date as people write it, 12 Mawrth 2027 or 12 March 2027."""
    when = date.fromisoformat(on) if isinstance(on, str) else on
    return format_date(when, "d MMMM y", locale=WELSH) if is_welsh() else f"{when.day} {when:%B %Y}"


def moment(at: datetime) -> str:
    """A moment in London time, 12 Mawrth 2027 am 2:05yp or 12 March 2027 at 2:05pm."""
    local = at.astimezone(LONDON)
    word, morning, afternoon = ("am", "yb", "yp") if is_welsh() else ("at", "am", "pm")
    half = morning if local.hour < 12 else afternoon
    return f"{day(local.date())} {word} {local.hour % 12 or 12}:{local:%M}{half}"


def not_before(hint: str, earliest: date | str | None) -> str:
    """The hint of a date, with the earliest one that may be given."""
    if not earliest:
        return hint
    remark = gettext("Not before %(date)s.") % {"date": day(earliest)}
    return Markup("{} {}").format(ours(hint), remark).strip() if is_welsh() else f"{hint} {remark}".strip()
