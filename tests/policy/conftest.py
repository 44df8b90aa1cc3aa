"""The shipped rulebook, offence table, directory and calendar; nothing else is needed here."""

from datetime import date
from pathlib import Path

import pytest

from activities.bank_holidays import england_and_wales
from workflows.contract.directory import Directory
from workflows.contract.rulebook import Rulebook
from workflows.policy.offences import OffenceTable

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return Rulebook.from_toml((DEPLOY / "rulebook/2026-04-01.toml").read_text())


@pytest.fixture(scope="session")
def table(rulebook: Rulebook) -> OffenceTable:
    return OffenceTable.from_csv((DEPLOY / "rulebook" / rulebook.offences).read_text())


@pytest.fixture(scope="session")
def directory() -> Directory:
    return Directory.from_toml((DEPLOY / "directory/2026-04-01.toml").read_text())


@pytest.fixture(scope="session")
def holidays() -> frozenset[date]:
    return england_and_wales()
