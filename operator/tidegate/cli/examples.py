"""The examples in the help of each command; those of ``push`` and ``groups`` stand with their flags."""

from __future__ import annotations

ALL = """\
examples:
  tidegate run                              gateway and operator on this machine, with your kubeconfig
  tidegate gateway                          the gateway alone: push to :9091/metrics/job/NAME, scrape :9091/metrics
  tidegate --web.enable-lifecycle           the same: flags without a command are the gateway's, as in Pushgateway
  tidegate gateway --control.token-file=token
  tidegate operator --control.token-file=token --kubernetes.kubeconfig=~/.kube/config
                                            the two side by side on this machine
  tidegate operator --gateway.url=http://pushgateway:9091 --gateway.kind=pushgateway
                                            beside a stock Pushgateway: docs/beside-pushgateway.md
  tidegate import --from=http://pushgateway:9091 --persistence.file=groups
                                            take over what a Pushgateway has, times included
  tidegate push --job=backup metrics.prom   from a shell script to a running gateway: tidegate push --help
  tidegate groups list                      whose the groups of a running gateway are: tidegate groups --help
"""

GATEWAY = """\
examples:
  tidegate gateway --persistence.file=/data/groups
                                what was pushed outlives the process
  tidegate gateway --web.listen-address=:9091 --web.listen-address=unix:/run/tidegate.sock
                                on a port and on a socket
  tidegate gateway --web.config.file=web.yml --web.external-url=https://push.example/prefix
                                TLS and passwords; paths begin with /prefix
  tidegate gateway --control.token-file=token
                                for an operator beside it, with the same flag
"""

OPERATOR = """\
examples:
  tidegate operator --control.token-file=token
                                for the gateway beside it, with your kubeconfig or the Pod's account
  tidegate operator --control.token-file=token --dry-run
                                only say what would be retired
  tidegate operator --control.token-file=token --kubernetes.namespace=batch --watch=pods
                                Jobs, CronJobs and bare Pods of one namespace
  tidegate operator --gateway.url=http://pushgateway:9091 --gateway.kind=pushgateway --gateway.grace-period=5m
                                beside a stock Pushgateway
"""

RUN = """\
examples:
  tidegate run                  both, with your kubeconfig
  tidegate run --kubernetes.namespace=batch --drain.timeout=1m --log.level=debug
                                for the Jobs of one namespace, each step told of
"""

IMPORT = """\
examples:
  tidegate import --from=http://pushgateway:9091 --persistence.file=/data/groups
                                into the file of a gateway that does not run, and is then started with that flag
"""
