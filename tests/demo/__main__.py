"""``make demo``: Jobs push, Prometheus scrapes, the operator deletes. All components are real; it ends by itself."""

import contextlib
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.demo import demo_clusters, demo_environment, live_table
from tests.support import waiting
from tests.support.kubernetes import clusters
from tests.support.node import target_clusters
from tests.support.processes import termination
from tests.support.programs import binaries

_PATIENCE = 120.0
"""Seconds after which the demo has failed; it usually takes about twenty."""


def main() -> int:
    """Run the demo; return 0 if every final value reached Prometheus and every group was deleted."""
    # Set both handlers explicitly: a shell that starts this in the background ignores SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="tidegate-demo-") as folder,
            demo_environment.set_up(Path(folder), say) as stage,
        ):
            seen = _play(stage)
            if os.environ.get("KEEP") == "1":
                _keep(stage)
        return 0 if seen else 1
    except KeyboardInterrupt:
        say("interrupted; all processes are stopped")
        return 130
    except (
        binaries.MissingToolError,
        clusters.KubectlError,
        demo_clusters.UnusableKubeconfigError,
        target_clusters.RefusedContextError,
    ) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def say(text: str) -> None:
    """Print a progress message with the seconds since the start."""
    print(f"[{time.monotonic() - _BEGAN:5.1f}s] {text}", flush=True)


def _play(stage: demo_environment.Stage) -> bool:
    say("kubectl apply: Job backup (succeeds), Job report (fails), CronJob nightly (one run by hand)")
    stage.apply_jobs()
    table = live_table.LiveTable()

    def look() -> bool:
        table.show(stage.rows(), elapsed=time.monotonic() - _BEGAN)
        return stage.finished()

    try:
        waiting.eventually(look, why="every group to be pushed and deleted", timeout=_PATIENCE, interval=0.25)
    except waiting.WaitTimeoutError as failure:
        say(f"FAILED: {failure}")
        print(stage.operator.process.tail(), file=sys.stderr)
        return False
    return _verdict(stage)


def _verdict(stage: demo_environment.Stage) -> bool:
    """Check each Job's series with the query API of Prometheus, and print the results."""
    say("querying Prometheus (last_over_time for the final value, an instant query for the current series):")
    good = True
    for expected in demo_environment.JOBS:
        final = stage.server.final_value(expected.selector)
        stale = stage.server.is_stale(expected.selector)
        good = good and final == expected.final and stale
        mark = "ok    " if final == expected.final and stale else "FAILED"
        now = "stale" if stale else "still present"
        print(f"  {mark} {expected.selector}: final value {final} (pushed: {expected.final}), series now: {now}")
    timeouts = stage.gateway.metric('tidegate_groups_deleted_total{reason="timeout"}')
    print(f"  groups deleted unread, by timeout: {timeouts:.0f}")
    events = stage.cluster.kubectl(
        "get",
        "events.events.k8s.io",
        f"--namespace={stage.place.namespace}",
        "--output=custom-columns=JOB:.regarding.name,REASON:.reason,NOTE:.note",
        "--field-selector=reportingController=tidegate.dev/operator",
    )
    print("Events on the Jobs:", *(f"  {line}" for line in events.splitlines()), sep="\n")
    return good and timeouts == 0


def _keep(stage: demo_environment.Stage) -> None:
    print(
        f"\nAll of it stays up until Ctrl-C:\n"
        f"  gateway     {stage.gateway.url}/metrics\n"
        f"  control API {stage.gateway.control_url}/control/v1/groups (its token: {stage.gateway.token_file})\n"
        f"  operator    http://127.0.0.1:{stage.operator.port}/metrics\n"
        f"  Prometheus  {stage.server.url}/api/v1/query?query=up (its API; the web UI is not built)\n"
        f"  Kubernetes  export KUBECONFIG={stage.cluster.kubeconfig} (namespace {stage.place.namespace})\n",
        flush=True,
    )
    with contextlib.suppress(KeyboardInterrupt):
        termination.wait_for_signal()
    say("stopping all processes")


_BEGAN = time.monotonic()

if __name__ == "__main__":
    sys.exit(main())
