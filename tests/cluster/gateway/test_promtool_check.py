"""promtool, the checker of Prometheus, accepts the exposition."""

from __future__ import annotations

from tests.support.gateway import gateway_client
from tests.support.prometheus import promtool

PUSH = (
    "# HELP backup_seconds How long.\n# TYPE backup_seconds summary\n"
    'backup_seconds{quantile="0.5"} 1.5\nbackup_seconds_sum 2\nbackup_seconds_count 3\n'
    "# HELP size_bytes How large.\n# TYPE size_bytes histogram\n"
    'size_bytes_bucket{le="1"} 1\nsize_bytes_bucket{le="+Inf"} 2\nsize_bytes_sum 2.5\nsize_bytes_count 2\n'
    "# HELP runs_total How often.\n# TYPE runs_total counter\nruns_total 1e7\n"
)


async def test_promtool_accepts_the_exposition(client: gateway_client.Client) -> None:
    await client.put("job/a", PUSH)
    await client.put("job@base64/Ilxu", PUSH)
    await client.put("job/b", "x 1 1000\n")
    await promtool.check("check", "metrics", stdin=await client.exposition())
