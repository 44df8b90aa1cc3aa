"""Every drill's counts in one table, at the end of the run."""

import pytest

from tests.drills.counted import ROWS, table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if ROWS:
        terminalreporter.section("drills: killed, resumed, lost, doubled")
        terminalreporter.write_line("\n".join(table(ROWS)))
