"""The tables, the example and the figures of docs/api.md match the code."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest

from tests.support import repository
from tests.support.gateway import openapi_document
from tidegate import settings
from tidegate.gateway.api import event_stream
from tidegate.gateway.openapi import documents as descriptions
from tidegate.model import ownership_status, selectors
from tidegate.operator.explain import groups_endpoint

PAGE = (repository.DOCS / "api.md").read_text()


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
    assert re.findall(r"(\d+)\s+streams", PAGE) == [str(event_stream.MAX_STREAMS)]


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
        assert str(groups_endpoint.DEFAULT_LIMIT) in re.findall(r"(\d+)\s+by\s+default", PAGE)
        assert str(selectors.MAX_LENGTH) in re.findall(r"(\d+)\s+characters", PAGE)
