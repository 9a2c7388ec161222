"""Who reads the groups, how far each has read, and the deletion of what all have read.

Above the store and below HTTP: a scrape is told to this layer, not made by it.
"""
