"""The gateway's HTTP edge: one small module for each endpoint, with the store passed in.

It turns requests into calls of the layers below and their answers into responses, and decides nothing itself. Nothing
below it speaks HTTP, and nothing it imports knows Kubernetes, so that the process starts in well under a second.
"""
