"""Lean muscle beside the spine: the fat that grows into it with age is another tissue and must not lower it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.ndimage import distance_transform_edt

from cds.bone.anatomy import MaskGrid
from cds.bone.body_outline import Mask
from cds.bone.tissue_sample import TissueSample, histogram_mode
from cds.bone.tissue_slab import Slab

EROSION_MM: Final = 2.0
LEAN_HU: Final = (0.0, 150.0)
"""Below zero is fat within the muscle, above is bone or vessel."""
LEAST_MUSCLE_CM2: Final = 3.0
"""Over all slabs: 50 squares of 2.5 mm."""


def lean_muscle(slabs: Sequence[Slab], muscle: MaskGrid | None, water_path_cm: float) -> TissueSample | None:
    """Mode above 0 HU of the paraspinal muscle; None without its outline or with too little of it."""
    if muscle is None or not slabs:
        return None
    hu = np.stack([slab.hu for slab in slabs])
    member = np.stack([_inside(slab, muscle) for slab in slabs])
    low, high = LEAN_HU
    count = int((member & (hu > low) & (hu < high)).sum())
    if count * float(np.prod(slabs[0].outline.spacing_mm)) / 100 < LEAST_MUSCLE_CM2:
        return None
    mode = histogram_mode(hu, member, LEAN_HU)
    return TissueSample(
        tissue="muscle",
        count=mode.count,
        hu=mode.hu,
        sd_hu=mode.sd_hu,
        sem_hu=mode.sem_hu,
        water_path_cm=water_path_cm,
    )


def _inside(slab: Slab, muscle: MaskGrid) -> Mask:
    """Squares 2 mm within the outline of the muscle."""
    spacing_mm = slab.outline.spacing_mm
    inside = np.pad(slab.within(muscle), 1)
    depth = distance_transform_edt(inside, sampling=spacing_mm)[1:-1, 1:-1] - min(spacing_mm) / 2
    return np.asarray(depth >= EROSION_MM, dtype=bool)
