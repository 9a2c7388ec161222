"""Credentials for the API server, the same for every client in the process."""

from __future__ import annotations

import os

import yaml
from kubernetes.aio import client, config

from tidegate import settings

_IN_POD = "KUBERNETES_SERVICE_HOST"


class LoginError(OSError):
    """No usable credentials; the message says what to do."""


async def load(kube_settings: settings.KubernetesSettings) -> client.Configuration:
    """Load the API server's address and credentials.

    They come from the configured kubeconfig, else the Pod's service account, else the default kubeconfig. A token from
    a file is reloaded before it expires.

    :raises LoginError: there are no credentials, or they cannot be read.
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
        # SECURITY: the library's errors quote the file, which contains tokens and keys.
        reason = f"the kubeconfig is invalid ({type(error).__name__})"
        raise LoginError(f"no credentials for Kubernetes: {reason}; {hint}") from None
    except LoginError:
        raise
    except (config.ConfigException, OSError) as error:
        raise LoginError(f"no credentials for Kubernetes: {error}; {hint}") from error
    return configuration


def _existing(path: str) -> str | None:
    """The file of ``--kubernetes.kubeconfig``; ``None`` if the flag is not set.

    :raises LoginError: the file does not exist.
    """
    if not path:
        return None
    expanded = os.path.expanduser(path)
    # The library would ignore a missing file without an error.
    if not os.path.exists(expanded):
        raise LoginError(f"--kubernetes.kubeconfig={path} does not exist: give the path of a kubeconfig file")
    return expanded
