"""A scrape in protobuf has the same content as from Pushgateway, in every field."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import message

from tests.integration.differential import case_builders, conftest, protobuf_cases, text_body_cases, utf8_name_cases
from tests.support.pushgateway import comparisons
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.protobuf import metrics_pb2 as pb

_TIMES = (b"push_time_seconds", b"push_failure_time_seconds")


@pytest.mark.parametrize("case", [*protobuf_cases.CASES, *text_body_cases.CASES], ids=lambda case: case.id)
def test_protobuf_scrape_matches_pushgateway(pair: conftest.Pair, case: comparisons.Case) -> None:
    _compare(pair, case)


@pytest.mark.parametrize("case", utf8_name_cases.CASES, ids=lambda case: case.id)
@pytest.mark.parametrize("escaping", ["allow-utf-8", "underscores", "dots", "values"])
def test_protobuf_scrape_with_utf8_names_matches_pushgateway(
    pair_with_utf8_names: conftest.Pair, case: comparisons.Case, escaping: str
) -> None:
    _compare(pair_with_utf8_names, case, escaping=escaping)


def _compare(pair: conftest.Pair, case: comparisons.Case, *, escaping: str = "underscores") -> None:
    try:
        ours = list(_scraped(pair.ours, case, escaping=escaping))
        # The stored series already differ: the test can only check that ours parse.
        real = ours if pair.may_differ(case) else list(_scraped(pair.real, case, escaping=escaping))
    finally:
        pair.ours.wipe()
        pair.real.wipe()
    assert ours == real


def _scraped(peer: comparisons.Peer, case: comparisons.Case, *, escaping: str) -> Iterator[tuple[Any, ...]]:
    """The families that have pushed series, with those series alone and without push times."""
    for request in case.requests:
        peer.send(request)
    peer.ask("PUT", "/metrics/job/last")
    body = peer.ask("GET", "/metrics", {"Accept": f"{case_builders.PROTOBUF}; escaping={escaping}"})
    for _, encoded in decoder.messages(body):
        family = pb.MetricFamily.FromString(encoded)
        pushed = [metric for metric in family.metric if any(label.name == b"job" for label in metric.label)]
        if pushed and family.name not in _TIMES:
            field = decoder.FIELDS[decoder.TYPES[family.type]]
            metrics = [(_shown(metric.label), _shown(getattr(metric, field))) for metric in pushed]
            yield family.name, family.type, family.help if case.helps else b"", metrics


def _shown(value: Any) -> Any:
    """The value in a comparable form: a missing number is 0 to every reader, and NaN equals NaN."""
    if isinstance(value, message.Message):
        return [(field.name, _shown(getattr(value, field.name))) for field in value.DESCRIPTOR.fields]
    if isinstance(value, (str, bytes, int, float)):
        return repr(value)
    return [_shown(item) for item in value]
