"""A synthetic chest CT study as real DICOM files, with lesions of known volume."""

from provisioning.phantom.spec import (
    Encoding,
    LesionKind,
    LesionSpec,
    PhantomSpec,
    Position,
    small_spec,
)
from provisioning.phantom.study import Phantom, make_phantom, write_study
from provisioning.phantom.truth import LesionTruth, PhantomTruth, TrueVolumes, measured_ml

__all__ = [
    "Encoding",
    "LesionKind",
    "LesionSpec",
    "LesionTruth",
    "Phantom",
    "PhantomSpec",
    "PhantomTruth",
    "Position",
    "TrueVolumes",
    "make_phantom",
    "measured_ml",
    "small_spec",
    "write_study",
]
