"""The units for a plain server, read by the tools of systemd without running it: whole, contained, as the code is."""

import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import worker
from starter.__main__ import sfo
from tests.deploy.composed import KNOWN, REQUIRED, ROOT, explained, not_to_be_set

SYSTEMD = ROOT / "deploy" / "systemd"
BIN = Path(sys.executable).parent
EXAMPLE = (SYSTEMD / "sfo.env.example").read_text()
SHARED = "sfo-.service.d/contained.conf"
UNITS = sorted(path.name for path in SYSTEMD.iterdir() if path.suffix in (".service", ".target", ".timer"))
SERVICES = [name for name in UNITS if name.endswith(".service")]
EXPOSED_AT_MOST = 12
"""Tenths of the exposure that systemd-analyze counts, from 0 to 100. What is left: it talks to the network."""

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they would lie on a server, with the programs of this installation."""
    folder = tmp_path / "units"
    shutil.copytree(SYSTEMD, folder)
    for path in folder.glob("*.service"):
        path.write_text(path.read_text().replace("/opt/sfo/bin/", f"{BIN}/"))
    return folder


def analyzed(units: Path, *arguments: str) -> tuple[int, str]:
    environment = {"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], env=environment, capture_output=True, text=True, timeout=60
    )
    return ended.returncode, ended.stdout + ended.stderr


def instance(name: str) -> str:
    return name.replace("@.", "@1.")


@needs_systemd
def test_systemd_has_nothing_to_say_against_the_units(units: Path) -> None:
    assert analyzed(units, "verify", *map(instance, UNITS)) == (0, "")


@needs_systemd
def test_each_unit_is_contained_by_what_they_share(units: Path) -> None:
    arguments = ("security", "--offline=yes", f"--threshold={EXPOSED_AT_MOST}", *map(instance, SERVICES))
    code, said = analyzed(units, *arguments)
    assert (code, said.count("Overall exposure level")) == (0, len(SERVICES))
    (units / SHARED).unlink()
    assert analyzed(units, *arguments)[0] != 0


@needs_systemd
@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("sfo-gateway.service", "ExecStart=", "ExecStrat=", "ExecStrat"),
        ("sfo-gateway.service", "bin/sfo gateway", "bin/sfoo gateway", "not executable"),
        ("sfo-schema.service", "Restart=on-failure", "Restart=on-failur", "restart"),
        ("sfo-doctor.timer", "*-*-* 06:30:00", "06:30 daily", "calendar"),
    ],
)
def test_a_planted_mistake_is_found(units: Path, name: str, before: str, after: str, said: str) -> None:
    path = units / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    assert said in analyzed(units, "verify", *map(instance, UNITS))[1]


def not_there(texts: dict[str, str]) -> set[str]:
    """Units of ours that one names and that nobody has written: systemd takes those in silence."""
    named = re.findall(r"\bsfo[\w-]*@?\d?\.(?:service|target|timer)", "".join(texts.values()))
    return {re.sub(r"@\d", "@", name) for name in named} - texts.keys()


def test_every_unit_that_one_names_is_there() -> None:
    texts = {name: (SYSTEMD / name).read_text() for name in UNITS}
    assert not_there(texts) == set()
    texts["sfo.target"] = texts["sfo.target"].replace("sfo-gateway.service", "sfo-gatewy.service")
    assert not_there(texts) == {"sfo-gatewy.service"}


def given(name: str, key: str) -> str:
    return str(re.findall(rf"^{key}=(.+)$", (SYSTEMD / name).read_text(), re.MULTILINE)[-1])


@pytest.mark.parametrize("name", SERVICES)
def test_every_command_is_there(name: str) -> None:
    for program, words in re.findall(
        r"^ExecStart=/opt/sfo/bin/(\w+) (.+)$", (SYSTEMD / name).read_text(), re.MULTILINE
    ):
        if program == "python":
            assert words == "-m worker"
            continue
        command: Any = sfo
        for word in re.match(r"[a-z]+(?: [a-z]+)?", words)[0].split():  # type: ignore[index]
            command = command.commands[word]


def test_a_worker_is_given_longer_than_it_drains_and_each_port_of_its_own() -> None:
    assert timedelta(seconds=int(given("sfo-worker@.service", "TimeoutStopSec"))) > worker.DRAIN
    ports = {given("sfo-gateway.service", "Environment").rpartition(":")[2]}
    ports |= {
        given("sfo-worker@.service", "Environment").rpartition(":")[2].replace("%i", str(i)) for i in range(1, 10)
    }
    assert len(ports) == 10
    following = {str(int(port) + 1) for port in ports - {"9464"}}
    assert not following & {"9464"}
    assert (
        f"{int(given('sfo-worker@.service', 'Environment').rpartition(':')[2].replace('%i', '1')) + 1} for worker 1"
        in (SYSTEMD / "sfo-worker@.service").read_text()
    )


def test_nothing_starts_before_the_schema_and_only_that_is_given_the_owners_address() -> None:
    for name in ("sfo-gateway.service", "sfo-worker@.service"):
        assert given(name, "Requires") == "sfo-schema.service"
        assert "sfo-schema.service" in given(name, "After")
    assert [name for name in SERVICES if "schema.env" in (SYSTEMD / name).read_text()] == ["sfo-schema.service"]


def unaccounted(example: str) -> set[str]:
    return KNOWN - explained(example).keys() - not_to_be_set(example)


def test_every_setting_is_explained_or_named_as_not_to_be_set_and_none_is_invented() -> None:
    """A new setting fails here: put it into sfo.env.example, or among those not to be set."""
    assert unaccounted(EXAMPLE) == set()
    assert unaccounted(EXAMPLE.replace("\nSFO_REPLY_TO=\n", "\n")) == {"SFO_REPLY_TO"}
    assert explained(EXAMPLE).keys() <= KNOWN
    needed = explained(EXAMPLE.partition("# --- Yours to choose")[0])
    assert needed.keys() >= REQUIRED
    assert set(needed.values()) == {""}
    text = "".join((SYSTEMD / name).read_text() for name in [*UNITS, SHARED])
    assert set(re.findall(r"\bSFO_[A-Z_]+", text)) <= KNOWN


# --- what the units forbid, and what the service does --------------------------------------------------------------


def test_worker_and_gateway_load_where_no_memory_may_be_made_executable() -> None:
    """`MemoryDenyWriteExecute=`, by the kernel's own means; one that cannot do that is too old for this test."""
    code = (
        "import ctypes, sys\n"
        "if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0): sys.exit(77)\n"  # PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN
        "import mmap\n"
        "try: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
        "except PermissionError: pass\n"
        "else: sys.exit('it is not refused')\n"
        "import worker, starter.gateway, starter.__main__\n"
        "from temporalio.runtime import Runtime; Runtime.default()\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    if ended.returncode == 77:
        pytest.skip("this kernel has no PR_SET_MDWE")
    assert (ended.returncode, ended.stderr) == (0, "")


@needs_systemd
def test_an_account_is_made_for_the_units() -> None:
    name = (SYSTEMD / "sfo.sysusers.conf").read_text().split("\nu ")[1].split()[0]
    assert given(SHARED, "User") == name
    ended = subprocess.run(
        ["systemd-sysusers", "--dry-run", str(SYSTEMD / "sfo.sysusers.conf")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
