"""Who wrote, opened and received what of whom: an append-only log, hash-chained per area."""
