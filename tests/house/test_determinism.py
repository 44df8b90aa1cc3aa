"""What workflows share runs outside of the sandbox, so the checks refuse what it would: clock, chance, files."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from starter.sandbox import SHARED

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize("shared", SHARED)
@pytest.mark.parametrize(
    "planted",
    [
        "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n",
        "import datetime as dt\n\nTODAY = dt.date.today()\n",
        "from datetime import datetime\n\nread = datetime.utcnow\n",
        "import asyncio\n\nany_of = asyncio.wait\n",
        "TEXT = open('a').read()\n",
    ],
)
def test_a_clock_read_in_what_workflows_share_is_refused(shared: str, planted: str) -> None:
    name = f"{shared.replace('.', '/')}/planted.py"
    checked = subprocess.run(
        [BIN / "ruff", "check", "--select", "TID251,PTH123", "--stdin-filename", name, "-"],
        input=planted, cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert checked.returncode == 1
    assert "TID251" in checked.stdout or "PTH123" in checked.stdout


@pytest.mark.parametrize("imported", ["random", "time", "uuid", "os"])
def test_chance_and_clock_are_not_even_imported(tmp_path: Path, imported: str) -> None:
    for package in ("workflows", "activities", "starter", "deploy"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / "workflows" / "policy" / "court.py"
    planted.write_text(
        f"{planted.read_text()}\n\ndef _planted() -> object:\n    import {imported}\n\n    return {imported}\n"
    )
    checked = subprocess.run(
        [BIN / "lint-imports", "--no-cache"], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert checked.returncode == 1
    assert f"workflows.policy.court -> {imported}" in checked.stdout
