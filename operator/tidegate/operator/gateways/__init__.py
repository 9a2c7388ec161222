"""The gateways that the operator can drive: tidegate's own, and a stock Pushgateway through its public API.

Both implement :class:`tidegate.operator.gateways.gateway_protocol.Gateway`.
"""
