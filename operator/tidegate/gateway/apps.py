"""The two HTTP applications of the gateway: the public one, and the control API."""

from __future__ import annotations

from aiohttp import web

from tidegate import settings
from tidegate.gateway import admin, control, health, middlewares, pushes, queries, scrapes, selections
from tidegate.gateway import metrics as own_metrics


def public(
    chosen: settings.GatewaySettings,
    *,
    groups: pushes.GroupEndpoint,
    scrape: scrapes.ScrapeEndpoint,
    query: queries.QueryEndpoint,
    probes: health.HealthEndpoint,
    selection: selections.SelectionEndpoint,
    administer: admin.AdminEndpoint,
    metrics: own_metrics.GatewayMetrics,
) -> web.Application:
    """Push, scrape, query and probes; the administrator's paths as far as the settings allow."""
    app = web.Application(
        client_max_size=chosen.limits.body_bytes,
        middlewares=[middlewares.counting(metrics), middlewares.explaining, middlewares.routing],
    )
    prefix = chosen.web.prefix
    group = app.router.add_resource(prefix + "/metrics/{key:job(?:@base64)?/(?s:.+)}", name="group")
    group.add_route("PUT", groups.put)
    group.add_route("POST", groups.post)
    group.add_route("DELETE", groups.delete)
    app.router.add_get(prefix + chosen.web.telemetry_path, scrape.get, name="metrics")
    app.router.add_get(prefix + "/-/healthy", probes.healthy, name="healthy")
    app.router.add_get(prefix + "/-/ready", probes.ready, name="ready")
    app.router.add_get(prefix + "/api/v1/status", query.status, name="api_status")
    app.router.add_get(prefix + "/api/v1/metrics", query.metrics, name="api_metrics")
    selected = app.router.add_resource(prefix + "/api/v1/groups", name="api_groups")
    selected.add_route("DELETE", selection.delete)
    selected.add_route("OPTIONS", selection.options)
    end = app.router.add_resource(prefix + "/-/quit", name="quit")
    for method in ("PUT", "POST"):
        end.add_route(method, administer.quit if chosen.web.enable_lifecycle else administer.refuse_quit)
    if chosen.web.enable_admin_api:
        app.router.add_put(prefix + "/api/v1/admin/wipe", administer.wipe, name="api_wipe")
    app.router.add_route("OPTIONS", prefix + "/api/v1/{path:.*}", query.options, name="api_options")
    return app


def private(endpoint: control.ControlEndpoint) -> web.Application:
    """The control API."""
    app = web.Application(client_max_size=16 * 1024 * 1024, middlewares=[middlewares.explaining])
    app.router.add_get("/control/v1/groups", endpoint.groups)
    app.router.add_post("/control/v1/actions", endpoint.actions)
    return app
