"""Whether other machines may join the box's Ray: section `[ray]` of `aibox.toml`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress, field_validator


class RaySettings(BaseModel):
    """Off by default: everything of Ray listens on loopback."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: IPvAnyAddress | None = None
    """An address of this machine on which others may join and take batch work.

    Ray's own traffic, images of cases among it, is not encrypted: name an address on a network
    that the machines have to themselves.
    """
    port: Annotated[int, Field(ge=1, le=65535)] = 6379
    """Of Ray's head on that address."""

    @field_validator("listen")
    @classmethod
    def _one_address(cls, value: IPvAnyAddress | None) -> IPvAnyAddress | None:
        if value is not None and (value.is_unspecified or value.is_loopback):
            raise ValueError(
                "it must name one address of this machine that other machines reach; "
                "leave it out to stay on loopback"
            )
        return value

    @property
    def address(self) -> str:
        """Where Ray's processes listen."""
        return str(self.listen) if self.listen else "127.0.0.1"
