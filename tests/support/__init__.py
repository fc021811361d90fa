"""What tests share: real stores, a small firm, and eyes on events and tables."""
