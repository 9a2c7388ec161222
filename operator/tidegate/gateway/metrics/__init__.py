"""The gateway's own metrics, which every scrape contains beside the pushed ones.

Other packages of the gateway count here; this package imports none of them.
"""
