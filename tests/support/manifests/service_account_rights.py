"""The rights of a service account, as the API server reports them (`kubectl auth can-i --list`)."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from tests.support import waiting
from tests.support.kubernetes import clusters
from tests.support.manifests import kustomizations, manifest_objects

_ROW = re.compile(r"^(\S*)\s+\[(.*?)\]\s+\[(.*?)\]\s+\[(.*?)\]$")
_RIGHTS = ("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")

Rights = frozenset[str]
"""Each right as `jobs.batch: list watch`."""


def eventually_has(cluster: clusters.Cluster, account: str, *, namespace: str, of: str, expected: Rights) -> None:
    """Wait until the account has exactly these rights: the API server needs a moment to see what was applied."""

    def look() -> bool:
        assert _rights(cluster, account, namespace=namespace, of=of) == expected
        return True

    waiting.eventually(look, why=f"the rights of {account} in {namespace}", timeout=60.0)


def _rights(cluster: clusters.Cluster, account: str, *, namespace: str, of: str) -> Rights:
    """The rights of the account from namespace `of` in `namespace`, without those that every account has."""
    return _listed(cluster, account, namespace=namespace, of=of) - _listed(
        cluster, "nobody-gave-it-rights", namespace=namespace, of=of
    )


def _listed(cluster: clusters.Cluster, account: str, *, namespace: str, of: str) -> Rights:
    output = cluster.kubectl(
        "auth",
        "can-i",
        "--list",
        "--no-headers",
        f"--namespace={namespace}",
        f"--as=system:serviceaccount:{of}:{account}",
    )
    rows = [_ROW.match(line.rstrip()) for line in output.splitlines()]
    assert None not in rows, output
    return frozenset(_row(*row.groups()) for row in rows if row)


def _row(resource: str, urls: str, names: str, verbs: str) -> str:
    named = f" {names}" if names else ""
    return f"{resource or urls}{named}: {' '.join(sorted(verbs.split()))}"


@contextlib.contextmanager
def granted(cluster: clusters.Cluster, folder: Path, *, spaces: Sequence[str] = ()) -> Iterator[str]:
    """Apply the RBAC objects of a kustomization under unique names; yield the prefix of these names.

    Only accounts and RBAC objects are applied, and only while the block runs, so that other tests are not affected.

    :param spaces: namespaces to create for it.
    """
    prefix = f"t{uuid.uuid4().hex[:8]}-"
    above = kustomizations.write(folder.parent / f"{folder.name}-{prefix}named", resources=[folder], namePrefix=prefix)
    rendered = [each for each in kustomizations.objects(above) if each["kind"] in _RIGHTS]
    _make(cluster, ["tidegate", *spaces])
    text = yaml.safe_dump_all(rendered)
    cluster.kubectl("apply", "-f", "-", stdin=text)
    try:
        yield prefix
    finally:
        cluster.kubectl("delete", "--wait=false", "-f", "-", stdin=text)


def _make(cluster: clusters.Cluster, spaces: Sequence[str]) -> None:
    for space in spaces:
        body: manifest_objects.Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}
        cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(body))
