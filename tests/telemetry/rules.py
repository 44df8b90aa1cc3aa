"""The committed rules over samples: which alerts fire, with `for`, as Prometheus evaluates them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.telemetry.promql import Labels, Query, Samples

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Rule:
    name: str
    expression: str
    waits: float
    labels: dict[str, str]
    annotations: dict[str, str]


def seconds(duration: str) -> float:
    """`1h`, `15m` or `30s` as seconds."""
    return float(duration[:-1]) * _SECONDS[duration[-1]]


@cache
def rules() -> tuple[Rule, ...]:
    groups = yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
    return tuple(
        Rule(r["alert"], r["expr"], seconds(r["for"]), r["labels"], r["annotations"])
        for group in groups
        for r in group["rules"]
    )


def firing(samples: Samples, until: float, every: float, *, ever: bool = False) -> set[tuple[str, Labels]]:
    """The alerts that fire at `until`, the rules having been evaluated all along; `ever`: or fired before."""
    alerts = set()
    for rule in rules():
        query, since = Query(rule.expression), dict[Labels, float]()
        moments = [every * n for n in range(int(until / every) + 1)]
        for at in moments:
            active = {frozenset((k, v) for k, v in labels if k != "__name__") for labels in query.at(samples, at)}
            since = {labels: since.get(labels, at) for labels in active}
            if ever or at == moments[-1]:
                fires = {labels for labels, began in since.items() if at - began >= rule.waits}
                alerts |= {(rule.name, labels | frozenset(rule.labels.items())) for labels in fires}
    return alerts


def unit_tests() -> list[dict[str, Any]]:
    """The groups of promtool's own test file."""
    tests: list[dict[str, Any]] = yaml.safe_load((FOLDER / "rules_test.yml").read_text())["tests"]
    return tests


def samples_of(test: dict[str, Any]) -> Samples:
    """The series of a group, in promtool's notation."""
    samples, interval = Samples(), seconds(test["interval"])
    for series in test["input_series"]:
        name, _, rest = series["series"].partition("{")
        labels = {"__name__": name} | dict(re.findall(r'(\w+)="([^"]*)"', rest))
        for number, value in enumerate(_values(series["values"])):
            samples.add(number * interval, labels, value)
    return samples


def _values(notation: str) -> Iterator[float | None]:
    """`1x3` is 1 four times, `0+2x3` is 0 2 4 6, `stale` ends the series."""
    for part in notation.split():
        if part == "stale":
            yield None
        elif found := re.fullmatch(r"(\d+)(?:\+(\d+))?x(\d+)", part):
            for step in range(int(found[3]) + 1):
                yield int(found[1]) + int(found[2] or 0) * step
        else:
            yield float(part)
