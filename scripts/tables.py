"""Write docs/flags.md and docs/metrics.md from the flags and metrics in the code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import prometheus_client
from prometheus_client import metrics as prometheus_metrics
from prometheus_client import registry

from tidegate import telemetry
from tidegate.cli import click_commands, click_flags, root
from tidegate.gateway.metrics import database_metrics
from tidegate.gateway.metrics import own_metrics as gateway_metrics
from tidegate.operator import operator_metrics
from tidegate.operator.gateways import pushgateway_metrics

ROOT = Path(__file__).resolve().parent.parent

_HEAD = "<!-- Written by scripts/tables.py (`make tables`). -->\n"


def main() -> None:
    """Update each file that is out of date."""
    for path, text in texts().items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"tables: wrote {path.relative_to(ROOT)}")


def texts() -> dict[Path, str]:
    """Map each generated file to its text."""
    docs = ROOT / "docs"
    return {docs / "flags.md": _HEAD + "\n".join(_flags()), docs / "metrics.md": _HEAD + "\n".join(_metrics())}


def _flags() -> Iterator[str]:
    yield "# Flags\n\nThe flags of each command, as `--help` prints them.\n"
    for context in click_commands.walk(root.Root()):
        rows = [_row(param, context) for param in context.command.params]
        if rows:
            yield f"## `{context.command_path}`\n\n| flag | default | description |\n| --- | --- | --- |"
            yield "\n".join(rows) + "\n"


def _row(param: click.Parameter, context: click.Context) -> str:
    is_flag = isinstance(param, click_flags.Flag)
    name = param.opts[0] if is_flag else param.make_metavar(context)
    default = f"`{param.default_help}`" if isinstance(param, click_flags.Flag) and param.default_help else ""
    choices = param.type.choices if isinstance(param.type, click.Choice) and is_flag else ()
    note = f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else ""
    return f"| `{_cell(name)}` | {_cell(default)} | {_cell((param.help or '') + note)} |"


class _Metric(NamedTuple):
    name: str
    type: str
    labels: tuple[str, ...]
    text: str


class _Registry(prometheus_client.CollectorRegistry):
    """A registry that records the metrics registered in it."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[_Metric] = []

    def register(self, collector: registry.Collector) -> None:
        if isinstance(collector, prometheus_metrics.MetricWrapperBase):
            labels = tuple(collector._labelnames)
            self.made.append(_Metric(collector._name, str(collector._type), labels, collector._documentation))
        else:
            for family in collector.collect():
                labels = tuple(getattr(family, "_labelnames", ()))
                self.made.append(_Metric(family.name, family.type, labels, family.documentation))


def _metrics() -> Iterator[str]:
    yield (
        "# Metrics\n\nThe metrics of tidegate itself. Gateway and operator also expose "
        "the `process_*` and `python_*` metrics of prometheus_client.\n"
    )
    for title, kinds in (
        ("Gateway (:9091)", (gateway_metrics.GatewayMetrics, gateway_metrics.PersistenceMetrics)),
        ("Gateway with --drain.confirm=stored (:9091), additional metrics", (database_metrics.DatabaseMetrics,)),
        ("Operator (:9093)", (operator_metrics.OperatorMetrics,)),
        ("Operator beside a stock Pushgateway (:9093), additional metrics", (pushgateway_metrics.PushgatewayMetrics,)),
    ):
        made = _Registry()
        for kind in kinds:
            kind(made)
        yield f"## {title}\n\n| metric | type | labels | description |\n| --- | --- | --- | --- |"
        yield "\n".join(map(_metric, sorted(made.made))) + "\n"
    yield f"## Both\n\n| metric | type | labels | description |\n| --- | --- | --- | --- |\n{_build_info()}\n"


def _metric(metric: _Metric) -> str:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{name}` | {metric.type} | {labels} | {_cell(metric.text)} |"


def _build_info() -> str:
    """Return the row of the build metric, which every process registry contains."""
    [found] = [family for family in telemetry.new_registry().collect() if family.name.startswith("tidegate_build")]
    [sample] = found.samples
    labels = ", ".join(f"`{label}`" for label in sample.labels)
    return f"| `{sample.name}` | {found.type} | {labels} | {_cell(found.documentation)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
