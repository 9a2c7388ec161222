"""The report counts groups, and shows the history of each group with a finding."""

from __future__ import annotations

from tests.soak import checker, histories, history_builders, soak_report


def _report(*samples: dict[float, float]) -> tuple[str, str]:
    scrapers = [history_builders.scraper(verdicts) for verdicts in samples]
    faults = [history_builders.fault(histories.Part.GATEWAY, 3.2, 3.8)]
    lives = {"uid": histories.Life("x", 0.0, succeeded=10.0)}
    history = histories.History(pushes=[history_builders.push(2.5)], lives=lives, scrapers=scrapers, faults=faults)
    verdicts = checker.judge(history)
    table = soak_report.table(history, verdicts, jobs={"succeeds": 1}, deleted={"ingested": 1})
    return table, soak_report.details(history, verdicts)


def _row(table: str, name: str) -> str:
    (line,) = [line for line in table.splitlines() if line.startswith(name)]
    return line.removeprefix(name).strip()


def test_report_without_findings_has_no_details() -> None:
    table, details = _report(history_builders.seen(2.5, 3, 9))
    assert details == ""
    assert [_row(table, name) for name in ("final values missed", "groups deleted too late or never")] == ["0", "0"]
    assert [_row(table, name) for name in ("Jobs", "pushes", "faults", "scrapes")] == ["1", "1", "1", "101"]


def test_group_with_findings_is_counted_once_and_shown_in_detail() -> None:
    table, details = _report({}, {})
    assert _row(table, "final values missed") == "1"
    for part in ("job=x", "2 sent by uid, acknowledged 2.510", "owner uid succeeded", "fault: no gateway"):
        assert part in details
