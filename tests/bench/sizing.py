"""``make sizing``: memory, disk, processor and API server usage of gateway and operator, at three sizes.

It writes docs/sizing.json, from which `make tables` generates the tables in docs/operations.md.
"""

import argparse
import contextlib
import datetime
import json
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import tidegate
from tests.bench import benchmark_report, measured_servers, push_load, resync_cost, scrape_load
from tests.support import repository, waiting
from tests.support.processes import process_usage, tidegate_processes
from tests.support.programs import binaries

_FILE = repository.DOCS / "sizing.json"
_SIZES = (1_000, 20_000, 100_000)
_QUICK_SIZES = (200, 400)
_PARTS = (_GATEWAY, _OPERATOR) = ("gateway", "operator")
_PATIENCE = 300.0
_PUSHES = 2_000
"""Number of pushes after which the growth of the write-ahead log is measured; too few for a checkpoint."""

_STARTS = 3
_LOOK_SECONDS = 0.02


class Gateway(NamedTuple):
    """A gateway with a file, at one size. In bytes, except the restore, which is in seconds.

    :param exposition: size of a scrape in the text format; ``packed``: the same with gzip.
    :param memory: memory after pushes and scrapes; ``peak``: the maximum.
    :param file: size of the file after the gateway has stopped; ``log``: maximum size of its write-ahead log.
    :param logged: bytes that a single push adds to the log.
    :param restore: median time from the start of the process until it is ready.
    :param restored_peak: peak memory of the process that restored; ``restored``: its memory after some more pushes.
    """

    groups: int
    exposition: int
    packed: int
    memory: int
    peak: int
    file: int
    log: int
    logged: int
    restore: float
    restored_peak: int
    restored: int


def main() -> int:
    """Measure everything, or the selected part, and write the file."""
    chosen = _arguments()
    figures = json.loads(chosen.into.read_text()) if chosen.only else {}
    try:
        with tempfile.TemporaryDirectory(prefix="tidegate-sizing-") as folder:
            figures |= measure(Path(folder), parts=[chosen.only] if chosen.only else _PARTS, quick=chosen.quick)
    except binaries.MissingToolError as missing:
        print(f"sizing: {missing}", file=sys.stderr)
        return 1
    chosen.into.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"written to {chosen.into}; `make tables` puts it into docs/operations.md")
    return 0


def measure(folder: Path, *, parts: Iterable[str], quick: bool) -> dict[str, Any]:
    """The figures of these parts, as written to the file."""
    points: dict[str, Iterator[Gateway | resync_cost.Point]] = {
        _GATEWAY: _gateways(folder, _QUICK_SIZES, pushes=50) if quick else _gateways(folder, _SIZES),
        _OPERATOR: resync_cost.measure(folder, resync_cost.QUICK, lists=1, period="1s")
        if quick
        else resync_cost.measure(folder, resync_cost.SHAPES, lists=5, period="5s"),
    }
    return {
        "date": str(datetime.datetime.now(tz=datetime.UTC).date()),
        "machine": benchmark_report.machine()._asdict(),
        "versions": {"tidegate": tidegate.__version__, "python": platform.python_version()},
        **{part: [_as_json(point) for point in points[part]] for part in parts},
    }


def _as_json(point: Gateway | resync_cost.Point) -> dict[str, Any]:
    print(f"  {point}", flush=True)
    return point._asdict()


def _gateways(folder: Path, sizes: Iterable[int], *, pushes: int = _PUSHES) -> Iterator[Gateway]:
    for groups in sizes:
        file = folder / f"groups-{groups}"
        log = file.with_name(f"{file.name}-wal")
        with _running(folder, file) as server:
            watch = _Largest(log)
            with watch:
                push_load.fill(server, groups=groups, times=2)
            exposition, packed = (scrape_load.expect_series(server, groups=groups, gzip=gzip) for gzip in (False, True))
            memory, peak = measured_servers.resident(server.process), process_usage.peak(server.process.pid)
        file_size = file.stat().st_size
        restore = statistics.median(_start(folder, file) for _ in range(_STARTS))
        with _running(folder, file) as server:
            restored_peak = process_usage.peak(server.process.pid)
            # Sequential pushes, so that none shares a transaction with another.
            for number in range(pushes):
                push_load.fill(server, first=number % groups, groups=1)
            logged, restored = log.stat().st_size // pushes, measured_servers.resident(server.process)
        sizes = (exposition, packed, memory, peak, file_size, watch.size, logged)
        yield Gateway(groups, *sizes, restore=restore, restored_peak=restored_peak, restored=restored)
        file.unlink()


def _start(folder: Path, file: Path) -> float:
    """The seconds until a gateway with this file is ready."""
    began = time.perf_counter()
    with _running(folder, file):
        return time.perf_counter() - began


@contextlib.contextmanager
def _running(folder: Path, file: Path) -> Iterator[tidegate_processes.Gateway]:
    """A gateway that has restored this file; it gets as long as it needs to close the file."""
    server = tidegate_processes.Gateway(folder, arguments=(f"--persistence.file={file}",))
    try:
        server.process.start()
        waiting.eventually(
            lambda: tidegate_processes.responds(server.process, f"{server.url}/-/ready"),
            why="the gateway",
            timeout=_PATIENCE,
            retry_on=tidegate_processes.AWAY,
        )
        yield server
    finally:
        server.process.stop(grace=_PATIENCE)


class _Largest:
    """Monitors a file while the block runs; ``size`` is the maximum size in bytes."""

    def __init__(self, file: Path) -> None:
        self.size = 0
        self._file = file
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self.size = max(self.size, self._file.stat().st_size)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make sizing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="see in a minute whether all of it runs")
    parser.add_argument("--only", choices=_PARTS, help="measure this part alone, and leave the other as it is")
    parser.add_argument("--into", type=Path, default=_FILE, help="the file to write (default: docs/sizing.json)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
