"""Blood in the aorta, away from its wall."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from cds.bone.anatomy import MaskGrid, Spine
from cds.bone.body_frame import SURFACE, cropped
from cds.bone.image_noise import image_noise
from cds.bone.tissue_sample import MEDIAN_ERROR, TissueSample, robust_sd
from cds.ct.volume import CtVolume

BLOOD_DEPTH_MM: Final = 3.0
LEAST_BLOOD_CM3: Final = 0.5
GRAIN_MM: Final = 4.0
"""Noise of CT is correlated over no more than this: one independent value in a cube of that side."""


def aortic_blood(volume: CtVolume, spine: Spine, water_path_cm: float) -> TissueSample | None:
    """Median of the aorta 3 mm inside its outline; None without aorta or with too little of it."""
    if spine.aorta is None:
        return None
    hu = _sampled(volume, _eroded(cropped(spine.aorta), BLOOD_DEPTH_MM))
    voxel_mm3 = abs(float(np.linalg.det(spine.aorta.affine_lps[:3, :3])))
    if len(hu) * voxel_mm3 / 1000 < LEAST_BLOOD_CM3:
        return None
    grain_mm3 = max(GRAIN_MM**2 * max(GRAIN_MM, volume.spacing_mm[0]), voxel_mm3)
    sd = robust_sd(hu)
    return TissueSample(
        tissue="blood",
        count=len(hu),
        hu=float(np.median(hu)),
        sd_hu=sd,
        sem_hu=MEDIAN_ERROR * sd / max(1.0, len(hu) * voxel_mm3 / grain_mm3) ** 0.5,
        water_path_cm=water_path_cm,
    )


def noise_around_aorta(volume: CtVolume, aorta: MaskGrid) -> float | None:
    """SD of uniform soft tissue around the middle of the aorta, HU; None where there is too little of it."""
    middle = np.argwhere(aorta.inside >= SURFACE).mean(axis=0)
    x, y, z = aorta.affine_lps[:3, :3] @ middle + aorta.affine_lps[:3, 3]
    return image_noise(volume, (float(x), float(y), float(z)))


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
