"""Who may see and do what: the one gate for single acts, the one predicate for everything that lists."""
