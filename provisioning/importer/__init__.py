"""Turns a vendor's model file into a version of a model repository.

Everything that parses such a file runs in a sandbox; this process only moves what came of it.
"""

from provisioning.importer.import_model import import_model
from provisioning.importer.request import ImportRequest

__all__ = ["ImportRequest", "import_model"]
