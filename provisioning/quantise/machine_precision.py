"""The precision of the layers of a variant that are not INT8."""

from __future__ import annotations

from provisioning.doctor.host import Host
from provisioning.doctor.processor import read_flags
from serving.engine.runtime import ov

_VNNI = {"avx512_vnni", "avx_vnni", "amx_int8"}


def has_bf16() -> bool:
    """Whether this CPU computes in BF16 itself."""
    return "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def int8_hints() -> tuple[str, ...]:
    """INFERENCE_PRECISION_HINT of an INT8 variant's other layers: BF16 where native, then FP32."""
    return ("bf16", "f32") if has_bf16() else ("f32",)


def has_vnni() -> bool:
    """Whether this CPU adds INT8 products in 32 bits, so that no sum overflows on the way."""
    return bool(_VNNI & read_flags(Host()))
