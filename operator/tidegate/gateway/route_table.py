"""The routes of the two addresses of the gateway: the public one and the control API."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, kw_only=True)
class PublicHandlers:
    """The handlers of the public address."""

    push: push_handler.PushHandler
    scrape: scrape_handler.ScrapeHandler
    pushgateway_api: pushgateway_api.PushgatewayApiHandlers
    health: health.HealthHandlers
    selector_deletion: selector_deletion.SelectorDeletionHandler
    group_queries: group_queries.GroupQueryHandlers
    event_stream: event_stream.EventStreamHandler
    admin: admin.AdminHandlers
    openapi: openapi_endpoints.DocumentEndpoint


def public(web_settings: settings.WebSettings, handlers: PublicHandlers) -> router.Routes:
    """Routes for pushes, scrapes, queries and probes, and for administration as far as flags enable it."""
    routes, prefix = router.Routes(), web_settings.prefix
    push: dict[str, router.Handler] = {
        "PUT": handlers.push.put,
        "POST": handlers.push.post,
        "DELETE": handlers.push.delete,
    }
    for job in ("job", "job@base64"):
        routes.add_below(f"{prefix}/metrics/{job}/", "group", push)
    routes.add(prefix + web_settings.telemetry_path, "metrics", {"GET": handlers.scrape.get})
    _add_probes(routes, prefix, handlers.health)
    quit_handler = handlers.admin.quit if web_settings.enable_lifecycle else handlers.admin.reject_quit
    routes.add(f"{prefix}/-/quit", "quit", {"PUT": quit_handler, "POST": quit_handler})
    _add_api(routes, web_settings, handlers)
    return routes


def _add_api(routes: router.Routes, web_settings: settings.WebSettings, handlers: PublicHandlers) -> None:
    api, queries, selection = f"{web_settings.prefix}/api/v1", handlers.group_queries, handlers.selector_deletion
    preflight: dict[str, router.Handler] = {hdrs.METH_OPTIONS: handlers.pushgateway_api.options}
    routes.add(f"{api}/status", "api_status", {"GET": handlers.pushgateway_api.status, **preflight})
    routes.add(f"{api}/metrics", "api_metrics", {"GET": handlers.pushgateway_api.metrics, **preflight})
    groups: dict[str, router.Handler] = {
        "GET": queries.list_groups,
        "DELETE": selection.delete,
        "OPTIONS": selection.options,
    }
    routes.add(f"{api}/groups", "api_groups", groups)
    routes.add(f"{api}/group", "api_group", {"GET": queries.show_group})
    routes.add(f"{api}/scrapers", "api_scrapers", {"GET": queries.list_scrapers})
    routes.add(f"{api}/deletions", "api_deletions", {"GET": queries.list_deletions})
    routes.add(f"{api}/events", "api_events", {"GET": handlers.event_stream.events})
    routes.add(web_settings.prefix + openapi_endpoints.PATH, "api_openapi", {"GET": handlers.openapi.get})
    if web_settings.enable_admin_api:
        routes.add(f"{api}/admin/wipe", "api_wipe", {"PUT": handlers.admin.wipe, **preflight})
    routes.add(f"{api}/", "api_options", preflight)
    routes.add_below(f"{api}/", "api_options", preflight)


def add_page(
    routes: router.Routes,
    prefix: str,
    *,
    files: static_files.StaticFiles,
    deletion: page_deletion.PageDeletionHandler,
) -> None:
    """Add the web page, at the paths of Pushgateway's page."""
    if prefix:
        routes.add(prefix, "page", {"GET": files.redirect})
    routes.add(f"{prefix}/", "page", {"GET": files.page})
    routes.add(f"{prefix}/status", "page", {"GET": files.page})
    for name in files.names:
        routes.add(f"{prefix}/page/{files.version}/{name}", "page_file", {"GET": files.file})
    routes.add(f"{prefix}/page/delete", "page_delete", {"POST": deletion.delete})


def restoring(web_settings: settings.WebSettings, health_handlers: health.HealthHandlers) -> router.Routes:
    """Routes of the public address during the restore: probes, and 503 for everything else."""
    routes = router.Routes()
    _add_probes(routes, web_settings.prefix, health_handlers)
    rejected: dict[str, router.Handler] = dict.fromkeys(
        ("GET", "PUT", "POST", "DELETE", "OPTIONS"), health_handlers.reject_until_restored
    )
    routes.add("/", "restoring", rejected)
    routes.add_below("/", "restoring", rejected)
    return routes


def control(handlers: control_handlers.ControlHandlers) -> router.Routes:
    """Routes of the control API."""
    routes = router.Routes()
    routes.add("/control/v1/groups", "groups", {"GET": handlers.groups})
    routes.add("/control/v1/actions", "actions", {"POST": handlers.actions})
    return routes


def _add_probes(routes: router.Routes, prefix: str, health_handlers: health.HealthHandlers) -> None:
    routes.add(f"{prefix}/-/healthy", "healthy", {"GET": health_handlers.healthy})
    routes.add(f"{prefix}/-/ready", "ready", {"GET": health_handlers.ready})
