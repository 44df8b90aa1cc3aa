"""The server's own commands on the production files: they are understood whatever the environment gives."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.cluster.binaries import SERVER, binary
from deploy.cluster.nodes import FILES

EVERYTHING = {
    "TEMPORAL_DB_SOCKET": "/invented/socket",
    "TEMPORAL_DB_PASSWORD": "invented: 'quoted' \"twice\"",
    "TEMPORAL_DB_CA": "/invented/ca.pem",
    "TEMPORAL_TLS_DIR": "/invented/tls",
    "TEMPORAL_JWKS_URL": "https://id.example.test/keys",
    "TEMPORAL_METRICS_ADDRESS": "0.0.0.0:9090",
    "TEMPORAL_HISTORY_PORT": "17234",
    "TEMPORAL_INTERNAL_FRONTEND_MEMBERSHIP_PORT": "16936",
}


def ask(*words: str, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
    done = subprocess.run(
        [binary(SERVER), *words], env=kept | environment, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


@pytest.mark.parametrize("environment", [{}, EVERYTHING])
def test_the_file_is_rendered_with_nothing_and_with_everything(environment: dict[str, str]) -> None:
    words = ("--config", str(FILES), "--env", "server", "render-config")
    found = yaml.safe_load(ask(*words, **environment))
    assert found["persistence"]["numHistoryShards"] == 128
    assert set(found["services"]) == {"frontend", "history", "matching", "internal-frontend", "worker"}
    asks = found["global"]["authorization"]["authorizer"] == "default"
    assert asks == bool(environment)
    assert found["global"]["tls"]["frontend"]["server"]["requireClientAuth"] == bool(environment)
    if environment:
        assert found["services"]["history"]["rpc"]["grpcPort"] == 17234
        assert found["services"]["internal-frontend"]["rpc"]["membershipPort"] == 16936


def test_every_dynamic_setting_is_one_that_the_server_knows() -> None:
    said = ask("validate-dynamic-config", str(FILES / "dynamic.yaml"))
    assert "error" not in said
    assert "warning" not in said


def test_a_setting_that_the_server_does_not_know_is_noticed(tmp_path: Path) -> None:
    wrong = tmp_path / "dynamic.yaml"
    wrong.write_text("frontend.enablePrincipalPropagations:\n  - value: true\n")
    assert "warning" in ask("validate-dynamic-config", str(wrong))
