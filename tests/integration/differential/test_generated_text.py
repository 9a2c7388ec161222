"""Randomly generated text bodies: built from a grammar, then damaged."""

import copy
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies

from tests.integration.differential import case_builders, conftest
from tests.support.pushgateway import comparisons

_NAMES = strategies.sampled_from(["m", "n", "m_sum", "m_count", "m_bucket", "n_sum", "a:b", "_"])
_LABEL_NAMES = strategies.sampled_from(["a", "b", "job", "instance", "le", "quantile", "__name__", "__x"])
_VALUES = strategies.sampled_from(["", "x", "0.5", "1", "+Inf", "NaN", "é", r"\\", r"\"", r"\n", "}", "# "])
_NUMBERS = strategies.sampled_from(
    ["0", "1", "2", "17", "1.5", "1e6", "2.5e-7", "NaN", "+Inf", "-inf", "1e400", "0x1", "1_0", ""]
) | strategies.floats(allow_nan=False).filter(lambda number: repr(number) != "-0.0").map(repr)
_BLANKS = strategies.sampled_from([" ", " ", " ", "\t", "  "])
_TYPES = strategies.sampled_from(["counter", "gauge", "summary", "histogram", "untyped", "Gauge", "stateset"])
_HELPS = strategies.sampled_from(["text", "", "two words ", r"\\ \n", r"\t", "é"])
_PAIRS = strategies.lists(strategies.builds('{}="{}"'.format, _LABEL_NAMES, _VALUES), max_size=3)
_LABELS = strategies.just("") | strategies.builds(
    "{{{}{}}}".format, _PAIRS.map(",".join), strategies.sampled_from(["", "", ","])
)
_SAMPLES = strategies.builds("{}{}{}{}\n".format, _NAMES, _LABELS, _BLANKS, _NUMBERS)
_COMMENTS = (
    strategies.builds("# TYPE {} {}\n".format, _NAMES, _TYPES)
    | strategies.builds("# HELP {} {}\n".format, _NAMES, _HELPS)
    | strategies.sampled_from(["# text\n", "\n", "# EOF\n"])
)
_BODIES = strategies.lists(_SAMPLES | _COMMENTS, max_size=8).map("".join)
_DAMAGES = strategies.lists(
    strategies.tuples(
        strategies.integers(0, 200), strategies.sampled_from(["", *'\n \t{}="\\,#:.-1ae']), strategies.booleans()
    ),
    max_size=2,
)


@strategies.composite
def _damaged(draw: strategies.DrawFn) -> str:
    body = draw(_BODIES)
    for place, character, replaces in draw(_DAMAGES):
        at = place % (len(body) + 1)
        body = body[:at] + character + body[at + replaces :]
    return body


_PUSHES = strategies.lists(strategies.tuples(strategies.sampled_from("xy"), _damaged()), min_size=1, max_size=2)


@hypothesis.settings(max_examples=100)
@hypothesis.given(pushes=_PUSHES)
def test_generated_body_gets_the_same_response_as_from_pushgateway(
    pair: conftest.Pair, pushes: list[tuple[str, str]]
) -> None:
    _compare(pair, pushes)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@hypothesis.settings(max_examples=2_000)
@hypothesis.given(pushes=_PUSHES)
def test_thousands_of_generated_bodies_get_the_same_response_as_from_pushgateway(
    pair: conftest.Pair, pushes: list[tuple[str, str]]
) -> None:
    _compare(pair, pushes)


def _compare(pair: conftest.Pair, pushes: list[tuple[str, str]]) -> None:
    requests = [case_builders.post(f"job/{job}", body) for job, body in pushes]
    ours, real = pair.play(comparisons.Case("generated", requests, helps=False))
    assert ours.responses == real.responses
    assert ours.exposition == real.exposition
    assert _without_added_buckets(ours.api) == _without_added_buckets(real.api)


def _without_added_buckets(groups: Any) -> Any:
    """The groups without ``+Inf`` buckets, which tidegate's API shows even if they were not pushed."""
    groups = copy.deepcopy(groups)
    for group in groups:
        for family in group.values():
            if isinstance(family, dict) and family.get("type") == "HISTOGRAM":
                for metric in family["metrics"]:
                    metric["buckets"].pop("+Inf", None)
    return groups
