"""The two addresses of the gateway, the public one and the control API: which endpoint answers where."""

from __future__ import annotations

from aiohttp import hdrs

from tidegate import settings
from tidegate.gateway.api import (
    admin,
    control_handlers,
    event_stream,
    group_queries,
    pushgateway_api,
    selector_deletion,
)
from tidegate.gateway.http import health, router
from tidegate.gateway.openapi import endpoints as openapi_endpoints
from tidegate.gateway.push import push_handler
from tidegate.gateway.scrape import scrape_handler
from tidegate.gateway.ui import page_deletion, static_files


def public(
    chosen: settings.WebSettings,
    *,
    groups: push_handler.GroupEndpoint,
    scrape: scrape_handler.ScrapeEndpoint,
    query: pushgateway_api.QueryEndpoint,
    probes: health.HealthEndpoint,
    selection: selector_deletion.SelectionEndpoint,
    browse: group_queries.BrowsingEndpoint,
    stream: event_stream.StreamEndpoint,
    administer: admin.AdminEndpoint,
    described: openapi_endpoints.DocumentEndpoint,
) -> router.Routes:
    """Push, scrape, query and probes; the administrator's paths as far as the settings allow."""
    found, prefix = router.Routes(), chosen.prefix
    pushing: dict[str, router.Handler] = {"PUT": groups.put, "POST": groups.post, "DELETE": groups.delete}
    for job in ("job", "job@base64"):
        found.add_below(f"{prefix}/metrics/{job}/", "group", pushing)
    found.add(prefix + chosen.telemetry_path, "metrics", {"GET": scrape.get})
    found.add(f"{prefix}/-/healthy", "healthy", {"GET": probes.healthy})
    found.add(f"{prefix}/-/ready", "ready", {"GET": probes.ready})
    api = f"{prefix}/api/v1"
    asked: dict[str, router.Handler] = {hdrs.METH_OPTIONS: query.options}
    found.add(f"{api}/status", "api_status", {"GET": query.status, **asked})
    found.add(f"{api}/metrics", "api_metrics", {"GET": query.metrics, **asked})
    found.add(
        f"{api}/groups",
        "api_groups",
        {"GET": browse.list_groups, "DELETE": selection.delete, "OPTIONS": selection.options},
    )
    found.add(f"{api}/group", "api_group", {"GET": browse.show_group})
    found.add(f"{api}/scrapers", "api_scrapers", {"GET": browse.list_scrapers})
    found.add(f"{api}/deletions", "api_deletions", {"GET": browse.list_deletions})
    found.add(f"{api}/events", "api_events", {"GET": stream.events})
    found.add(prefix + openapi_endpoints.PATH, "api_openapi", {"GET": described.get})
    quitting = administer.quit if chosen.enable_lifecycle else administer.refuse_quit
    found.add(f"{prefix}/-/quit", "quit", {"PUT": quitting, "POST": quitting})
    if chosen.enable_admin_api:
        found.add(f"{api}/admin/wipe", "api_wipe", {"PUT": administer.wipe, **asked})
    found.add(f"{api}/", "api_options", asked)
    found.add_below(f"{api}/", "api_options", asked)
    return found


def add_page(
    found: router.Routes, prefix: str, *, shown: static_files.Files, deletion: page_deletion.DeleteEndpoint
) -> None:
    """The page, at the paths where Pushgateway has its own."""
    if prefix:
        found.add(prefix, "page", {"GET": shown.move})
    found.add(f"{prefix}/", "page", {"GET": shown.page})
    found.add(f"{prefix}/status", "page", {"GET": shown.page})
    for name in shown.names:
        found.add(f"{prefix}/page/{shown.version}/{name}", "page_file", {"GET": shown.file})
    found.add(f"{prefix}/page/delete", "page_delete", {"POST": deletion.delete})


def restoring(chosen: settings.WebSettings, *, probes: health.HealthEndpoint) -> router.Routes:
    """The public side while there are no groups yet: probes are answered, all else is to come again."""
    found, prefix = router.Routes(), chosen.prefix
    found.add(f"{prefix}/-/healthy", "healthy", {"GET": probes.healthy})
    found.add(f"{prefix}/-/ready", "ready", {"GET": probes.ready})
    anything: dict[str, router.Handler] = dict.fromkeys(("GET", "PUT", "POST", "DELETE", "OPTIONS"), probes.not_yet)
    found.add("/", "restoring", anything)
    found.add_below("/", "restoring", anything)
    return found


def private(endpoint: control_handlers.ControlEndpoint) -> router.Routes:
    """The control API."""
    found = router.Routes()
    found.add("/control/v1/groups", "groups", {"GET": endpoint.groups})
    found.add("/control/v1/actions", "actions", {"POST": endpoint.actions})
    return found
