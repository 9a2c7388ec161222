"""The groups of a Pushgateway over successive reads. Only groups whose drain has ended are due for deletion."""

from __future__ import annotations

from collections.abc import Iterable

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.support.operator import object_builders
from tidegate.model import change_log, control_api, grouping, lifecycle
from tidegate.operator.gateways import gateway_protocol, pushgateway_groups, pushgateway_responses

GRACE = 60.0
X, Y = object_builders.key("job=x"), object_builders.key("job=y")
JOB, NEXT = object_builders.job("x"), object_builders.job("x", uid="next")


class _Operator:
    """Reads the groups, and sends actions."""

    def __init__(self, **pushed: float) -> None:
        self.groups = pushgateway_groups.PushgatewayGroups(grace=GRACE)
        self.read(**pushed)

    def read(
        self, ambiguous: Iterable[grouping.GroupingKey] = (), /, **pushed: float
    ) -> list[control_api.DeletedRecord]:
        times = {object_builders.key(f"job={name}"): at for name, at in pushed.items()}
        return self.groups.update(pushgateway_responses.GroupList(times, frozenset(ambiguous)))

    def record(self, key: grouping.GroupingKey = X) -> control_api.GroupRecord:
        return next(record for record in self.groups.changes(after=None).groups if record.key == key)

    def act(self, action: control_api.Action, *, now: float = 0.0) -> lifecycle.Rejection | None:
        [rejection] = self.groups.act([action], now=now)
        return rejection

    def claim(self, key: grouping.GroupingKey = X) -> None:
        assert self.act(control_api.ClaimGroup(key=key, claim=object_builders.claim(JOB))) is None

    def retire(
        self, key: grouping.GroupingKey = X, *, now: float = 0.0, drain_timeout: float = 0.0
    ) -> lifecycle.Rejection | None:
        record = self.record(key)
        finished, pushed = tuple(record.claims), record.pushed_revision
        action = control_api.StartDrain(key=key, finished=finished, pushed_revision=pushed, drain_timeout=drain_timeout)
        return self.act(action, now=now)

    def due(self, now: float) -> list[grouping.GroupingKey]:
        return self.groups.due(now=now)


def _retired(**pushed: float) -> _Operator:
    operator = _Operator(**(pushed or {"x": 1.0}))
    for record in operator.groups.changes(after=None).groups:
        operator.claim(record.key)
        assert operator.retire(record.key) is None
    return operator


def test_retired_group_is_due_after_its_grace_period() -> None:
    operator = _retired()
    assert (operator.due(GRACE - 0.1), operator.due(GRACE)) == ([], [X])
    assert operator.groups.next_due_time() == GRACE


def test_drain_timeout_can_extend_the_grace_period_but_not_shorten_it() -> None:
    operator = _Operator(x=1.0, y=1.0)
    for key, drain_timeout in ((X, GRACE + 5.0), (Y, GRACE - 5.0)):
        operator.claim(key)
        operator.retire(key, drain_timeout=drain_timeout)
    assert (operator.due(GRACE), operator.due(GRACE + 5.0)) == ([Y], [Y, X])


@pytest.mark.parametrize("pushed", [2.0, 1.000001, 0.5], ids=["later", "a moment later", "before that"])
def test_group_with_another_push_time_must_be_retired_again(pushed: float) -> None:
    operator = _retired()
    operator.read(x=pushed)
    assert operator.due(GRACE) == []
    assert operator.record().push_time == pushed
    assert operator.retire(now=GRACE - 1.0) is None
    assert operator.due(GRACE) == [X]


def test_retirement_with_an_older_push_is_rejected() -> None:
    operator = _Operator(x=1.0)
    operator.claim()
    before = operator.record()
    operator.read(x=2.0)
    action = control_api.StartDrain(
        key=X, finished=(JOB.uid,), pushed_revision=before.pushed_revision, drain_timeout=0.0
    )
    assert operator.act(action) is lifecycle.Rejection.PUSHED


def test_claim_by_a_new_owner_makes_a_group_live_again() -> None:
    operator = _retired()
    operator.act(control_api.ClaimGroup(key=X, claim=object_builders.claim(NEXT)))
    assert operator.due(GRACE) == []
    assert list(operator.record().claims) == [NEXT.uid]


def test_action_on_a_missing_group_is_rejected() -> None:
    assert _Operator().act(control_api.ReleaseGroup(key=X, uid=JOB.uid)) is lifecycle.Rejection.GONE


def test_group_deleted_without_a_request_has_vanished() -> None:
    [deleted] = _retired().read()
    assert (deleted.key, deleted.reason, list(deleted.claims)) == (X, lifecycle.DeletionReason.VANISHED, [JOB.uid])


def test_group_deleted_on_request_has_the_reason_grace_period() -> None:
    operator = _retired()
    operator.groups.request_deletion(X)
    operator.groups.postpone(X, now=GRACE)
    [deleted] = operator.read()
    assert deleted.reason is lifecycle.DeletionReason.GRACE_PERIOD


def test_group_pushed_after_its_deletion_was_requested_has_vanished() -> None:
    operator = _retired()
    operator.groups.request_deletion(X)
    operator.read(x=2.0)
    [deleted] = operator.read()
    assert deleted.reason is lifecycle.DeletionReason.VANISHED


def test_group_that_remains_after_its_deletion_is_due_again_after_another_grace_period() -> None:
    operator = _retired()
    assert not operator.groups.request_deletion(X)
    operator.groups.postpone(X, now=GRACE)
    operator.read(x=1.0)
    assert (operator.due(2 * GRACE - 1.0), operator.due(2 * GRACE)) == ([], [X])
    assert operator.groups.request_deletion(X)


def test_group_with_a_rejected_deletion_is_due_again_after_another_grace_period() -> None:
    operator = _retired()
    operator.groups.request_deletion(X)
    operator.groups.rejected(X, now=GRACE)
    assert (operator.due(2 * GRACE - 1.0), operator.due(2 * GRACE)) == ([], [X])
    assert not operator.groups.request_deletion(X)


def test_ambiguous_group_is_neither_deleted_nor_due_until_it_is_unambiguous() -> None:
    operator = _retired()
    assert operator.read([X]) == []
    assert operator.due(GRACE) == []
    operator.retire(now=1.0)
    assert operator.due(GRACE) == []
    operator.read(x=1.0)
    assert operator.due(GRACE) == [X]


def test_groups_are_due_in_the_order_of_their_retirement() -> None:
    operator = _Operator(x=1.0, y=1.0)
    for key, now in ((Y, 1.0), (X, 2.0)):
        operator.claim(key)
        operator.retire(key, now=now)
    assert operator.due(2 * GRACE) == [Y, X]


def test_list_has_pages_and_each_later_change_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_protocol, "PAGE", 2)
    operator = _Operator(**{f"x{number}": 1.0 for number in range(5)})
    pages = [operator.groups.changes(after=None)]
    while pages[-1].more:
        pages.append(operator.groups.changes(after=pages[-1]))
    assert [len(page.groups) for page in pages] == [2, 2, 1]
    operator.read(x1=2.0)
    last = operator.groups.changes(after=pages[-1])
    assert [record.key for record in last.groups] == [object_builders.key("job=x1")]
    assert len(last.deleted) == 4
    assert operator.groups.changes(after=last).revision == last.revision


def test_reader_behind_the_dropped_deletions_must_list_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_log, "KEPT_DELETIONS", 2)
    operator = _Operator(a=1.0, b=1.0, c=1.0)
    page = operator.groups.changes(after=None)
    operator.read()
    with pytest.raises(gateway_protocol.HistoryLostError):
        operator.groups.changes(after=page)


_STEPS = st.lists(
    st.sampled_from(["push", "read", "claim", "claim the next", "release", "retire", "wait"]), max_size=40
)


def _change_owner(operator: _Operator, step: str) -> None:
    match step:
        case "claim":
            operator.claim()
        case "claim the next":
            operator.act(control_api.ClaimGroup(key=X, claim=object_builders.claim(NEXT)))
        case "release":
            operator.act(control_api.ReleaseGroup(key=X, uid=JOB.uid))


@hypothesis.given(steps=_STEPS)
@hypothesis.settings(max_examples=300)
def test_group_is_due_only_if_it_was_retired_with_the_last_push_read(steps: list[str]) -> None:
    operator, at, now = _Operator(x=1.0), 1.0, 0.0
    read, retired, since = 1.0, -1.0, 0.0
    for step in steps:
        match step:
            case "push":
                at += 1.0
            case "read":
                operator.read(x=at)
                read = at
            case "retire":
                since = since if operator.record().draining else now
                if operator.retire(now=now) is None:
                    retired = read
            case "wait":
                now += GRACE / 2
            case _:
                _change_owner(operator, step)
        if operator.due(now):
            assert read == retired
            assert operator.record().draining
            assert now - since >= GRACE
