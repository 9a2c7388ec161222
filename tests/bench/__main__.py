"""``make bench``: compare tidegate with the real Pushgateway, and measure the operator with ten thousand Jobs.

The exit code is 1 only if a measurement fails; a missed goal is reported like any other figure.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import benchmark_report, benchmark_rows, cost_curves
from tests.support import repository
from tests.support.programs import binaries
from tests.support.pushgateway import pushgateway_servers

_DOCS = repository.DOCS
_QUICK = benchmark_rows.Effort(rounds=1, seconds=1, checked={1: 3.0, 10: 3.0}, full=500, jobs=20, ending=5)
_QUICK_SIZES = (1, 1_000, 1_500)
_BEGAN = time.monotonic()


def main() -> int:
    """Measure everything, print each row as soon as it is measured, and write the report."""
    chosen = _arguments()
    try:
        program = list(pushgateway_servers.programs().values())[-1]()
        with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
            write(program, Path(folder), into=chosen.into, quick=chosen.quick)
    except binaries.MissingToolError as missing:
        print(f"bench: {missing}", file=sys.stderr)
        return 1
    say(f"written to {chosen.into}: benchmark.md, benchmark.json, benchmark.svg")
    return 0


def write(program: Path, folder: Path, *, into: Path, quick: bool) -> None:
    """Measure tidegate and this Pushgateway, and write the report."""
    effort = _QUICK if quick else benchmark_rows.Effort()
    bench = benchmark_rows.Bench(program, folder, effort=effort, say=say)
    rows = []
    for row in bench.rows():
        rows.append(row)
        print(f"  {benchmark_report.line(row)}", flush=True)
    sizes = _QUICK_SIZES if quick else cost_curves.SIZES
    grown = cost_curves.measure(program, folder, seconds=2 * effort.seconds, sizes=sizes, say=say)
    version = ".".join(map(str, pushgateway_servers.version(program)))
    benchmark_report.write(benchmark_report.Report(rows, grown, version, benchmark_report.machine()), into)


def say(text: str) -> None:
    """Print the current measurement with the seconds since the start."""
    print(f"[{time.monotonic() - _BEGAN:5.1f}s] {text}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="see in a minute whether all of it runs: no figures to keep"
    )
    parser.add_argument("--into", type=Path, default=_DOCS, help="the folder that gets the report (default: docs/)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
