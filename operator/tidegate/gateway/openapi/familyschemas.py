"""What Pushgateway's API tells: families of metrics, and the gateway itself."""

from __future__ import annotations

from tidegate.gateway.openapi import kinds
from tidegate.model import families
from tidegate.store import interface

_NUMBER = "A number as the text format spells it, such as `1`, `2.5e-05`, `NaN` or `+Inf`."


def schemas() -> dict[str, kinds.Json]:
    """By their names."""
    family = _family()
    named = {
        "name": kinds.text("Its name."),
        "metric_count": kinds.whole("How many metrics it has, those that are not told here among them."),
    }
    return {
        **_metrics(),
        "Family": kinds.record("A family of metrics of one group.", family, optional=("help",)),
        "NamedFamily": kinds.record("A family of metrics of one group.", {**named, **family}, optional=("help",)),
        "GroupMetrics": _group(),
        "Status": _status(),
        "Error": kinds.record(
            "What went wrong, in the envelope of Pushgateway's API.",
            {
                "status": kinds.always("error", "That it did not go well."),
                "errorType": kinds.word(
                    ["bad_data", "not_found", "timeout", "read_only", "forbidden", "conflict"],
                    "What kind of fault it is.",
                ),
                "error": kinds.text("What is wrong, and with what, in English."),
            },
        ),
    }


def _metrics() -> dict[str, kinds.Json]:
    labels = kinds.named(
        {"type": "string"}, "Its labels, the grouping labels and `instance` among them, without `le` and `quantile`."
    )
    number = kinds.text(_NUMBER)
    native = {
        "type": "array",
        "prefixItems": [
            {"enum": [0, 1, 2, 3], "description": "Which bounds belong to it: 0 upper, 1 lower, 2 none, 3 both."},
            kinds.text("Its lower bound."),
            kinds.text("Its upper bound."),
            kinds.text("How many observations are in it."),
        ],
        "items": False,
        "minItems": 4,
        "description": "A bucket of a native histogram, as Prometheus' API has it.",
    }
    count, total = kinds.text("How many observations there were."), kinds.text("The sum of all observations.")
    buckets = {
        "oneOf": [
            kinds.named(
                number, "Of a classic histogram: by their upper bounds, how many observations were at most it."
            ),
            kinds.several(native, "Of a native histogram."),
        ],
        "description": "Its buckets.",
    }
    quantiles = kinds.named(number, "Its quantiles, such as `0.99`, with their values.")
    return {
        "Metric": {
            "oneOf": [kinds.ref("ValueMetric"), kinds.ref("SummaryMetric"), kinds.ref("HistogramMetric")],
            "description": "A label set with its value.",
        },
        "ValueMetric": kinds.record("A counter, a gauge, or what has no type.", {"labels": labels, "value": number}),
        "SummaryMetric": kinds.record(
            "A summary.", {"labels": labels, "quantiles": quantiles, "count": count, "sum": total}
        ),
        "HistogramMetric": kinds.record(
            "A histogram.", {"labels": labels, "buckets": buckets, "count": count, "sum": total}
        ),
    }


def _family() -> dict[str, kinds.Json]:
    return {
        "time_stamp": kinds.text("When it was last pushed, in UTC.", format="date-time"),
        "type": kinds.word([one.name for one in families.MetricType], "Its type."),
        "help": kinds.text("Its help text; missing where none was pushed."),
        "metrics": kinds.several(kinds.ref("Metric"), "Its metrics."),
    }


def _group() -> kinds.Json:
    times = {
        interface.PUSH_TIME: kinds.ref("Family", "When a push was last taken, in Unix seconds; 0 for never."),
        interface.PUSH_FAILURE_TIME: kinds.ref("Family", "When a push was last refused, in Unix seconds; 0 for never."),
    }
    fields = {
        "labels": kinds.ref("Labels"),
        "last_push_successful": kinds.flag("Whether its last push was taken."),
        **times,
    }
    described = kinds.record("A group; every other field is a family of metrics by its name.", fields)
    return {**described, "additionalProperties": kinds.ref("Family")}


def _status() -> kinds.Json:
    empty = "Empty; Pushgateway has it."
    build = {
        "version": kinds.text("The version of tidegate."),
        "revision": kinds.text(empty),
        "branch": kinds.text(empty),
        "buildUser": kinds.text(empty),
        "buildDate": kinds.text(empty),
        "goVersion": kinds.text("The version of Python, where Pushgateway tells Go's."),
    }
    return kinds.record(
        "The gateway itself.",
        {
            "flags": kinds.named(
                {"type": "string"}, "The flags in force by their names, without hyphens before them and passwords."
            ),
            "start_time": kinds.text("When the process started, in UTC.", format="date-time"),
            "build_information": kinds.record("What runs.", build),
        },
    )
