"""The chart renders the same objects as kustomize does from the base and each component.

Before the comparison, these differences are removed: the standard labels of helm charts (`_HELM`), also from
selectors; the labels `_ON_SOME`, which only some manifests but all objects of the chart have; and the Namespace,
which the chart does not create. Names are equal because the release has the name and namespace of the manifests. The
order of objects does not matter; the order of everything inside them does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.support.manifests import kustomizations, manifest_objects, rendered_chart
from tests.support.processes import command_lines

BESIDE = manifest_objects.FOLDER / "overlays" / "beside-pushgateway"
WATCHED = ["prod", "staging"]

_HELM = {"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "helm.sh/chart"}
_ON_SOME = {"app.kubernetes.io/name", "app.kubernetes.io/part-of"}


class Case(NamedTuple):
    """Components of the manifests, and the equivalent values.

    :param watched: folders below the component namespaced, one for each watched namespace.
    """

    components: list[str]
    values: dict[str, Any]
    base: Path = manifest_objects.BASE
    watched: tuple[str, ...] = ()


_POLICIES: dict[str, Any] = {"enabled": True, "crds": {"keep": False}}
_STATEFUL: dict[str, Any] = {"runAsStatefulSet": True, "persistentVolume": {"enabled": True}}
_TLS: dict[str, Any] = {"tls": {"enabled": True}}
_ON: dict[str, Any] = {"enabled": True}
_SCRAPES = {
    "enabled": True,
    "basicAuth": {it: {"name": "tidegate-scrape", "key": it} for it in ("username", "password")},
}
CASES = {
    "base": Case([], {}),
    "persistent": Case(["persistent"], _STATEFUL),
    "servicemonitor": Case(["servicemonitor"], {"serviceMonitor": _ON}),
    "podmonitor": Case(["podmonitor"], {"podMonitor": _ON}),
    "networkpolicy": Case(["networkpolicy"], {"networkPolicy": _ON}),
    "confirm-stored": Case(
        ["confirm-stored"],
        {"extraArgs": ["--drain.confirm=stored", "--prometheus.url=http://prometheus-operated.monitoring:9090"]},
    ),
    "prometheusrule": Case(["prometheusrule"], {"prometheusRule": _ON}),
    "grafana-dashboard": Case(["grafana-dashboard"], {"grafanaDashboard": _ON}),
    "policies": Case(["policies"], {"policies": _POLICIES}),
    "tls": Case(["tls"], _TLS),
    "tls-servicemonitor": Case(["tls", "tls/servicemonitor"], _TLS | {"serviceMonitor": _SCRAPES}),
    "tls-podmonitor": Case(["tls", "tls/podmonitor"], _TLS | {"podMonitor": _SCRAPES}),
    "watch-pods": Case(["watch-pods"], {"watch": {"pods": True}}),
    "watch-argo-workflows": Case(["watch-argo-workflows"], {"watch": {"workflows": True}}),
    "watch-tekton-taskruns": Case(["watch-tekton-taskruns"], {"watch": {"taskruns": True}}),
    "namespaced": Case(["namespaced"], {"operator": {"namespaces": WATCHED}}, watched=("watched",)),
    "namespaced-with-all": Case(
        [
            "watch-pods/flag",
            "watch-argo-workflows/flag",
            "watch-tekton-taskruns/flag",
            "namespaced",
            "namespaced/policies",
        ],
        {
            "operator": {"namespaces": WATCHED},
            "policies": _POLICIES,
            "watch": {"pods": True, "workflows": True, "taskruns": True},
        },
        watched=(
            "watched",
            "watched-pods",
            "watched-argo-workflows",
            "watched-tekton-taskruns",
            "watched-policies",
        ),
    ),
    "beside-pushgateway": Case(
        [], {"gateway": {"enabled": False, "url": "http://pushgateway.monitoring:9091"}}, base=BESIDE
    ),
    "beside-pushgateway-with-alerts": Case(
        ["prometheusrule"],
        {
            "gateway": {"enabled": False, "url": "http://pushgateway.monitoring:9091"},
            "prometheusRule": _ON,
        },
        base=BESIDE,
    ),
    "all": Case(
        [
            "persistent",
            "tls",
            "tls/servicemonitor",
            "networkpolicy",
            "prometheusrule",
            "grafana-dashboard",
            "policies",
            "watch-pods",
            "watch-argo-workflows",
            "watch-tekton-taskruns",
        ],
        {
            **_STATEFUL,
            **_TLS,
            "serviceMonitor": _SCRAPES,
            "networkPolicy": _ON,
            "prometheusRule": _ON,
            "grafanaDashboard": _ON,
            "policies": _POLICIES,
            "watch": {"pods": True, "workflows": True, "taskruns": True},
        },
    ),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@each_case
def test_chart_renders_the_same_objects_as_kustomize(case: Case, tmp_path: Path) -> None:
    expected = _comparable(_built(case, tmp_path))
    rendered = _comparable(rendered_chart.rendered(case.values))
    assert rendered.keys() == expected.keys()
    for key, each in expected.items():
        assert rendered[key] == each, key


@each_case
def test_commands_accept_the_rendered_arguments(case: Case) -> None:
    [workload] = [
        each for each in rendered_chart.rendered(case.values) if each["kind"] in ("Deployment", "StatefulSet")
    ]
    for container in manifest_objects.pod_spec(workload)["containers"]:
        assert command_lines.parsed(container["args"]).command == container["name"]


def test_every_component_is_compared() -> None:
    compared = {name.partition("/")[0] for case in CASES.values() for name in case.components}
    # This component patches another project's Deployment, which a chart cannot do.
    assert {path.name for path in kustomizations.COMPONENTS.iterdir()} - {"sidecar"} == compared


def test_object_names_contain_the_release_name() -> None:
    all_of_it = rendered_chart.rendered(CASES["all"].values, release="other")
    for each in all_of_it:
        assert each["metadata"]["labels"]["app.kubernetes.io/instance"] == "other"
        if each["kind"] != "CustomResourceDefinition":
            assert each["metadata"]["name"].startswith("other-tidegate")


def _built(case: Case, folder: Path) -> list[manifest_objects.Object]:
    rendered = []
    if case.watched:
        for namespace in WATCHED:
            resources = [kustomizations.COMPONENTS / "namespaced" / name for name in case.watched]
            team = kustomizations.write(folder / namespace, resources=resources, namespace=namespace)
            rendered += kustomizations.objects(team)
        flags = [
            {"op": "add", "path": "/spec/template/spec/containers/1/args/-", "value": f"--kubernetes.namespace={name}"}
            for name in WATCHED
        ]
        patches = [{"target": {"kind": "Deployment"}, "patch": yaml.safe_dump(flags)}]
    else:
        patches = []
    everything = kustomizations.write(
        folder / "all", resources=[case.base], components=case.components, patches=patches
    )
    return [*rendered, *kustomizations.objects(everything)]


def _comparable(objects: list[manifest_objects.Object]) -> dict[tuple[str, str, str], Any]:
    objects_by_id = {}
    for each in objects:
        metadata = each["metadata"]
        key = each["kind"], metadata.get("namespace", ""), metadata["name"]
        assert key not in objects_by_id
        if each["kind"] != "Namespace":
            plain = _without_helms_labels(each)
            labels = plain["metadata"].pop("labels", {})
            objects_by_id[key] = plain | {
                "labels": {name: text for name, text in labels.items() if name not in _ON_SOME}
            }
    return objects_by_id


def _without_helms_labels(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_helms_labels(value) for key, value in data.items() if key not in _HELM}
    return [_without_helms_labels(value) for value in data] if isinstance(data, list) else data
