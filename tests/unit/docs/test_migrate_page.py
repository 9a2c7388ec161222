"""The Job in manifests/tools runs the import command of docs/migrate.md, and Prometheus scrapes the new gateway."""

from __future__ import annotations

import yaml

from tests.support import repository
from tests.support.docs import markdown_documents as pages
from tests.support.docs import transcripts
from tests.support.manifests import manifest_objects

PATH = repository.DOCS / "migrate.md"
OLD = "http://pushgateway:9091"
IMPORT, *_ = [line for line in transcripts.commands(PATH.read_text()) if line.startswith("tidegate import ")]


def test_flags_of_the_import_job_match_the_command() -> None:
    [job] = manifest_objects.objects(pages.ROOT / "manifests" / "tools" / "import.yaml")
    [container] = manifest_objects.pod_spec(job)["containers"]
    [url] = container["env"]
    shown = " ".join(container["args"]).replace(f"$({url['name']})", OLD)
    assert f"tidegate {shown}" == IMPORT


def test_prometheus_scrapes_the_new_gateway_with_the_pushed_labels() -> None:
    [config] = [block for block in pages.yaml_blocks(PATH) if "scrape_configs" in block]
    new, _ = yaml.safe_load(config)["scrape_configs"]
    assert new == {
        "job_name": "tidegate",
        "honor_labels": True,
        "static_configs": [{"targets": ["tidegate.tidegate:9091"]}],
    }
