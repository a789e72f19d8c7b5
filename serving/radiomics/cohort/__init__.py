"""A cohort: its manifest, its cases one by one, its table of results."""
