"""Air outside the body: the one material whose HU is known by definition."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from cds.bone.body_outline import Outline, outline_of
from cds.bone.tissue_sample import MEDIAN_ERROR, TissueSample, robust_sd
from cds.ct.volume import CtVolume

AIR_SLICES: Final = 7
AIR_DISTANCE_MM: Final = 10.0
LEAST_AIR_CM2: Final = 10.0
"""In each slice, on average."""

GRAIN_MM2: Final = 16.0
"""Area of picture noise that holds one independent value."""


def outside_air(volume: CtVolume) -> TissueSample | None:
    """Air around the patient in slices spread over the scan."""
    count = volume.hu.shape[0]
    slices = sorted({int(i) for i in np.linspace(0, count - 1, min(AIR_SLICES, count)).round()})
    return air_around(volume, [outline_of(volume, index) for index in slices])


def air_around(volume: CtVolume, outlines: Sequence[Outline]) -> TissueSample | None:
    """Median HU of the air in front of the patient; None where these slices show too little of it.

    Table, cushions and clothes lie behind the middle of the body or within 10 mm of the skin.
    """
    samples = [_air_before(volume, outline) for outline in outlines]
    area_cm2 = sum(area for _, area in samples)
    if not samples or area_cm2 / len(samples) < LEAST_AIR_CM2:
        return None
    air = np.concatenate([hu for hu, _ in samples])
    sd = robust_sd(air)
    return TissueSample(
        tissue="air",
        count=len(air),
        hu=float(np.median(air)),
        sd_hu=sd,
        sem_hu=MEDIAN_ERROR * sd / (100 * area_cm2 / GRAIN_MM2) ** 0.5,
        water_path_cm=0.0,
    )


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
