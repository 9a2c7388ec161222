"""The report counts groups, and tells the story of each that something happened to."""

from __future__ import annotations

from tests.soak import checker, histories, history_builders, soak_report


def _told(*samples: dict[float, float]) -> tuple[str, str]:
    scrapers = [history_builders.scraper(found) for found in samples]
    faults = [history_builders.fault(histories.Part.GATEWAY, 3.2, 3.8)]
    lives = {"uid": histories.Life("x", 0.0, succeeded=10.0)}
    history = histories.History(pushes=[history_builders.push(2.5)], lives=lives, scrapers=scrapers, faults=faults)
    found = checker.judge(history)
    table = soak_report.table(history, found, jobs={"succeeds": 1}, deleted={"drained": 1})
    return table, soak_report.details(history, found)


def _row(table: str, name: str) -> str:
    (line,) = [line for line in table.splitlines() if line.startswith(name)]
    return line.removeprefix(name).strip()


def test_where_all_is_well_there_is_nothing_to_tell() -> None:
    table, details = _told(history_builders.seen(2.5, 3, 9))
    assert details == ""
    assert [_row(table, name) for name in ("final values missed", "groups left past the bound")] == ["0", "0"]
    assert [_row(table, name) for name in ("Jobs", "pushes", "faults", "scrapes")] == ["1", "1", "1", "101"]


def test_a_group_is_counted_once_and_its_story_is_told() -> None:
    table, details = _told({}, {})
    assert _row(table, "final values missed") == "1"
    for part in ("job=x", "2 sent by uid, acknowledged 2.510", "owner uid succeeded", "fault: no gateway"):
        assert part in details
