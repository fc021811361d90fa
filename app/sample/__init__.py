"""A made-up civil case, its papers and the main job done with them; and made-up firms of any size for measuring.

No other room imports this one.
"""
