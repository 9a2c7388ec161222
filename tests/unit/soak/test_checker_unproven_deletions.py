"""Deletions with proof, of groups whose last value is missing in a database."""

from __future__ import annotations

from pathlib import Path

from tests.soak import checker, gateway_log, histories, history_builders

_FIRST, _SECOND = history_builders.push(1.0), history_builders.push(2.0)
LOG = """\
ts=1970-01-01T00:00:30.500Z level=info source=tidegate.draining.group_drainer msg="deleted group {job=\\"x\\"}: every \
active reader has processed its last push (owners: Job prod/x)"
ts=1970-01-01T00:00:31Z level=info source=tidegate.gateway.server msg=stopped
ts=1970-01-01T00:00:32.000Z level=warn source=tidegate.draining.group_drainer msg="deleted group \
{job=\\"y\\",namespace=\\"a\\"} after its drain timeout, without proof that its last push has arrived (owners: none)"
ts=1970-01-01T00:00:33.000Z level=info source=tidegate.draining.group_drainer msg="deleted group {job=\\"z\\"}: every \
database has stored its last push (owners: none)"
"""


def _unproven(*pushes: histories.Push, proof: str = "stored") -> list[checker.Finding]:
    """The findings if the group was deleted at 20, and only the value 1 was scraped."""
    history = histories.History(
        pushes=pushes,
        lives={"uid": histories.Life("x", 0.0, succeeded=10.0)},
        scrapers=[history_builders.scraper(history_builders.seen(1.0, 1, 9))],
        deletions=[histories.Deletion(history_builders.GROUP, 20.0, proof)],
    )
    return checker.judge(history).unproven


def test_log_has_the_proof_of_each_deletion(tmp_path: Path) -> None:
    (tmp_path / "gateway.log").write_text(LOG)
    assert gateway_log.read(tmp_path / "gateway.log") == [
        histories.Deletion((("job", "x"),), 30.5, "ingested"),
        histories.Deletion((("job", "y"), ("namespace", "a")), 32.0, "timeout"),
        histories.Deletion((("job", "z"),), 33.0, "stored"),
    ]


def test_group_deleted_with_proof_and_with_its_last_value_in_the_database_is_correct() -> None:
    assert _unproven(_FIRST) == []


def test_group_deleted_with_proof_and_without_its_last_value_in_the_database_is_found() -> None:
    [finding] = _unproven(_FIRST, _SECOND)
    assert finding.text == "prometheus has not 2, pushed 2.010; deleted as stored"


def test_group_deleted_by_its_timeout_may_be_missing() -> None:
    assert _unproven(_FIRST, _SECOND, proof="timeout") == []


def test_push_that_was_not_acknowledged_may_be_missing() -> None:
    assert _unproven(_FIRST, _SECOND._replace(acknowledged=None)) == []


def test_push_about_the_time_of_the_deletion_may_be_missing() -> None:
    assert _unproven(_FIRST, history_builders.push(2.0, at=17.0)) == []
