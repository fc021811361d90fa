"""Technique that knows no law firm: database, errors, pagination, idempotency, clock, ids, logging."""
