"""The alert rules as committed: our evaluator says of promtool's tests what promtool says, and each has a runbook."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.telemetry.rules import FOLDER, firing, rules, samples_of, seconds, unit_tests

OPERATIONS = (FOLDER.parents[1] / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("test", unit_tests(), ids=lambda test: test["name"])
def test_our_evaluator_agrees_with_promtools_tests(test: dict[str, Any]) -> None:
    (asked,) = test["promql_expr_test"]
    fires = firing(samples_of(test), seconds(asked["eval_time"]), seconds(test["interval"]))
    assert [name for name, _ in fires] == fired(test)
    for expected in test.get("alert_rule_test", []):
        found = {labels for name, labels in fires if name == expected["alertname"]}
        assert expected["eval_time"] == asked["eval_time"]
        assert found == {frozenset(alert["exp_labels"].items()) for alert in expected["exp_alerts"]}


def fired(test: dict[str, Any]) -> list[str]:
    """What promtool expects to fire in this group, and nothing besides."""
    (asked,) = test["promql_expr_test"]
    assert asked["expr"] == 'count by (alertname) (ALERTS{alertstate="firing"})'
    return re.findall(r'alertname="(\w+)"', str(asked["exp_samples"]))


def test_each_rule_has_a_test_that_fires_it_alone_and_says_how_it_looks() -> None:
    all_fired = [fired(test) for test in unit_tests()]
    assert {name for names in all_fired for name in names} == {rule.name for rule in rules()}
    assert all(len(names) <= 1 for names in all_fired)
    for test in unit_tests():
        assert [expected["alertname"] for expected in test.get("alert_rule_test", [])] == fired(test)


PROMTOOL = shutil.which("promtool", path=f"{FOLDER.parents[1] / '.venv' / 'go' / 'bin'}:{os.environ.get('PATH', '')}")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed: `make alerts` builds it")
def test_promtool_agrees() -> None:
    subprocess.run([str(PROMTOOL), "check", "rules", "rules.yml"], cwd=FOLDER, check=True, capture_output=True)
    subprocess.run([str(PROMTOOL), "test", "rules", "rules_test.yml"], cwd=FOLDER, check=True, capture_output=True)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_each_rule_says_how_bad_what_and_where_to_read_on(rule: Any) -> None:
    assert rule.labels["severity"] in ("critical", "warning")
    assert rule.annotations["summary"].endswith(".")
    page, _, anchor = rule.annotations["runbook_url"].partition("#")
    assert page == "docs/operations.md"
    headings = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.+)$", OPERATIONS, re.M)}
    assert anchor in headings


def test_prometheus_asks_where_a_service_answers_and_names_the_jobs_as_the_rules_do() -> None:
    settings = Path(FOLDER / "prometheus.yml").read_text()
    assert set(re.findall(r"job_name: (\S+)", settings)) == set(
        re.findall(r'job="([^"]+)"', " ".join(rule.expression for rule in rules()))
    )
