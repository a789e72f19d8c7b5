"""Windows of a plane and the crops chosen for them."""

from __future__ import annotations

import numpy as np
import pytest

from serving.pipelines.window import ALIGNED_TO, Window, crop_window, windows_of

FRAMES = ((160, 192), (128, 160), (192, 224))
PLANE = (256, 256)


def test_the_smallest_shape_that_holds_the_wanted_part_is_chosen() -> None:
    assert crop_window(Window(100, 70, 200, 200), PLANE, FRAMES).shape == (128, 160)
    assert crop_window(Window(80, 70, 220, 200), PLANE, FRAMES).shape == (160, 192)
    assert crop_window(Window(0, 70, 250, 200), PLANE, FRAMES) == Window.whole(PLANE)
    assert crop_window(Window(100, 70, 110, 80), PLANE, ()) == Window.whole(PLANE)


def test_every_crop_is_aligned_inside_the_plane_and_holds_what_is_wanted() -> None:
    drawn = np.random.default_rng(1).integers(0, 257, (2000, 4))
    cropped = 0
    for top, bottom, left, right in np.sort(drawn.reshape(-1, 2, 2), axis=2).reshape(-1, 4):
        wanted = Window(int(top), int(left), int(bottom), int(right))
        window = crop_window(wanted, PLANE, FRAMES)
        assert window.joined(wanted) == window
        assert window.joined(Window.whole(PLANE)) == Window.whole(PLANE)
        assert window.top % ALIGNED_TO == window.left % ALIGNED_TO == 0
        assert window.shape in (*FRAMES, PLANE)
        cropped += window.shape != PLANE
    assert cropped > 500


def test_a_shape_larger_than_the_plane_is_never_used() -> None:
    assert crop_window(Window(0, 0, 10, 10), (64, 64), FRAMES) == Window.whole((64, 64))


def test_windows_are_the_bounding_boxes_of_the_planes_that_hold_any() -> None:
    labels = np.zeros((4, 20, 30), np.uint8)
    labels[1, 3:7, 5:9] = 2
    labels[3, 19, 29] = 1
    assert windows_of(labels) == {1: Window(3, 5, 7, 9), 3: Window(19, 29, 20, 30)}
    assert windows_of(np.zeros((2, 3, 4), np.uint8)) == {}


@pytest.mark.parametrize(("by", "grown"), [((2, 3), (1, 0, 9, 12)), ((50, 0), (0, 2, 20, 9))])
def test_growth_stops_at_the_border(by: tuple[int, int], grown: tuple[int, ...]) -> None:
    assert Window(3, 2, 7, 9).grown(*by, (20, 30)) == Window(*grown)
