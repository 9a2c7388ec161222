"""What a client is told that is over a limit: what the limit is, and the flag that changes it."""

from __future__ import annotations

import dataclasses

from tidegate import settings
from tidegate.model import errors, limits

_REASONS = {
    limits.Limit.BODY: "the body has more than {body} bytes",
    limits.Limit.UNPACKED_BODY: "the unpacked body has more than {unpacked_body} bytes",
    limits.Limit.BODIES: "the bodies under way have {bodies} bytes together, try again later",
    limits.Limit.REQUEST_HEAD: "the request line and the headers have more than {request_head} bytes",
    limits.Limit.HEAD_TIMEOUT: "the request line and the headers take more than {head_timeout:g} s",
    limits.Limit.BODY_TIMEOUT: "the body takes more than {body_timeout:g} s for a MiB",
    limits.Limit.CONNECTIONS: "{connections} connections are in use, try again later",
    limits.Limit.REQUESTS: "{requests} pushes are under way, try again later",
}


def over(limit: limits.Limit, chosen: settings.LimitSettings) -> errors.LimitError:
    """The error that says so."""
    reason = _REASONS[limit].format_map(dataclasses.asdict(chosen))
    return errors.LimitError(f"{reason} ({limit.flag})", limit=limit)
