"""Hounsfield units of the phantom, slice by slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from provisioning.phantom import anatomy
from provisioning.phantom.bones import Tissue, skeleton
from provisioning.phantom.lesion import Lesion
from provisioning.phantom.shapes import Capsule, Float32, Points, coverage
from provisioning.phantom.spec import PhantomSpec, Position
from provisioning.phantom.view import BoxIndex, SliceView, Window
from serving.domain.volume import Float64, Geometry

AIR, FAT, MUSCLE, BLOOD, VESSEL, LUNG = -1000.0, -100.0, 50.0, 42.0, 35.0, -860.0
_GRAVITY_HU_PER_MM = 0.45
_TEXTURE_WAVES, _TEXTURE_HU = 12, 7.0
_EDGE_MM = 1.2
_WALL_MM = 1.6
_NOISE_GRAIN_PIXELS = 0.7
_SOFT_TISSUE = tuple(Tissue(s, BLOOD) for s in (anatomy.HEART, anatomy.AORTA, anatomy.ARCH))
_AIRWAYS = (anatomy.TRACHEA, *anatomy.BRONCHI)
_PRONE = frozenset({Position.HEAD_FIRST_PRONE, Position.FEET_FIRST_PRONE})


class Renderer:
    """Paints one slice after another; tissues painted later cover earlier ones."""

    def __init__(
        self,
        spec: PhantomSpec,
        geometry: Geometry,
        lesions: Sequence[Lesion],
        vessels: Sequence[Capsule],
    ) -> None:
        self._spec, self._geometry = spec, geometry
        self._lesions, self._vessels = lesions, vessels
        self._solids = (*_SOFT_TISSUE, *skeleton())
        self._walls = tuple(Capsule(a.start, a.end, a.radius + _WALL_MM) for a in _AIRWAYS)
        self._solid_boxes = BoxIndex(geometry, [t.shape.box for t in self._solids])
        self._lung_box = BoxIndex(geometry, [anatomy.LUNG_BOX])
        self._lesion_boxes = BoxIndex(geometry, [_grown(le.box, 4.0) for le in lesions])
        self._vessel_boxes = BoxIndex(geometry, [v.box for v in vessels])
        self._airway_boxes = BoxIndex(geometry, [w.box for w in self._walls])
        self._texture = _Texture(np.random.default_rng((spec.seed, 3)))

    def slices(self) -> Iterator[NDArray[np.int16]]:
        """HU of each slice in grid order, int16 (rows, columns)."""
        for index in range(self._geometry.shape[0]):
            hu = self._paint(SliceView(self._geometry, index))
            hu += self._noise(index, hu.shape)
            yield np.clip(np.rint(hu), -1024, 3071).astype(np.int16)

    def _paint(self, view: SliceView) -> Float32:
        hu = np.full(view.geometry.shape[1:], AIR, dtype=np.float32)
        points = view.points(view.whole)
        _couch(hu, points, prone=self._spec.position in _PRONE)
        _mix(hu, FAT, coverage(anatomy.body_distance(points), _EDGE_MM))
        _mix(hu, MUSCLE, coverage(anatomy.muscle_distance(points), 3.0))
        for number, window in self._solid_boxes.at(view.index):
            tissue = self._solids[number]
            _mix(hu[window], tissue.hu, coverage(_inside(tissue, view, window), _EDGE_MM))
        for _, window in self._lung_box.at(view.index):
            self._paint_lungs(hu, view, window)
        self._paint_airways(hu, view)
        return hu

    def _paint_lungs(self, hu: Float32, view: SliceView, window: Window) -> None:
        points = view.points(window)
        share = np.zeros(hu.shape, dtype=np.float32)
        share[window] = coverage(anatomy.lung_distance(points), _EDGE_MM)
        texture = np.zeros(hu.shape, dtype=np.float32)
        texture[window] = self._texture.at(points)
        down = -points[1] if self._spec.position in _PRONE else points[1]
        _mix(hu[window], LUNG + _GRAVITY_HU_PER_MM * down + texture[window], share[window])
        for number, part in self._lesion_boxes.at(view.index):
            lesion = self._lesions[number]
            soft = coverage(lesion.free_distance(view.points(part)), lesion.softness_mm)
            _mix(hu[part], lesion.spec.hu + 3 * texture[part], soft * share[part])
        for number, part in self._vessel_boxes.at(view.index):
            inside = coverage(self._vessels[number].distance(view.points(part)), _EDGE_MM)
            _mix(hu[part], VESSEL, inside * share[part])

    def _paint_airways(self, hu: Float32, view: SliceView) -> None:
        found = list(self._airway_boxes.at(view.index))
        for number, part in found:
            wall = coverage(self._walls[number].distance(view.points(part)), _EDGE_MM)
            _mix(hu[part], MUSCLE, wall)
        for number, part in found:
            lumen = coverage(_AIRWAYS[number].distance(view.points(part)), _EDGE_MM)
            _mix(hu[part], AIR, lumen)

    def _noise(self, index: int, shape: tuple[int, ...]) -> Float32:
        """Grainy noise of the set standard deviation, the same for the same seed and slice."""
        if not self._spec.noise_hu:
            return np.zeros(shape, dtype=np.float32)
        rng = np.random.default_rng((self._spec.seed, 4, index))
        grain = gaussian_filter(rng.standard_normal(shape, dtype=np.float32), _NOISE_GRAIN_PIXELS)
        return np.asarray(grain * np.float32(self._spec.noise_hu / grain.std()))


class _Texture:
    """A gentle unrest of the lung: plane waves of 8 to 30 mm."""

    def __init__(self, rng: np.random.Generator) -> None:
        directions = rng.normal(size=(_TEXTURE_WAVES, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        lengths = rng.uniform(8, 30, (_TEXTURE_WAVES, 1))
        self._waves = (2 * np.pi / lengths * directions).astype(np.float32)
        self._phases = rng.uniform(0, 2 * np.pi, _TEXTURE_WAVES).astype(np.float32)

    def at(self, points: Points) -> Float32:
        x, y, z = points
        waves = (
            np.sin(w[0] * x + w[1] * y + w[2] * z + phase)
            for w, phase in zip(self._waves, self._phases, strict=True)
        )
        return np.asarray(np.float32(_TEXTURE_HU) * sum(waves))


def _inside(tissue: Tissue, view: SliceView, window: Window) -> Float32:
    return tissue.shape.distance(view.points(window))


def _mix(hu: Float32, value: float | Float32, share: Float32) -> None:
    """Paints `value` over `hu` in place where `share` is 1, in part where it is less."""
    hu += (np.float32(value) if isinstance(value, float) else value) * share - hu * share


def _couch(hu: Float32, points: Points, *, prone: bool) -> None:
    """A foam slab with a thin hard shell under the patient."""
    x, y, _ = points
    depth = (-y - 116) if prone else (y - 129)
    beside = np.maximum(np.abs(x) - 175, np.abs(depth - 14) - 14)
    _mix(hu, -100.0, coverage(np.asarray(beside), _EDGE_MM))
    _mix(hu, -930.0, coverage(np.asarray(beside + 2.5), _EDGE_MM))


def _grown(box: Float64, margin_mm: float) -> Float64:
    return np.stack((box[0] - margin_mm, box[1] + margin_mm))
