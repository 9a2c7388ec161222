"""What the operator may do in a cluster is exactly this, and each rule says what for."""

import itertools
from pathlib import Path

import pytest

from tests.manifests import manifest_objects

CHART = manifest_objects.FOLDER / "chart"
"""Its templates are no YAML; what they make is compared with these in tests/chart."""
RULES = sorted(path for path in manifest_objects.FOLDER.rglob("rbac.yaml") if not path.is_relative_to(CHART))
WATCHED = manifest_objects.FOLDER / "components" / "namespaced" / "watched" / "rbac.yaml"


def test_the_rights_are_these_and_no_others() -> None:
    rules = manifest_objects.one("ClusterRole")["rules"]
    granted = [(*rule["apiGroups"], *rule["resources"], *rule["verbs"]) for rule in rules]
    assert granted == [
        ("batch", "jobs", "list", "watch"),
        ("batch", "cronjobs", "list", "watch"),
        ("", "pods", "get", "list", "watch"),
        ("events.k8s.io", "events", "create"),
    ]


@pytest.mark.parametrize("path", RULES, ids=lambda path: str(path.parent.relative_to(manifest_objects.FOLDER)))
def test_every_rule_has_a_comment_that_says_why(path: Path) -> None:
    lines = path.read_text().splitlines()
    before_rules = [above for above, line in itertools.pairwise(lines) if line.startswith("  - apiGroups:")]
    assert len(before_rules) == sum(len(each.get("rules", ())) for each in manifest_objects.objects(path))
    assert before_rules
    assert [above for above in before_rules if not above.startswith("  # ")] == []


def test_no_rule_stands_elsewhere() -> None:
    kustomized = (path for path in manifest_objects.FOLDER.rglob("*.yaml") if not path.is_relative_to(CHART))
    others = [path for path in kustomized if path not in RULES and path.parent.name != "crds"]
    assert [path for path in others if "apiGroups:" in path.read_text()] == []


def test_the_rights_in_one_namespace_are_those_that_the_base_gives_in_all() -> None:
    [here] = [each for each in manifest_objects.objects(WATCHED) if each["kind"] == "Role"]
    assert here["rules"] == manifest_objects.one("ClusterRole")["rules"]


def test_the_rights_go_to_the_account_that_the_deployment_uses() -> None:
    account = manifest_objects.pod_spec(manifest_objects.one("Deployment"))["serviceAccountName"]
    assert manifest_objects.one("ServiceAccount")["metadata"]["name"] == account
    assert [subject["name"] for subject in manifest_objects.one("ClusterRoleBinding")["subjects"]] == [account]


def test_only_the_operator_container_gets_the_token() -> None:
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
