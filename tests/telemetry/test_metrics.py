"""What `/metrics` shows, and that dashboards and rules ask for nothing else."""

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.dashboards import DASHBOARDS, written
from starter.exporting import answer_at
from starter.settings import Address, SettingsError
from tests.journeys.privacy import held
from tests.telemetry.promql import Query, Samples
from tests.telemetry.rules import rules
from tests.telemetry.watched import Watched

WITHOUT_AN_EVENT = {
    # Counters that Temporal's SDK, or ours, shows with the first event, and nothing of the kind has happened here.
    "temporal_workflow_task_execution_failed_total": {"workflow_type", "task_queue"},
    "temporal_activity_execution_failed_total": {"activity_type"},
    "temporal_request_failure_total": {"operation"},
    "temporal_workflow_task_replay_latency_seconds_sum": {"workflow_type"},
    "temporal_workflow_task_replay_latency_seconds_count": {"workflow_type"},
    "sfo_mail_returned_total": {"kind"},
    "sfo_dead_letters_total": {"signal"},
    "sfo_gates_closed_total": {"state"},
    "sfo_escalations_open": {"kind", "state"},
    "sfo_escalations_oldest_seconds": {"kind"},
    "sfo_escalations_late": {"kind"},
    "sfo_stranded_open": {"kind"},
}


def exposed(watched: Watched) -> dict[str, set[str]]:
    """Each metric with its labels, as the two processes show them; Prometheus adds `job` and `instance`."""
    found: dict[str, set[str]] = {"up": {"job"}}
    for text in watched.scraped.values():
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, {"job", "instance"}).update(sample.labels)
    return WITHOUT_AN_EVENT | found


def needed(query: str) -> dict[str, set[str]]:
    """Each metric of a query with the labels that it needs."""
    labels = {label for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(", ")}
    return {
        name: labels | set(re.findall(r"(\w+)=", where))
        for name, where in re.findall(r"\b((?:sfo|temporal|process)_\w+)(\{[^}]*\})?", query)
    }


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_asks_for_what_the_code_shows(watched: Watched, name: str) -> None:
    shown = exposed(watched)
    for chart in DASHBOARDS[name][1]:
        for metric, labels in needed(chart.query).items():
            assert metric in shown, chart.title
            assert labels <= shown[metric], (chart.title, metric)
            assert set(re.findall(r"{{(\w+)}}", chart.line)) <= shown[metric], chart.title


WITH_OTHERS = ("CaseEventsWait", "CourtEventsRefused")
"""Rules on figures that only a gateway with a queue or a topic shows: each fires on its own in test_alerts.py."""


@pytest.mark.parametrize("rule", [rule for rule in rules() if rule.name not in WITH_OTHERS], ids=lambda rule: rule.name)
def test_a_rule_asks_for_what_the_code_shows(watched: Watched, rule: Any) -> None:
    shown, query = exposed(watched), Query(rule.expression)
    query.at(Samples(), 0)
    assert query.metrics <= shown.keys()
    assert all(label in shown[metric] for metric, label in query.labels)


@pytest.mark.parametrize(("path", "content"), list(written()), ids=lambda value: getattr(value, "stem", ""))
def test_a_dashboard_is_as_its_code_makes_it(path: Path, content: str) -> None:
    assert path.read_text() == content, "run python -m deploy.dashboards"
    ids = [panel["title"] for panel in json.loads(content)["panels"]]
    assert len(ids) == len(set(ids))


def test_each_event_is_counted_once(watched: Watched) -> None:
    answered = counted(watched, "worker", "sfo_gates_answered_total")
    assert answered == counted(watched, "gateway", "sfo_decisions_recorded_total") == len(watched.decisions)
    assert counted(watched, "worker", "sfo_gates_opened_total") == watched.opened
    assert counted(watched, "worker", "sfo_letters_total", outcome="sent") == watched.sent


def counted(watched: Watched, service: str, name: str, **labels: str) -> float:
    families = text_string_to_metric_families(watched.scraped[service])
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def test_the_runbook_says_what_each_metric_of_ours_means(watched: Watched) -> None:
    told = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    ours = {re.sub("_(bucket|count|sum|created)$", "", name) for name in exposed(watched) if name.startswith("sfo_")}
    assert {name for name in ours if f"`{name}`" not in told} == set()


def test_an_address_that_is_taken_is_named_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = Address("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(SettingsError, match=f"SFO_METRICS_ADDRESS: {at} cannot be listened on"):
            answer_at(at)


def test_metrics_go_to_the_collector_too(watched: Watched) -> None:
    assert {
        "sfo.gates.opened",
        "sfo.reachable",
        "temporal_workflow_task_schedule_to_start_latency",
    } <= watched.collector.metrics


def test_nobody_is_in_the_metrics_and_no_case(watched: Watched) -> None:
    text = " ".join(watched.scraped.values())
    assert held(text) == set()
    assert "SFO-2026" not in text, "a label for each case would make a series for each"


def test_where_it_is_measured_stands_in_the_table_of_what_runs_where(watched: Watched) -> None:
    gateway, worker = (watched.running.settings.metrics_of(service) for service in ("gateway", "worker"))
    assert gateway is not None
    assert worker == (gateway.host, gateway.port + 1)
    assert (
        f"http://{gateway}/metrics of the gateway, http://{worker}/metrics of the worker" in watched.running.describe()
    )
