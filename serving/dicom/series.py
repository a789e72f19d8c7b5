"""Which series of a study can be analysed at all, and why the others cannot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from serving.dicom import sop_classes
from serving.dicom.instance import Instance
from serving.dicom.stack import Stack, stacks_of

_LOCALIZER = frozenset({"LOCALIZER", "SCOUT", "SURVIEW", "TOPOGRAM", "SCANOGRAM"})
_PROJECTION = frozenset({"MIP", "MINIP", "MNIP", "MAXIP", "PROJECTION IMAGE", "VRT", "VR", "SSD"})
_CAPTURE = frozenset({"SCREEN SAVE", "SCREEN", "DOSE_INFO", "DOSE INFO", "PATIENT PROTOCOL"})


@dataclass(frozen=True, slots=True)
class Rejected:
    """A series left out: `name` for a reader of the results, `reason` a few words."""

    name: str
    reason: str


def sort_out(instances: Iterable[Instance]) -> tuple[tuple[Stack, ...], tuple[Rejected, ...]]:
    """The stacks that may be analysed, and the series left out, both in a stable order."""
    series: dict[str, list[Instance]] = defaultdict(list)
    for instance in instances:
        series[instance.series_instance_uid].append(instance)
    stacks: list[Stack] = []
    rejected: list[Rejected] = []
    ordered = sorted(series.items(), key=lambda entry: (entry[1][0].series_number, entry[0]))
    for _, members in ordered:
        found, reason = _usable(members)
        stacks.extend(found)
        if reason:
            rejected.append(Rejected(name_of(members[0]), reason))
    return tuple(stacks), tuple(rejected)


def name_of(instance: Instance) -> str:
    """How the report names a series: its number and what its maker called it."""
    label = f' "{instance.description}"' if instance.description else ""
    return f"series {instance.series_number}{label}"


def _usable(members: list[Instance]) -> tuple[tuple[Stack, ...], str]:
    """The stacks of one series, or why there is none; a series may hold scouts beside slices."""
    reasons: list[str] = []
    kept: list[Instance] = []
    for instance in members:
        reason = _unusable(instance)
        if reason:
            reasons.append(reason)
        else:
            kept.append(instance)
    stacks = stacks_of(kept)
    if kept and not stacks:
        return (), "its slices do not say where they lie in the patient"
    return stacks, "" if stacks else max(sorted(set(reasons)), key=reasons.count)


def _unusable(instance: Instance) -> str:
    """Why an instance is no slice of a CT volume in Hounsfield units; "" where it is."""
    if instance.modality != "CT":
        return "it is not CT"
    if instance.sop_class_uid not in sop_classes.CT_IMAGES:
        return "it holds captures or documents, not CT images"
    if not instance.has_pixels:
        return "it has no pixel data"
    if instance.form.samples != 1:
        return "its images are in colour"
    if instance.has_modality_lut or any(frame.rescale is None for frame in instance.frames):
        return "its values cannot be turned into Hounsfield units"
    return _by_image_type(instance)


def _by_image_type(instance: Instance) -> str:
    kinds = set(instance.frames[0].image_type) if instance.frames else set()
    if kinds & _LOCALIZER:
        return "it is a localizer"
    if kinds & _PROJECTION:
        return "it is a projection, not slices"
    if kinds & _CAPTURE:
        return "it holds captures or documents, not CT images"
    return ""
