"""Sums up how long the worst hostile file took and how much memory."""

from _pytest.terminal import TerminalReporter


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """One line after the tests: `files=… refused=… slowest_s=… peak_mb=…`."""
    told = [
        (report.outcome, value)
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "hostile" and report.when == "call"
    ]
    if not told:
        return
    refused = sum(outcome == "passed" for outcome, _ in told)
    slowest = max(told, key=lambda each: each[1][1])[1]
    terminalreporter.write_line(
        f"files={len(told)} refused={refused} slowest_s={slowest[1]:.2f} ({slowest[0]}) "
        f"peak_mb={max(value[2] for _, value in told)}"
    )
