"""Which certificate a listener shows, and whose it asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from serving.rpc.pem_file import PemFile

# The driver and its replicas run in other folders than the one that aibox.toml is read in.
AbsolutePath = Annotated[Path, AfterValidator(Path.absolute)]


class KeyPairSettings(BaseModel):
    """Section `[admin.tls]`: two PEM files, taken up without a restart when they change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cert: AbsolutePath
    """The server's certificate, followed by those between it and its authority, if any."""
    key: AbsolutePath
    """Its private key, without a password."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Whose change means new certificates."""
        return (self.cert, self.key)

    def pair(self, section: str) -> tuple[PemFile, PemFile]:
        """Certificate and key, as the settings of `section` name them."""
        return PemFile(f"{section}.cert", self.cert), PemFile(f"{section}.key", self.key)


class GrpcTlsSettings(KeyPairSettings):
    """Section `[grpc.tls]`."""

    client_ca: AbsolutePath | None = None
    """Clients must show a certificate of one of these authorities (mTLS); left out, none is asked
    for."""

    @property
    def files(self) -> tuple[Path, ...]:
        return (*super().files, *((self.client_ca,) if self.client_ca else ()))

    def authorities(self, section: str) -> PemFile | None:
        """The file of clients' authorities, if there is one."""
        return PemFile(f"{section}.client_ca", self.client_ca) if self.client_ca else None
