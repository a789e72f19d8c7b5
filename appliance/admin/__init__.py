"""The local admin API: metrics, health and its own documentation."""
