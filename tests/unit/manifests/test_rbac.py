"""The RBAC rules of the operator: exactly these rights, and a comment on the purpose of each rule."""

import itertools
from pathlib import Path

import pytest

from tests.support.manifests import manifest_objects

CHART = manifest_objects.FOLDER / "chart"
"""The chart's templates are not valid YAML; tests/cluster/chart compares their rendered rules with these."""
RULES = sorted(path for path in manifest_objects.FOLDER.rglob("rbac.yaml") if not path.is_relative_to(CHART))
WATCHED = manifest_objects.FOLDER / "components" / "namespaced" / "watched" / "rbac.yaml"


def test_operator_has_exactly_these_rights() -> None:
    rules = manifest_objects.one("ClusterRole")["rules"]
    granted = [(*rule["apiGroups"], *rule["resources"], *rule["verbs"]) for rule in rules]
    assert granted == [
        ("batch", "jobs", "list", "watch"),
        ("batch", "cronjobs", "list", "watch"),
        ("", "pods", "get", "list", "watch"),
        ("events.k8s.io", "events", "create"),
    ]


@pytest.mark.parametrize("path", RULES, ids=lambda path: str(path.parent.relative_to(manifest_objects.FOLDER)))
def test_every_rule_has_a_comment_on_its_purpose(path: Path) -> None:
    lines = path.read_text().splitlines()
    before_rules = [above for above, line in itertools.pairwise(lines) if line.startswith("  - apiGroups:")]
    assert len(before_rules) == sum(len(each.get("rules", ())) for each in manifest_objects.objects(path))
    assert before_rules
    assert [above for above in before_rules if not above.startswith("  # ")] == []


def test_no_other_file_has_rbac_rules() -> None:
    kustomized = (path for path in manifest_objects.FOLDER.rglob("*.yaml") if not path.is_relative_to(CHART))
    others = [path for path in kustomized if path not in RULES and path.parent.name != "crds"]
    assert [path for path in others if "apiGroups:" in path.read_text()] == []


def test_rights_in_one_namespace_equal_those_of_the_base_in_all() -> None:
    [here] = [each for each in manifest_objects.objects(WATCHED) if each["kind"] == "Role"]
    assert here["rules"] == manifest_objects.one("ClusterRole")["rules"]


def test_rights_are_bound_to_the_account_of_the_deployment() -> None:
    account = manifest_objects.pod_spec(manifest_objects.one("Deployment"))["serviceAccountName"]
    assert manifest_objects.one("ServiceAccount")["metadata"]["name"] == account
    assert [subject["name"] for subject in manifest_objects.one("ClusterRoleBinding")["subjects"]] == [account]


def test_only_the_operator_container_mounts_the_account_token() -> None:
    pod = manifest_objects.pod_spec(manifest_objects.one("Deployment"))
    assert pod["automountServiceAccountToken"] is False
    with_token = {
        volume["name"]
        for volume in pod["volumes"]
        if any("serviceAccountToken" in source for source in volume.get("projected", {}).get("sources", ()))
    }
    holders = [
        each["name"] for each in pod["containers"] if with_token & {it["name"] for it in each.get("volumeMounts", ())}
    ]
    assert holders == ["operator"]
