"""What a DICOM instance or study may cost before it is refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]

MIB = 1024 * 1024


class DicomSettings(BaseModel):
    """Limits on size and effort; whatever goes over one is refused as UnsupportedImage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_instances: Count = 5000
    """Instances in one study."""
    max_rows: Count = 4096
    max_columns: Count = 4096
    max_frames: Count = 5000
    """Frames in one instance (enhanced CT)."""
    max_instance_bytes: Count = 1024 * MIB
    """One file as it arrives, and one deflated data set after inflation."""
    max_decoded_bytes: Count = 4096 * MIB
    """Pixels of one study, decoded."""
    max_inflate_ratio: Count = 200
    """Deflated data sets may grow this much beyond `free_inflated_bytes`; CT grows 2 to 5 times."""
    free_inflated_bytes: Count = 16 * MIB
    max_header_reads: Count = 2_000_000
    """Reads that one header may take; each data element takes one to three."""
    decode_threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Files decoded at once; compressed ones in as many processes."""
    decode_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """One compressed frame takes some 10 ms; a decoder still at it after this is ended."""
