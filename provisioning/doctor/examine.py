"""All checks, in the order in which a person would read them."""

from __future__ import annotations

from provisioning.doctor import memory, processor, system
from provisioning.doctor.check import Check
from provisioning.doctor.host import Host, Needs


def examine(needs: Needs, host: Host | None = None) -> list[Check]:
    """Looks at everything; changes nothing."""
    seen = host or Host()
    return [
        processor.instructions(seen),
        processor.cores(seen),
        processor.numa(seen),
        memory.memory(seen, needs),
        memory.shared_memory(seen, needs),
        memory.huge_pages(seen),
        memory.swap(seen),
        system.disk(seen, needs),
        system.open_files(seen, needs),
        *(system.port(address) for address in needs.addresses),
        system.python(),
        system.packages(),
    ]
