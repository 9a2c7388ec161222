"""Credentials of the operator, and its errors about an invalid kubeconfig."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate import settings
from tidegate.operator.kube import credentials

SECRET = "c2VjcmV0"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"users: [{{name: a, user: {{token: {SECRET}}}", id="invalid YAML"),
        pytest.param(f"token: {SECRET}", id="not a kubeconfig"),
        pytest.param(SECRET, id="a text"),
        pytest.param(f"[{SECRET}]", id="a list"),
        pytest.param(f"\x01{SECRET}", id="a character that YAML does not know"),
    ],
)
async def test_error_about_an_invalid_kubeconfig_does_not_quote_it(text: str, tmp_path: Path) -> None:
    _write(tmp_path / "config", text)
    with pytest.raises(credentials.LoginError, match="no credentials for Kubernetes") as raised:
        await credentials.load(settings.KubernetesSettings(kubeconfig=str(tmp_path / "config")))
    assert SECRET not in str(raised.value)


async def test_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none"
    with pytest.raises(credentials.LoginError, match=f"--kubernetes.kubeconfig={path} does not exist"):
        await credentials.load(settings.KubernetesSettings(kubeconfig=str(path)))


def _write(file: Path, text: str) -> None:
    file.write_text(text)
