"""Several pushes: what they leave, and what they must not say beside each other."""

from collections.abc import Sequence

from tests.differential import builders, exchanges

_GAUGE = "# TYPE m gauge\nm 1\n"
_COUNTER = "# TYPE m counter\nm 1\n"
_SUMMARY = "# TYPE m summary\nm_sum 1\nm_count 2\n"
_HISTOGRAM = '# TYPE m histogram\nm_bucket{le="1"} 1\nm_bucket{le="+Inf"} 2\nm_sum 1\nm_count 2\n'
_PUSHES: dict[str, Sequence[exchanges.Request]] = {
    "put-replaces": [builders.put("job/x", "m 1\nn 1\n"), builders.put("job/x", "m 2\n")],
    "put-of-nothing-empties": [builders.put("job/x", "m 1\n"), builders.put("job/x", "")],
    "post-merges": [builders.put("job/x", "m 1\nn 1\n"), builders.post("job/x", "m 2\n")],
    "post-replaces-whole-families": [
        builders.put("job/x", 'm{a="1"} 1\nm{a="2"} 1\n'),
        builders.post("job/x", 'm{a="3"} 2\n'),
    ],
    "post-of-nothing-changes-nothing": [builders.put("job/x", "m 1\n"), builders.post("job/x", "")],
    "post-makes-a-group": [builders.post("job/x", "m 1\n")],
    "put-may-change-a-type": [builders.put("job/x", _GAUGE), builders.put("job/x", _COUNTER)],
    "post-may-change-a-type": [builders.put("job/x", _GAUGE), builders.post("job/x", _COUNTER)],
    "put-may-turn-gauge-into-histogram": [builders.put("job/x", _GAUGE), builders.put("job/x", _HISTOGRAM)],
    "two-groups": [builders.put("job/x"), builders.put("job/y")],
    "two-groups-with-an-instance": [builders.put("job/x/instance/a"), builders.put("job/x/instance/b")],
    "grouping-labels-overwrite": [builders.put("job/x/a/b", 'm{job="other",a="other",instance="i",c="d"} 1\n')],
    "grouping-label-instance-overwrites": [builders.put("job/x/instance/a", 'm{instance="b"} 1\n')],
    "grouping-labels-make-series-equal": [builders.put("job/x/a/b", 'm{a="1"} 1\nm{a="2"} 2\n')],
    "grouping-label-empty": [builders.put("job/x/a@base64/=", 'm{a="1"} 1\n')],
    "grouping-label-le-on-histogram": [builders.put("job/x/le/7", _HISTOGRAM)],
    "grouping-label-quantile-on-summary": [builders.put("job/x/quantile/7", '# TYPE m summary\nm{quantile="0.5"} 1\n')],
    "series-of-another-group": [builders.put("job/x", 'm{a="b"} 1\n'), builders.put("job/x/a/b", "m 2\n")],
    "series-of-another-group-by-empty-label": [
        builders.put("job/x", "m 1\n"),
        builders.put("job/x/instance@base64/=", "m 2\n"),
    ],
    "series-equal-but-for-an-empty-label": [builders.put("job/x", "m 1\n"), builders.put("job/x/a@base64/=", "m 2\n")],
    "series-of-a-deleted-group": [
        builders.put("job/x", 'm{a="b"} 1\n'),
        builders.delete("job/x"),
        builders.put("job/x/a/b", "m 2\n"),
    ],
    "type-clash": [builders.put("job/x", _GAUGE), builders.put("job/y", _COUNTER)],
    "type-clash-with-untyped": [builders.put("job/x", _GAUGE), builders.put("job/y", "m 1\n")],
    "type-clash-of-shapes": [builders.put("job/x", _SUMMARY), builders.put("job/y", _HISTOGRAM)],
    "type-clash-gone-with-its-group": [
        builders.put("job/x", _GAUGE),
        builders.put("job/y", _COUNTER),
        builders.delete("job/x"),
        builders.put("job/y", _COUNTER),
    ],
    "type-clash-gone-with-its-family": [
        builders.put("job/x", _GAUGE),
        builders.put("job/x", "n 1\n"),
        builders.put("job/y", _COUNTER),
    ],
    "type-clash-changes-nothing": [
        builders.put("job/x", _GAUGE),
        builders.put("job/y", "n 1\n"),
        builders.put("job/y", "n 2\no 3\n" + _COUNTER),
    ],
    "type-clash-in-post": [
        builders.put("job/x", _GAUGE),
        builders.post("job/y", "n 1\n"),
        builders.post("job/y", _COUNTER),
    ],
    "summary-then-count": [builders.put("job/x", _SUMMARY), builders.put("job/y", "m_count 1\n")],
    "summary-then-sum-of-a-type": [
        builders.put("job/x", _SUMMARY),
        builders.put("job/y", "# TYPE m_sum gauge\nm_sum 1\n"),
    ],
    "summary-then-bucket": [builders.put("job/x", _SUMMARY), builders.put("job/y", "m_bucket 1\n")],
    "count-then-summary": [builders.put("job/x", "m_count 1\n"), builders.put("job/y", _SUMMARY)],
    "histogram-then-bucket": [builders.put("job/x", _HISTOGRAM), builders.put("job/y", "m_bucket 1\n")],
    "histogram-then-sum": [builders.put("job/x", _HISTOGRAM), builders.put("job/y", "m_sum 1\n")],
    "bucket-then-histogram": [builders.put("job/x", "m_bucket 1\n"), builders.put("job/y", _HISTOGRAM)],
    "bucket-then-histogram-in-one-group": [builders.put("job/x", "m_bucket 1\n"), builders.post("job/x", _HISTOGRAM)],
    "bucket-then-histogram-in-its-place": [builders.put("job/x", "m_bucket 1\n"), builders.put("job/x", _HISTOGRAM)],
    "counter-then-count": [builders.put("job/x", _COUNTER), builders.put("job/y", "m_count 1\n")],
    "suffix-twice": [builders.put("job/x", _HISTOGRAM), builders.put("job/y", "m_count_count 1\nm_x_bucket 1\n")],
    "failure-of-a-first-push": [builders.put("job/x", "m 1 1000\n")],
    "failure-then-success": [builders.put("job/x", "m 1 1000\n"), builders.put("job/x", "m 1\n")],
    "failure-then-post": [builders.put("job/x", "m 1 1000\n"), builders.post("job/x", "m 1\n")],
    "success-then-failure": [builders.put("job/x", "m 1\n"), builders.put("job/x", "m 2 1000\n")],
    "failure-deleted": [builders.put("job/x", "m 1 1000\n"), builders.delete("job/x"), builders.put("job/x", "m 1\n")],
    "unparsable-leaves-no-trace": [builders.put("job/x", "m\n")],
    "unparsable-is-no-failure": [builders.put("job/x", "m 1\n"), builders.put("job/x", "n 1\nm\n")],
    "bad-path-leaves-no-trace": [builders.put("job/x/a-b/c", "m 1\n")],
    "push-times-pushed-twice": [
        builders.put("job/x", "push_time_seconds 1\n"),
        builders.put("job/x", "push_failure_time_seconds 1\n"),
    ],
    "failure-time-of-a-type-pushed-later": [
        builders.put("job/x", "m 1\n"),
        builders.put("job/x", "# TYPE push_failure_time_seconds counter\npush_failure_time_seconds 7\n"),
    ],
    "push-times-with-timestamp": [builders.put("job/x", "push_time_seconds 1 1000\n")],
    "push-times-twice-in-a-push": [builders.put("job/x", "push_time_seconds 1\npush_time_seconds 2\n")],
    "push-time-as-part-of-a-summary": [
        builders.put("job/x", "# TYPE push_time_seconds summary\npush_time_seconds_sum 1\n")
    ],
    "many-groups-in-order": [builders.put(f"job/x{number}/a/{-number}", f"m {number}\n") for number in range(12)],
}
_OTHER_HELPS: dict[str, Sequence[exchanges.Request]] = {
    "help-clash": [builders.put("job/x", "# HELP m a\nm 1\n"), builders.put("job/y", "# HELP m b\nm 1\n")],
    "help-beside-none": [builders.put("job/x", "# HELP m a\nm 1\n"), builders.put("job/y", "m 1\n")],
    "help-beside-empty": [builders.put("job/x", "# HELP m a\nm 1\n"), builders.put("job/y", "# HELP m \nm 1\n")],
    "own-metric-of-its-type": [builders.put("job/x", "# TYPE process_open_fds gauge\nprocess_open_fds 1\n")],
    "own-metric-of-another-type": [builders.put("job/x", "# TYPE process_open_fds counter\nprocess_open_fds 1\n")],
    "own-metric-of-another-help": [
        builders.put("job/x", "# HELP process_open_fds mine\n# TYPE process_open_fds gauge\nprocess_open_fds 1\n")
    ],
    "own-counter-untyped": [builders.put("job/x", "process_cpu_seconds_total 1\n")],
    "own-metric-of-pushgateway": [builders.put("job/x", "pushgateway_http_requests_total 1\n")],
    "own-metric-of-go": [builders.put("job/x", "go_goroutines 1\n")],
    "own-metric-of-python": [builders.put("job/x", "python_info 1\n")],
    "own-metric-of-tidegate": [builders.put("job/x", "tidegate_groups 1\n")],
}

CASES = [
    *(exchanges.Case(f"groups-{name}", requests) for name, requests in _PUSHES.items()),
    *(exchanges.Case(f"groups-{name}", requests, helps=False) for name, requests in _OTHER_HELPS.items()),
]
