"""With whose credentials the API server is asked: one answer for every client in the process."""

from __future__ import annotations

import os

import yaml
from kubernetes.aio import client, config

from tidegate import settings

_IN_POD = "KUBERNETES_SERVICE_HOST"


class LoginError(OSError):
    """There is nothing to log in with; the message says what to do."""


async def load(kube_settings: settings.KubernetesSettings) -> client.Configuration:
    """The API server's address and our credentials: a given kubeconfig, else the Pod's service account, else the usual
    kubeconfig. A token from a file is read again before it expires.

    :raises LoginError: none of them is there, or it cannot be read.
    """
    configuration = client.Configuration()
    hint = "set --kubernetes.kubeconfig or KUBECONFIG, or run in a Pod with a service account"
    try:
        if not kube_settings.kubeconfig and _IN_POD in os.environ:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            await config.load_kube_config(  # type: ignore[no-untyped-call]
                config_file=_existing(kube_settings.kubeconfig),
                client_configuration=configuration,
                persist_config=False,
            )
    except (yaml.YAMLError, ValueError, TypeError, AttributeError) as error:
        # SECURITY: what the library raises over a file of another shape quotes it, and it holds tokens and keys.
        reason = f"the kubeconfig cannot be read ({type(error).__name__})"
        raise LoginError(f"no way to log in to Kubernetes: {reason}; {hint}") from None
    except LoginError:
        raise
    except (config.ConfigException, OSError) as error:
        raise LoginError(f"no way to log in to Kubernetes: {error}; {hint}") from error
    return configuration


def _existing(path: str) -> str | None:
    """The file of ``--kubernetes.kubeconfig``; ``None`` where the flag is not set.

    :raises LoginError: there is no such file.
    """
    if not path:
        return None
    expanded = os.path.expanduser(path)
    # The library would try none, and say nothing of the file.
    if not os.path.exists(expanded):
        raise LoginError(f"--kubernetes.kubeconfig={path} does not exist: give the path of a kubeconfig file")
    return expanded
