"""The operator does not import the parts of the kubernetes package that the Dockerfile removes."""

import ast
from collections.abc import Iterator

import pytest
from kubernetes.aio import client

from tests.support import repository

_OPERATOR = repository.ROOT / "operator" / "tidegate" / "operator"
_LEFT_OUT = ("kubernetes.aio.client.api.", "kubernetes.aio.client.models.")


def _used_names() -> Iterator[str]:
    for path in sorted(_OPERATOR.rglob("*.py")):
        tree = ast.parse(path.read_text())
        if any(isinstance(node, ast.ImportFrom) and node.module == "kubernetes.aio" for node in ast.walk(tree)):
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "client":
                    yield node.attr


@pytest.mark.parametrize("name", sorted(set(_used_names())))
def test_operator_uses_no_class_of_a_removed_module(name: str) -> None:
    assert not getattr(client, name).__module__.startswith(_LEFT_OUT)


def test_use_of_a_removed_model_class_is_detected() -> None:
    assert client.V1Pod.__module__.startswith(_LEFT_OUT)
    assert client.CoreV1Api.__module__.startswith(_LEFT_OUT)
