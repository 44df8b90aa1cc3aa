"""A forecast as one HTML file that needs nothing else: no script, no font, no network."""

from collections.abc import Sequence
from datetime import date

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from starter.fan_chart import Fan, fan_chart
from starter.forecast_words import ASSUMED, share_taken, sources_of
from starter.forecasting import BacklogForecast, RegionForecast
from starter.views import PAGES, in_words
from workflows.policy.backlog_outlook import Verdict, Week


def as_html(found: BacklogForecast) -> str:
    """The whole page: a table of all regions, then each with its chart and its numbers by month."""
    environment = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["in_words"] = in_words
    return environment.get_template("forecast.html").render(
        found=found,
        assumed=ASSUMED,
        chart=_chart,
        by_month=_by_month,
        sources_of=sources_of,
        taken=share_taken,
        verdict=_verdict,
    )


def _verdict(one: RegionForecast) -> str:
    """When the backlog clears or how it grows, as a sentence without its full stop."""
    found = one.outlook
    if found.verdict is Verdict.CLEAR:
        return "Clear today"
    if found.verdict is Verdict.CLEARS:
        low, high = (in_words(on) if on else "later than shown" for on in (found.clears_on.low, found.clears_on.high))
        return f"Clears around {_words(found.clears_on.middle)} ({low} to {high})"
    cleared = found.clears_on.middle
    before = f"Clear {_when(cleared, found.weeks[0].on)}, then grows" if cleared else "Grows"
    return {
        Verdict.GROWS: f"{before} by {found.growth:.1f} reviews a month",
        Verdict.SHRINKS: f"Shrinks by {-found.growth:.1f} reviews a month, and is not cleared in this time",
        Verdict.STANDS: "Stays as it is, and is not cleared in this time",
    }[found.verdict]


def _when(on: date, today: date) -> str:
    return "today" if on == today else f"on {in_words(on)}"


def _words(on: date | None) -> str:
    return in_words(on) if on else "later than shown"


def _chart(one: RegionForecast) -> Markup:
    weeks = one.outlook.weeks
    fans = [
        Fan("open", "open", [(week.open.low, week.open.middle, week.open.high) for week in weeks]),
        Fan("overdue", "overdue", [(week.overdue.low, week.overdue.middle, week.overdue.high) for week in weeks]),
    ]
    last = weeks[-1]
    description = (
        f"{one.open} reviews are open on {in_words(weeks[0].on)}, {one.overdue} of them overdue. "
        f"On {in_words(last.on)} eight of ten runs have {last.open.low} to {last.open.high} open, "
        f"{last.open.middle} in the middle. {last.overdue.low} to {last.overdue.high} are overdue then, "
        f"{last.overdue.middle} in the middle. The managers can carry {one.capacity}."
    )
    title = f"{one.name}: reviews open and overdue by week"
    drawn = fan_chart(one.code.lower(), title, description, [week.on for week in weeks], fans, one.capacity)
    return Markup(drawn)  # noqa: S704  # it escapes what it is given


def _by_month(weeks: Sequence[Week]) -> list[Week]:
    """Today and the last week's end in each calendar month."""
    last = {(week.on.year, week.on.month): week for week in weeks[1:]}
    return [weeks[0], *last.values()]
