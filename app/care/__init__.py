"""Care for what is kept: whether every row has its object, whole, and every object its row. Reads across domains.

It never removes an object that a row names, and nothing at all unless it is told to.
"""
