"""The tests write only to clusters that are meant for tests, and read README's commands in order."""

import pytest

from tests.support.node import readme_commands, target_clusters


@pytest.mark.parametrize("context", ["kind-dev", "k3d-a", "minikube"])
def test_context_of_a_test_cluster_is_accepted(context: str) -> None:
    target_clusters.check_context(context, allowed=None)


@pytest.mark.parametrize("context", ["prod", "minikube-prod", "my-kind-", "", "gke_shop_europe-west3_main"])
def test_other_context_is_rejected_and_the_error_says_how_to_allow_it(context: str) -> None:
    with pytest.raises(target_clusters.RefusedContextError, match=f"{target_clusters.CONTEXT_VARIABLE}={context} if"):
        target_clusters.check_context(context, allowed=None)


def test_only_the_explicitly_allowed_context_is_accepted() -> None:
    target_clusters.check_context("staging", allowed="staging")
    with pytest.raises(target_clusters.RefusedContextError):
        target_clusters.check_context("prod", allowed="staging")


def test_readme_commands_are_in_order_and_exclude_docker() -> None:
    text = """# x

## Use it on a cluster

```yaml
resources: []
```

```sh
docker build -t a/b:1 tidegate
kubectl apply -k .
```

and then

```sh
kubectl get pods
```

## Later

```sh
rm -rf /
```
"""
    instructions = readme_commands.instructions(text)
    assert instructions.kustomization == "resources: []\n"
    assert instructions.image == "a/b:1"
    assert instructions.kubectl() == ("kubectl apply -k .", "kubectl get pods")
