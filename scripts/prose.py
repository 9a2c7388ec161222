"""Check the English of documents, manifests, docstrings, comments, messages and test names with proselint.

The rules are in `scripts/prose_rules.py`; proselint's own rule against archaisms is enabled, too.

`make lint` runs `python -m scripts.prose`. It skips the paths in `scripts/prose_exempt.txt`, which are not rewritten
yet, and lists those that can be removed from that file. `python -m scripts.prose PATH...` checks these paths, exempt or
not, and counts the findings of each rule.
"""

from __future__ import annotations

import collections
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from proselint import config, registry, tools
from proselint.checks import archaism
from proselint.registry import checks
from proselint.registry.checks import engine, types

from scripts import prose_rules, prose_text

ROOT = Path(__file__).resolve().parent.parent
EXEMPT = ROOT / "scripts" / "prose_exempt.txt"

FOLDERS = (".devcontainer", ".github", "docs", "findings", "manifests", "operator", "scripts", "tests")
SUFFIXES = {".css", ".html", ".js", ".json", ".md", ".py", ".sh", ".svg", ".tpl", ".txt", ".yaml", ".yml"}
PROGRAMS = {"Dockerfile", "Makefile", "coverage", "lint", "lock", "publish", "test"}
"""Files without a suffix that have comments or print something."""

NOT_OURS = (
    "docs/benchmark.json",
    "docs/sizing.json",
    "manifests/chart/files/",
    "scripts/prose_rules.py",
    "operator/tidegate.egg-info/",
)
"""Figures, copies that `make chart` writes, the rules themselves, and files that setuptools writes."""

GENERATED = "_pb2.py"

DATA = "tests/"
"""Below this folder only docstrings count: the other literals are what tests send and expect."""

_CHECKS = config.Config(
    max_errors=1_000_000, checks={rule.name: True for rule in prose_rules.RULES} | {"archaism": True}
)

_LONG_MATCH = re.compile(r"^'(.{40}).{10,}'(?=: )")


class Finding(NamedTuple):
    """A place in a file that breaks a rule; line and column count from 1."""

    path: str
    line: int
    column: int
    rule: str
    message: str


def main(paths: Sequence[str]) -> int:
    """Check these paths, or all that are not exempt; print the findings and return the exit code."""
    register()
    return _report(paths) if paths else _lint(EXEMPT.read_text().split())


def _report(paths: Sequence[str]) -> int:
    findings = [finding for path in files() if _is_below(path, paths) for finding in check(path)]
    _print(findings)
    for rule, count in collections.Counter(finding.rule for finding in findings).most_common():
        print(f"{count:6} {rule}")
    return 1 if findings else 0


def _lint(exempt: Sequence[str]) -> int:
    checked = [path for path in files() if not _is_below(path, exempt)]
    findings = [finding for path in checked for finding in check(path)]
    _print(findings)
    if exempt:
        print(f"prose: {len(checked)} files checked; exempt: {' '.join(exempt)}")
    without = [each for each in exempt if not any(check(path) for path in files() if _is_below(path, [each]))]
    if without:
        print(f"prose: no findings any more; remove from {EXEMPT.relative_to(ROOT)}: {' '.join(without)}")
    return 1 if findings else 0


def _print(findings: Sequence[Finding]) -> None:
    for finding in findings:
        print("{}:{}:{}: {}: {}".format(*finding))


def register() -> None:
    """Make our rules and the one of proselint's own known to proselint, once in a process."""
    known = registry.CheckRegistry()
    if not known.checks:
        known.register_many((*map(_as_check, prose_rules.RULES), archaism.check))


def _as_check(rule: prose_rules.Rule) -> checks.Check:
    def spaced(pattern: str) -> str:
        return pattern.replace(" ", r"\s+")

    return checks.Check(
        path=rule.name,
        message=f"'{{}}': {rule.instead}",
        check_type=types.ExistenceSimple(spaced(rule.pattern), tuple(map(spaced, rule.exceptions))),
        engine=engine.Fast(engine.RegexOptions(case_insensitive=not rule.case)),
        flags=checks.CheckFlags(allow_quotes=True),
    )


def files() -> Iterator[str]:
    """Every file with texts of ours, as a path from the top of the checkout."""
    top = [path for path in ROOT.iterdir() if path.is_file()]
    below = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in sorted([*top, *below]):
        name = path.relative_to(ROOT).as_posix()
        has_text = path.suffix in SUFFIXES or path.name in PROGRAMS
        if has_text and not name.startswith(NOT_OURS) and not name.endswith(GENERATED):
            yield name


def check(path: str) -> list[Finding]:
    """The findings in one file."""
    text = prose_text.english(ROOT / path, with_literals=not path.startswith(DATA))
    found = tools.LintFile(path, text).lint(_CHECKS) if text else []
    return [_finding(path, each) for each in found]


def _finding(path: str, found: tools.LintResult) -> Finding:
    line, column = found.pos
    message = " ".join(found.check_result.message.replace(prose_text.START, " ").split())
    return Finding(path, line, column, found.check_result.check_path, _LONG_MATCH.sub(r"'\1...'", message))


def _is_below(path: str, places: Sequence[str]) -> bool:
    """Whether a file is one of these places, or in a folder that is one; "." is every file."""
    return any(path == each or each == "." or path.startswith(each.removesuffix("/") + "/") for each in places)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
