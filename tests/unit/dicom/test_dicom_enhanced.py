"""Enhanced multi-frame CT: geometry and rescale from functional groups."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import RLELossless

ENHANCED = "1.2.840.10008.5.1.4.1.1.2.1"


def group(**sequences):
    """A functional group; each keyword is a macro's sequence, each value its attributes."""
    found = Dataset()
    for keyword, attributes in sequences.items():
        macro = Dataset()
        for name, value in attributes.items():
            setattr(macro, name, value)
        setattr(found, keyword, Sequence([macro]))
    return found


def enhanced(forge, heights, *, rescale_per_frame=False, compress=None):
    pixels = np.stack([np.full((6, 5), 100 + i, dtype=np.uint16) for i in range(len(heights))])
    found = forge.dataset(
        SOPClassUID=ENHANCED,
        pixels=pixels,
        NumberOfFrames=len(heights),
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        PixelSpacing=None,
        SliceThickness=None,
        RescaleSlope=None,
        RescaleIntercept=None,
    )
    shared = {
        "PixelMeasuresSequence": {"PixelSpacing": [0.7, 0.8], "SliceThickness": 3},
        "PlaneOrientationSequence": {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]},
    }
    rescale = {"RescaleSlope": 1, "RescaleIntercept": -1000}
    if not rescale_per_frame:
        shared["PixelValueTransformationSequence"] = rescale
    frames = []
    for index, z in enumerate(heights):
        own = {"PlanePositionSequence": {"ImagePositionPatient": [-5, -6, z]}}
        if rescale_per_frame:
            intercept = rescale["RescaleIntercept"] - 10 * index
            own["PixelValueTransformationSequence"] = rescale | {"RescaleIntercept": intercept}
        frames.append(group(**own))
    found.SharedFunctionalGroupsSequence = Sequence([group(**shared)])
    found.PerFrameFunctionalGroupsSequence = Sequence(frames)
    if compress:
        found.compress(compress, generate_instance_uid=False)
    return forge.write(found)


@pytest.mark.parametrize("compress", [None, RLELossless])
def test_frames_become_slices_in_order_of_position(forge, read, compress):
    enhanced(forge, [6, 0, 9, 3], compress=compress)
    study = read()
    geometry = study.volume.geometry
    assert study.volume.hu[:, 0, 0].tolist() == [-899, -897, -900, -898]
    assert geometry.spacing_mm == pytest.approx((3, 0.7, 0.8))
    assert geometry.affine_lps[:3, 3].tolist() == [-5, -6, 0]
    assert len(study.instance_uids) == 4
    assert study.notices == ()


def test_rescale_differs_from_frame_to_frame(forge, read):
    enhanced(forge, [0, 3, 6], rescale_per_frame=True)
    assert read().volume.hu[:, 0, 0].tolist() == [-900, -909, -918]


def test_two_instances_of_one_series_join(forge, read):
    enhanced(forge, [0, 3, 6])
    enhanced(forge, [9, 12, 15])
    assert read().volume.geometry.slice_offsets_mm.tolist() == [0, 3, 6, 9, 12, 15]
