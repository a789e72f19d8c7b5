"""A synthetic chest CT study as real DICOM files, with lesions of known volume."""

from provisioning.phantom.spec import (
    COVID_LESIONS,
    Encoding,
    LesionKind,
    LesionSpec,
    PhantomSpec,
    Position,
    small_spec,
)
from provisioning.phantom.study import Phantom, make_phantom, truth_of, write_study
from provisioning.phantom.truth import LesionTruth, PhantomTruth, TrueVolumes, measured_ml

__all__ = [
    "COVID_LESIONS",
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
    "truth_of",
    "write_study",
]
