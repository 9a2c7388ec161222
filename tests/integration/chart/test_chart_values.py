"""Every value changes the rendered objects; an invalid value is rejected with an error message."""

from __future__ import annotations

import copy
import functools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import chart
from tests.support.manifests import rendered_chart

CHANGES: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "changes.yaml").read_text())


def test_every_value_has_a_test() -> None:
    assert list(CHANGES) == [".".join(each.path) for each in chart.values()]


@functools.cache
def _plain(given: str) -> str:
    return _text(json.loads(given))


def _text(values: dict[str, Any]) -> str:
    return yaml.safe_dump(rendered_chart.rendered(values))


def _with(values: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(values)
    inner = made
    *above, last = path.split(".")
    for key in above:
        inner = inner.setdefault(key, {})
    inner[last] = value
    return made


@pytest.mark.parametrize("path", CHANGES)
def test_value_changes_the_rendered_objects(path: str) -> None:
    change = CHANGES[path]
    given = change.get("given", {})
    changed = _with(given, path, change["to"])
    if "error" in change:
        with pytest.raises(rendered_chart.HelmError, match=change["error"]):
            rendered_chart.rendered(changed)
        return
    before = given
    if "from" in change:
        before = _with(given, path, functools.reduce(lambda data, key: data[key], path.split("."), change["from"]))
    assert _text(changed) != _plain(json.dumps(before))


WRONG = {
    "unknown": ({"persistentvolume": {}}, "additional properties 'persistentvolume' not allowed"),
    "misspelled": ({"operator": {"dryrun": True}}, "at '/operator': additional properties 'dryrun' not allowed"),
    "no-duration": ({"operator": {"drainTimeout": "5 days"}}, "at '/operator/drainTimeout': '5 days' does not match"),
    "no-rule": ({"operator": {"ownership": "pods"}}, "at '/operator/ownership': 'pods' does not match"),
    "no-number": ({"operator": {"breakerLimit": "many"}}, "at '/operator/breakerLimit'"),
    "no-kind": ({"watch": {"extra": ["runs"]}}, "at '/watch/extra/0': 'runs' does not match"),
    "no-type": ({"service": {"type": "ExternalName"}}, "at '/service/type': value must be one of 'ClusterIP'"),
    "port-name": ({"service": {"portName": "operator"}}, "at '/service/portName'"),
    "text-for-a-switch": ({"serviceMonitor": {"enabled": "yes"}}, "at '/serviceMonitor/enabled': got string, want"),
    "number-in-a-label": ({"podLabels": {"a": 1}}, "at '/podLabels/a': got number, want string"),
    "limit": ({"resources": {"memory": "1Gi"}}, "at '/resources': additional properties 'memory' not allowed"),
    "two-replicas": ({"replicaCount": 2}, "replicaCount: the groups are in one Pod, .* Leave it at 1"),
    "pushgateways-image": ({"image": {"repository": "quay.io/prometheus/pushgateway"}}, "that is Pushgateway's image"),
    "pushgateways-tag": ({"image": {"tag": "v1.11.3"}}, "v1.11.3 is a version of Pushgateway"),
    "little-memory": ({"resources": {"limits": {"memory": "32Mi"}}}, "32Mi is too little.*Set 128Mi or more"),
    "control-flag": (
        {"extraArgs": ["--control.listen-address=:1"]},
        "extraArgs: --control.listen-address=:1 is set by the chart",
    ),
    "taken-port": (
        {"extraContainers": [{"name": "proxy", "ports": [{"containerPort": 9092}]}]},
        "proxy listens on port 9092, which is in use",
    ),
    "claim-unused": ({"persistentVolume": {"existingClaim": "mine"}}, "existingClaim: set"),
    "two-web-configurations": (
        {"tls": {"enabled": True}, "webConfiguration": {"existingSecret": {"name": "web"}}},
        "Remove webConfiguration",
    ),
    "users-twice": (
        {"webConfiguration": {"basicAuthUsers": {"a": "b"}, "existingSecret": {"name": "web"}}},
        "set either basicAuthUsers or existingSecret",
    ),
    "two-monitors": ({"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}, "Choose one"),
    "no-hosts": ({"ingress": {"enabled": True}}, "ingress.hosts: set at least one host"),
    "url-beside-a-gateway": ({"gateway": {"url": "http://a"}}, "with gateway.enabled: false"),
    "no-url": ({"gateway": {"enabled": False}}, "set the Pushgateway's URL"),
    "volume-without-a-gateway": (
        {"gateway": {"enabled": False, "url": "http://a"}, "persistentVolume": {"enabled": True}},
        "persistentVolume.enabled: applies only to the gateway",
    ),
    "route-without-a-gateway": (
        {"gateway": {"enabled": False, "url": "http://a"}, "route": {"main": {"enabled": True}}},
        "route: applies only to the gateway",
    ),
}


@pytest.mark.parametrize(("values", "message"), WRONG.values(), ids=WRONG)
def test_invalid_value_is_rejected_with_an_error_message(values: dict[str, Any], message: str) -> None:
    with pytest.raises(rendered_chart.HelmError, match=message):
        rendered_chart.rendered(values)
