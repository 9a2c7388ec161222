"""Groups of every kind: live, with a TTL, failing, owned, draining in each way, hostile labels, native histograms."""

from __future__ import annotations

import base64
import math

from tests.integration.differential import case_builders
from tests.support.formats import delimited_protobuf
from tests.support.gateway import gateway_client
from tidegate.aio import clocks
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.protobuf import metrics_pb2 as pb
from tidegate.gateway import server
from tidegate.model import families, scrapers

TEXT = """\
# HELP s How "long" \\\\ it\\ntook. </script>
# TYPE s summary
s{zone="z",quantile="0.5"} NaN
s_sum{zone="z"} -Inf
s_count{zone="z"} 3
# TYPE h histogram
h_bucket{le="1"} 1
h_bucket{le="+Inf"} 2
h_sum 2.5
h_count 2
# TYPE c counter
c 1e300
# TYPE labels gauge
labels 1
last_push_successful 0
push_time_seconds 5
name 1
u{text="\\"\\\\\\n<b>"} NaN
"""
HISTOGRAM = decoder.TYPES.index(families.MetricType.HISTOGRAM)
SPANS = [pb.BucketSpan(offset=-1, length=2), pb.BucketSpan(offset=1, length=1)]
NATIVE = pb.Histogram(
    schema=3, zero_threshold=1e-9, zero_count=1, positive_span=SPANS, positive_delta=[1, 1, -1], sample_count=5
)
FLOATS = pb.Histogram(sample_count_float=2.5, bucket=[pb.Bucket(upper_bound=math.inf, cumulative_count_float=2.5)])
HOSTILE = '"}</script>\n\\ \u202e\0\U0001f702'
MANY_OWNERS = [f"many-{number}" for number in range(7)]


async def retire(client: gateway_client.Client, job: str, *uids: str) -> None:
    """Make a group that drains because all its owners have finished."""
    key = gateway_client.key(job=job)
    await client.put(f"job/{job}", "x 1\n")
    await client.act(*(gateway_client.claims(key, uid) for uid in uids))
    record = await client.group(key)
    assert record is not None
    assert await client.act(gateway_client.retires(record, *uids)) == [None]


async def fill(client: gateway_client.Client, clock: clocks.MovableClock, gateway: server.Gateway) -> None:
    """Make groups of every kind, two scrapers, and some deletions."""
    await client.put("job/deleted", "x 1\n")
    await client.act(gateway_client.claims(gateway_client.key(job="deleted"), "deleted"))
    await client.delete("job/deleted")
    for agent in ("Prometheus/3", HOSTILE.partition("\n")[0]):
        await client.scrape(agent=agent)
    for _ in range(scrapers.MEASURED_GAPS):
        clock.advance(15)
        await client.scrape(agent="Prometheus/3")
    await client.put("job/plain/instance/db1", TEXT)
    for job, histogram in (("native", NATIVE), ("floats", FLOATS)):
        family = pb.MetricFamily(name=b"n", type=HISTOGRAM, metric=[pb.Metric(histogram=histogram)])
        body = delimited_protobuf.families(family)
        await client.send("PUT", f"/metrics/job/{job}", body, headers={"Content-Type": case_builders.PROTOBUF})
    await client.put("job/ttl?ttl=1h", "x 1\n")
    await client.put("job/failing", "x 1 1000\n")
    await client.put("job/empty", "")
    await client.put(f"job@base64/{base64.urlsafe_b64encode(HOSTILE.encode()).decode()}", "x 1\n")
    await client.put("job/owned", "x 1\n")
    await client.act(*(gateway_client.claims(gateway_client.key(job="owned"), uid) for uid in MANY_OWNERS))
    await retire(client, "unread", "one")
    await retire(client, "pushed-again", "two")
    await client.put("job/pushed-again", "x 2\n")
    await client.put("job/expired?ttl=1s", "x 1\n")
    clock.advance(2)
    await gateway.drainer.sweep()
