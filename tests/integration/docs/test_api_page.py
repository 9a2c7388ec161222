"""The commands of docs/api.md run on a real gateway, and its responses have the documented shape."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support.docs import markdown_documents, transcripts
from tests.support.processes import tidegate_processes

PAGE = (markdown_documents.ROOT / "docs" / "api.md").read_text()
SHOWN = transcripts.steps(PAGE)
"""Each command with the output below it."""

GATEWAY = "http://localhost:9091"
_SECONDS = 20
_AFTER_MAX_TIME = 28


def test_documented_responses_have_the_shape_of_the_real_ones(tmp_path: Path) -> None:
    assert SHOWN
    # A gateway of its own: the last push of a recipe that another test has killed may arrive late at the shared one.
    with tidegate_processes.serving(tmp_path / "gateway", arguments=("--web.enable-admin-api",)) as gateway:
        for command, shown in SHOWN:
            assert GATEWAY in command
            documented = _run(command.replace(GATEWAY, gateway.url), folder=tmp_path)
            assert _shape(documented) == _shape(shown), command
    described = json.loads((tmp_path / "openapi.json").read_text())
    assert described["openapi"].startswith("3.1")


def _run(command: str, *, folder: Path) -> str:
    """The output of the command."""
    shell = ["bash", "-c", command]
    ran = subprocess.run(shell, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert ran.returncode in (0, _AFTER_MAX_TIME), ran
    return ran.stdout


def _shape(text: str) -> Any:
    """For JSON, its fields and the types of its values; for an event, its fields; for other text, the text itself."""
    if text.startswith("event:"):
        return [(name, _shape(data)) for name, _, data in (line.partition(": ") for line in text.split("\n") if line)]
    return _types(json.loads(text)) if text.startswith("{") else text.strip()


def _types(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _types(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_types(part) for part in value]
    # Single words are enum values and are compared; sentences and names differ between runs.
    return value if isinstance(value, bool) or value is None or value in ("success", "error") else type(value)
