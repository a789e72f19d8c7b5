"""Display as radiologists expect it, whatever way the slices were acquired."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serving.pipelines.report.slice_view import slice_view

AXES = {
    "supine": np.eye(3),
    "prone": np.diag([-1.0, -1.0, 1.0]),
    "flipped": np.diag([-1.0, 1.0, -1.0]),
    "turned": np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=float),
}


@pytest.mark.parametrize("name", AXES)
def test_axial_slices_show_the_right_side_on_the_left(name: str, samples: Any) -> None:
    geometry = samples.geometry((4, 30, 40), (2.0, 0.7, 0.9), AXES[name])
    view = slice_view(geometry)
    columns, rows = np.meshgrid(np.arange(40.0), np.arange(30.0))
    points = np.stack([columns, rows, np.ones_like(rows)], axis=-1).reshape(-1, 3)
    places = geometry.to_lps_mm(points).reshape(30, 40, 3)
    x, y = view.turn(places[..., 0]), view.turn(places[..., 1])
    assert np.all(np.diff(x, axis=1) > 0), "columns run to the patient's left"
    assert np.all(np.diff(y, axis=0) > 0), "rows run to the patient's back"
    np.testing.assert_allclose(np.diff(x, axis=1), view.column_spacing_mm)
    np.testing.assert_allclose(np.diff(y, axis=0), view.row_spacing_mm)
    markers = view.markers
    assert (markers.left, markers.right, markers.top, markers.bottom) == ("R", "L", "A", "P")


def test_coronal_and_sagittal_slices_stand_upright(samples: Any) -> None:
    coronal = np.array([[-1, 0, 0], [0, 0, 1], [0, 1, 0]], dtype=float)
    view = slice_view(samples.geometry((4, 30, 40), axes_lps=coronal))
    assert view.plane == "coronal"
    assert (view.markers.left, view.markers.top) == ("R", "H")
    sagittal = np.array([[0, 0, 1], [-1, 0, 0], [0, 1, 0]], dtype=float)
    view = slice_view(samples.geometry((4, 30, 40), axes_lps=sagittal))
    assert view.plane == "sagittal"
    assert (view.markers.left, view.markers.top) == ("A", "H")


def test_an_oblique_slice_carries_two_letters(samples: Any) -> None:
    angle = np.deg2rad(30)
    axes = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    view = slice_view(samples.geometry((4, 30, 40), axes_lps=axes))
    assert view.markers.right == "LP"


@pytest.mark.parametrize(("axes", "order"), [("supine", [3, 2, 0]), ("flipped", [0, 2, 3])])
def test_slices_are_read_from_head_to_feet(axes: str, order: list[int], samples: Any) -> None:
    view = slice_view(samples.geometry((4, 30, 40), axes_lps=AXES[axes]))
    assert view.reading_order((0, 3, 2)) == order
