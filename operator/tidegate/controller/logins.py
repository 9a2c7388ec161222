"""With whose credentials the API server is asked: one answer for every client in the process."""

from __future__ import annotations

import os

from kubernetes.aio import client, config

from tidegate import settings

_IN_POD = "KUBERNETES_SERVICE_HOST"


class LoginError(OSError):
    """There is nothing to log in with; the message says what to do."""


async def load(chosen: settings.KubernetesSettings) -> client.Configuration:
    """The API server's address and our credentials: a given kubeconfig, else the Pod's service account, else the usual
    kubeconfig. A token from a file is read again before it expires.

    :raises LoginError: none of them is there, or it cannot be read.
    """
    made = client.Configuration()
    try:
        if chosen.kubeconfig is None and _IN_POD in os.environ:
            config.load_incluster_config(client_configuration=made)  # type: ignore[no-untyped-call]
        else:
            await config.load_kube_config(  # type: ignore[no-untyped-call]
                config_file=_expanded(chosen.kubeconfig), client_configuration=made, persist_config=False
            )
    except (config.ConfigException, OSError) as error:
        hint = "set --kubernetes.kubeconfig or KUBECONFIG, or run in a Pod with a service account"
        raise LoginError(f"no way to log in to Kubernetes: {error}; {hint}") from error
    return made


def _expanded(path: str | None) -> str | None:
    return None if path is None else os.path.expanduser(path)
