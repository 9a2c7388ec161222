"""HTTP clients of a running gateway and operator: what ``tidegate groups`` and ``tidegate push`` use.

Clients use the public HTTP APIs only and know nothing of Kubernetes. They reach a server through a transport
(:mod:`tidegate.client.transports`).
"""
