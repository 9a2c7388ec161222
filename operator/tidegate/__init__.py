"""A push gateway for Prometheus that clears itself when the Kubernetes Job behind a group is over."""

__version__ = "0.1.0"
