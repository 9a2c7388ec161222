"""Parsing of responses of a Pushgateway, and the rejection of invalid ones."""

from __future__ import annotations

import threading
import tracemalloc

import pytest

from tests.support.operator import fake_pushgateways
from tidegate.model import grouping
from tidegate.operator.gateways import pushgateway_responses


def _key(**labels: str) -> grouping.GroupingKey:
    return grouping.grouping_key(labels)


def test_each_group_has_the_time_of_its_last_push() -> None:
    response = fake_pushgateways.body(
        fake_pushgateways.group({"job": "x"}, pushed="1.7956032071017003e+09"),
        fake_pushgateways.group({"job": "y", "a": ""}, pushed="0"),
    )
    assert pushgateway_responses.parse(response).pushed == {_key(job="x"): 1795603207.1017003, _key(job="y", a=""): 0.0}


def test_response_without_groups_is_valid() -> None:
    assert pushgateway_responses.parse(fake_pushgateways.body()) == pushgateway_responses.GroupList({})


def test_labels_may_have_the_names_of_response_fields() -> None:
    labels = {"job": "x", "metrics": "[]", "push_time_seconds": "1", "labels": "a", "data": "b"}
    series = fake_pushgateways.family(
        {"labels": labels, "value": "3"}, {"labels": {**labels, "metrics": "2"}, "value": "4"}
    )
    assert list(
        pushgateway_responses.parse(fake_pushgateways.body(fake_pushgateways.group(labels, a=series))).pushed
    ) == [grouping.grouping_key(labels)]


def test_metric_named_labels_makes_its_group_ambiguous() -> None:
    hidden = fake_pushgateways.group(
        {"job": "x"}, labels=fake_pushgateways.family({"labels": {"job": "x"}, "value": "1"})
    )
    groups = pushgateway_responses.parse(fake_pushgateways.body(hidden, fake_pushgateways.group({"job": "y"})))
    assert groups.ambiguous == {_key(job="x"), _key(job="x", instance="")}
    assert list(groups.pushed) == [_key(job="y")]


def test_two_groups_that_look_the_same_are_both_ambiguous() -> None:
    groups = pushgateway_responses.parse(
        fake_pushgateways.body(
            fake_pushgateways.group({"job": "x", "a": "\ufffdb"}), fake_pushgateways.group({"job": "x", "a": "\ufffdb"})
        )
    )
    assert groups == pushgateway_responses.GroupList({}, frozenset({_key(job="x", a="\ufffdb")}))


def test_group_with_the_path_of_another_is_ambiguous_while_both_exist() -> None:
    meant, literal = {"job": "x", "a.b": "v"}, {"job": "x", "U__a_2e_b": "v"}
    assert pushgateway_responses.parse(fake_pushgateways.body(fake_pushgateways.group(meant))).ambiguous == set()
    both = pushgateway_responses.parse(
        fake_pushgateways.body(fake_pushgateways.group(meant), fake_pushgateways.group(literal))
    )
    assert both.ambiguous == {grouping.grouping_key(meant), grouping.grouping_key(literal)}


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="a page"),
        pytest.param(fake_pushgateways.body(fake_pushgateways.group({"job": "x"}))[:-1], id="cut"),
        pytest.param(b'{"status":"success","data":[]}{"status":"error"}', id="two"),
        pytest.param(b'{"status":"error","data":[]}', id="an error"),
        pytest.param(b'{"status":"success"}', id="no data"),
        pytest.param(b'{"status":"success","data":{}}', id="no list"),
        pytest.param(b'["status"]', id="a list"),
        pytest.param(b'{"status":"success","data":[{"labels":{"job":"x"}}]}', id="no time of a push"),
        pytest.param(
            fake_pushgateways.body(
                {**fake_pushgateways.group({"job": "x"}), "push_time_seconds": fake_pushgateways.family()}
            ),
            id="no series of it",
        ),
        pytest.param(
            fake_pushgateways.body(fake_pushgateways.group({"job": "x"}, pushed="soon")), id="an invalid time"
        ),
        pytest.param(fake_pushgateways.body(fake_pushgateways.group({"job": "x"}, pushed="NaN")), id="not a number"),
        pytest.param(fake_pushgateways.body(fake_pushgateways.group({"job": "x"}, pushed=None)), id="null"),
        pytest.param(fake_pushgateways.body(fake_pushgateways.group({"instance": "x"})), id="no job"),
        pytest.param(fake_pushgateways.body(fake_pushgateways.group({"job": ""})), id="an empty job"),
        pytest.param(
            fake_pushgateways.body({**fake_pushgateways.group({"job": "x"}), "labels": {"job": 1}}),
            id="a label that is not a string",
        ),
        pytest.param(b"[" * 100_000, id="too deep"),
        pytest.param(b'{"status":"success\xff","data":[]}', id="not UTF-8"),
    ],
)
def test_invalid_response_is_rejected(response: bytes) -> None:
    with pytest.raises(pushgateway_responses.BadResponseError):
        pushgateway_responses.parse(response)


def _large(series: int) -> bytes:
    metrics = [{"labels": {"job": "x", "instance": "", "n": str(number)}, "value": "1"} for number in range(series)]
    return fake_pushgateways.body(
        *(
            fake_pushgateways.group({"job": "x", "g": str(number)}, a=fake_pushgateways.family(*metrics[:1_000]))
            for number in range(series // 1_000)
        )
    )


def test_parsing_needs_little_more_memory_than_the_response() -> None:
    response = _large(60_000)
    tracemalloc.start()
    try:
        pushgateway_responses.parse(response)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1.5 * len(response)


def test_other_threads_run_while_a_response_is_parsed() -> None:
    response, turns, finished = _large(60_000), 0, threading.Event()

    def read() -> None:
        pushgateway_responses.parse(response)
        finished.set()

    reader = threading.Thread(target=read)
    reader.start()
    while not finished.wait(0.001):
        turns += 1
    reader.join()
    assert turns >= 5
