"""Components of the base go together in any order, and each keeps what it promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests import component_guarantees, kustomizations, manifest_objects

pytestmark = pytest.mark.cluster


def test_each_component_has_something_to_promise() -> None:
    assert set(kustomizations.names()) == component_guarantees.PROMISES.keys() | component_guarantees.NOT_OF_THE_BASE


@pytest.mark.parametrize("name", component_guarantees.PROMISES)
def test_a_component_alone_keeps_its_promise_which_the_base_does_not(name: str) -> None:
    component_guarantees.PROMISES[name](kustomizations.combination(name))
    with pytest.raises((AssertionError, ValueError)):
        component_guarantees.PROMISES[name](kustomizations.combination())


@pytest.mark.parametrize("pair", component_guarantees.PAIRS, ids="+".join)
def test_a_pair_keeps_both_promises_in_either_order(pair: tuple[str, str]) -> None:
    for order in (pair, pair[::-1]):
        made = kustomizations.combination(*order)
        for name in pair:
            component_guarantees.PROMISES[name](made)


@pytest.mark.parametrize("names", component_guarantees.TOGETHER.values(), ids=component_guarantees.TOGETHER)
def test_many_together_keep_all_promises_forwards_and_backwards(names: tuple[str, ...]) -> None:
    for order in (names, names[::-1]):
        made = kustomizations.combination(*order)
        for name in names:
            component_guarantees.PROMISES[name](made)


@pytest.mark.parametrize("name", component_guarantees.PROMISES)
def test_a_component_leaves_the_rest_of_the_pod_as_it_is(name: str) -> None:
    """What it adds to a container's arguments, mounts and volumes stands behind what was there."""
    before, after = kustomizations.combination(), kustomizations.combination(name)
    assert [each["name"] for each in manifest_objects.pod_spec(kustomizations.workload(after))["containers"]] == [
        "gateway",
        "operator",
    ]
    for container in ("gateway", "operator"):
        old, new = (kustomizations.container(made, container) for made in (before, after))
        for field in ("args", "volumeMounts"):
            assert new[field][: len(old[field])] == old[field]
        for field in ("image", "resources", "securityContext", "ports"):
            assert new[field] == old[field]


@pytest.mark.parametrize("name", ["persistent", "tls", "watch-pods"])
def test_a_patch_that_finds_another_container_in_its_place_is_refused(name: str, tmp_path: Path) -> None:
    """Beside a Pushgateway the operator is the first container and the only one."""
    beside = manifest_objects.FOLDER / "overlays" / "beside-pushgateway"
    with pytest.raises(kustomizations.KustomizeError, match=r"testing value .* failed|missing path|does not exist"):
        kustomizations.rendered(kustomizations.write(tmp_path, resources=[beside], components=[name]))


def test_what_is_there_twice_is_refused() -> None:
    for pair in (("servicemonitor", "tls/servicemonitor"), ("policies", "namespaced/policies")):
        with pytest.raises(kustomizations.KustomizeError, match="already registered id"):
            kustomizations.combined(*pair)


def test_the_readers_own_image_is_in_whatever_kind_runs_it(tmp_path: Path) -> None:
    image = {"name": "ghcr.io/tidegate/tidegate", "newName": "registry.example/tidegate", "newTag": "9"}
    made = kustomizations.objects(kustomizations.write(tmp_path, components=["persistent"], images=[image]))
    images = {each["image"] for each in manifest_objects.pod_spec(kustomizations.workload(made))["containers"]}
    assert images == {"registry.example/tidegate:9"}


@pytest.mark.parametrize(
    "names",
    [(), *((name,) for name in component_guarantees.PROMISES), *component_guarantees.TOGETHER.values()],
    ids="+".join,
)
def test_the_rights_follow_the_account_to_another_namespace_and_name(names: tuple[str, ...], tmp_path: Path) -> None:
    folder = kustomizations.write(tmp_path, components=names, namespace="elsewhere", namePrefix="our-")
    made = kustomizations.objects(folder)
    [account] = kustomizations.of_kind(made, "ServiceAccount")
    name = account["metadata"]["name"]
    assert (name, account["metadata"]["namespace"]) == ("our-tidegate", "elsewhere")
    bindings = [each for kind in ("ClusterRoleBinding", "RoleBinding") for each in kustomizations.of_kind(made, kind)]
    assert bindings
    for binding in bindings:
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": name, "namespace": "elsewhere"}]
    assert manifest_objects.pod_spec(kustomizations.workload(made))["serviceAccountName"] == name
