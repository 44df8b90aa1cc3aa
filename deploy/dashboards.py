"""Makes the Grafana dashboards in `deploy/grafana`: `python -m deploy.dashboards` after a change here.

Every query names only what the code exposes; a test holds that against the real `/metrics`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import DataSourceRef

FOLDER = Path(__file__).resolve().parent / "grafana"
_WIDE, _HIGH = 8, 8


@dataclass(frozen=True)
class Chart:
    """One panel: what it is called and means, what it shows, how a line is named, in which unit of Grafana."""

    title: str
    means: str
    query: str
    line: str = ""
    unit: str = "short"
    is_number: bool = False


def _rate(metric: str, by: str, where: str = "") -> str:
    return f"sum by ({by}) (rate({metric}{where}[$__rate_interval]))"


def _mean(metric: str, by: str) -> str:
    return f"{_rate(f'{metric}_sum', by)} / {_rate(f'{metric}_count', by)}"


def _slow(metric: str, by: str) -> str:
    return f"histogram_quantile(0.95, {_rate(f'{metric}_bucket', f'le, {by}')})"


CASES = (
    Chart("Open cases", "Cases that have not closed", "sum(sfo_cases_open)", is_number=True),
    Chart("Overdue cases", "With a question or the review past its date", "sum(sfo_cases_overdue)", is_number=True),
    Chart("Cases at risk", "Reviews that will be late as things stand", "sum(sfo_cases_at_risk)", is_number=True),
    Chart("Open cases by region", "", "sum by (region) (sfo_cases_open)", "{{region}}"),
    Chart("Overdue cases by region", "", "sum by (region) (sfo_cases_overdue)", "{{region}}"),
    Chart("Cases at risk by region", "", "sum by (region) (sfo_cases_at_risk)", "{{region}}"),
    Chart(
        "Cases paused by region",
        "The clock of the review stands still",
        "sum by (region) (sfo_cases_paused)",
        "{{region}}",
    ),
    Chart("Open questions by role", "Who is awaited", "sum by (role) (sfo_gates_open)", "{{role}}"),
    Chart("Overdue questions by role", "", "sum by (role) (sfo_gates_overdue)", "{{role}}"),
    Chart("Overdue questions by region", "", "sum by (region) (sfo_gates_overdue)", "{{region}}"),
    Chart("Oldest open question by role", "", "max by (role) (sfo_gates_oldest_seconds)", "{{role}}", "s"),
    Chart(
        "Questions asked by question", "", "sum by (question) (increase(sfo_gates_opened_total[1d]))", "{{question}}"
    ),
    Chart("Answers in time and late", "", "sum by (timing) (increase(sfo_gates_answered_total[1d]))", "{{timing}}"),
    Chart("Answers by role", "", "sum by (role) (increase(sfo_gates_answered_total[1d]))", "{{role}}"),
    Chart(
        "Ended without an answer",
        "Lapsed or withdrawn",
        "sum by (state) (increase(sfo_gates_closed_total[1d]))",
        "{{state}}",
    ),
    Chart(
        "Steps of the ladder",
        "Reminders, overdue marks, climbs",
        "sum by (step, rung) (increase(sfo_ladder_steps_total[1d]))",
        "{{step}} {{rung}}",
    ),
)

SERVICE = (
    Chart("What answers", "1 where a service answers, 0 where not", "min by (service) (sfo_reachable)", "{{service}}"),
    Chart(
        "Waits for the relay", "In the record, taken by no workflow", "sum by (what) (sfo_relay_waiting)", "{{what}}"
    ),
    Chart("Oldest that waits", "", "max by (what) (sfo_relay_oldest_seconds)", "{{what}}", "s"),
    Chart("Letters waiting", "", "sum by (state) (sfo_outbox_waiting)", "{{state}}"),
    Chart("Oldest letter waiting", "", "max by (state) (sfo_outbox_oldest_seconds)", "{{state}}", "s"),
    Chart("Letters by outcome", "Each attempt", "sum by (outcome) (increase(sfo_letters_total[1h]))", "{{outcome}}"),
    Chart("Mail that came back", "", "sum by (kind) (increase(sfo_mail_returned_total[1d]))", "{{kind}}"),
    Chart("Requests by route", "", _rate("sfo_gateway_requests_seconds_count", "route"), "{{route}}", "reqps"),
    Chart("Requests by status", "", _rate("sfo_gateway_requests_seconds_count", "status"), "{{status}}", "reqps"),
    Chart(
        "Slowest twentieth by route",
        "95th percentile",
        _slow("sfo_gateway_requests_seconds", "route"),
        "{{route}}",
        "s",
    ),
    Chart("Errors of our code", "", "sum(increase(sfo_gateway_errors_total[1h]))", "errors"),
    Chart("One-time codes", "", "sum by (outcome) (increase(sfo_sign_in_codes_total[1h]))", "{{outcome}}"),
    Chart("Answers taken in", "", "sum by (channel) (increase(sfo_decisions_recorded_total[1h]))", "{{channel}}"),
    Chart("Escalations", "Not resolved", "sum by (kind, state) (sfo_escalations_open)", "{{kind}} {{state}}"),
    Chart("Oldest escalation", "", "max by (kind) (sfo_escalations_oldest_seconds)", "{{kind}}", "s"),
    Chart("Escalations acknowledged late", "Not yet acknowledged", "sum by (kind) (sfo_escalations_late)", "{{kind}}"),
    Chart("Age of the exported head", "Of the audit chain", "min(sfo_audit_head_age_seconds)", "age", "s"),
    Chart("Problems in the audit chain", "Of the last proof", "max(sfo_audit_problems)", is_number=True),
    Chart("Database connections", "", "sum by (job, state) (sfo_database_connections)", "{{job}} {{state}}"),
    Chart("Memory", "", "process_resident_memory_bytes", "{{job}}", "bytes"),
)

WORKERS = (
    Chart("Workers that poll", "As Temporal sees it", "min by (queue) (sfo_queue_pollers)", "{{queue}}"),
    Chart(
        "Workflow tasks start after",
        "Mean",
        _mean("temporal_workflow_task_schedule_to_start_latency_seconds", "task_queue"),
        "{{task_queue}}",
        "s",
    ),
    Chart(
        "Activities start after",
        "Mean",
        _mean("temporal_activity_schedule_to_start_latency_seconds", "task_queue"),
        "{{task_queue}}",
        "s",
    ),
    Chart(
        "Workflow tasks take",
        "95th percentile",
        _slow("temporal_workflow_task_execution_latency_seconds", "workflow_type"),
        "{{workflow_type}}",
        "s",
    ),
    Chart(
        "Activities take",
        "95th percentile",
        _slow("temporal_activity_execution_latency_seconds", "activity_type"),
        "{{activity_type}}",
        "s",
    ),
    Chart(
        "Workflow tasks that failed",
        "",
        "sum by (workflow_type) (increase(temporal_workflow_task_execution_failed_total[1h]))",
        "{{workflow_type}}",
    ),
    Chart(
        "Activities that failed",
        "An attempt; it is tried again",
        "sum by (activity_type) (increase(temporal_activity_execution_failed_total[1h]))",
        "{{activity_type}}",
    ),
    Chart("Signals that could not be used", "", "sum by (signal) (increase(sfo_dead_letters_total[1d]))", "{{signal}}"),
    Chart(
        "Slots free",
        "",
        "sum by (worker_type, task_queue) (temporal_worker_task_slots_available)",
        "{{worker_type}} {{task_queue}}",
    ),
    Chart(
        "Slots used",
        "",
        "sum by (worker_type, task_queue) (temporal_worker_task_slots_used)",
        "{{worker_type}} {{task_queue}}",
    ),
    Chart("Pollers", "", "sum by (poller_type, task_queue) (temporal_num_pollers)", "{{poller_type}} {{task_queue}}"),
    Chart(
        "Cases in memory",
        "Workflows in the cache",
        "sum by (task_queue) (temporal_sticky_cache_size)",
        "{{task_queue}}",
    ),
    Chart("Found in memory", "", _rate("temporal_sticky_cache_hit_total", "task_queue"), "{{task_queue}}", "ops"),
    Chart(
        "Replays take",
        "Mean",
        _mean("temporal_workflow_task_replay_latency_seconds", "workflow_type"),
        "{{workflow_type}}",
        "s",
    ),
    Chart(
        "Calls to Temporal that failed",
        "",
        _rate("temporal_request_failure_total", "operation"),
        "{{operation}}",
        "ops",
    ),
)

DASHBOARDS = {
    "cases": ("SFO: cases", CASES),
    "service": ("SFO: service", SERVICE),
    "workers": ("SFO: Temporal workers", WORKERS),
}


def written() -> Iterator[tuple[Path, str]]:
    """Each file and what stands in it."""
    for name, (title, charts) in DASHBOARDS.items():
        board = dashboard.Dashboard(title).uid(f"sfo-{name}").tags(["sfo"]).refresh("30s").time("now-24h", "now")
        source = dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus")
        board = board.with_variable(source)
        for chart in charts:
            board = board.with_panel(_panel(chart))
        yield FOLDER / f"{name}.json", JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


def _panel(chart: Chart) -> stat.Panel | timeseries.Panel:
    query = prometheus.Dataquery().expr(chart.query).legend_format(chart.line)
    panel: stat.Panel | timeseries.Panel
    if chart.is_number:
        panel = stat.Panel()
    else:
        legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
        panel = timeseries.Panel().legend(legend.show_legend(True)).min(0)
    source = DataSourceRef("prometheus", "${source}")
    panel = panel.title(chart.title).description(chart.means).unit(chart.unit).span(_WIDE).height(_HIGH)
    return panel.datasource(source).with_target(query)


if __name__ == "__main__":
    for path, content in written():
        path.write_text(content, encoding="utf-8")
