"""Errors for requests over a limit. Each names the limit and the flag that changes it."""

from __future__ import annotations

import dataclasses

from tidegate import settings
from tidegate.model import errors, limits

_REASONS = {
    limits.Limit.BODY: "the body is larger than the limit of {body} bytes",
    limits.Limit.UNPACKED_BODY: "the unpacked body is larger than the limit of {unpacked_body} bytes",
    limits.Limit.BODIES: "the bodies of all requests in flight reach the limit of {bodies} bytes; try again later",
    limits.Limit.REQUEST_HEAD: "the request line and the headers exceed the limit of {request_head} bytes",
    limits.Limit.HEAD_TIMEOUT: "the request line and the headers did not arrive within {head_timeout:g} s",
    limits.Limit.BODY_TIMEOUT: "a MiB of the body, or its end, did not arrive within {body_timeout:g} s",
    limits.Limit.CONNECTIONS: "all connections are in use (limit {connections}); try again later",
    limits.Limit.REQUESTS: "too many pushes are in flight (limit {requests}); try again later",
}


def exceeded(limit: limits.Limit, limit_settings: settings.LimitSettings) -> errors.LimitError:
    """The error for a request over this limit."""
    reason = _REASONS[limit].format_map(dataclasses.asdict(limit_settings))
    return errors.LimitError(f"{reason} ({limit.flag})", limit=limit)
