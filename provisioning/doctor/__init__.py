"""Looks at a machine and says what would stop the box from running well."""

from provisioning.doctor.examine import examine
from provisioning.doctor.host import Address, Host, Needs

__all__ = ["Address", "Host", "Needs", "examine"]
