"""Run Datadog's OpenMetrics check without its agent: ``python datadog_runner.py INSTANCES.json OUTPUT SECONDS``.

It runs in the environment of `python_packages`, so it imports nothing of the tests. Each pass runs every instance once
and appends the gauges that the check submits to the output, one JSON object a line.
"""

import json
import sys
import time
from pathlib import Path

from datadog_checks.base import OpenMetricsBaseCheckV2
from datadog_checks.base.stubs import aggregator


def main(instances: str, output: str, seconds: str) -> None:
    """Run the checks until the process is stopped."""
    checks = [OpenMetricsBaseCheckV2("openmetrics", {}, [each]) for each in json.loads(Path(instances).read_text())]
    began = time.monotonic()
    for number in range(1_000_000):
        time.sleep(max(began + number * float(seconds) - time.monotonic(), 0.0))
        for check in checks:
            error = check.run()
            if error:
                print(error, flush=True)
        with Path(output).open("a") as lines:
            for name in aggregator.metric_names:
                for metric in aggregator.metrics(name):
                    lines.write(json.dumps({"name": name, "value": metric.value, "tags": list(metric.tags)}) + "\n")
        aggregator.reset()


main(*sys.argv[1:])
