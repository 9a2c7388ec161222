"""Label selectors match as in Kubernetes."""

from __future__ import annotations

from typing import Any

import pytest

from tidegate.operator.policy import label_selectors


def _expression(operator: str, *values: str) -> dict[str, Any]:
    expression: dict[str, Any] = {"key": "tier", "operator": operator}
    return {"matchExpressions": [expression | {"values": list(values)} if values else expression]}


@pytest.mark.parametrize(
    ("selector", "labels", "selects"),
    [
        pytest.param({}, {}, True, id="empty-selects-everything"),
        pytest.param({"matchLabels": {"app": "a"}}, {"app": "a", "x": "y"}, True, id="label-is"),
        pytest.param({"matchLabels": {"app": "a"}}, {"app": "b"}, False, id="label-is-another"),
        pytest.param({"matchLabels": {"app": ""}}, {}, False, id="an-empty-label-has-to-be-there"),
        pytest.param({"matchLabels": {"app": "a", "x": "y"}}, {"app": "a"}, False, id="all-labels-have-to-hold"),
        pytest.param(_expression("In", "a", "b"), {"tier": "b"}, True, id="in"),
        pytest.param(_expression("In", "a", "b"), {"tier": "c"}, False, id="in-another"),
        pytest.param(_expression("In", "a", "b"), {}, False, id="in-without-the-label"),
        pytest.param(_expression("NotIn", "a"), {"tier": "b"}, True, id="not-in"),
        pytest.param(_expression("NotIn", "a"), {"tier": "a"}, False, id="not-in-but-is"),
        pytest.param(_expression("NotIn", "a"), {}, True, id="not-in-without-the-label"),
        pytest.param(_expression("Exists"), {"tier": ""}, True, id="exists"),
        pytest.param(_expression("Exists"), {}, False, id="exists-not"),
        pytest.param(_expression("DoesNotExist"), {}, True, id="does-not-exist"),
        pytest.param(_expression("DoesNotExist"), {"tier": ""}, False, id="does-not-exist-but-does"),
        pytest.param(
            {"matchLabels": {"app": "a"}, **_expression("Exists")}, {"app": "a"}, False, id="labels-and-expressions"
        ),
        pytest.param({"matchLabels": None, "matchExpressions": None}, {}, True, id="nulls"),
    ],
)
def test_selector_matches_as_in_kubernetes(selector: Any, labels: dict[str, str], selects: bool) -> None:
    assert label_selectors.parse(selector).matches(labels) is selects


def test_selector_has_the_keys_of_its_labels() -> None:
    selector = label_selectors.parse({"matchLabels": {"app": "a"}, **_expression("Exists")})
    assert selector.keys == {"app", "tier"}


@pytest.mark.parametrize(
    ("selector", "reason"),
    [
        pytest.param([], "the selector must be an object with matchLabels and matchExpressions", id="list"),
        pytest.param(
            {"matchFields": []},
            "unknown field matchFields; use matchLabels, matchExpressions",
            id="unknown-part",
        ),
        pytest.param({"matchLabels": ["a"]}, "matchLabels must be an object with strings as values", id="labels"),
        pytest.param({"matchLabels": {"a": 1}}, "matchLabels must be an object with strings as values", id="number"),
        pytest.param({"matchExpressions": "tier"}, "matchExpressions must be a list", id="expressions"),
        pytest.param({"matchExpressions": ["a"]}, "each item of matchExpressions must have a key", id="text"),
        pytest.param(
            {"matchExpressions": [{"operator": "In"}]}, "each item of matchExpressions must have a key", id="no-key"
        ),
        pytest.param(
            _expression("Gt", "1"),
            "matchExpressions: the operator of key tier must be one of In, NotIn, Exists, DoesNotExist",
            id="gt",
        ),
        pytest.param(_expression("In"), "matchExpressions: operator In of key tier must have values", id="in-nothing"),
        pytest.param(
            _expression("Exists", "a"),
            "matchExpressions: operator Exists of key tier must not have values",
            id="exists-values",
        ),
        pytest.param(
            {"matchExpressions": [{"key": "tier", "operator": "In", "values": [1]}]},
            "matchExpressions: the values of key tier must be a list of strings",
            id="values",
        ),
        pytest.param(
            {"matchExpressions": [{"key": "tier", "operator": "Exists", "regex": "a"}]},
            "unknown field regex; use key, operator, values",
            id="unknown-field",
        ),
    ],
)
def test_invalid_selector_is_rejected(selector: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        label_selectors.parse(selector)
