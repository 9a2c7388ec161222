"""One cluster for all processes of a test run: the first that needs it starts it, and it stops after the last one.

`python -m tests.support.kubernetes.shared_cluster FOLDER` is the server: a process of its own, which no test process
waits for, since each of them may end first. A test process holds a shared lock on a file as its lease. The server
waits for an exclusive lock on that file, which it gets when the last lease has ended, also if its holder was killed.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.support import file_locks, repository, waiting
from tests.support.kubernetes import admin_client, clusters, node_agent
from tests.support.processes import tidegate_processes
from tests.support.programs import binaries

KUBECONFIG_VARIABLE = "TEST_KUBECONFIG"
"""Environment variable with the kubeconfig of a cluster that `python -m tests.support.kubernetes` runs."""

_START_SECONDS = 180.0


class UnsuitableClusterError(Exception):
    """Tests cannot run on the given cluster; the message is one line."""


@contextlib.contextmanager
def leased(folder: Path, *, scratch: Path) -> Iterator[clusters.Cluster]:
    """The cluster of all processes that name the same folder; it runs at least as long as the block.

    :param scratch: folder for files of this process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # While a server stops, it holds the exclusive lock: this waits until it has ended.
    with file_locks.held(_lease(folder), shared=True):
        with file_locks.held(folder / "start"):
            if not _kubeconfig(folder).exists():
                _start(folder)
        with contextlib.closing(clusters.Cluster(Path(_kubeconfig(folder).read_text()), folder=scratch)) as cluster:
            yield cluster


@contextlib.contextmanager
def existing(kubeconfig: Path, *, scratch: Path) -> Iterator[clusters.Cluster]:
    """The running cluster of this kubeconfig.

    :raises UnsuitableClusterError: its pods are not processes of this machine.
    """
    advice = "run `python -m tests.support.kubernetes` and take the kubeconfig that it prints, or unset the variable"
    try:
        cluster = clusters.Cluster(kubeconfig, folder=scratch)
    except (OSError, json.JSONDecodeError, KeyError) as error:
        raise UnsuitableClusterError(
            f"{KUBECONFIG_VARIABLE}={kubeconfig} cannot be read: {error!r}; {advice}"
        ) from error
    with contextlib.closing(cluster):
        try:
            problem = "" if cluster.pods.is_dir() else f"has no node {node_agent.NODE} on this machine"
        except (*admin_client.UNREACHABLE, admin_client.ApiError, KeyError) as error:
            problem = f"cannot be used: {error!r}"
        if problem:
            raise UnsuitableClusterError(f"{KUBECONFIG_VARIABLE}={kubeconfig} {problem}; {advice}")
        yield cluster


def _lease(folder: Path) -> Path:
    return folder / "lease"


def _kubeconfig(folder: Path) -> Path:
    """The file with the path of the kubeconfig; it exists while the cluster can be used."""
    return folder / "kubeconfig"


def _error(folder: Path) -> Path:
    return folder / "error"


def _start(folder: Path) -> None:
    log = folder / "server.log"
    _error(folder).unlink(missing_ok=True)
    # `setsid --fork` makes the server independent of this process and of Ctrl-C in its terminal.
    command = ["setsid", "--fork", sys.executable, "-m", "tests.support.kubernetes.shared_cluster", str(folder)]
    with log.open("ab") as output:
        subprocess.run(command, cwd=repository.ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=True)
    waiting.eventually(
        lambda: _kubeconfig(folder).exists() or _error(folder).exists(),
        why=f"the shared cluster; see {log}",
        timeout=_START_SECONDS,
    )
    if _error(folder).exists():
        raise RuntimeError(f"the shared cluster did not start: {_error(folder).read_text()}; see {log}")


def _serve(folder: Path) -> None:
    """Run a cluster until no process holds a lease."""
    with contextlib.ExitStack() as stack:
        try:
            # A folder for each start: a cluster begins without the data of an earlier one.
            cluster = clusters.LocalCluster(Path(tempfile.mkdtemp(prefix="cluster-", dir=folder)))
            stack.enter_context(cluster)
            # Here and not in each process: two at once would both try to create it.
            tidegate_processes.grant_rights(cluster)
        except BaseException as error:
            _error(folder).write_text(str(error))
            raise
        ready = _kubeconfig(folder)
        partial = ready.with_suffix(".partial")
        partial.write_text(str(cluster.kubeconfig))
        partial.rename(ready)
        with file_locks.held(_lease(folder)):
            ready.unlink(missing_ok=True)
            stack.close()


def main() -> int:
    """Run the server."""
    try:
        _serve(Path(sys.argv[1]))
    except binaries.MissingToolError as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
