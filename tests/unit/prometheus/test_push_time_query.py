"""The query for push times, and the groups that its result contains."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.store import store_builders
from tidegate.exposition import name_escaping
from tidegate.model import grouping
from tidegate.prometheus import push_time_query
from tidegate.store import group_states

AT = 1_733_000_000.123_456
KEY = store_builders.key(job="backup", instance="db1")


def _push(key: grouping.GroupingKey = KEY, at: float = AT) -> push_time_query.PushTime:
    return push_time_query.PushTime(key, at)


def _found(labels: dict[str, str], value: float = AT, *, key: grouping.GroupingKey = KEY) -> set[grouping.GroupingKey]:
    return push_time_query.found([_push(key)], [push_time_query.Series(labels, value)])


def test_query_selects_by_job_and_time_with_and_without_honor_labels() -> None:
    other = _push(store_builders.key(job="a.b"), AT + 5)
    assert push_time_query.query([_push(), other]) == (
        r'((last_over_time(push_time_seconds{job=~"a\u005c.b|backup"}[1h]) or '
        r'last_over_time(push_time_seconds{exported_job=~"a\u005c.b|backup"}[1h])) >= 1733000000.123446) '
        r"<= 1733000005.123466"
    )


def test_series_with_the_labels_and_the_push_time_of_a_group_is_found() -> None:
    assert _found({"job": "backup", "instance": "db1"}) == {KEY}


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({"exported_job": "backup", "job": "tidegate", "exported_instance": "db1"}, id="no honor_labels"),
        pytest.param({"job": "backup", "instance": "db1", "cluster": "a", "replica": "b"}, id="external labels"),
    ],
)
def test_labels_of_the_scrape_configuration_do_not_matter(labels: dict[str, str]) -> None:
    assert _found(labels) == {KEY}


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({"job": "backup", "instance": "db2"}, id="another group"),
        pytest.param({"job": "backup"}, id="a dropped label"),
        pytest.param({}, id="no labels"),
    ],
)
def test_series_without_the_grouping_labels_is_not_found(labels: dict[str, str]) -> None:
    assert _found(labels) == set()


@pytest.mark.parametrize("value", [AT - 15.0, AT + 15.0, 0.0, float("nan"), float("inf"), -1e300])
def test_series_with_another_push_time_is_not_found(value: float) -> None:
    assert _found({"job": "backup", "instance": "db1"}, value) == set()


def test_grouping_label_with_an_empty_value_may_be_missing() -> None:
    key = store_builders.key(job="backup", instance="")
    assert _found({"job": "backup"}, key=key) == {key}


@pytest.mark.parametrize("escaping", name_escaping.Escaping)
def test_grouping_label_is_found_in_every_escaping(escaping: name_escaping.Escaping) -> None:
    key = grouping.grouping_key({"job": "backup", "my.zone": "a"})
    name = name_escaping.escape("my.zone", escaping, label=True)
    assert _found({"job": "backup", name: "a"}, key=key) == {key}


def test_rounding_of_a_database_does_not_hide_a_push() -> None:
    assert _found({"job": "backup", "instance": "db1"}, float(f"{AT:.15g}")) == {KEY}


def test_rounding_never_confuses_two_successive_pushes() -> None:
    assert 2 * push_time_query.TOLERANCE <= group_states.PUSH_TIME_STEP
    at = group_states.push_time(last=AT, now=AT)
    assert _found({"job": "backup", "instance": "db1"}, at) == set()


def test_hundreds_of_groups_fit_into_a_batch() -> None:
    pushes = [_push(store_builders.key(job=f"backup-2965{number:05}")) for number in range(350)]
    assert len(push_time_query.batch(pushes)) == len(pushes)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
_KEYS = st.dictionaries(st.sampled_from(["instance", "zone"]), _TEXTS, max_size=2)


@given(st.lists(_TEXTS, min_size=1, max_size=30, unique=True))
def test_query_of_a_batch_matches_exactly_its_jobs(jobs: list[str]) -> None:
    batch = push_time_query.batch([_push(store_builders.key(job=job)) for job in jobs])
    matched = re.search(r'\{job=~"(.*?)"\}', push_time_query.query(batch))
    assert matched is not None
    expression = re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), matched[1])
    assert [job for job in jobs if re.fullmatch(expression, job)] == [dict(push.key)["job"] for push in batch]


@given(st.lists(st.text(min_size=1, max_size=8_000), min_size=1, max_size=8))
def test_query_is_never_longer_than_a_server_accepts(jobs: list[str]) -> None:
    pushes = [_push(store_builders.key(job=job)) for job in jobs]
    batch = push_time_query.batch(pushes)
    assert batch
    assert len(push_time_query.query(batch).encode("utf-8", "surrogatepass")) <= 16 * 1024


@given(_TEXTS, st.lists(_KEYS, min_size=2, max_size=6, unique_by=lambda key: tuple(sorted(key.items()))), st.data())
def test_group_is_found_only_by_its_own_series(job: str, labels: list[dict[str, str]], data: st.DataObject) -> None:
    """Each push has a time of its own, as in the store."""
    keys = [grouping.grouping_key({"job": job, **each}) for each in labels]
    pushes = [_push(key, AT + group_states.PUSH_TIME_STEP * number) for number, key in enumerate(keys)]
    stored = data.draw(st.sets(st.sampled_from(range(len(keys)))))
    series = [push_time_query.Series(dict(keys[number]), pushes[number].at) for number in stored]
    assert push_time_query.found(pushes, series) == {keys[number] for number in stored}
