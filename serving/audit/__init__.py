"""The audit log of a box: append-only, hash-chained, written by any of its processes."""
