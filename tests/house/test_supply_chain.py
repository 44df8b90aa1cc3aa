"""What is installed: under licences that we accept, in a list of materials, by code in which bandit finds nothing."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from deploy.licences import SHIPPED, STATED, TOOLS, UnknownLicenceError, canonical, is_accepted, licence_of, pinned
from deploy.sbom import materials

ROOT = Path(__file__).parents[2]
SERVICE = (ROOT / "requirements.lock").read_text()
WITH_TOOLS = (ROOT / "requirements-dev.lock").read_text()
FRONT_END = json.loads((ROOT / "deploy" / "frontend" / "package-lock.json").read_text())["packages"]
CODE = ("workflows", "activities", "starter", "deploy", "worker.py")
BANDIT = (sys.executable, "-m", "bandit", "--quiet", "--recursive", "--configfile", str(ROOT / "pyproject.toml"))

# Other systems' and other Pythons' alone, so they may not be installed where this test runs: what their files say.
ELSEWHERE = {"colorama": "BSD-3-Clause", "pyyaml-ft": "MIT"}


def not_accepted(lock: str) -> dict[str, str]:
    """Each package of a lock under a licence that we do not accept."""
    found = {name: licence_of(name) or ELSEWHERE.get(name, "not installed") for name in pinned(lock)}
    return {name: licence for name, licence in found.items() if licence == "not installed" or not is_accepted(licence)}


# --- licences ---------------------------------------------------------------------------------------


def test_every_package_of_the_service_is_under_a_licence_that_we_accept() -> None:
    assert len(pinned(SERVICE)) > 50
    assert not_accepted(SERVICE) == {}


def test_every_tool_too_but_those_that_are_neither_linked_nor_shipped() -> None:
    assert pinned(WITH_TOOLS).keys() > pinned(SERVICE).keys()
    assert {name: TOOLS[name].partition(":")[0] for name in not_accepted(WITH_TOOLS)} == {
        name: why.partition(":")[0] for name, why in TOOLS.items()
    }
    assert not TOOLS.keys() & pinned(SERVICE).keys()
    assert all(len(why.partition(":")[2]) > 20 for why in TOOLS.values()), "each with why"


def test_the_front_end_is_under_a_licence_that_we_accept() -> None:
    fetched = {path: locked["license"] for path, locked in FRONT_END.items() if path}
    assert fetched
    assert [path for path, licence in fetched.items() if not is_accepted(licence)] == []


@pytest.mark.parametrize(
    ("expression", "is_ours"),
    [
        ("MIT", True),
        ("AGPL-3.0-only", False),
        ("GPL-3.0-only", False),
        ("SSPL-1.0", False),
        ("LGPL-3.0-only", False),
        ("MIT OR GPL-2.0-only", True),  # the side that we take is ours to choose
        ("MIT AND GPL-2.0-only", False),
        ("Apache-2.0 AND (BSD-3-Clause OR AGPL-3.0-only)", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
    ],
)
def test_a_licence_is_accepted_by_what_it_asks(expression: str, is_ours: bool) -> None:
    assert is_accepted(expression) is is_ours


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ("License-Expression: MIT", "MIT"),
        ("License: Apache 2.0", "Apache-2.0"),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: ISC License (ISCL)", "ISC"),
        ("License: GNU AGPLv3", None),
        ("License-Expression: AGPL-3.0-or-later", "AGPL-3.0-or-later"),
        ("License: Proprietary", None),
        ("Classifier: License :: OSI Approved", None),
        ("Summary: says nothing of it", None),
    ],
)
def test_a_licence_that_cannot_be_told_is_refused_by_name(
    said: str, licence: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "invented-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: invented\n{said}\n\n")
    monkeypatch.syspath_prepend(tmp_path)
    if licence:
        assert licence_of("invented") == licence
        return
    with pytest.raises(UnknownLicenceError, match="invented"):
        licence_of("invented")


def test_what_is_stated_for_a_package_is_needed_and_may_be_accepted() -> None:
    assert STATED.keys() <= pinned(WITH_TOOLS).keys()
    assert all(is_accepted(licence) for licence in STATED.values())
    assert "AGPL-3.0-only" not in SHIPPED


# --- list of materials ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def listed() -> Any:
    """The list for the service, as whoever reads it has it."""
    return json.loads(materials(SERVICE))


def test_the_list_of_materials_has_each_package_of_the_lock_and_the_front_end_and_nothing_else(listed: Any) -> None:
    by_purl = {part["purl"]: part for part in listed["components"]}
    packages = {f"pkg:pypi/{name}@{version}" for name, (version, _) in pinned(SERVICE).items()}
    front = {
        f"pkg:npm/{path.removeprefix('node_modules/')}@{its['version']}" for path, its in FRONT_END.items() if path
    }
    assert by_purl.keys() == packages | front
    assert all(part["licenses"] for part in by_purl.values())
    for name, (version, hashes) in pinned(SERVICE).items():
        given = by_purl[f"pkg:pypi/{name}@{version}"]["externalReferences"][0]["hashes"]
        assert sorted(each["content"] for each in given) == sorted(hashes)
        assert hashes


def test_the_list_says_what_needs_what(listed: Any) -> None:
    needs = {each["ref"]: set(each.get("dependsOn", [])) for each in listed["dependencies"]}
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    at_the_top = {ref.partition("==")[0] for ref in needs["serious-further-offences"]}
    assert {canonical(re.split(r"[\[<>=; ]", line)[0]) for line in asked} <= at_the_top
    assert any(
        ref.startswith("markupsafe==") for ref in needs[next(ref for ref in needs if ref.startswith("jinja2=="))]
    )


def test_the_same_lock_makes_the_same_bytes_and_names_no_place_of_this_machine(tmp_path: Path) -> None:
    made = [tmp_path / name for name in ("one.json", "two.json")]
    for number, path in enumerate(made):
        command = [sys.executable, "-m", "deploy.sbom", "requirements.lock", str(path)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={"PYTHONHASHSEED": str(number)})
    assert made[0].read_bytes() == made[1].read_bytes()
    assert str(ROOT) not in made[0].read_text()
    assert "file:" not in made[0].read_text()


# --- unsafe code ------------------------------------------------------------------------------------


def test_what_is_checked_before_every_test_includes_bandit_over_the_code_that_runs() -> None:
    checked = (ROOT / "Makefile").read_text().split("\ncheck:")[1].split("\n\n")[0]
    assert f"bandit --quiet --recursive --configfile pyproject.toml {' '.join(CODE)}" in checked


@pytest.mark.parametrize(
    "line", ["import pickle; pickle.loads(b'')", "import subprocess; subprocess.run('x', shell=True)", "eval('1')"]
)
def test_bandit_bites(line: str, tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text(f"{line}\n")
    assert subprocess.run([*BANDIT, str(tmp_path)], cwd=ROOT, capture_output=True).returncode == 1


def test_every_line_that_bandit_passes_by_names_its_rule_and_why() -> None:
    files = [ROOT / "worker.py", *(path for folder in CODE[:-1] for path in (ROOT / folder).rglob("*.py"))]
    lines = [line for path in files for line in path.read_text().splitlines() if re.search(r"#\s*nosec", line)]
    assert lines
    assert [line for line in lines if not re.search(r"# nosec B\d{3}  # .{8,}", line)] == []
