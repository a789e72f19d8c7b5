"""What can go wrong around the engine, beside the errors of the domain.

AiboxError
├── ConfigurationError     a setting is unknown or cannot be
├── AlreadyRunning         this state directory has a running box
├── AddressTaken           something else listens where the box would
├── NotRunning             no box runs on this state directory
├── BoxUnreachable         nothing answers at the box's address
└── BoxFailed              the box did not come up, or ended by itself
"""

from __future__ import annotations

from serving.domain.errors import AiboxError


class ConfigurationError(AiboxError):
    """A setting is unknown or cannot be; the message names it."""


class AlreadyRunning(AiboxError):
    """Another box holds this state directory."""


class AddressTaken(AiboxError):
    """Something already listens on an address that the box needs."""


class NotRunning(AiboxError):
    """No box runs on this state directory."""


class BoxUnreachable(AiboxError):
    """Nothing answers at the address of the box."""


class BoxFailed(AiboxError):
    """The box did not come up, or ended by itself."""
