"""The Prometheus configuration in docs/quickstart.md scrapes the gateway of its commands."""

from __future__ import annotations

import yaml

from tests.support import repository
from tests.support.docs import markdown_documents

PORT = "9091"


def test_prometheus_configuration_keeps_the_pushed_labels() -> None:
    [config] = markdown_documents.yaml_blocks(repository.DOCS / "quickstart.md")
    [job] = yaml.safe_load(config)["scrape_configs"]
    assert job["honor_labels"] is True
    assert job["static_configs"] == [{"targets": [f"127.0.0.1:{PORT}"]}]
