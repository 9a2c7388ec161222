"""Write the manifests of the policies' definitions, and the table of their fields in docs/policies.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tidegate.operator.policy import crd_schema, crds, policies

ROOT = Path(__file__).resolve().parent.parent
MANIFESTS = ROOT / "manifests" / "crds"
DOCUMENT = ROOT / "docs" / "policies.md"

_HEAD = "# Written by scripts/crds.py (`make crds`) from operator/tidegate/operator/policy/crds.py.\n"
_SHORT = 80
"""Characters of a text that stands beside its key."""
_BEGIN, _END = "<!-- fields: written by `make crds` -->\n", "<!-- end of fields -->\n"


def main() -> None:
    """Write each file that is not what it should be."""
    for path, text in texts().items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"crds: wrote {path.relative_to(ROOT)}")


def texts() -> dict[Path, str]:
    """Every file that is written, and what stands in it."""
    definitions = {MANIFESTS / f"{scope.plural}.yaml": crds.definition(scope) for scope in policies.Scope}
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [path.name for path in definitions],
    }
    made = {path: _HEAD + _yaml(data) for path, data in definitions.items()}
    made[MANIFESTS / "kustomization.yaml"] = _HEAD + _yaml(kustomization)
    before, _, rest = DOCUMENT.read_text().partition(_BEGIN)
    after = rest.partition(_END)[2]
    made[DOCUMENT] = f"{before}{_BEGIN}\n{table()}\n{_END}{after}"
    return made


def table() -> str:
    """The fields of a policy's spec in Markdown."""
    fields = crd_schema.schema(policies.Scope.CLUSTER)["properties"]
    rows = ["| field | type | what it says |", "| --- | --- | --- |"]
    rows += [f"| `{name}` | {_type(field)} | {_cell(field['description'])} |" for name, field in fields.items()]
    return "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("\n\n", "<br>").replace("\n", "<br>")


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    match field["type"]:
        case "array":
            return f"list, at most {field['maxItems']}"
        case "object":
            return "label selector"
        case _:
            return "duration"


class _Folded(str):
    """A text in lines; ``_Verbatim`` is one as it is."""


class _Verbatim(str):
    pass


class _Dumper(yaml.SafeDumper):
    """Writes what stands in several places in each of them."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - yaml.SafeDumper
        return True


_Dumper.add_representer(_Folded, lambda made, text: made.represent_scalar("tag:yaml.org,2002:str", text, style=">"))
_Dumper.add_representer(_Verbatim, lambda made, text: made.represent_scalar("tag:yaml.org,2002:str", text, style="|"))


def _yaml(data: dict[str, Any]) -> str:
    return yaml.dump(_styled(data), Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


def _styled(data: Any, *, key: str = "") -> Any:
    """The data with its long texts marked for how they are best read."""
    match data:
        case dict():
            return {name: _styled(value, key=name) for name, value in data.items()}
        case list():
            return [_styled(value) for value in data]
        case str() if key == "rule":
            return _Verbatim(data)
        case str() if len(data) > _SHORT:
            return _Folded(data)
        case _:
            return data


if __name__ == "__main__":
    main()
