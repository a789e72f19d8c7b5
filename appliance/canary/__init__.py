"""Canary and shadow releases against the stable one: pairs of results, compared and judged."""
