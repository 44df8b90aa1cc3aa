"""A forecast as one HTML file that needs nothing else: no script, no font, no network."""

from datetime import date

from markupsafe import Markup

from starter.charts import MID_BLUE, PINK, Chart
from starter.fan_chart import Fan, fan_chart
from starter.figures_tables import Table
from starter.forecast_words import ASSUMED, share_taken, sources_of, three
from starter.forecasting import BacklogForecast, RegionForecast
from starter.views import in_words, report
from workflows.policy.backlog_outlook import Band, Verdict, Week

_READ = Markup(
    '<p class="quiet">Solid line: open, in the middle of all runs. Broken line: overdue. Each shade holds eight of ten '
    "runs. Dotted: capacity, what the managers can carry.</p>"
)


def as_html(found: BacklogForecast) -> str:
    """The whole page: a table of all regions, then each with its chart and its numbers by month."""
    return report(
        "forecast.html",
        found=found,
        assumed=ASSUMED,
        drawn=_chart,
        months=_months,
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
        band = found.clears_on
        if band.low == band.high:
            return f"Clears around {_words(band.middle)}"
        return f"Clears around {_words(band.middle)} ({_words(band.low)} to {_words(band.high)})"
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


def _chart(one: RegionForecast) -> Chart:
    weeks = one.outlook.weeks
    fans = [
        Fan("open", [three(week.open) for week in weeks], MID_BLUE),
        Fan("overdue", [three(week.overdue) for week in weeks], PINK, dashes="7 4"),
    ]
    last = weeks[-1]
    description = (
        f"{one.open} reviews are open on {in_words(weeks[0].on)}, {one.overdue} of them overdue. "
        f"On {in_words(last.on)} eight of ten runs have {last.open.low} to {last.open.high} open, "
        f"{last.open.middle} in the middle. {last.overdue.low} to {last.overdue.high} are overdue then, "
        f"{last.overdue.middle} in the middle. The managers can carry {one.capacity}."
    )
    title = f"{one.name}: reviews open and overdue by week"
    picture = fan_chart(one.code.lower(), title, description, [week.on for week in weeks], fans, one.capacity)
    return Chart("Reviews open and overdue by week", picture, is_empty=False, legend=_READ)


def _months(one: RegionForecast) -> Table:
    rows = [[in_words(week.on), _in_brackets(week.open), _in_brackets(week.overdue)] for week in _by_month(one)]
    caption = f"{one.name}: middle of all runs, and in brackets eight of ten"
    return Table(caption, ("At the end of", "Open", "Overdue"), rows)


def _in_brackets(band: Band[int]) -> str:
    return f"{band.middle} ({band.low} to {band.high})"


def _by_month(one: RegionForecast) -> list[Week]:
    """Today and the last week's end in each calendar month."""
    weeks = one.outlook.weeks
    last = {(week.on.year, week.on.month): week for week in weeks[1:]}
    return [weeks[0], *last.values()]
