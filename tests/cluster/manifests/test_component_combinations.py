"""Components of the base can be combined in any order, and each keeps its guarantee."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.manifests import component_guarantees, kustomizations, manifest_objects


def test_every_component_has_a_guarantee() -> None:
    assert set(kustomizations.names()) == component_guarantees.GUARANTEES.keys() | component_guarantees.NOT_OF_THE_BASE


@pytest.mark.parametrize("name", component_guarantees.GUARANTEES)
def test_component_alone_keeps_its_guarantee_that_the_base_does_not(name: str) -> None:
    component_guarantees.GUARANTEES[name](kustomizations.combination(name))
    with pytest.raises((AssertionError, ValueError)):
        component_guarantees.GUARANTEES[name](kustomizations.combination())


@pytest.mark.parametrize("pair", component_guarantees.PAIRS, ids="+".join)
def test_pair_keeps_both_guarantees(pair: tuple[str, str]) -> None:
    rendered = kustomizations.combination(*pair)
    for name in pair:
        component_guarantees.GUARANTEES[name](rendered)


@pytest.mark.long
@pytest.mark.parametrize("pair", component_guarantees.PAIRS, ids="+".join)
def test_pair_keeps_both_guarantees_in_the_other_order(pair: tuple[str, str]) -> None:
    rendered = kustomizations.combination(*reversed(pair))
    for name in pair:
        component_guarantees.GUARANTEES[name](rendered)


@pytest.mark.parametrize("names", component_guarantees.TOGETHER.values(), ids=component_guarantees.TOGETHER)
def test_typical_combination_keeps_all_guarantees_in_either_order(names: tuple[str, ...]) -> None:
    for order in (names, names[::-1]):
        rendered = kustomizations.combination(*order)
        for name in names:
            component_guarantees.GUARANTEES[name](rendered)


@pytest.mark.parametrize("name", component_guarantees.GUARANTEES)
def test_component_leaves_the_rest_of_the_pod_unchanged(name: str) -> None:
    """A component appends to a container's arguments, mounts and volumes and leaves the existing ones first."""
    before, after = kustomizations.combination(), kustomizations.combination(name)
    assert [each["name"] for each in manifest_objects.pod_spec(kustomizations.workload(after))["containers"]] == [
        "gateway",
        "operator",
    ]
    for container in ("gateway", "operator"):
        old, new = (kustomizations.container(rendered, container) for rendered in (before, after))
        for field in ("args", "volumeMounts"):
            assert new[field][: len(old[field])] == old[field]
        for field in ("image", "resources", "securityContext", "ports"):
            assert new[field] == old[field]


@pytest.mark.parametrize("name", ["persistent", "tls", "watch-pods"])
def test_patch_fails_if_the_container_at_its_index_is_another_one(name: str, tmp_path: Path) -> None:
    """With a Pushgateway, the operator is the first and only container."""
    beside = manifest_objects.FOLDER / "overlays" / "beside-pushgateway"
    with pytest.raises(kustomizations.KustomizeError, match=r"testing value .* failed|missing path|does not exist"):
        kustomizations.rendered(kustomizations.write(tmp_path, resources=[beside], components=[name]))


def test_duplicate_component_is_rejected() -> None:
    for pair in (("servicemonitor", "tls/servicemonitor"), ("policies", "namespaced/policies")):
        with pytest.raises(kustomizations.KustomizeError, match="already registered id"):
            kustomizations.combined(*pair)


def test_custom_image_applies_to_every_workload_kind(tmp_path: Path) -> None:
    image = {"name": "ghcr.io/tidegate/tidegate", "newName": "registry.example/tidegate", "newTag": "9"}
    rendered = kustomizations.objects(kustomizations.write(tmp_path, components=["persistent"], images=[image]))
    images = {each["image"] for each in manifest_objects.pod_spec(kustomizations.workload(rendered))["containers"]}
    assert images == {"registry.example/tidegate:9"}


@pytest.mark.parametrize(
    "names",
    [(), *((name,) for name in component_guarantees.GUARANTEES), *component_guarantees.TOGETHER.values()],
    ids="+".join,
)
def test_bindings_follow_the_account_to_another_namespace_and_name(names: tuple[str, ...], tmp_path: Path) -> None:
    folder = kustomizations.write(tmp_path, components=names, namespace="elsewhere", namePrefix="our-")
    rendered = kustomizations.objects(folder)
    [account] = kustomizations.of_kind(rendered, "ServiceAccount")
    name = account["metadata"]["name"]
    assert (name, account["metadata"]["namespace"]) == ("our-tidegate", "elsewhere")
    bindings = [
        each for kind in ("ClusterRoleBinding", "RoleBinding") for each in kustomizations.of_kind(rendered, kind)
    ]
    assert bindings
    for binding in bindings:
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": name, "namespace": "elsewhere"}]
    assert manifest_objects.pod_spec(kustomizations.workload(rendered))["serviceAccountName"] == name
