"""Migration from a stock Pushgateway: ``tidegate import``.

It reads a running Pushgateway through its API and writes a persistence file. It never changes the Pushgateway.
"""
