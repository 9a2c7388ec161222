"""Logging, and the metrics that every process has."""

from __future__ import annotations

import datetime
import json
import logging
import platform
import sys

import prometheus_client

import tidegate

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
LEVELS = tuple(_LEVELS)
FORMATS = ("logfmt", "json")


def new_registry() -> prometheus_client.CollectorRegistry:
    """A registry with the metrics of the build, the process and Python."""
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.ProcessCollector(registry=registry)
    prometheus_client.PlatformCollector(registry=registry)
    build = prometheus_client.Gauge(
        "tidegate_build_info",
        "Always 1. The labels describe the build.",
        ["version", "pythonversion"],
        registry=registry,
    )
    build.labels(version=tidegate.__version__, pythonversion=platform.python_version()).set(1)
    return registry


def configure_logging(*, level: str, format: str) -> None:
    """Log to standard error, libraries included, one line per record.

    A record can have further fields: ``extra={"fields": {"group": …}}``.

    :param level: one of :data:`LEVELS`.
    :param format: one of :data:`FORMATS`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if format == "json" else _LogfmtFormatter())
    logging.basicConfig(level=_LEVELS[level], handlers=[handler], force=True)


def _fields(record: logging.LogRecord) -> dict[str, str]:
    when = datetime.datetime.fromtimestamp(record.created, tz=datetime.UTC)
    fields = {
        "ts": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower().replace("warning", "warn"),
        "source": record.name,
        "msg": record.getMessage(),
    }
    fields |= getattr(record, "fields", {})
    if record.exc_info and record.exc_info[0] is not None:
        fields["err"] = logging.Formatter().formatException(record.exc_info)
    return fields


class _LogfmtFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{name}={_quoted(text)}" for name, text in _fields(record).items())


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_fields(record), ensure_ascii=False)


def _quoted(text: str) -> str:
    plain = text.isascii() and text.isprintable() and not any(character in text for character in ' "=')
    return text if plain and text else json.dumps(text, ensure_ascii=False)
