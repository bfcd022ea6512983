"""The same CT in other ways: stored, turned, shifted, cut, re-sliced, noisier, reconstructed otherwise. Pure.

Each variation says where a point of the original now lies, so that bodies can be recognised.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, gaussian_filter

from cds.bone.anatomy import Point
from cds.ct.volume import CtVolume
from models.vertebra_segmentation.grid import averaging_weights, shifted

AIR_HU = -1000.0
TURN_DEG = 10.0
SLICES_MM = (1.0, 2.0, 3.0, 4.0, 5.0)
NOISE_FACTOR = 3.0
SOFTER_FWHM_MM = 2.0
SHARPER_FWHM_MM = 2.0
SHARPER_SHARE = 1.0
FWHM_OF_SIGMA = 2.3548
AXES = ("slices", "rows", "columns")
THINNEST_CROP = 8


@dataclass(frozen=True, slots=True, eq=False)
class Variation:
    """A changed CT; `kind` groups variations of one sort."""

    kind: str
    name: str
    volume: CtVolume
    moved_lps: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))
    """(4, 4): LPS point of the original to where the same tissue now lies."""

    def place_of(self, point: Point) -> Point:
        """Where a point of the original lies."""
        x, y, z = (float(mm) for mm in (self.moved_lps @ np.array([*point, 1.0]))[:3])
        return x, y, z

    def shows(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
        """Whether a box of the original, in LPS mm, lies inside the scan by a voxel."""
        corners = np.stack(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T
        index = np.array([self.volume.lps_to_index @ [*self.place_of(tuple(c)), 1.0] for c in corners])[:, :3]
        return bool((index >= 1).all() and (index <= np.array(self.volume.hu.shape) - 2).all())


def _changed(volume: CtVolume, hu: NDArray[np.floating], affine: NDArray[np.float64] | None = None) -> CtVolume:
    values = np.rint(np.clip(hu, -32768, 32767)).astype(np.int16)
    return CtVolume(values, (volume.affine_lps if affine is None else affine).copy(), volume.series)


def flips(volume: CtVolume) -> Iterator[Variation]:
    """The same voxels stored back to front along each axis: nothing may change."""
    for axis, name in enumerate(AXES):
        affine = shifted(volume.affine_lps, np.eye(3)[axis] * (volume.hu.shape[axis] - 1))
        affine[:3, axis] *= -1
        hu = np.ascontiguousarray(np.flip(volume.hu, axis))
        yield Variation("stored otherwise", f"{name} reversed", CtVolume(hu, affine, volume.series))


def turns(volume: CtVolume) -> Iterator[Variation]:
    """The patient turned by 10 degrees about the middle of the scan, linear interpolation."""
    for axis, about in ((0, "the long axis"), (2, "the left-right axis"), (1, "the front-back axis")):
        plane = tuple(a for a in range(3) if a != axis)
        hu = _turned(volume, plane)
        yield Variation("turned 10 degrees", f"about {about}", _changed(volume, hu), _turn_lps(volume, plane))


def _turned(volume: CtVolume, plane: tuple[int, ...]) -> NDArray[np.floating]:
    to_source = np.linalg.inv(_turn_index(volume, plane))
    turned: NDArray[np.floating] = affine_transform(
        volume.hu.astype(np.float32), to_source[:3, :3], to_source[:3, 3], order=1, cval=AIR_HU
    )
    return turned


def _turn_index(volume: CtVolume, plane: tuple[int, ...]) -> NDArray[np.float64]:
    """(4, 4): index of tissue before to index after; turned in millimetres, whatever the spacing."""
    angle = np.deg2rad(TURN_DEG)
    spacing = np.array(volume.spacing_mm)
    turn = np.eye(3)
    first, second = plane
    turn[first, first] = turn[second, second] = np.cos(angle)
    turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
    matrix = np.eye(4)
    matrix[:3, :3] = turn * spacing[None, :] / spacing[:, None]
    centre = (np.array(volume.hu.shape) - 1) / 2
    matrix[:3, 3] = centre - matrix[:3, :3] @ centre
    return matrix


def _turn_lps(volume: CtVolume, plane: tuple[int, ...]) -> NDArray[np.float64]:
    moved: NDArray[np.float64] = volume.affine_lps @ _turn_index(volume, plane) @ volume.lps_to_index
    return moved


def half_a_voxel(volume: CtVolume) -> Iterator[Variation]:
    """The same patient sampled half a voxel further along every axis."""
    hu = volume.hu.astype(np.float32)
    for axis in range(3):
        low = [slice(None)] * 3
        high = list(low)
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        hu = (hu[tuple(low)] + hu[tuple(high)]) / 2
    yield Variation(
        "shifted", "half a voxel along each axis", _changed(volume, hu, shifted(volume.affine_lps, [0.5] * 3))
    )


def crops(volume: CtVolume, cuts_mm: Sequence[tuple[str, float]]) -> Iterator[Variation]:
    """The scan ends, or begins, at heights between the bodies; `cuts_mm`: (name of the cut, LPS z)."""
    heights = volume.affine_lps[2, 3] + volume.affine_lps[2, 0] * np.arange(volume.hu.shape[0])
    for name, z in cuts_mm:
        for kind, kept in (("ends at", heights >= z), ("begins at", heights < z)):
            used = np.flatnonzero(kept)
            if THINNEST_CROP <= len(used) < volume.hu.shape[0]:
                hu = volume.hu[used[0] : used[-1] + 1].copy()
                cropped = CtVolume(hu, shifted(volume.affine_lps, [used[0], 0, 0]), volume.series)
                yield Variation("cropped", f"{kind} {name}", cropped)


def resliced(volume: CtVolume) -> Iterator[Variation]:
    """Slices of 1 to 5 mm: averaged from thinner ones, interpolated from thicker ones."""
    extent_mm = volume.hu.shape[0] * volume.spacing_mm[0]
    for target in SLICES_MM:
        weights = averaging_weights(volume.hu.shape[0], volume.spacing_mm[0], target)
        hu = np.tensordot(weights, volume.hu.astype(np.float32), axes=1)
        step = min(extent_mm / len(weights), target) / volume.spacing_mm[0]
        affine = shifted(volume.affine_lps, [(step - 1) / 2, 0, 0])
        affine[:3, 0] *= step
        thickness = max(target, volume.series.slice_thickness_mm or 0.0)
        series = replace(volume.series, slice_thickness_mm=thickness)
        yield Variation("re-sliced", f"{target:g} mm", CtVolume(np.rint(hu).astype(np.int16), affine, series))


def noisier(volume: CtVolume, noise_hu: float, seed: int = 0) -> Iterator[Variation]:
    """Uncorrelated noise on top, so that the whole is three times what the scan has."""
    added = noise_hu * np.sqrt(NOISE_FACTOR**2 - 1)
    hu = volume.hu + np.random.default_rng(seed).normal(0, added, volume.hu.shape)
    yield Variation("noise x3", f"{noise_hu:.0f} to {NOISE_FACTOR * noise_hu:.0f} HU", _changed(volume, hu))


def other_kernels(volume: CtVolume) -> Iterator[Variation]:
    """Softer: blurred in the plane. Sharper: what that blur takes away, added once more."""
    soft = _blurred(volume, SOFTER_FWHM_MM)
    yield Variation("other kernel", f"softer by {SOFTER_FWHM_MM:g} mm", _changed(volume, soft))
    hu = volume.hu.astype(np.float32)
    sharp = hu + SHARPER_SHARE * (hu - _blurred(volume, SHARPER_FWHM_MM))
    yield Variation("other kernel", "sharper", _changed(volume, sharp))


def _blurred(volume: CtVolume, fwhm_mm: float) -> NDArray[np.float32]:
    sigma = [0.0, *(fwhm_mm / FWHM_OF_SIGMA / spacing for spacing in volume.spacing_mm[1:])]
    blurred: NDArray[np.float32] = gaussian_filter(volume.hu.astype(np.float32), sigma)
    return blurred
