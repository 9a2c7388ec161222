"""docs/api.md is correct: its commands run on a real gateway, and its tables match the code."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.docs import markdown_documents, transcripts
from tests.support.gateway import openapi_document
from tests.support.processes import tidegate_processes
from tidegate import settings
from tidegate.gateway.api import event_stream
from tidegate.gateway.openapi import documents as descriptions
from tidegate.model import ownership_status, selectors
from tidegate.operator.explain import groups_endpoint

PAGE = (markdown_documents.ROOT / "docs" / "api.md").read_text()
PROSE = " ".join(PAGE.split())
"""The page without its line breaks."""
SHOWN = transcripts.steps(PAGE)
"""Each command with the output below it."""

GATEWAY = "http://localhost:9091"
_SECONDS = 20
_AFTER_MAX_TIME = 28


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tidegate_processes.Gateway]:
    with tidegate_processes.serving(tmp_path) as running:
        yield running


def test_documented_responses_have_the_shape_of_the_real_ones(
    gateway: tidegate_processes.Gateway, tmp_path: Path
) -> None:
    assert len(SHOWN) > 5
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


def test_table_has_every_path_and_method_of_the_openapi_document() -> None:
    web = settings.WebSettings(enable_lifecycle=True, enable_admin_api=True)
    described = openapi_document.Document(descriptions.document(settings.GatewaySettings(web=web)))
    expected = {(verb, path) for path, verbs in described.paths() for verb in verbs - {"HEAD", "OPTIONS"}}
    rows = re.findall(r"^\| (`[A-Z`, ]+`) \| (`/.*?`) \|", PAGE, re.MULTILINE)
    documented = [(verb, path) for verbs, paths in rows for verb in _quoted(verbs) for path in _quoted(paths)]
    assert sorted(documented) == sorted(expected)


def _quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_documented_number_of_streams_matches_the_code() -> None:
    assert f"at most {event_stream.MAX_STREAMS} streams" in PROSE


class TestOperatorApi:
    """``GET /api/v1/groups`` on port 9093."""

    def test_example_is_parsed_by_the_command_and_has_every_field(self) -> None:
        (shown,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
        example = json.loads(shown)
        read = ownership_status.GroupStatuses.from_json(example)
        assert [group.to_json() for group in read.groups] == example["groups"]
        assert set(example) == {field.name for field in dataclasses.fields(ownership_status.GroupStatuses)}

    @pytest.mark.parametrize(
        ("table", "kind"),
        [
            pytest.param("field", ownership_status.GroupStatuses, id="of an answer"),
            pytest.param("field of a group", ownership_status.GroupStatus, id="of a group"),
            pytest.param("field of an owner", ownership_status.OwnerStatus, id="of an owner"),
        ],
    )
    def test_tables_have_every_field(self, table: str, kind: type[Any]) -> None:
        found = re.search(rf"^\| {table} \| meaning \|\n(?:\|.*\n)+", PAGE, re.MULTILINE)
        assert found is not None
        rows = found[0].splitlines()[2:]
        documented = {name for row in rows for name in _quoted(row.split("|")[1])}
        fields = {field.name for field in dataclasses.fields(kind)}
        replaced = {"key": {"labels"}, "owner": {"kind", "namespace", "name", "uid"}}
        assert documented == {name for field in fields for name in replaced.get(field, {field})}

    def test_documented_numbers_match_the_code(self) -> None:
        assert f"`limit` is the maximum number of groups, {groups_endpoint.DEFAULT_LIMIT} by default" in PROSE
        assert f"{selectors.MAX_LENGTH} characters together" in PROSE
