"""``make soak``: hundreds of Jobs and random faults, then a checker that does not use tidegate's own code.

The exit code is 1 if the checker finds an error. The printed seed reproduces the same Jobs and faults, but not their
exact timing, which depends on the machine.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.soak import (
    audit_log,
    checker,
    clock_launcher,
    fault_injection,
    gateway_log,
    histories,
    job_plan,
    prometheus_database,
    push_logs,
    quiescence,
    random_workload,
    soak_environment,
    soak_report,
)
from tests.support.processes import tidegate_processes
from tests.support.programs import binaries

_JOBS_A_MINUTE = 90
_JUMP = 3.0
_PAUSES = (2.0, 12.0)
"""Range of the pause between two faults, in seconds. A short soak has shorter pauses, so that it has every fault."""
_FAULT_SECONDS = 3.0
"""Usual duration of a fault."""
_AFTERWARDS = 600
"""Seconds for start and end; the API server issues tokens for at least these ten minutes."""
_QUIET_SECONDS = job_plan.DRAIN + soak_environment.RESYNC + checker.BUSY + 2 * checker.RECOVERY + 10.0
"""Time limit for the last groups, in seconds; somewhat longer than they are allowed to take."""
_STATUS_SECONDS = 15.0
_BEGAN = time.monotonic()


def main() -> int:
    """Run the soak, print the report, and return 0 if the checker found no error."""
    chosen = _arguments()
    # Set both handlers explicitly: a shell that starts this in the background ignores SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        if chosen.keep:
            return run(chosen, Path(tempfile.mkdtemp(prefix="tidegate-soak-")))
        with tempfile.TemporaryDirectory(prefix="tidegate-soak-") as folder:
            return run(chosen, Path(folder))
    except KeyboardInterrupt:
        say("interrupted; all processes are stopped")
        return 130
    except binaries.MissingToolError as missing:
        print(f"soak: {missing}", file=sys.stderr)
        return 1


def run(chosen: argparse.Namespace, folder: Path) -> int:
    """Run a whole soak in this folder."""
    history, created, deleted = _history(chosen, folder)
    found = checker.judge(history)
    print(soak_report.details(history, found))
    print(soak_report.table(history, found, jobs=created, deleted=deleted))
    say(f"seed {chosen.seed}: {'no errors found' if found.good else 'FAILED'}")
    return 0 if found.good else 1


def _history(
    chosen: argparse.Namespace, folder: Path
) -> tuple[histories.History, Mapping[str, int], Mapping[str, int]]:
    """Run all Jobs and faults. The history, the Jobs by kind, and the deletions by the gateway's count."""
    jobs = chosen.jobs if chosen.jobs is not None else round(_JOBS_A_MINUTE * chosen.minutes)
    seconds = 60.0 * chosen.minutes
    say(f"seed {chosen.seed}: {jobs} Jobs in {chosen.minutes:g} min; results in {folder}")
    rng = random.Random(chosen.seed)
    settings = {name: getattr(chosen, name) for name in ("jump", "sabotage", "confirm")}
    with soak_environment.set_up(folder, **settings, seconds=round(seconds) + _AFTERWARDS, say=say) as components:
        target = random_workload.Target(
            components.cluster, components.cluster.create_namespace("soak"), components.gateway.port, components.logs
        )
        workload = random_workload.Workload(target, random.Random(rng.random()), jobs, seconds)
        kinds = _kinds(chosen)
        done = _work(
            components,
            workload,
            kinds=kinds,
            rng=random.Random(rng.random()),
            pauses=_pauses(len(kinds), seconds=seconds),
            log=folder / "faults.jsonl",
        )
        say("no further Jobs or faults; waiting until the last groups are deleted")
        left, ended = quiescence.wait_until_quiet(components, timeout=_QUIET_SECONDS)
        if left:
            say(f"groups not deleted after {_QUIET_SECONDS:g} s: {', '.join(left)}")
        quiescence.wait_for_scrapes(components, after=time.time())
        scrapers = _scrapers(components)
        first = components.readers[0]
        deleted = prometheus_database.deletions(first.server, job=next(iter(first.jobs)), seconds=_age())
    # After the end of every process: what a Prometheus has scraped must be in the logs.
    history = histories.History(
        pushes=push_logs.read(components.logs),
        lives=audit_log.read(components.cluster.control_plane.audit_log),
        scrapers=scrapers,
        faults=[*done, *ended],
        deletions=gateway_log.read(components.gateway.process.log),
        resync=soak_environment.RESYNC,
    )
    return history, workload.created, deleted


def _kinds(chosen: argparse.Namespace) -> list[fault_injection.Kind]:
    """The faults to inject. Only the proof `stored` withstands a Prometheus that does not store what it reads."""
    if chosen.only:
        return [kind for kind in fault_injection.ALL if kind.name in chosen.only]
    withstands = chosen.storage_faults or chosen.confirm == soak_environment.STORED
    return [kind for kind in fault_injection.ALL if withstands or histories.Part.STORAGE not in kind.parts]


def _scrapers(components: soak_environment.Components) -> list[histories.Scraper]:
    return [
        prometheus_database.read(reader.server, job=job, interval=interval, seconds=_age())
        for reader in components.readers
        for job, interval in reader.jobs.items()
    ]


def _age() -> float:
    """Return the seconds since the start."""
    return time.monotonic() - _BEGAN


def _work(
    components: soak_environment.Components,
    workload: random_workload.Workload,
    *,
    kinds: Sequence[fault_injection.Kind],
    rng: random.Random,
    pauses: tuple[float, float],
    log: Path,
) -> list[histories.Fault]:
    """Run the Jobs and inject faults of these kinds meanwhile; return the faults, which are also written to the log."""
    done: list[histories.Fault] = []
    order = fault_injection.in_rounds(rng, kinds)
    with log.open("w") as file, concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="workload") as threads:
        working = threads.submit(workload.run)
        try:
            reported, well = 0.0, time.time()
            while not working.done():
                # In this thread: processes end together with the thread that starts them.
                for fault in (
                    *fault_injection.start_again(components, since=well),
                    fault_injection.inject(next(order), components, rng),
                ):
                    done.append(fault)
                    say(f"{fault.name}: {fault.detail}")
                    file.write(json.dumps(fault) + "\n")
                well = time.time()
                concurrent.futures.wait([working], timeout=rng.uniform(*pauses))
                if time.monotonic() > reported + _STATUS_SECONDS:
                    reported = time.monotonic()
                    say(f"{workload.created.total()} Jobs so far, {_groups(components)} groups now")
            working.result()
        finally:
            workload.stop_requested.set()
    return done


def _pauses(kinds: int, *, seconds: float) -> tuple[float, float]:
    """Return the range of the pause between two faults with which each kind fits into this time."""
    shortest, longest = _PAUSES
    mean = max(0.0, seconds / kinds - _FAULT_SECONDS)
    share = min(1.0, 2.0 * mean / (shortest + longest))
    return share * shortest, share * longest


def _groups(components: soak_environment.Components) -> str:
    try:
        return str(len(components.gateway.groups()))
    except tidegate_processes.AWAY:
        return "an unknown number of"


def say(text: str) -> None:
    """Print a progress message with the seconds since the start."""
    print(f"[{_age():6.1f}s] {text}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0, help="Minutes of Jobs and faults (default: 3).")
    parser.add_argument("--jobs", type=int, help=f"Number of Jobs (default: {_JOBS_A_MINUTE} a minute).")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10**6), help="Seed of the Jobs and faults (default: random)."
    )
    parser.add_argument("--keep", action="store_true", help="Keep logs, databases and the audit log.")
    names = [kind.name for kind in fault_injection.ALL]
    parser.add_argument("--only", action="append", choices=names, help="Inject only this fault; repeatable.")
    parser.add_argument(
        "--confirm",
        choices=["delivered", "ingested", soak_environment.STORED],
        default="ingested",
        help="Proof that a deletion requires (default: ingested).",
    )
    parser.add_argument(
        "--storage-faults",
        action="store_true",
        help="Also inject full disks and scrape limits; always with --confirm=stored.",
    )
    parser.add_argument("--jump", type=float, default=_JUMP, help="Maximum shift of a clock, in seconds (default: 3).")
    parser.add_argument(
        "--sabotage",
        type=clock_launcher.Sabotage,
        choices=list(clock_launcher.Sabotage),
        default=clock_launcher.Sabotage.NOTHING,
        help="Break tidegate on purpose, to test the checker.",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
