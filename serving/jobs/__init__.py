"""Durable jobs: how studies are spooled, stored, claimed by lease, run, and forgotten."""
