"""The gateway's own metrics, which every scrape contains beside the pushed ones.

The other packages of the gateway report to it; it imports none of them.
"""
