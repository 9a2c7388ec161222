"""UTF-8 names, with ``--push.enable-utf8-names`` on both servers."""

from tests.integration.differential import case_builders
from tests.support.formats import delimited_protobuf
from tests.support.pushgateway import comparisons
from tidegate.exposition.protobuf import metrics_pb2 as pb

_PROTOBUF = {"Content-Type": case_builders.PROTOBUF}
_GAUGE = pb.Gauge(value=1)
_BODIES: dict[str, str | bytes] = {
    "plain": "m 1\n",
    "metric": '{"m.n"} 1\n',
    "metric-with-labels": '{"m.n",a="1"} 1\n',
    "metric-and-labels": '{"m.n","a.b"="1",c="2"} 1\n',
    "label": 'm{"a.b"="1"} 1\n',
    "label-beyond-ascii": 'm{"é"="1"} 1\n',
    "label-with-a-blank": 'm{"a b"="1"} 1\n',
    "label-of-digits": 'm{"1"="1"} 1\n',
    "label-unquoted": 'm{a.b="1"} 1\n',
    "metric-unquoted": "m.n 1\n",
    "metric-in-quotes-before-the-braces": '"m.n"{a="1"} 1\n',
    "metric-empty": '{""} 1\n',
    "metric-not-utf8": b'{"a\xffb"} 1\n',
    "metric-escapes": '{"a\\"b\\\\c"} 1\n',
    "help": '# HELP "m.n" text\n# TYPE "m.n" counter\n{"m.n"} 1\n',
    "type-of-a-summary": '# TYPE "m.n" summary\n{"m.n",quantile="0.5"} 1\n{"m.n_sum"} 2\n{"m.n_count"} 3\n',
    "type-of-a-histogram": '# TYPE "m.n" histogram\n{"m.n_bucket",le="1"} 1\n{"m.n_sum"} 2\n{"m.n_count"} 3\n',
    "sorted-as-pushed": '{"a.b"} 1\na_a 2\na_c 3\n',
    "labels-sorted-as-pushed": 'm{"a.b"="1",a_a="2",a_c="3"} 1\n',
    "label-with-a-colon": 'm{"a:b"="1"} 1\n',
    "labels-that-are-one-to-most-readers": 'm{"a.b"="1",a_b="2"} 1\n',
    "labels-reserved": 'm{"__a.b"="1"} 1\n',
}
_PATHS = {
    "value-escaped": "job/x/U__a_2e_b/1",
    "value-escaped-base64": "job/x/U__a_2e_b@base64/MQ",
    "plain": "job/x/a_b/1",
    "beyond-ascii": "job/x/%C3%A9/1",
    "a-dot": "job/x/a.b/1",
    "a-prefix-alone": "job/x/U__/1",
    "no-escape": "job/x/U__a_zz_b/1",
    "reserved": "job/x/__a/1",
    "reserved-once-read": "job/x/U____a/1",
    "an-underscore": "job/x/U__a__b/1",
}
_MESSAGES = {
    "metric": pb.MetricFamily(name=b"m.n", type=1, metric=[pb.Metric(gauge=_GAUGE)]),
    "label": pb.MetricFamily(
        name=b"m", type=1, metric=[pb.Metric(label=[delimited_protobuf.label("a.b", "1")], gauge=_GAUGE)]
    ),
}

_SCRAPES = {
    escaping: {"Accept": f"text/plain;version=0.0.4;escaping={escaping}"}
    for escaping in ("allow-utf-8", "underscores", "dots", "values", "unknown")
}
_ODD = '{"m.n_o","a.b_c"="1",d_e="é"} 1\np_q 2\n'

CASES = [
    *(
        comparisons.Case(f"names-scraped-{escaping}", [case_builders.put("job/x", _ODD)], scrape=headers)
        for escaping, headers in _SCRAPES.items()
    ),
    *(comparisons.Case(f"names-{name}", [case_builders.put("job/x", body)]) for name, body in _BODIES.items()),
    *(comparisons.Case(f"names-path-{name}", [case_builders.put(path)]) for name, path in _PATHS.items()),
    *(
        comparisons.Case(
            f"names-protobuf-{name}", [case_builders.put("job/x", delimited_protobuf.families(sent), _PROTOBUF)]
        )
        for name, sent in _MESSAGES.items()
    ),
]
