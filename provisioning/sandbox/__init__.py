"""Runs steps on files of strangers in processes of their own, under limits."""

from provisioning.sandbox.limits import Limits
from provisioning.sandbox.parent import run_step

__all__ = ["Limits", "run_step"]
