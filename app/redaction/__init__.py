"""Erasing personal data in sealed events: asked for by one, approved by another, carried out by the worker.

What happened stays, and so does every proof; only who it was named as goes. Never changes an event but by the
database's own function, and never without the event that says so.
"""
