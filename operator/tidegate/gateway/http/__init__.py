"""HTTP itself: sockets, TLS, connections, requests, authentication and routing.

It knows nothing of pushes, scrapes or groups; the other packages of the gateway build on it.
"""
