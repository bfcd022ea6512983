"""What the rest of the patient tells about a scan: size, blood, air outside the body.

A sample that cannot be had is None, never a default.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from cds.bone.anatomy import MaskGrid, Spine
from cds.bone.body_frame import SURFACE, cropped
from cds.bone.body_outline import Outline, outline_of
from cds.ct.volume import CtVolume

SIZE_REACH_MM = 10.0
SIZE_SLICES = 5
CUT_MM = 20.0
"""A body that meets the edge of the field of view over more than this is truncated."""

BLOOD_DEPTH_MM = 3.0
LEAST_BLOOD_CM3 = 0.5
QUARTILES_PER_SD = 1.349
"""Between the quartiles of a normal distribution lie 1.349 standard deviations."""

AIR_SLICES = 7
AIR_DISTANCE_MM = 10.0
LEAST_AIR_CM2 = 10.0


@dataclass(frozen=True, slots=True)
class PatientSize:
    """Diameter of the water cylinder that attenuates as much (AAPM report 220)."""

    water_equivalent_diameter_cm: float
    truncated: bool
    """The field of view cuts the body: the true diameter is larger."""


@dataclass(frozen=True, slots=True)
class BloodSample:
    """HU within the aorta, away from its wall."""

    median_hu: float
    sd_hu: float
    """From the quartiles: calcified plaques, common in the old, are few voxels and must not count."""
    count: int


def patient_size(volume: CtVolume, z_lps_mm: float) -> PatientSize:
    """Mean over a few slices around a height; a diameter of 0 where no body is seen.

    Dw = 2 sqrt(A (mean HU / 1000 + 1) / pi) over the body's outline, lungs and bowel included.
    """
    outlines = [outline_of(volume, index) for index in _slices_near(volume, z_lps_mm)]
    diameters = [_water_equivalent_cm(outline) for outline in outlines]
    touched_mm = float(np.mean([outline.touched_border_mm for outline in outlines]))
    return PatientSize(float(np.mean(diameters)), touched_mm > CUT_MM)


def _slices_near(volume: CtVolume, z_lps_mm: float) -> list[int]:
    """At most five slices within 10 mm of a height, evenly spread; the nearest one at least."""
    centre = (np.array(volume.hu.shape[1:]) - 1) / 2
    height_mm = volume.affine_lps[2, 0] * np.arange(volume.hu.shape[0])
    height_mm = height_mm + volume.affine_lps[2, 1:3] @ centre + volume.affine_lps[2, 3]
    distance = np.abs(height_mm - z_lps_mm)
    near = np.flatnonzero(distance <= SIZE_REACH_MM)
    if len(near) == 0:
        return [int(distance.argmin())]
    chosen = near[np.linspace(0, len(near) - 1, min(SIZE_SLICES, len(near))).round().astype(int)]
    return [int(index) for index in chosen]


def _water_equivalent_cm(outline: Outline) -> float:
    """Water-equivalent diameter of one slice."""
    pixel_cm2 = outline.spacing_mm[0] * outline.spacing_mm[1] / 100
    attenuation = np.maximum(outline.hu[outline.body] / 1000 + 1, 0.0).sum() * pixel_cm2
    return float(2 * np.sqrt(attenuation / np.pi))


def aortic_blood(volume: CtVolume, spine: Spine) -> BloodSample | None:
    """Median of the aorta 3 mm inside its outline; None without aorta or with too little of it."""
    if spine.aorta is None:
        return None
    hu = _sampled(volume, _eroded(cropped(spine.aorta), BLOOD_DEPTH_MM))
    voxel_cm3 = abs(float(np.linalg.det(spine.aorta.affine_lps[:3, :3]))) / 1000
    if len(hu) * voxel_cm3 < LEAST_BLOOD_CM3:
        return None
    lower, median, upper = np.percentile(hu, (25, 50, 75))
    return BloodSample(float(median), float((upper - lower) / QUARTILES_PER_SD), len(hu))


def _eroded(mask: MaskGrid, depth_mm: float) -> NDArray[np.float64]:
    """LPS centres of the mask's voxels that lie that deep within it, (n, 3)."""
    spacing = np.linalg.norm(mask.affine_lps[:3, :3], axis=0)
    inside = np.pad(mask.inside >= SURFACE, 1)
    depth = distance_transform_edt(inside, sampling=spacing)[1:-1, 1:-1, 1:-1] - spacing.min() / 2
    points: NDArray[np.float64] = np.argwhere(depth >= depth_mm) @ mask.affine_lps[:3, :3].T + mask.affine_lps[:3, 3]
    return points


def _sampled(volume: CtVolume, points_lps: NDArray[np.float64]) -> NDArray[np.float64]:
    """HU of the nearest voxels, for those points that lie within the volume."""
    index = np.rint(points_lps @ volume.lps_to_index[:3, :3].T + volume.lps_to_index[:3, 3]).astype(int)
    within = ((index >= 0) & (index < volume.hu.shape)).all(axis=1)
    return np.asarray(volume.hu[tuple(index[within].T)], dtype=np.float64)


def outside_air(volume: CtVolume) -> float | None:
    """Median HU of the air in front of the patient; None where the scan shows too little of it.

    Table, cushions and clothes lie behind the middle of the body or within 10 mm of the skin.
    """
    count = volume.hu.shape[0]
    slices = sorted({int(i) for i in np.linspace(0, count - 1, min(AIR_SLICES, count)).round()})
    samples = [_air_before(volume, outline_of(volume, index)) for index in slices]
    air = np.concatenate([hu for hu, _ in samples])
    if sum(area for _, area in samples) / len(samples) < LEAST_AIR_CM2:
        return None
    return float(np.median(air))


def _air_before(volume: CtVolume, outline: Outline) -> tuple[NDArray[np.float64], float]:
    """HU and area in cm2 of the air in front of the body's middle in one slice."""
    rows, columns = np.ogrid[tuple(slice(n) for n in outline.body.shape)]
    affine = volume.affine_lps
    posterior_mm = affine[1, 1] * rows * outline.step[0] + affine[1, 2] * columns * outline.step[1]
    if not outline.body.any():
        return np.empty(0), 0.0
    before = posterior_mm < posterior_mm[outline.body].mean()
    empty = outline.field_of_view & ~outline.body & (outline.hu < -500)
    apart = distance_transform_edt(np.pad(empty, 1), sampling=outline.spacing_mm)[1:-1, 1:-1] > AIR_DISTANCE_MM
    chosen = apart & before
    return outline.hu[chosen], float(chosen.sum()) * outline.spacing_mm[0] * outline.spacing_mm[1] / 100
