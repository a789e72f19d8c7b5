"""Ray's custom resources, by which work finds its place."""

from __future__ import annotations

BOX_RESOURCE = "aibox_box"
"""One, on the box alone: keeps what must not leave it when other machines join its Ray."""

BATCH_RESOURCE = "aibox_batch"
"""As many as a machine has cores for batch work; a case takes one.

A second machine brings its own: `ray start --resources='{"aibox_batch": 16}'`.
"""
SLIVER = 0.001
"""A share of a resource that binds a task to its machine and uses nothing up."""
