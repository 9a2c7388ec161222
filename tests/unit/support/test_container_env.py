"""A container's environment and command line are computed as Kubernetes documents."""

import pytest

from tests.support.kubernetes import admin_client, container_env

_POD: admin_client.Object = {
    "metadata": {"name": "web-0", "namespace": "shop", "labels": {"app": "web"}, "annotations": {"a/b": "c"}},
    "spec": {"nodeName": "local"},
    "status": {"podIP": "127.1.1.1"},
}
_SETTINGS = container_env.Source("configmaps", "settings")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("plain", "plain", id="no reference"),
        pytest.param("a $(NAME) b $(NAME)", "a x b x", id="known"),
        pytest.param("$(OTHER)", "$(OTHER)", id="unknown stays"),
        pytest.param("$$(NAME)", "$(NAME)", id="escaped"),
        pytest.param("$NAME ${NAME} $(NAME", "$NAME ${NAME} $(NAME", id="a shell's syntax is none"),
    ],
)
def test_references_are_expanded(text: str, expected: str) -> None:
    assert container_env.expand(text, {"NAME": "x"}) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("metadata.name", "web-0"),
        ("metadata.namespace", "shop"),
        ("metadata.labels['app']", "web"),
        ("metadata.annotations['a/b']", "c"),
        ("metadata.labels['absent']", ""),
        ("spec.nodeName", "local"),
        ("status.podIP", "127.1.1.1"),
    ],
)
def test_downward_api_reads_a_field(path: str, expected: str) -> None:
    assert container_env.field(_POD, path) == expected


def test_unknown_field_is_rejected() -> None:
    with pytest.raises(container_env.ConfigError, match=r"fieldRef spec\.absent"):
        container_env.field(_POD, "spec.absent")


def test_env_overrides_env_from_and_can_refer_to_it() -> None:
    container = {
        "envFrom": [{"prefix": "APP_", "configMapRef": {"name": "settings"}}],
        "env": [{"name": "URL", "value": "$(APP_HOST)/x"}, {"name": "APP_MODE", "value": "test"}],
    }
    data = {_SETTINGS: {"HOST": "shop", "MODE": "live"}}

    assert container_env.sources(container) == {_SETTINGS}
    assert container_env.environment(container, pod=_POD, data=data) == {
        "APP_HOST": "shop",
        "APP_MODE": "test",
        "URL": "shop/x",
    }


@pytest.mark.parametrize(
    "container",
    [
        pytest.param({"envFrom": [{"configMapRef": {"name": "settings"}}]}, id="whole"),
        pytest.param(
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}}]}, id="one key"
        ),
    ],
)
def test_missing_configmap_is_rejected(container: admin_client.Object) -> None:
    with pytest.raises(container_env.ConfigError, match="settings"):
        container_env.environment(container, pod=_POD, data={})


def test_variable_with_a_missing_optional_key_is_omitted() -> None:
    selector = {"name": "settings", "key": "a", "optional": True}
    container = {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": selector}}]}

    assert container_env.environment(container, pod=_POD, data={}) == {}


def test_secret_is_decoded() -> None:
    source = container_env.Source("secrets", "keys")

    assert container_env.data_of(source, {"data": {"token": "czNjcmV0"}}) == {"token": "s3cret"}


def test_command_and_args_are_combined() -> None:
    container = {"command": ["run", "$(MODE)"], "args": ["--fast"]}

    assert container_env.command_line(container, {"MODE": "now"}) == ["run", "now", "--fast"]
