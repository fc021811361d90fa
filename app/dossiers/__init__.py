"""Dossiers (案卷): numbering, cover, state and team; and the firm's rules that they follow."""
