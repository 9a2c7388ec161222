"""The change log is complete, in order, and as short as possible."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.model import change_log, control_api, grouping, lifecycle


@dataclass
class Followed:
    """A log with the groups that it is about."""

    log: change_log.ChangeLog
    live: dict[grouping.GroupingKey, int]
    revision: int = 0

    def change(self, name: str) -> None:
        self.revision += 1
        key = grouping.grouping_key({"job": name})
        self.log.changed(key, self.revision, before=self.live.get(key, 0))
        self.live[key] = self.revision

    def delete(self, name: str) -> None:
        key = grouping.grouping_key({"job": name})
        if (before := self.live.pop(key, None)) is not None:
            self.revision += 1
            record = control_api.DeletedRecord(
                key=key, revision=self.revision, reason=lifecycle.DeletionReason.REQUEST, claims={}
            )
            self.log.deleted(record, before=before)

    def since(self, revision: int) -> list[tuple[int, str]]:
        return [(at, dict(key)["job"]) for at, key in self.log.since(revision)]

    def deletions(self, *, after: int, through: int) -> list[int]:
        return [record.revision for record in self.log.deletions(after=after, through=through)]


def _followed() -> Followed:
    return Followed(change_log.ChangeLog(), {})


@settings(max_examples=100)
@given(
    steps=st.lists(st.tuples(st.sampled_from(["change", "change", "delete"]), st.sampled_from("abcdef")), max_size=80),
    since=st.integers(0, 80),
)
def test_changes_have_each_group_once_by_its_last_change(steps: list[tuple[str, str]], since: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(change_log, "CHUNK_SIZE", 4)
        followed = _followed()
        for step, name in steps:
            getattr(followed, step)(name)
    wanted = sorted((at, dict(key)["job"]) for key, at in followed.live.items())
    assert followed.since(since) == [(at, name) for at, name in wanted if at > since]


def test_log_does_not_grow_with_changes_of_the_same_groups() -> None:
    followed = _followed()
    for number in range(5_000):
        followed.change(str(number % 10))
    assert len(followed.log) == 10
    assert [name for _, name in followed.since(0)] == [str(number) for number in range(10)]


@pytest.mark.parametrize(
    "deleted", [range(4_000), range(3_999, -1, -1), range(1, 4_001)], ids=["first", "last", "some"]
)
def test_log_of_few_groups_has_few_chunks(deleted: range) -> None:
    followed = _followed()
    for number in range(4_100):
        followed.change(str(number))
    for number in deleted:
        if number % 400:
            followed.delete(str(number))
    assert followed.log.chunks <= 2 * len(followed.live) / (change_log.CHUNK_SIZE // 2) + 2


def test_deletions_between_two_revisions_are_returned() -> None:
    followed = _followed()
    for name in "abc":
        followed.change(name)
    for name in "abc":
        followed.delete(name)
    assert followed.deletions(after=0, through=6) == [4, 5, 6]
    assert followed.deletions(after=4, through=5) == [5]
    assert followed.deletions(after=6, through=6) == []


def test_forgotten_deletions_raise_history_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_log, "KEPT_DELETIONS", 2)
    followed = _followed()
    for name in "abcd":
        followed.change(name)
        followed.delete(name)
    assert followed.deletions(after=4, through=8) == [6, 8]
    with pytest.raises(change_log.HistoryLostError):
        followed.deletions(after=3, through=8)
