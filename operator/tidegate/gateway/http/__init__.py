"""HTTP: sockets, TLS, connections, requests, authentication and routing.

The other packages of the gateway build on it; it contains nothing specific to pushes, scrapes or groups.
"""
