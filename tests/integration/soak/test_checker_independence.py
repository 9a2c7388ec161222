"""The checker is independent of tidegate's code."""

from __future__ import annotations

import subprocess
import sys

_CHECKER = ("audit_log", "prometheus_database", "histories", "logging_pusher", "push_logs", "soak_report", "checker")


def test_checker_imports_no_module_of_tidegate() -> None:
    imports = "; ".join(f"import tests.soak.{name}" for name in _CHECKER)
    script = f"import sys; {imports}; print([name for name in sys.modules if name.partition('.')[0] == 'tidegate'])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
