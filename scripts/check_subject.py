"""Check the subject line of the commit message in a file, as git's hook commit-msg does.

Only a reader knows whether a verb is in the imperative; the script finds the usual other forms: "Added", "Fixes".
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

MAXIMUM = 72
"""Characters that `git log --oneline` and web pages show whole."""

_FROM_GIT = re.compile(r"(Merge|Revert|fixup!|squash!|amend!) ")
_OTHER_FORM = re.compile(
    r"(?!(?:Embed|Exceed|Feed|Need|Proceed|Seed|Shed|Speed|Succeed|Bring|Ping|Bias|Focus) )"
    r"[A-Z][a-z]+(?:ed|ing|(?<![su])s) "
)


def main(arguments: Sequence[str]) -> int:
    """Print what is wrong with the subject in the file in the first argument; return the exit code."""
    [path] = arguments
    lines = [line for line in Path(path).read_text().splitlines() if not line.startswith("#")]
    found = list(faults(lines))
    for fault in found:
        print(f"commit message: {fault}", file=sys.stderr)
    return 1 if found else 0


def faults(lines: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with the first of these lines, and with the line after it."""
    subject, *rest = lines or [""]
    if _FROM_GIT.match(subject):
        return
    if len(subject) > MAXIMUM:
        yield f"the subject has {len(subject)} characters; the maximum is {MAXIMUM}"
    if not subject[:1].isupper():
        yield "the subject does not begin with a capital letter"
    if subject.endswith("."):
        yield "the subject ends with a full stop"
    if _OTHER_FORM.match(subject):
        yield f"the subject begins with {subject.split()[0]!r}, not with an imperative such as 'Add'"
    if rest and rest[0]:
        yield "the second line is not empty"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
