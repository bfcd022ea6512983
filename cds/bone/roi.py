"""The trabecular region of one vertebral body: one rule, used everywhere.

The region is one piece within the limits of `cds.bone.roi_limits`: in the middle half of the height
where that leaves enough, else in all that the endplates allow. Voxels within 10 mm of dense blood are
left out where that leaves enough, else the level carries the flag `streak`.
"""

from dataclasses import dataclass

import numpy as np

from cds.bone.anatomy import MaskGrid, Point, VertebralLevel
from cds.bone.body_frame import BodyFrame, Field
from cds.bone.gates import GATES
from cds.bone.outlined_body import OutlinedBody
from cds.bone.robust_mean import region_mean
from cds.bone.roi_gates import refuse_content, refuse_foreign_material, refuse_size, slice_mm
from cds.bone.roi_limits import MIDDLE_HALF, clearance_mm, within_heights
from cds.bone.roi_voxels import VoxelIndices, Voxels, voxels_within
from cds.bone.vertebral_height import BodyHeights
from cds.ct.reason import NotAssessable
from cds.ct.volume import CtVolume

BLOOD_DISTANCE_MM = 10.0
DENSE_HU = 300.0


@dataclass(frozen=True, eq=False)
class TrabecularRoi:
    """Which voxels of the CT were measured at one level, and what they read."""

    level: VertebralLevel
    hu: float
    hu_sd: float
    hu_sem: float
    roi_cm3: float
    centre_lps_mm: Point
    slice_count: int
    voxel_indices: VoxelIndices
    heights: BodyHeights
    height_loss_percent: float | None
    """None where the slices are too thick to tell."""
    flags: tuple[str, ...] = ()


def trabecular_roi(
    volume: CtVolume,
    body: OutlinedBody,
    *,
    keep_out: MaskGrid | None = None,
    dense_hu: float = DENSE_HU,
    noise_hu: float | None = None,
) -> TrabecularRoi | NotAssessable:
    """Measure one body, or say why it cannot be measured.

    `keep_out`: dense blood (above 300 HU). `dense_hu`: bone above this is sclerotic. `noise_hu`:
    standard deviation of the image noise, where known.
    """
    refused = refuse_foreign_material(volume, body.frame)
    if refused is not None:
        return NotAssessable((refused,))
    voxels, flags = _choose(volume, body.frame, keep_out)
    refused = refuse_size(voxels)
    if refused is not None:
        return NotAssessable((refused,))
    return _measure(body, voxels, flags, dense_hu=dense_hu, noise_hu=noise_hu)


def _choose(volume: CtVolume, frame: BodyFrame, keep_out: MaskGrid | None) -> tuple[Voxels, tuple[str, ...]]:
    """The middle half where it is enough, else the whole height; away from dense blood if possible."""
    whole = clearance_mm(frame, slice_mm(volume))
    middle_half = _core(volume, frame, np.minimum(whole, within_heights(frame, MIDDLE_HALF)))
    choices = [middle_half] if _is_enough(middle_half) else [_core(volume, frame, whole)]
    if keep_out is None:
        return choices[0], ()
    if len(choices) == 1 and choices[0] is middle_half:
        choices.append(_core(volume, frame, whole))
    for choice in choices:
        clear = choice.further_than(BLOOD_DISTANCE_MM, keep_out).largest_piece()
        if _is_enough(clear) or len(clear.indices) == len(choice.indices):
            return clear, ()
    return choices[0], ("streak",)


def _core(volume: CtVolume, frame: BodyFrame, clearance: Field) -> Voxels:
    return voxels_within(volume, frame, clearance).largest_piece()


def _is_enough(voxels: Voxels) -> bool:
    """Neither refused nor flagged for size."""
    return refuse_size(voxels) is None and not GATES["roi"].flags(voxels.cm3)


def _measure(
    body: OutlinedBody,
    voxels: Voxels,
    flags: tuple[str, ...],
    *,
    dense_hu: float,
    noise_hu: float | None,
) -> TrabecularRoi | NotAssessable:
    """Statistics of the chosen voxels, and the gates that need them."""
    mean = region_mean(*voxels.box(), voxels.volume.spacing_mm, noise_hu)
    refused = refuse_content(voxels, mean, dense_hu)
    if refused is not None:
        return NotAssessable((refused,))
    x, y, z = (float(mm) for mm in voxels.lps_mm.mean(axis=0))
    return TrabecularRoi(
        level=body.level,
        hu=mean.hu,
        hu_sd=mean.sd,
        hu_sem=mean.sem,
        roi_cm3=voxels.cm3,
        centre_lps_mm=(x, y, z),
        slice_count=voxels.slice_count,
        voxel_indices=voxels.indices,
        heights=body.heights,
        height_loss_percent=body.height_loss_percent,
        flags=(*flags, *GATES["roi"].flags(voxels.cm3), *GATES["noise"].flags(mean.sem)),
    )
