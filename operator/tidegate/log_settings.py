"""Settings of the log, as frozen values, for every command that runs a process."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate import flags


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """Level and format of the log."""

    level: str = flags.choice(
        "--log.level",
        "info",
        "Minimum log level.",
        choices={level: level for level in ("debug", "info", "warn", "error")},
    )
    format: str = flags.choice(
        "--log.format", "logfmt", "Log format.", choices={format: format for format in ("logfmt", "json")}
    )
