"""The trabecular region of one vertebral body: one rule, used everywhere.

The region lies within the limits of `cds.bone.roi_limits`: in the middle half of the height where
that leaves enough, else in all that the endplates allow. Voxels within 10 mm of dense blood are
left out where that leaves enough, else the level carries the flag `streak`.
"""

from dataclasses import dataclass

import numpy as np

from cds.bone.anatomy import CRANIAL, MaskGrid, Point, Vector, VertebralBody, VertebralLevel
from cds.bone.body_frame import BodyFrame, frame_of
from cds.bone.gates import GATES, THICK_SLICE_MM
from cds.bone.robust_mean import region_mean
from cds.bone.roi_gates import refuse_content, refuse_foreign_material, refuse_outline, refuse_size, slice_mm
from cds.bone.roi_limits import MIDDLE_HALF, clearance_mm, within_heights
from cds.bone.roi_voxels import VoxelIndices, Voxels, voxels_within
from cds.bone.vertebral_height import BodyHeights, heights_of
from cds.ct.reason import NotAssessable, because
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


def trabecular_roi(  # noqa: PLR0913 (three are keywords with a sensible default)
    volume: CtVolume,
    body: VertebralBody,
    *,
    cranial: Vector = CRANIAL,
    psf_fwhm_mm: float | None = None,
    keep_out: MaskGrid | None = None,
    dense_hu: float = DENSE_HU,
    noise_hu: float | None = None,
) -> TrabecularRoi | NotAssessable:
    """Measure one body, or say why it cannot be measured.

    `cranial`: from its lower to its upper endplate. `psf_fwhm_mm`: in-plane resolution, where
    known. `keep_out`: dense blood (above 300 HU). `dense_hu`: bone above this is sclerotic.
    `noise_hu`: standard deviation of the image noise, where known.
    """
    if body.cut_by_border:
        return NotAssessable((because("level-cut"),))
    frame = frame_of(body.mask, cranial)
    if frame is None:
        return NotAssessable((because("level-outside-body"),))
    refused = refuse_outline(volume, frame) or refuse_foreign_material(volume, frame)
    if refused is not None:
        return NotAssessable((refused,))
    voxels, flags = _choose(volume, frame, psf_fwhm_mm, keep_out)
    refused = refuse_size(voxels)
    if refused is not None:
        return NotAssessable((refused,))
    return _measure(body.level, frame, voxels, flags, dense_hu=dense_hu, noise_hu=noise_hu)


def _choose(
    volume: CtVolume, frame: BodyFrame, psf_fwhm_mm: float | None, keep_out: MaskGrid | None
) -> tuple[Voxels, tuple[str, ...]]:
    """The middle half where it is enough, else the whole height; away from dense blood if possible."""
    whole = clearance_mm(frame, slice_mm(volume), psf_fwhm_mm)
    middle_half = voxels_within(volume, frame, np.minimum(whole, within_heights(frame, MIDDLE_HALF)))
    choices = [middle_half] if _is_enough(middle_half) else [voxels_within(volume, frame, whole)]
    if keep_out is None:
        return choices[0], ()
    if len(choices) == 1 and choices[0] is middle_half:
        choices.append(voxels_within(volume, frame, whole))
    for choice in choices:
        clear = choice.further_than(BLOOD_DISTANCE_MM, keep_out)
        if _is_enough(clear) or len(clear.indices) == len(choice.indices):
            return clear, ()
    return choices[0], ("streak",)


def _is_enough(voxels: Voxels) -> bool:
    """Neither refused nor flagged for size."""
    return refuse_size(voxels) is None and not GATES["roi"].flags(voxels.cm3)


def _measure(  # noqa: PLR0913 (what was chosen, and two facts about the images)
    level: VertebralLevel,
    frame: BodyFrame,
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
    heights = heights_of(frame)
    x, y, z = (float(mm) for mm in voxels.lps_mm.mean(axis=0))
    return TrabecularRoi(
        level=level,
        hu=mean.hu,
        hu_sd=mean.sd,
        hu_sem=mean.sem,
        roi_cm3=voxels.cm3,
        centre_lps_mm=(x, y, z),
        slice_count=voxels.slice_count,
        voxel_indices=voxels.indices,
        heights=heights,
        height_loss_percent=round(heights.loss_percent, 1) if slice_mm(voxels.volume) <= THICK_SLICE_MM else None,
        flags=(*flags, *GATES["roi"].flags(voxels.cm3), *GATES["noise"].flags(mean.sem)),
    )
