"""HTTP clients of a running gateway and operator, for ``tidegate groups`` and ``tidegate push``.

Clients use the public HTTP APIs only and know nothing of Kubernetes. They reach a server through a transport
(:mod:`tidegate.client.transports`).
"""
