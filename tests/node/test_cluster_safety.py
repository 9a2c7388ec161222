"""The tests write to no cluster that nobody gave them, and read README as it is."""

import pytest

from tests.node import readme_commands, target_clusters


@pytest.mark.parametrize("context", ["kind-dev", "k3d-a", "minikube"])
def test_a_cluster_that_is_there_for_tests_is_taken(context: str) -> None:
    target_clusters.check_context(context, allowed=None)


@pytest.mark.parametrize("context", ["prod", "minikube-prod", "my-kind-", "", "gke_shop_europe-west3_main"])
def test_any_other_is_refused_and_the_error_says_how_to_allow_it(context: str) -> None:
    with pytest.raises(target_clusters.RefusedContextError, match=f"{target_clusters.CONTEXT_VARIABLE}={context} if"):
        target_clusters.check_context(context, allowed=None)


def test_one_that_is_named_is_taken_and_no_other() -> None:
    target_clusters.check_context("staging", allowed="staging")
    with pytest.raises(target_clusters.RefusedContextError):
        target_clusters.check_context("prod", allowed="staging")


def test_the_readmes_commands_come_in_its_order_and_those_of_docker_apart() -> None:
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
    told = readme_commands.instructions(text)
    assert told.kustomization == "resources: []\n"
    assert told.image == "a/b:1"
    assert told.kubectl() == ("kubectl apply -k .", "kubectl get pods")
