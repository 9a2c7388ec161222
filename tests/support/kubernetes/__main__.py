"""`python -m tests.support.kubernetes`: run a dev cluster until Ctrl-C."""

import signal
import sys
import tempfile
from pathlib import Path

from tests.support.kubernetes import clusters
from tests.support.processes import termination, tidegate_processes
from tests.support.programs import binaries


def main() -> int:
    """Start the cluster, print how to reach it, and stop it on Ctrl-C or SIGTERM."""
    # Set both handlers explicitly: a shell that starts this in the background ignores SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="tidegate-cluster-") as folder:
        try:
            with clusters.LocalCluster(Path(folder)) as cluster:
                tidegate_processes.grant_rights(cluster)
                print(f"export KUBECONFIG={cluster.kubeconfig}", flush=True)
                print(f"{cluster.control_plane.kubectl} get pods -A; Ctrl-C ends it", file=sys.stderr, flush=True)
                termination.wait_for_signal()
            return 0
        except KeyboardInterrupt:
            return 0
        except binaries.MissingToolError as error:
            print(f"cluster: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
