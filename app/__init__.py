"""Anjuan (案卷): the client dossiers of a law firm, kept so that every read and write can be traced."""

__version__ = "0.1.0"
