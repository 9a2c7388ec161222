"""Sequences of pushes: their combined result, and pushes that are inconsistent with each other."""

from collections.abc import Sequence

from tests.integration.differential import case_builders
from tests.support.pushgateway import comparisons

_GAUGE = "# TYPE m gauge\nm 1\n"
_COUNTER = "# TYPE m counter\nm 1\n"
_SUMMARY = "# TYPE m summary\nm_sum 1\nm_count 2\n"
_HISTOGRAM = '# TYPE m histogram\nm_bucket{le="1"} 1\nm_bucket{le="+Inf"} 2\nm_sum 1\nm_count 2\n'
_PUSHES: dict[str, Sequence[comparisons.Request]] = {
    "put-replaces": [case_builders.put("job/x", "m 1\nn 1\n"), case_builders.put("job/x", "m 2\n")],
    "put-of-nothing-empties": [case_builders.put("job/x", "m 1\n"), case_builders.put("job/x", "")],
    "post-merges": [case_builders.put("job/x", "m 1\nn 1\n"), case_builders.post("job/x", "m 2\n")],
    "post-replaces-whole-families": [
        case_builders.put("job/x", 'm{a="1"} 1\nm{a="2"} 1\n'),
        case_builders.post("job/x", 'm{a="3"} 2\n'),
    ],
    "post-of-nothing-changes-nothing": [case_builders.put("job/x", "m 1\n"), case_builders.post("job/x", "")],
    "post-makes-a-group": [case_builders.post("job/x", "m 1\n")],
    "put-may-change-a-type": [case_builders.put("job/x", _GAUGE), case_builders.put("job/x", _COUNTER)],
    "post-may-change-a-type": [case_builders.put("job/x", _GAUGE), case_builders.post("job/x", _COUNTER)],
    "put-may-turn-gauge-into-histogram": [case_builders.put("job/x", _GAUGE), case_builders.put("job/x", _HISTOGRAM)],
    "two-groups": [case_builders.put("job/x"), case_builders.put("job/y")],
    "two-groups-with-an-instance": [case_builders.put("job/x/instance/a"), case_builders.put("job/x/instance/b")],
    "grouping-labels-overwrite": [case_builders.put("job/x/a/b", 'm{job="other",a="other",instance="i",c="d"} 1\n')],
    "grouping-label-instance-overwrites": [case_builders.put("job/x/instance/a", 'm{instance="b"} 1\n')],
    "grouping-labels-make-series-equal": [case_builders.put("job/x/a/b", 'm{a="1"} 1\nm{a="2"} 2\n')],
    "grouping-label-empty": [case_builders.put("job/x/a@base64/=", 'm{a="1"} 1\n')],
    "grouping-label-le-on-histogram": [case_builders.put("job/x/le/7", _HISTOGRAM)],
    "grouping-label-quantile-on-summary": [
        case_builders.put("job/x/quantile/7", '# TYPE m summary\nm{quantile="0.5"} 1\n')
    ],
    "series-of-another-group": [case_builders.put("job/x", 'm{a="b"} 1\n'), case_builders.put("job/x/a/b", "m 2\n")],
    "series-of-another-group-by-empty-label": [
        case_builders.put("job/x", "m 1\n"),
        case_builders.put("job/x/instance@base64/=", "m 2\n"),
    ],
    "series-equal-but-for-an-empty-label": [
        case_builders.put("job/x", "m 1\n"),
        case_builders.put("job/x/a@base64/=", "m 2\n"),
    ],
    "series-of-a-deleted-group": [
        case_builders.put("job/x", 'm{a="b"} 1\n'),
        case_builders.delete("job/x"),
        case_builders.put("job/x/a/b", "m 2\n"),
    ],
    "type-clash": [case_builders.put("job/x", _GAUGE), case_builders.put("job/y", _COUNTER)],
    "type-clash-with-untyped": [case_builders.put("job/x", _GAUGE), case_builders.put("job/y", "m 1\n")],
    "type-clash-of-shapes": [case_builders.put("job/x", _SUMMARY), case_builders.put("job/y", _HISTOGRAM)],
    "type-clash-gone-with-its-group": [
        case_builders.put("job/x", _GAUGE),
        case_builders.put("job/y", _COUNTER),
        case_builders.delete("job/x"),
        case_builders.put("job/y", _COUNTER),
    ],
    "type-clash-gone-with-its-family": [
        case_builders.put("job/x", _GAUGE),
        case_builders.put("job/x", "n 1\n"),
        case_builders.put("job/y", _COUNTER),
    ],
    "type-clash-changes-nothing": [
        case_builders.put("job/x", _GAUGE),
        case_builders.put("job/y", "n 1\n"),
        case_builders.put("job/y", "n 2\no 3\n" + _COUNTER),
    ],
    "type-clash-in-post": [
        case_builders.put("job/x", _GAUGE),
        case_builders.post("job/y", "n 1\n"),
        case_builders.post("job/y", _COUNTER),
    ],
    "summary-then-count": [case_builders.put("job/x", _SUMMARY), case_builders.put("job/y", "m_count 1\n")],
    "summary-then-sum-of-a-type": [
        case_builders.put("job/x", _SUMMARY),
        case_builders.put("job/y", "# TYPE m_sum gauge\nm_sum 1\n"),
    ],
    "summary-then-bucket": [case_builders.put("job/x", _SUMMARY), case_builders.put("job/y", "m_bucket 1\n")],
    "count-then-summary": [case_builders.put("job/x", "m_count 1\n"), case_builders.put("job/y", _SUMMARY)],
    "histogram-then-bucket": [case_builders.put("job/x", _HISTOGRAM), case_builders.put("job/y", "m_bucket 1\n")],
    "histogram-then-sum": [case_builders.put("job/x", _HISTOGRAM), case_builders.put("job/y", "m_sum 1\n")],
    "bucket-then-histogram": [case_builders.put("job/x", "m_bucket 1\n"), case_builders.put("job/y", _HISTOGRAM)],
    "bucket-then-histogram-in-one-group": [
        case_builders.put("job/x", "m_bucket 1\n"),
        case_builders.post("job/x", _HISTOGRAM),
    ],
    "bucket-then-histogram-in-its-place": [
        case_builders.put("job/x", "m_bucket 1\n"),
        case_builders.put("job/x", _HISTOGRAM),
    ],
    "counter-then-count": [case_builders.put("job/x", _COUNTER), case_builders.put("job/y", "m_count 1\n")],
    "suffix-twice": [
        case_builders.put("job/x", _HISTOGRAM),
        case_builders.put("job/y", "m_count_count 1\nm_x_bucket 1\n"),
    ],
    "failure-of-a-first-push": [case_builders.put("job/x", "m 1 1000\n")],
    "failure-then-success": [case_builders.put("job/x", "m 1 1000\n"), case_builders.put("job/x", "m 1\n")],
    "failure-then-post": [case_builders.put("job/x", "m 1 1000\n"), case_builders.post("job/x", "m 1\n")],
    "success-then-failure": [case_builders.put("job/x", "m 1\n"), case_builders.put("job/x", "m 2 1000\n")],
    "failure-deleted": [
        case_builders.put("job/x", "m 1 1000\n"),
        case_builders.delete("job/x"),
        case_builders.put("job/x", "m 1\n"),
    ],
    "unparsable-leaves-no-trace": [case_builders.put("job/x", "m\n")],
    "unparsable-is-no-failure": [case_builders.put("job/x", "m 1\n"), case_builders.put("job/x", "n 1\nm\n")],
    "bad-path-leaves-no-trace": [case_builders.put("job/x/a-b/c", "m 1\n")],
    "push-times-pushed-twice": [
        case_builders.put("job/x", "push_time_seconds 1\n"),
        case_builders.put("job/x", "push_failure_time_seconds 1\n"),
    ],
    "failure-time-of-a-type-pushed-later": [
        case_builders.put("job/x", "m 1\n"),
        case_builders.put("job/x", "# TYPE push_failure_time_seconds counter\npush_failure_time_seconds 7\n"),
    ],
    "push-times-with-timestamp": [case_builders.put("job/x", "push_time_seconds 1 1000\n")],
    "push-times-twice-in-a-push": [case_builders.put("job/x", "push_time_seconds 1\npush_time_seconds 2\n")],
    "push-time-as-part-of-a-summary": [
        case_builders.put("job/x", "# TYPE push_time_seconds summary\npush_time_seconds_sum 1\n")
    ],
    "many-groups-in-order": [case_builders.put(f"job/x{number}/a/{-number}", f"m {number}\n") for number in range(12)],
}
_OTHER_HELPS: dict[str, Sequence[comparisons.Request]] = {
    "help-clash": [case_builders.put("job/x", "# HELP m a\nm 1\n"), case_builders.put("job/y", "# HELP m b\nm 1\n")],
    "help-beside-none": [case_builders.put("job/x", "# HELP m a\nm 1\n"), case_builders.put("job/y", "m 1\n")],
    "help-beside-empty": [
        case_builders.put("job/x", "# HELP m a\nm 1\n"),
        case_builders.put("job/y", "# HELP m \nm 1\n"),
    ],
    "own-metric-of-its-type": [case_builders.put("job/x", "# TYPE process_open_fds gauge\nprocess_open_fds 1\n")],
    "own-metric-of-another-type": [case_builders.put("job/x", "# TYPE process_open_fds counter\nprocess_open_fds 1\n")],
    "own-metric-of-another-help": [
        case_builders.put("job/x", "# HELP process_open_fds mine\n# TYPE process_open_fds gauge\nprocess_open_fds 1\n")
    ],
    "own-counter-untyped": [case_builders.put("job/x", "process_cpu_seconds_total 1\n")],
    "own-metric-of-pushgateway": [case_builders.put("job/x", "pushgateway_http_requests_total 1\n")],
    "own-metric-of-go": [case_builders.put("job/x", "go_goroutines 1\n")],
    "own-metric-of-python": [case_builders.put("job/x", "python_info 1\n")],
    "own-metric-of-tidegate": [case_builders.put("job/x", "tidegate_groups 1\n")],
}

CASES = [
    *(comparisons.Case(f"groups-{name}", requests) for name, requests in _PUSHES.items()),
    *(comparisons.Case(f"groups-{name}", requests, helps=False) for name, requests in _OTHER_HELPS.items()),
]
