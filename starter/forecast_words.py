"""A forecast in words and rows: for a terminal, for a spreadsheet, for a program."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from starter.columns import in_columns
from starter.forecasting import BacklogForecast, RegionForecast
from workflows.policy.backlog_outlook import Band, Verdict, Week

CLEARED = "nothing is overdue and no review waits for a manager"
ASSUMED = (
    f"cleared: the first day at whose end {CLEARED}",
    "managers work on what they have begun, then on what is due first; each review that they carry comes on by a "
    "working day every working day",
    "the date of a review that comes is that of the rulebook; more time, sickness and reviews that are sent back are "
    "not foreseen",
    "a review whose clock stands still is left out, since nobody knows when it goes on",
)
"""What every forecast takes for granted, for people to judge it by."""

_HEADS = ("region", "name", "open", "overdue", "managers", "a month", "taken", "clears on")
_NUMBERS = range(2, 7)


def verdict_of(one: RegionForecast) -> str:
    """When the backlog clears, with its band, or how it grows, in a few words."""
    found = one.outlook
    if found.verdict is Verdict.CLEAR:
        return "clear today"
    if found.verdict is Verdict.CLEARS:
        return f"{found.clears_on.middle} ({_day(found.clears_on.low)} to {_day(found.clears_on.high)})"
    cleared = found.clears_on.middle
    when = "today" if cleared == found.weeks[0].on else f"on {cleared}"
    before = f"clear {when}, then " if cleared else ""
    return {
        Verdict.GROWS: f"{before}grows by {found.growth:.1f} a month",
        Verdict.SHRINKS: f"shrinks by {-found.growth:.1f} a month, not cleared in time",
        Verdict.STANDS: "stands as it is, not cleared in time",
    }[found.verdict]


def _day(on: date | None) -> str:
    return on.isoformat() if on else "later"


def share_taken(one: RegionForecast) -> str:
    """The share of the managers' places that is taken."""
    return "-" if one.outlook.utilisation is None else f"{one.outlook.utilisation:.0%}"


def as_text(found: BacklogForecast) -> str:
    """Write the table, and below it what it rests on."""
    lines = in_columns([_HEADS, *(_cells(one) for one in found.regions)], _NUMBERS)
    asked = found.asked
    lines += ["", f"from {found.today}, {asked.months} months, {asked.runs} runs, seed {asked.seed}", "", "Where from:"]
    lines += [f"  {codes}  {line}" for line, codes in _by_line(found)]
    lines += ["", "Assumed:", *(f"  {line}" for line in ASSUMED)]
    if found.rehearsed:
        lines += ["", f"{found.rehearsed} rehearsed cases are left out; --rehearsed counts them in"]
    return "\n".join(lines)


def _by_line(found: BacklogForecast) -> list[tuple[str, str]]:
    """What is said of the regions, each sentence once with the regions that it is true of."""
    true_of: dict[str, list[str]] = {}
    for one in found.regions:
        for line in sources_of(one):
            true_of.setdefault(line, []).append(one.code)
    several = len(found.regions) > 1
    every = {line: len(codes) == len(found.regions) and several for line, codes in true_of.items()}
    said = [(line, "every region" if every[line] else ", ".join(codes)) for line, codes in true_of.items()]
    return sorted(said, key=lambda one: not every[one[0]])  # what is true of all stands first


def _cells(one: RegionForecast) -> tuple[str, ...]:
    return (
        one.code,
        one.name,
        str(one.open),
        str(one.overdue),
        f"{len(one.situation.reviewers)} x {one.situation.carries}",
        f"{one.situation.arrivals_a_month:.1f}",
        share_taken(one),
        verdict_of(one),
    )


def sources_of(one: RegionForecast) -> list[str]:
    """Each number that the forecast of a region starts from, and where it comes from."""
    situation, sources = one.situation, one.sources
    away = sum(len(spans) for spans in situation.reviewers)
    paused = f"; {one.paused} paused and left out" if one.paused else ""
    lent = sum(not review.is_counted for review in situation.reviews)
    borrowed = sum(not review.takes_a_place for review in situation.reviews)
    lines = [
        f"open {one.open}, overdue {one.overdue} ({sources['open']}{paused})",
        f"managers {len(situation.reviewers)} ({sources['reviewers']}{f'; {away} absences known' if away else ''})",
        f"reviews at a time {situation.carries} ({sources['carries']})",
        f"arrivals a month {situation.arrivals_a_month:.2f} ({sources['arrivals']})",
        f"a review takes {_range(situation.durations)} working days ({sources['durations']})",
    ]
    if lent:
        lines.append(f"written here for other regions: {lent} (record)")
    if borrowed:
        lines.append(f"written elsewhere: {borrowed} (record)")
    return lines


def _range(durations: Sequence[int]) -> str:
    low, high = min(durations), max(durations)
    return str(low) if low == high else f"{low} to {high}"


def as_csv(found: BacklogForecast) -> str:
    """Write a row for each region and week, today first."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    shares = ("p10", "median", "p90")
    rows.writerow(["region", "on", *(f"{what}_{share}" for what in ("open", "overdue") for share in shares)])
    for one in found.regions:
        rows.writerows(
            [one.code, week.on.isoformat(), *three(week.open), *three(week.overdue)] for week in one.outlook.weeks
        )
    return file.getvalue()


def three(band: Band[int]) -> tuple[int, int, int]:
    """Low, middle and high."""
    return band.low, band.middle, band.high


def as_data(found: BacklogForecast) -> dict[str, Any]:
    """Everything as plain objects; dates are ISO."""
    return {
        "today": found.today.isoformat(),
        "months": found.asked.months,
        "runs": found.asked.runs,
        "seed": found.asked.seed,
        "rehearsed_left_out": found.rehearsed,
        "assumed": list(ASSUMED),
        "regions": [_region(one) for one in found.regions],
    }


def _region(one: RegionForecast) -> Mapping[str, Any]:
    found = one.outlook
    return {
        "region": one.code,
        "name": one.name,
        "open": one.open,
        "overdue": one.overdue,
        "paused": one.paused,
        "reviewers": len(one.situation.reviewers),
        "carries": one.situation.carries,
        "arrivals_a_month": round(one.situation.arrivals_a_month, 3),
        "durations": list(one.situation.durations),
        "sources": dict(one.sources),
        "verdict": str(found.verdict),
        "clears_on": {
            share: on.isoformat() if on else None
            for share, on in (
                ("p10", found.clears_on.low),
                ("median", found.clears_on.middle),
                ("p90", found.clears_on.high),
            )
        },
        "growth_a_month": round(found.growth, 3),
        "utilisation": None if found.utilisation is None else round(found.utilisation, 3),
        "arrived": round(found.arrived, 2),
        "submitted": round(found.submitted, 2),
        "weeks": [_week(week) for week in found.weeks],
    }


def _week(week: Week) -> dict[str, Any]:
    return {"on": week.on.isoformat(), "open": three(week.open), "overdue": three(week.overdue)}
