"""A model version is tried in a process of its own before it comes near a replica."""
