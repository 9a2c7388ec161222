"""Certificates, keys and kubeconfigs of the dev cluster: a throw-away authority, and files only the owner can read."""

import json
from dataclasses import dataclass
from pathlib import Path

import trustme

ADMINS = "system:masters"
"""The group that RBAC gives all rights."""

_NO_HOST = "client.invalid"
"""Go rejects a certificate whose list of host names is present but empty."""


@dataclass(frozen=True, kw_only=True)
class KeyPair:
    """Paths of a certificate and its private key, in PEM."""

    cert: Path
    key: Path


class Authority:
    """Signs the certificates of the API server and of clients, in one folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True)
        self._folder = folder
        self._ca = trustme.CA()
        self.cert = folder / "ca.crt"
        self._ca.cert_pem.write_to_path(str(self.cert))

    def server(self, *hosts: str) -> KeyPair:
        """A certificate for a server with these names and addresses."""
        return self._write("apiserver", self._ca.issue_cert(*hosts))

    def client(self, user: str, *, group: str | None = None) -> KeyPair:
        """A client certificate: Kubernetes reads the user from its common name, the group from its organization."""
        issued = self._ca.issue_cert(_NO_HOST, common_name=user, organization_name=group)
        return self._write(user.replace(":", "-"), issued)

    def key(self, name: str) -> KeyPair:
        """A key pair for signing, such as for service account tokens."""
        return self._write(name, self._ca.issue_cert(_NO_HOST, common_name=name))

    def _write(self, name: str, issued: trustme.LeafCert) -> KeyPair:
        pair = KeyPair(cert=self._folder / f"{name}.crt", key=self._folder / f"{name}.key")
        issued.cert_chain_pems[0].write_to_path(str(pair.cert))
        issued.private_key_pem.write_to_path(str(pair.key))
        pair.key.chmod(0o600)
        return pair


def write_kubeconfig(path: Path, *, server: str, ca: Path, user: KeyPair | str) -> Path:
    """Write a kubeconfig (JSON, which is valid YAML) with a client certificate or a bearer token."""
    if isinstance(user, str):
        identity = {"token": user}
    else:
        identity = {"client-certificate": str(user.cert), "client-key": str(user.key)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "dev", "cluster": {"server": server, "certificate-authority": str(ca)}}],
        "users": [{"name": "me", "user": identity}],
        "contexts": [{"name": "tidegate-dev", "context": {"cluster": "dev", "user": "me"}}],
        "current-context": "tidegate-dev",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=2))
    return path


@dataclass(frozen=True, kw_only=True)
class Login:
    """The URL and credentials for the API server, read from a kubeconfig of `write_kubeconfig`."""

    host: str
    port: int
    ca: Path
    pair: KeyPair

    @property
    def server(self) -> str:
        """The URL."""
        return f"https://{self.host}:{self.port}"


def read_kubeconfig(path: Path) -> Login:
    """Read a kubeconfig that `write_kubeconfig` has written for a client certificate."""
    config = json.loads(path.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    host, _, port = cluster["server"].removeprefix("https://").rpartition(":")
    pair = KeyPair(cert=Path(user["client-certificate"]), key=Path(user["client-key"]))
    return Login(host=host, port=int(port), ca=Path(cluster["certificate-authority"]), pair=pair)
