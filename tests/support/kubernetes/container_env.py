"""The environment and command line of a container, computed as the kubelet does. Pure: objects in, strings out."""

import base64
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.support.kubernetes import admin_client

_REFERENCE = re.compile(r"\$\$|\$\((?P<name>[-._a-zA-Z][-._a-zA-Z0-9]*)\)")
_SUBSCRIPT = re.compile(r"metadata\.(?P<map>labels|annotations)\['(?P<key>[^']+)'\]")
_KEY_KINDS = {"configMapKeyRef": "configmaps", "secretKeyRef": "secrets"}
_WHOLE_KINDS = {"configMapRef": "configmaps", "secretRef": "secrets"}


class Source(NamedTuple):
    """A ConfigMap or Secret that a container's environment refers to."""

    resource: str
    """`configmaps` or `secrets`"""
    name: str


class ConfigError(Exception):
    """The environment is invalid; the kubelet reports CreateContainerConfigError and retries."""


def sources(container: admin_client.Object) -> set[Source]:
    """The ConfigMaps and Secrets that must be read before `environment`."""
    references = [entry["valueFrom"] for entry in container.get("env", ()) if "valueFrom" in entry]
    found = {
        Source(resource, reference[kind]["name"])
        for reference in references
        for kind, resource in _KEY_KINDS.items()
        if kind in reference
    }
    for entry in container.get("envFrom", ()):
        found |= {Source(resource, entry[kind]["name"]) for kind, resource in _WHOLE_KINDS.items() if kind in entry}
    return found


def data_of(source: Source, found: admin_client.Object) -> dict[str, str]:
    """The data of a ConfigMap or Secret, as text."""
    data: Mapping[str, str] = found.get("data") or {}
    if source.resource == "secrets":
        return {key: base64.b64decode(text).decode() for key, text in data.items()}
    return dict(data)


def environment(
    container: admin_client.Object, *, pod: admin_client.Object, data: Mapping[Source, Mapping[str, str]]
) -> dict[str, str]:
    """The variables of `env` and `envFrom`; later entries override earlier ones and may refer to them with `$(NAME)`.

    `data` has the contents of the existing `sources`. Raises `ConfigError`.
    """
    result: dict[str, str] = {}
    for entry in container.get("envFrom", ()):
        result.update(_from_whole(entry, data))
    for entry in container.get("env", ()):
        if "valueFrom" in entry:
            text = _from_reference(entry["valueFrom"], pod, data)
        else:
            text = expand(entry.get("value", ""), result)
        if text is not None:
            result[entry["name"]] = text
    return result


def command_line(container: admin_client.Object, variables: Mapping[str, str]) -> list[str]:
    """`command` and `args` with `$(NAME)` replaced; raises `ConfigError` without `command`, since no image is used."""
    if not container.get("command"):
        raise ConfigError("this node runs no images: give the container a command")
    return [expand(word, variables) for word in (*container["command"], *container.get("args", ()))]


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)` if NAME is defined, keep it if it is not, and replace `$$` with `$`."""

    def replacement(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "$"
        return variables.get(match["name"], match[0])

    return _REFERENCE.sub(replacement, text)


def field(pod: admin_client.Object, path: str) -> str:
    """A field of the downward API."""
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript:
        return str(pod["metadata"].get(subscript["map"], {}).get(subscript["key"], ""))
    value: Any = pod
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        raise ConfigError(f"fieldRef {path} is not supported by this node")
    return str(value)


def _from_reference(
    reference: admin_client.Object, pod: admin_client.Object, data: Mapping[Source, Mapping[str, str]]
) -> str | None:
    if "fieldRef" in reference:
        return field(pod, reference["fieldRef"]["fieldPath"])
    for kind, resource in _KEY_KINDS.items():
        if kind in reference:
            selector = reference[kind]
            text = data.get(Source(resource, selector["name"]), {}).get(selector["key"])
            if text is None and not selector.get("optional", False):
                raise ConfigError(f"{resource} {selector['name']} has no key {selector['key']}")
            return text
    raise ConfigError(f"valueFrom {', '.join(reference)} is not supported by this node")


def _from_whole(entry: admin_client.Object, data: Mapping[Source, Mapping[str, str]]) -> dict[str, str]:
    kind = next(kind for kind in _WHOLE_KINDS if kind in entry)
    source = Source(_WHOLE_KINDS[kind], entry[kind]["name"])
    if source not in data and not entry[kind].get("optional", False):
        raise ConfigError(f"{source.resource} {source.name} not found")
    return {entry.get("prefix", "") + key: text for key, text in data.get(source, {}).items()}
