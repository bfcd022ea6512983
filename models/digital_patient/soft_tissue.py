"""What a label map leaves open, from the HU of the scan: outline, skin, fat, muscle, gas and vessels."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from models.digital_patient.grid import Labels, Picture, ScanGrid
from models.digital_patient.label_numbers import SOFT
from models.digital_patient.label_smoothing import Mask, resampled, smooth_mask
from models.digital_patient.structures import Structure

S = Structure
COARSE_STEP = 2
THIN = (slice(None, None, COARSE_STEP),) * 3
BODY_HU, GAS_HU, VESSEL_IN_LUNG_HU, FAT_HU = -400, -350, -500, -30
OPENING_MM = 5.0
"""Clothes and couches that touch the skin are thinner."""
SKIN_MM = 2.0
SUBCUTANEOUS_MM = 60.0
EVEN_VOXELS = 1.3
WALL_MM = 3.0
"""Lungs and bones blur into what lies this near."""
ENHANCED_AORTA_HU = 150.0
VESSEL_HU = 130.0
CALCIFIED_ABOVE_AORTA_HU = 200.0
METAL_HU = 2200.0
LEAST_BONE_ML = 0.5
MIXED_WITH_FAT = (S.MUSCLE, S.PARASPINAL_MUSCLE, S.PSOAS)
BLOOD = (S.AORTA, S.VEIN, S.HEART)


@dataclass(frozen=True, slots=True)
class Unnamed:
    """What the HU show beside the labels."""

    soft: Labels
    """`Structure` of every voxel; bones are filled with what surrounds them."""
    bone: Mask
    """Bone that no label names."""
    metal: Mask


def fill(labels: Labels, hu: Picture, source: ScanGrid, grid: ScanGrid, bones: Mask) -> Unnamed:
    """Soft tissue on the fine grid: `labels` on the source grid, `hu` and `bones` (named ones) on the fine grid."""
    soft = _named(labels, source, grid)
    depth = _outline_depth(hu, (soft > 0) | bones, grid)
    even = ndimage.gaussian_filter(hu, EVEN_VOXELS)
    voxel = grid.spacing_mm[0]
    near_bone = _within(bones, WALL_MM, voxel)
    enhanced = float(np.median(hu[soft == S.AORTA])) if (soft == S.AORTA).any() else 0.0

    _paint_gas(soft, even, depth > 0, voxel)
    _paint_lung_vessels(soft, hu, voxel)
    fat = (even < FAT_HU) & np.isin(soft, (0, *MIXED_WITH_FAT))
    under_skin = _under_skin(fat, depth, voxel)
    bright = (soft == 0) & (even > VESSEL_HU) & ~near_bone & (depth > SKIN_MM)
    metal = (hu > METAL_HU) & ~_within(np.isin(soft, BLOOD), 15.0, voxel)
    beside_blood, beside_bone = (_within(mask, 3 * WALL_MM, voxel) for mask in (np.isin(soft, BLOOD), bones))
    bone = _dense_parts(bright, even, beside_bone, beside_blood & (enhanced > ENHANCED_AORTA_HU), voxel)
    calcified = _within(soft == S.AORTA, 2.0, voxel) & (hu > max(enhanced, 50.0) + CALCIFIED_ABOVE_AORTA_HU)
    soft[fat] = S.VISCERAL_FAT
    soft[fat & under_skin] = S.SUBCUTANEOUS_FAT
    soft[soft == 0] = S.MUSCLE
    if enhanced > ENHANCED_AORTA_HU:
        soft[bright & ~bone] = S.VEIN
    soft[calcified & ~near_bone] = S.PLAQUE
    soft[depth <= SKIN_MM] = S.SKIN
    soft[depth <= 0] = S.AIR
    soft[metal & (depth > 0)] = S.METAL
    return Unnamed(soft, bone, metal)


def _named(labels: Labels, source: ScanGrid, grid: ScanGrid) -> Labels:
    """The structure that fills most of each voxel, 0 where that is none of them."""
    soft, most, named = (np.zeros(grid.shape, kind) for kind in (np.uint8, np.float32, np.float32))
    for structure, values in SOFT.items():
        mask = np.isin(labels, values)
        if mask.any():
            smooth = smooth_mask(mask, source, grid)
            named[smooth.box] += smooth.share
            more = smooth.share > most[smooth.box]
            soft[smooth.box][more] = structure
            np.maximum(most[smooth.box], smooth.share, out=most[smooth.box])
    soft[most < 1 - named] = 0
    return soft


def _outline_depth(hu: Picture, named: Mask, grid: ScanGrid) -> Picture:
    """Depth in mm under the skin, negative outside, found on every second voxel."""
    step = grid.spacing_mm[0] * COARSE_STEP
    body = ndimage.gaussian_filter(hu, COARSE_STEP / 2)[THIN] > BODY_HU
    lungs = named[THIN]
    opened = ndimage.distance_transform_edt(~(ndimage.distance_transform_edt(body | lungs) > OPENING_MM / step))
    found, count = ndimage.label(opened <= OPENING_MM / step)
    if not count:
        return np.full(grid.shape, -1.0, np.float32)
    body = found == 1 + int(np.argmax(np.bincount(found.ravel())[1:]))
    for index, picture in enumerate(body):
        body[index] = ndimage.binary_fill_holes(picture)
    depth = ndimage.distance_transform_edt(body) - 0.5 - np.maximum(ndimage.distance_transform_edt(~body) - 0.5, 0)
    coarse = ScanGrid(body.shape, (step,) * 3, grid.first_lps_mm)
    depth = ndimage.gaussian_filter((depth * step).astype(np.float32), 1.0)
    return resampled(depth, coarse, grid)


def _within(mask: Mask, reach_mm: float, voxel_mm: float) -> Mask:
    """Voxels that near to a mask, to the accuracy of two of them."""
    step = voxel_mm * COARSE_STEP
    return _wide(ndimage.distance_transform_edt(~mask[THIN]) * step <= reach_mm, mask) | mask


def _wide(coarse: Mask, like: Mask) -> Mask:
    """From every second voxel to all."""
    for axis in range(3):
        coarse = np.repeat(coarse, COARSE_STEP, axis)
    return coarse[: like.shape[0], : like.shape[1], : like.shape[2]]


def _paint_gas(soft: Labels, hu: Picture, body: Mask, voxel_mm: float) -> None:
    """Gas beside a lung is lung, elsewhere bowel gas."""
    gas = (hu < GAS_HU) & body
    beside = gas & (soft == 0) & _within(soft == S.LUNG, 2 * WALL_MM, voxel_mm)
    soft[gas & ((soft == S.BOWEL) | (soft == 0)) & ~beside] = S.BOWEL_GAS
    soft[beside] = S.LUNG


def _paint_lung_vessels(soft: Labels, hu: Picture, voxel_mm: float) -> None:
    """What is bright and begins deep inside a lung; next to its wall brightness is blur."""
    lung = soft == S.LUNG
    inner = ndimage.binary_erosion(lung)
    deep = ndimage.binary_erosion(inner, iterations=max(1, round(WALL_MM / voxel_mm)))
    bright = hu > VESSEL_IN_LUNG_HU
    soft[ndimage.binary_propagation(deep & bright, mask=inner & bright)] = S.LUNG_VESSEL


def _under_skin(fat: Mask, depth: Picture, voxel_mm: float) -> Mask:
    """Fat that hangs together with that beneath the skin, thin bridges aside."""
    solid = ndimage.binary_erosion(fat[THIN] & (depth[THIN] < SUBCUTANEOUS_MM), iterations=1)
    start = solid & (depth[THIN] < SKIN_MM + 3 * COARSE_STEP * voxel_mm)
    reached = ndimage.binary_dilation(ndimage.binary_propagation(start, mask=solid), iterations=2)
    reached |= depth[THIN] < SKIN_MM + 2 * COARSE_STEP * voxel_mm
    return _wide(reached, fat)


def _dense_parts(bright: Mask, hu: Picture, beside: Mask, never_beside: Mask, voxel_mm: float) -> Mask:
    """Connected parts that are large and dense, and touch the one mask but not the other."""
    numbers, count = ndimage.label(bright)
    own = numbers[bright]
    size = np.maximum(np.bincount(own, minlength=count + 1), 1)
    mean, touch, refused = (
        np.bincount(own, weights=values[bright], minlength=count + 1) / size for values in (hu, beside, never_beside)
    )
    large = size * voxel_mm**3 / 1000 > LEAST_BONE_ML
    kept: Mask = (large & (mean > VESSEL_HU + 100) & (touch > 0) & (refused == 0))[numbers] & bright
    return kept
