"""Tokens: how callers of the box prove who they are."""
