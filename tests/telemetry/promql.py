"""The part of PromQL that our rules use, evaluated over samples as Prometheus does, so that CI needs no Prometheus.

What it takes: selectors, `increase`, `absent`, `sum`/`min`/`max by`, `/`, comparisons with a number, `unless on()`.
That it agrees with promtool is shown by deploy/prometheus/rules_test.yml, which both run.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

LOOK_BACK = 300.0
Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?![\w.]))|(?P<word>[a-zA-Z_:][\w:]*)|(?P<text>\"[^\"]*\")|(?P<range>\[\d+[smh]\])"
    r"|(?P<sign>=~|!~|!=|==|>=|<=|[(){},=<>/]))"
)
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}
_GATHER: dict[str, Callable[[list[float]], float]] = {"sum": sum, "min": min, "max": max}


@dataclass
class Samples:
    """What was scraped: series by their labels, each a list of (seconds, value); None marks the end of a series."""

    series: defaultdict[Labels, list[tuple[float, float | None]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, at: float, labels: Mapping[str, str], value: float | None) -> None:
        self.series[frozenset(labels.items())].append((at, value))

    def latest(self, labels: Labels, at: float) -> float | None:
        """The newest value of at most five minutes ago, unless the series has ended."""
        seen = [(t, v) for t, v in self.series[labels] if at - LOOK_BACK < t <= at]
        return seen[-1][1] if seen else None

    def within(self, labels: Labels, start: float, end: float) -> list[tuple[float, float]]:
        return [(t, v) for t, v in self.series[labels] if start < t <= end and v is not None]


class Query:
    """One expression, read once."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(text.rstrip()):
            found = _TOKEN.match(text, place)
            if found is None:
                raise ValueError(f"not understood: {text[place:]}")
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            place = found.end()
        self._place = 0
        self._samples, self._at = Samples(), 0.0
        self.metrics: set[str] = set()
        self.labels: set[tuple[str, str]] = set()
        """Each metric with each label that the expression needs of it."""

    def at(self, samples: Samples, at: float) -> Vector:
        """What the expression says at this moment."""
        self._samples, self._at, self._place = samples, at, 0
        result = self._unless()
        if self._place < len(self._tokens):
            raise ValueError(f"not understood: {self._tokens[self._place :]}")
        if isinstance(result, float):
            raise ValueError("a number, not a vector")
        return result

    def _next(self, *texts: str) -> str | None:
        """The next token, if it is one of these, or whatever it is."""
        if self._place >= len(self._tokens) or (texts and self._tokens[self._place][1] not in texts):
            return None
        self._place += 1
        return self._tokens[self._place - 1][1]

    def _must(self, text: str) -> None:
        if self._next(text) is None:
            raise ValueError(f"{text} expected at {self._tokens[self._place :]}")

    def _unless(self) -> Vector | float:
        left = self._comparison()
        while self._next("unless"):
            for sign in ("on", "(", ")"):
                self._must(sign)
            right = self._comparison()
            left = {} if right else left
        return left

    def _comparison(self) -> Vector | float:
        left = self._quotient()
        sign = self._next(*_COMPARE)
        if sign is None:
            return left
        right = self._quotient()
        if isinstance(left, float) or not isinstance(right, float):
            raise ValueError("only a vector is compared, and with a number")
        return {labels: value for labels, value in left.items() if _COMPARE[sign](value, right)}

    def _quotient(self) -> Vector | float:
        left = self._primary()
        while self._next("/"):
            right = self._primary()
            if isinstance(left, float) or isinstance(right, float):
                raise ValueError("only vectors are divided")
            left = {labels: left[labels] / right[labels] for labels in left if right.get(labels)}
        return left

    def _primary(self) -> Vector | float:
        if self._next("("):
            inner = self._unless()
            self._must(")")
            return inner
        kind, text = self._tokens[self._place]
        self._place += 1
        if kind == "number":
            return float(text)
        if text in _GATHER:
            return self._gathered(text)
        if text == "increase":
            return self._increase()
        if text == "absent":
            return self._absent()
        return self._instant(text)

    def _gathered(self, name: str) -> Vector:
        by: list[str] = []
        if self._next("by"):
            self._must("(")
            while (label := self._next()) != ")":
                by += [label] if label and label != "," else []
        self._must("(")
        before = set(self.metrics)
        inner = self._unless()
        self._must(")")
        self.labels |= {(metric, label) for metric in self.metrics - before for label in by}
        groups: defaultdict[Labels, list[float]] = defaultdict(list)
        for labels, value in (inner if isinstance(inner, dict) else {}).items():
            groups[frozenset((k, v) for k, v in labels if k in by)].append(value)
        return {labels: _GATHER[name](values) for labels, values in groups.items()}

    def _matching(self, metric: str) -> list[Labels]:
        wanted = [("__name__", "=", metric)]
        if self._next("{"):
            while (label := self._next()) != "}":
                if label and label != ",":
                    sign, value = self._next() or "", (self._next() or "").strip('"')
                    wanted.append((label, sign, value))
                    self.labels.add((metric, label))
        self.metrics.add(metric)
        return [labels for labels in list(self._samples.series) if all(_fits(dict(labels), *one) for one in wanted)]

    def _instant(self, metric: str) -> Vector:
        latest = {labels: self._samples.latest(labels, self._at) for labels in self._matching(metric)}
        return {labels: value for labels, value in latest.items() if value is not None}

    def _increase(self) -> Vector:
        self._must("(")
        series = self._matching(self._next() or "")
        window = self._next() or ""
        self._must(")")
        seconds = float(window[1:-2]) * _SECONDS[window[-2]]
        start = self._at - seconds
        found = {_unnamed(s): increase(self._samples.within(s, start, self._at), start, self._at) for s in series}
        return {labels: value for labels, value in found.items() if value is not None}

    def _absent(self) -> Vector:
        self._must("(")
        found = self._instant(self._next() or "")
        self._must(")")
        return {} if found else {frozenset(): 1.0}


def increase(samples: list[tuple[float, float]], start: float, end: float) -> float | None:
    """How much a counter grew, drawn out to the edges of the window as Prometheus does; None below two samples."""
    if len(samples) < 2:
        return None
    (first_at, first), (last_at, last) = samples[0], samples[-1]
    grown = last - first + sum(a for (_, a), (_, b) in pairwise(samples) if b < a)
    covered, to_start, to_end = last_at - first_at, first_at - start, end - last_at
    between = covered / (len(samples) - 1)
    if to_start >= between * 1.1:
        to_start = between / 2
    if grown > 0 and first >= 0:
        to_start = min(to_start, covered * first / grown)
    if to_end >= between * 1.1:
        to_end = between / 2
    return grown * (covered + to_start + to_end) / covered


def _fits(labels: Mapping[str, str], label: str, sign: str, value: str) -> bool:
    has = labels.get(label, "")
    return {
        "=": has == value,
        "!=": has != value,
        "=~": re.fullmatch(value, has) is not None,
        "!~": re.fullmatch(value, has) is None,
    }[sign]


def _unnamed(labels: Labels) -> Labels:
    return frozenset((k, v) for k, v in labels if k != "__name__")
