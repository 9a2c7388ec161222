"""JSON schemas for kubeconform, from the API server's own OpenAPI documents; unknown fields are errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.kubernetes import admin_client

_KINDS = "x-kubernetes-group-version-kind"
_ANYTHING = "x-kubernetes-preserve-unknown-fields"
LOCATION = "{{.ResourceKind}}{{.KindSuffix}}.json"
"""The name of each file, as kubeconform expects it."""


def write(api: admin_client.Api, folder: Path, *, versions: list[str]) -> Path:
    """Write a schema for each kind of these API versions, such as `v1` and `apps/v1`."""
    for schemas_of_version in _published(api, versions):
        strict = {name: _strict(schema) for name, schema in schemas_of_version.items()}
        for name, schema in schemas_of_version.items():
            for kind in schema.get(_KINDS, ()):
                rendered = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": strict}}
                (folder / _file(kind)).write_text(json.dumps(rendered))
    return folder


def kinds(api: admin_client.Api, versions: list[str]) -> set[str]:
    """The kinds of these versions that have a schema now."""
    schemas = [schema for schemas_of_version in _published(api, versions) for schema in schemas_of_version.values()]
    return {kind["kind"] for schema in schemas for kind in schema.get(_KINDS, ())}


def _published(api: admin_client.Api, versions: list[str]) -> Iterator[dict[str, Any]]:
    """The schemas of each version; a version whose kinds were just added or removed may have none."""
    served = api.request("GET", "openapi/v3")["paths"]
    for version in versions:
        path = f"apis/{version}" if "/" in version else f"api/{version}"
        if path in served:
            document = api.request("GET", served[path]["serverRelativeURL"].removeprefix("/"))
            yield document.get("components", {}).get("schemas", {})


def _file(kind: dict[str, str]) -> str:
    group = kind["group"].partition(".")[0]
    return "-".join(part for part in (kind["kind"].lower(), group, kind["version"]) if part) + ".json"


def _strict(schema: Any) -> Any:
    """The same schema without additional properties wherever it lists properties."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get(_ANYTHING):
        closed.setdefault("additionalProperties", False)
    return closed
