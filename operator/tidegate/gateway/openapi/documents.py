"""Complete ``openapi.json`` for one gateway.

The file is the document of a gateway with every feature enabled, and two notations in it are replaced:

- ``${name}`` stands for a value that depends on the settings. A text that is nothing else becomes the value itself,
  which may be a number or a list. :func:`_values` has the names; that of a flag's value is the flag.
- ``"x-tidegate-if": "feature"`` marks an object that is part of the document only if the feature is enabled.
  :func:`_features` has the names.

A tag that no operation has is left out.
"""

from __future__ import annotations

import dataclasses
import importlib.resources
import json
import re
import urllib.parse
from collections.abc import Mapping
from typing import Any, TypeAlias

import tidegate
from tidegate import settings
from tidegate.gateway.push import push_handler
from tidegate.model import limits

Json: TypeAlias = dict[str, Any]

_FILE = "openapi.json"
_CONDITION = "x-tidegate-if"
_PLACEHOLDER = re.compile(r"\$\{([a-z.-]+)\}")


def document(chosen: settings.GatewaySettings) -> Json:
    """The document of a gateway with these settings."""
    template = json.loads((importlib.resources.files(__package__) / _FILE).read_text(encoding="utf-8"))
    made: Json = _complete(template, values=_values(chosen), features=_features(chosen.web))
    used = {tag for path in made["paths"].values() for tag in _tags(path)}
    made["tags"] = [tag for tag in made["tags"] if tag["name"] in used]
    return made


def encoded(chosen: settings.GatewaySettings) -> bytes:
    """The document as it is sent."""
    return json.dumps(document(chosen), ensure_ascii=False).encode()


def _values(chosen: settings.GatewaySettings) -> Json:
    numbers = dataclasses.asdict(chosen.limits)
    return {
        "version": tidegate.__version__,
        "servers": _servers(chosen.web),
        "push.status": push_handler.success_status(chosen.push),
        "web.telemetry-path": chosen.web.telemetry_path,
        **{limit.flag.removeprefix("--"): numbers[limit.label] for limit in limits.Limit},
    }


def _features(chosen: settings.WebSettings) -> Mapping[str, bool]:
    return {
        "web.enable-admin-api": chosen.enable_admin_api,
        "web.enable-lifecycle": chosen.enable_lifecycle,
        "web.enable-openmetrics": chosen.enable_openmetrics,
        "page-deletion": not chosen.page_read_only,
    }


def _complete(part: Any, *, values: Json, features: Mapping[str, bool]) -> Any:
    """The same part of the document without placeholders and conditions."""
    if isinstance(part, str):
        whole = _PLACEHOLDER.fullmatch(part)
        return values[whole[1]] if whole else _text(part, values)
    if isinstance(part, list):
        return [_complete(item, values=values, features=features) for item in part]
    if isinstance(part, dict):
        return {
            _text(name, values): _complete(value, values=values, features=features)
            for name, value in part.items()
            if name != _CONDITION and _is_enabled(value, features)
        }
    return part


def _is_enabled(part: Any, features: Mapping[str, bool]) -> bool:
    return not isinstance(part, dict) or _CONDITION not in part or features[part[_CONDITION]]


def _text(text: str, values: Json) -> str:
    return _PLACEHOLDER.sub(lambda found: _spelled(values[found[1]]), text)


def _spelled(value: Any) -> str:
    match value:
        case None:
            # --limit.memory, the only limit whose default is not a number.
            return "80% of its cgroup's limit"
        case int() | float():
            return f"{value:.15g}"
        case _:
            return str(value)


def _tags(path: Json) -> list[str]:
    return [tag for operation in path.values() if isinstance(operation, dict) for tag in operation["tags"]]


def _servers(chosen: settings.WebSettings) -> list[Json]:
    here = {"url": chosen.prefix or "/", "description": "The URL that this document is served from."}
    if not chosen.external_url:
        return [here]
    return [{"url": _public_url(chosen.external_url), "description": "The external URL of the gateway."}, here]


def _public_url(url: str) -> str:
    """The external URL without credentials, and without braces, which OpenAPI would take for variables."""
    parts = urllib.parse.urlsplit(url)
    # SECURITY: an external URL may contain a password, and everybody may read this document.
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], path=parts.path.rstrip("/"), query="", fragment="")
    return bare.geturl().replace("{", "%7B").replace("}", "%7D")
