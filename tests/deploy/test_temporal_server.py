"""The files of the Temporal server: each setting has its reason, each variable is told. `make cluster` runs them."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = ROOT / "deploy" / "temporal-server"
SERVER, DYNAMIC = (FILES / name for name in ("server.yaml", "dynamic.yaml"))
GUIDE = (ROOT / "docs" / "deployment-temporal.md").read_text()
VARIABLE = re.compile(r'env "(TEMPORAL_[A-Z_]+)"|"(TEMPORAL_[A-Z_]+)"')


def variables() -> set[str]:
    """What the server's file takes from the environment; ports of each service are named by a pattern."""
    return {one or other for one, other in VARIABLE.findall(SERVER.read_text())}


def test_the_server_reads_the_file_as_a_template() -> None:
    assert SERVER.read_text()[:1024].startswith("# enable-template\n")


def test_the_guide_explains_each_variable_of_the_file() -> None:
    missing = sorted(name for name in variables() if f"`{name}`" not in GUIDE)
    assert missing == []
    assert "`TEMPORAL_<SERVICE>_PORT`" in GUIDE


def test_the_guide_explains_no_variable_that_the_file_does_not_take() -> None:
    table = GUIDE.partition("## What the server takes from its environment")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(TEMPORAL_[A-Z_]+)`", table))
    assert named - {"TEMPORAL_SERVER_CONFIG_FILE_PATH", "TEMPORAL_SERVICES"} == variables()


def test_each_dynamic_setting_is_one_value_for_all_with_a_reason_above_it() -> None:
    text = DYNAMIC.read_text()
    settings = yaml.safe_load(text)
    assert all(list(values[0]) == ["value"] and len(values) == 1 for values in settings.values())
    groups = [group for group in text.split("\n\n") if not group.startswith("# What this service")]
    assert all(group.startswith("#") for group in groups)
    assert sum(group.count("- value:") for group in groups) == len(settings)


@pytest.mark.parametrize(
    "relied_on",
    ["system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute", "frontend.enablePrincipalPropagation"],
)
def test_what_the_service_relies_on_is_set(relied_on: str) -> None:
    assert relied_on in yaml.safe_load(DYNAMIC.read_text())
