"""Engagements (委托): the contract and powers of attorney of a dossier, and what is unsigned or missing of them."""
