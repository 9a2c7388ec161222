"""The whole document."""

from __future__ import annotations

import json
import urllib.parse

import tidegate
from tidegate import settings
from tidegate.gateway.openapi import (
    apipaths,
    familyschemas,
    grouppaths,
    groupschemas,
    kinds,
    pushpaths,
    responses,
    scrapepaths,
)

_ABOUT = """\
What the gateway answers on its public port. What Pushgateway answers too is answered as there.

- Times are Unix seconds, with fractions, unless a field says otherwise.
- Later versions may tell more: ignore fields that you do not know.
- A path that is not described is 404, and a verb that a path does not have is 405 with the header `Allow`, both as
  plain text. `OPTIONS` tells every path's verbs. A path with empty or dot components is redirected with 307.
- A password is needed only where `--web.config.file` asks for one.
- 500 is a mistake of the gateway's, which its log tells of.
"""

_TAGS = {
    pushpaths.TAG: "What Jobs push, and DELETE.",
    scrapepaths.SCRAPE: "What Prometheus reads.",
    grouppaths.TAG: "What tidegate tells of groups, scrapers and deletions. Scripts of other origins are not let in.",
    apipaths.PUSHGATEWAY: "Pushgateway's API. Scripts of any origin may read it.",
    scrapepaths.PROBES: "What a kubelet asks.",
    apipaths.ADMINISTRATION: "What is off unless a flag says otherwise.",
    apipaths.PAGE: "What the web page alone asks for.",
    apipaths.DESCRIPTION: "This document.",
}

_BASIC = "basic"


def document(chosen: settings.GatewaySettings) -> kinds.Json:
    """What a gateway with these settings serves; paths of what is switched off are not in it."""
    paths = {
        **pushpaths.paths(chosen),
        **scrapepaths.paths(chosen.web),
        **grouppaths.paths(),
        **apipaths.paths(chosen.web),
    }
    used = {verb["tags"][0] for path in paths.values() for verb in path.values() if isinstance(verb, dict)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tidegate",
            "version": tidegate.__version__,
            "summary": "A push gateway for Prometheus that clears itself.",
            "description": _ABOUT,
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": _servers(chosen.web),
        "security": [{}, {_BASIC: []}],
        "tags": [{"name": name, "description": said} for name, said in _TAGS.items() if name in used],
        "paths": paths,
        "components": {
            "schemas": {**groupschemas.schemas(), **familyschemas.schemas()},
            "responses": responses.responses(chosen.limits),
            "securitySchemes": {
                _BASIC: {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Where `--web.config.file` has `basic_auth_users`.",
                }
            },
        },
    }


def spelled(chosen: settings.GatewaySettings) -> bytes:
    """The document as it is sent."""
    return json.dumps(document(chosen), ensure_ascii=False).encode()


def _servers(chosen: settings.WebSettings) -> list[kinds.Json]:
    here = {"url": chosen.prefix or "/", "description": "Where this document is served from."}
    if not chosen.external_url:
        return [here]
    return [{"url": _shown(chosen.external_url), "description": "As it is known outside."}, here]


def _shown(url: str) -> str:
    """The URL without a password, which everybody would see, and nothing in it that is a variable to readers."""
    parts = urllib.parse.urlsplit(url)
    # SECURITY: an external URL may come with a password.
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], path=parts.path.rstrip("/"), query="", fragment="")
    return bare.geturl().replace("{", "%7B").replace("}", "%7D")
