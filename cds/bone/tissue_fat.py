"""Fat under the skin: the tissue whose composition varies least, though the beam that sees it is the softest."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, label

from cds.bone.body_outline import Mask
from cds.bone.tissue_sample import TissueSample, histogram_mode
from cds.bone.tissue_slab import Slab

PERIPHERAL_PATH_CM: Final = 10.0
"""Water path of the beam under the skin, whatever tube voltage and size: simulated projection and reconstruction."""

LOOKS_LIKE_FAT_HU: Final = (-190.0, -30.0)
MODE_WITHIN_HU: Final = (-150.0, -50.0)
EROSION_MM: Final = 2.0
NEAREST_SKIN_MM: Final = 12.0
"""Fat that comes nowhere nearer to the skin lies behind the wall of the trunk."""
FURTHEST_SKIN_MM: Final = 40.0
MOST_CUT_SHARE: Final = 0.3
"""Of the outline that the field of view may cut: with less skin seen, what is left is not typical."""
LEAST_FAT_CM2: Final = 3.0
"""Over all slabs: 50 squares of 2.5 mm."""


def subcutaneous_fat(slabs: Sequence[Slab], *, thoracic: bool) -> TissueSample | None:
    """Mode of the fat between skin and muscle; None with too little of it, or too much of it cut off.

    `thoracic`: only behind the middle of the body, where no breast lies.
    """
    seen = [slab for slab in slabs if slab.outline.body.any()]
    if not seen or _cut_share(seen) > MOST_CUT_SHARE:
        return None
    hu = np.stack([slab.hu for slab in seen])
    member = np.stack([_under_skin(slab, behind_only=thoracic) for slab in seen])
    low, high = MODE_WITHIN_HU
    count = int((member & (hu > low) & (hu < high)).sum())
    if count * float(np.prod(seen[0].outline.spacing_mm)) / 100 < LEAST_FAT_CM2:
        return None
    mode = histogram_mode(hu, member, MODE_WITHIN_HU)
    return TissueSample(
        tissue="fat",
        count=mode.count,
        hu=mode.hu,
        sd_hu=mode.sd_hu,
        sem_hu=mode.sem_hu,
        water_path_cm=PERIPHERAL_PATH_CM,
    )


def _cut_share(slabs: Sequence[Slab]) -> float:
    """Share of the body's outline that lies on the edge of the field of view."""
    cut = sum(slab.outline.touched_border_mm for slab in slabs)
    return cut / max(sum(_outline_mm(slab.outline.body, slab.outline.spacing_mm) for slab in slabs), 1.0)


def _outline_mm(body: Mask, spacing_mm: tuple[float, float]) -> float:
    """Length of the outline, as `Outline.touched_border_mm` counts: squares at the edge of the body."""
    edge = body & (distance_transform_edt(np.pad(body, 1))[1:-1, 1:-1] <= 1.5)
    return float(edge.sum()) * float(np.mean(spacing_mm))


def _under_skin(slab: Slab, *, behind_only: bool) -> Mask:
    """Squares of fat 2 mm inside of skin and muscle, in pieces that come near the skin."""
    outline = slab.outline
    fat = outline.body & (slab.hu > LOOKS_LIKE_FAT_HU[0]) & (slab.hu < LOOKS_LIKE_FAT_HU[1])
    core = _depth_mm(fat, outline.spacing_mm, beyond=False) >= EROSION_MM
    # what lies beyond the field of view is body that was not seen, so its edge is no skin
    from_skin = _depth_mm(outline.body | ~outline.field_of_view, outline.spacing_mm, beyond=True)
    core &= from_skin <= FURTHEST_SKIN_MM
    if behind_only:
        posterior = slab.posterior_mm
        core &= posterior > posterior[outline.body].mean()
    pieces, count = label(core)
    nearest = np.full(count + 1, np.inf)
    np.minimum.at(nearest, pieces.ravel(), from_skin.ravel())
    nearest[0] = np.inf
    return np.asarray((nearest <= NEAREST_SKIN_MM)[pieces], dtype=bool)


def _depth_mm(inside: Mask, spacing_mm: tuple[float, float], *, beyond: bool) -> NDArray[np.float64]:
    """Distance from the centre of a square to the outline; `beyond`: whether the picture goes on inside."""
    padded = np.pad(inside, 1, constant_values=beyond)
    if padded.all():
        return np.full(inside.shape, np.inf)
    depth = distance_transform_edt(padded, sampling=spacing_mm)[1:-1, 1:-1] - min(spacing_mm) / 2
    return np.asarray(depth, dtype=np.float64)
