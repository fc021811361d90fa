"""Conflict checks (利益冲突审查): who stands on which side of what, found by name, and what a person concluded."""
