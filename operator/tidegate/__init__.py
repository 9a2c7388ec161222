"""A Prometheus push gateway that deletes the metrics of finished Kubernetes Jobs."""

__version__ = "0.1.0"
