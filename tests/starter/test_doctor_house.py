"""The checks of `sfo doctor` that need no service, and the frame in which each check runs."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from starter import doctor_house
from starter.doctor import Check, Finding, Level, Practice, examine, exit_code, of_skew, registry
from starter.keys import KeyRing
from starter.settings import Settings
from tests.starter.test_identities import issuer as issuer  # the fixture


async def house(settings: Settings, key: str) -> Finding:
    check = next(check for check in doctor_house.CHECKS if check.key == key)
    (one,) = await examine(Practice(settings), [check], lambda _: None)
    return one.finding


async def test_keys_made_by_hand_shared_or_of_a_rehearsal_are_told(tmp_path: Path) -> None:
    good, live = KeyRing.generate(), {"public_url": "https://sfo.example.test", "data_dir": tmp_path}
    settings = Settings.with_stand_ins({}).model_copy(update={"link_keys": good, "payload_keys": KeyRing.generate()})
    assert (await house(settings, "keys")).level is Level.OK
    weak = KeyRing("k", {"k": b"0123" * 8})
    assert (await house(settings.model_copy(update={"payload_keys": weak}), "keys")).level is Level.FAIL
    assert (await house(settings.model_copy(update={"payload_keys": good}), "keys")).level is Level.FAIL
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "keys.env").write_text(f"SFO_LINK_KEYS={good.encode()}\n")
    here = {"public_url": "http://127.0.0.1:8080", "data_dir": tmp_path}
    assert (await house(settings.model_copy(update=here), "keys")).level is Level.OK
    told = await house(settings.model_copy(update=live), "keys")
    assert told.level is Level.WARN
    assert str(tmp_path / "demo" / "keys.env") in told.found


async def test_live_use_wants_no_open_mailbox_no_codes_and_https(tmp_path: Path) -> None:
    live = Settings.with_stand_ins({"SFO_PUBLIC_URL": "https://sfo.example.test"})
    assert (await house(live, "exposure")).level is Level.OK
    assert "SFO_MAILBOX_DIR" in (await house(live.model_copy(update={"mailbox_dir": tmp_path}), "exposure")).remedy
    plain = live.model_copy(update={"public_url": "http://sfo.example.test"})
    assert "https" in (await house(plain, "exposure")).remedy
    assert (await house(live, "provider")).level is Level.WARN
    assert (await house(live, "audit-key")).level is Level.WARN


async def test_rules_that_cannot_be_read_are_told_once_and_not_by_each_check(tmp_path: Path) -> None:
    settings = Settings.with_stand_ins({"SFO_DIRECTORY_DIR": str(tmp_path)})
    told = await house(settings, "rules-valid")
    assert told.level is Level.FAIL
    assert str(tmp_path) in told.found
    assert [(await house(settings, key)).level for key in ("rulebook", "directory")] == [Level.UNKNOWN] * 2


async def test_a_post_without_anybody_is_told_and_one_whose_people_are_away(tmp_path: Path) -> None:
    text = (Path(doctor_house.__file__).parents[1] / "deploy/directory/2026-04-01.toml").read_text()
    without = "\n".join(line for line in text.splitlines() if 'roles = ["operations"]' not in line)
    (tmp_path / "d.toml").write_text(without)
    settings = Settings.with_stand_ins(
        {"SFO_DIRECTORY_DIR": str(tmp_path), "SFO_DATABASE_URL": "postgresql://127.0.0.1:1/x"}
    )
    told = await house(settings, "directory")
    assert (told.level, "nobody is operations" in told.found) == (Level.FAIL, True)
    away = 'away = [{ from_on = 2026-01-01, to_on = 2126-01-01 }], roles = ["spoc"]'
    lines = [line.replace('roles = ["spoc"], deputy = "n53.sfo_team"', away) for line in text.splitlines()]
    (tmp_path / "d.toml").write_text("\n".join(lines))
    told = await house(settings, "directory")
    assert (told.level, "spoc of N53" in told.found) == (Level.WARN, True)


async def test_a_disk_that_is_full_and_pages_without_their_style_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.with_stand_ins({"SFO_DATA_DIR": str(tmp_path / "not" / "made")})
    assert (await house(settings, "disk")).level is Level.OK
    for left, level in ((doctor_house.LITTLE, Level.WARN), (doctor_house.TOO_LITTLE, Level.FAIL)):
        monkeypatch.setattr("shutil.disk_usage", lambda _, left=left: shutil._ntuple_diskusage(9, 9, left - 1))
        assert (await house(settings, "disk")).level is level
    monkeypatch.setattr(doctor_house, "PAGES", tmp_path)
    assert "make setup" in (await house(settings, "pages")).remedy


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_provider_is_asked_for_its_addresses_and_its_time(issuer: str) -> None:
    client = {"SFO_OIDC_CLIENT_ID": "sfo", "SFO_OIDC_CLIENT_SECRET": "secret"}
    settings = Settings.with_stand_ins({"SFO_OIDC_ISSUER": issuer, **client})
    assert (await house(settings, "provider")).level is Level.OK
    check = next(check for check in doctor_house.CHECKS if check.key == "provider")
    later = Practice(settings, now=lambda: datetime.now(UTC) + timedelta(minutes=5))
    (skewed,) = await examine(later, [check], lambda _: None)
    assert skewed.finding.level is Level.FAIL
    gone = Settings.with_stand_ins({"SFO_OIDC_ISSUER": "http://localhost:1", **client})
    assert (await house(gone, "provider")).level is Level.AWAY


# --- the frame ------------------------------------------------------------------------------------------


async def test_no_check_hides_another_and_what_is_slow_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(_: Practice) -> Finding:
        await asyncio.sleep(60)
        raise AssertionError

    async def breaks(_: Practice) -> Finding:
        raise ValueError("a secret")

    async def works(_: Practice) -> Finding:
        return Finding(Level.OK, "fine")

    monkeypatch.setattr("starter.doctor.WITHIN", 0.3)
    said: list[str] = []
    checks = [Check("hangs", hangs), Check("breaks", breaks), Check("needs", works, ("SFO_X",)), Check("works", works)]
    practice = Practice(Settings.with_stand_ins({}), frozenset({"SFO_X"}))
    all_ = await examine(practice, checks, said.append, say_after=0.1)
    assert [one.finding.level for one in all_] == [Level.AWAY, Level.FAIL, Level.UNKNOWN, Level.OK]
    assert "a secret" not in all_[1].finding.found
    assert said[0] == "still looking at hangs"
    assert exit_code(all_) == 3
    assert exit_code(all_[1:]) == 1
    assert exit_code(all_[2:]) == 0


@pytest.mark.parametrize(
    ("seconds", "level"), [(0, Level.OK), (2, Level.OK), (2.1, Level.WARN), (60, Level.WARN), (60.1, Level.FAIL)]
)
def test_a_skew_is_warned_of_above_two_seconds_and_fails_above_sixty(seconds: float, level: Level) -> None:
    assert of_skew(timedelta(seconds=seconds), "theirs").level is level
    assert of_skew(timedelta(seconds=-seconds), "theirs").level is level


def test_the_runbook_has_every_check() -> None:
    runbook = (Path(doctor_house.__file__).parents[1] / "docs" / "operations.md").read_text()
    part = runbook.split("## The doctor\n")[1].split("\n## ")[0]
    told = [line.split("`")[1] for line in part.splitlines() if line.startswith("| `")]
    assert told == ["settings", *(check.key for check in registry())]
