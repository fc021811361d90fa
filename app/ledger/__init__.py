"""The ledger: events sealed into a transparency log that nobody can alter unseen, and its proofs."""
