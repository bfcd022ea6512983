"""What keeps one vertebral body from being measured; limits in `cds.bone.gates`."""

import numpy as np
from scipy.ndimage import label
from scipy.spatial import cKDTree

from cds.bone.body_frame import STEP_MM, BodyFrame
from cds.bone.gates import CEMENT_HU, GATES, METAL_HU, METAL_REACH_MM, THICK_SLICE_MM
from cds.bone.robust_mean import RegionMean, local_mean
from cds.bone.roi_limits import CORE_DEPTH_MM
from cds.bone.roi_voxels import Voxels, index_box, voxels_within
from cds.ct.reason import Reason, because
from cds.ct.volume import CtVolume


def slice_mm(volume: CtVolume) -> float:
    """How thick a slice is: the recorded thickness or the distance, whichever is larger."""
    return max(volume.series.slice_thickness_mm or 0.0, volume.spacing_mm[0])


def refuse_outline(volume: CtVolume, frame: BodyFrame) -> Reason | None:
    """An outline that is no vertebral body, or reaches the outermost slice, row or column."""
    spans = frame.extent_mm
    if GATES["outline"].refuses(frame.volume_cm3) or GATES["span"].refuses(max(spans)) or min(spans) < STEP_MM * 5:
        return because("level-outside-body")
    inside = np.argwhere(frame.inside)
    to_index = volume.lps_to_index @ frame.affine_lps
    reached = inside @ to_index[:3, :3].T + to_index[:3, 3]
    if (reached.min(axis=0) < 0.5).any() or (reached.max(axis=0) > np.subtract(volume.hu.shape, 1.5)).any():
        return because("level-cut")
    return None


def refuse_foreign_material(volume: CtVolume, frame: BodyFrame) -> Reason | None:
    """Metal near the body, or cement within it."""
    interior = voxels_within(volume, frame, frame.below_surface_mm - CORE_DEPTH_MM)
    voxel_cm3 = float(np.prod(volume.spacing_mm)) / 1000
    if GATES["metal"].refuses(_metal_voxels(volume, frame) * voxel_cm3):
        return because("level-metal")
    if GATES["cement"].refuses(_largest_cluster(interior) * voxel_cm3):
        return because("level-metal")
    return None


def _metal_voxels(volume: CtVolume, frame: BodyFrame) -> int:
    """Number of voxels of metal within reach of the body's surface."""
    to_index = volume.lps_to_index @ frame.affine_lps
    reach = METAL_REACH_MM / STEP_MM
    start, stop = index_box(to_index, np.full(3, -reach), np.add(frame.inside.shape, reach), volume.hu.shape)
    metal = np.argwhere(volume.hu[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] > METAL_HU) + start
    if len(metal) == 0:
        return 0
    to_frame = np.linalg.inv(to_index)
    where = metal @ to_frame[:3, :3].T + to_frame[:3, 3]
    distance, _ = cKDTree(np.argwhere(frame.inside)).query(where, distance_upper_bound=reach)
    return int(np.isfinite(distance).sum())


def _largest_cluster(voxels: Voxels) -> int:
    """Number of connected voxels over the density of cement."""
    if len(voxels.indices) == 0:
        return 0
    hu, member = voxels.box()
    clusters, _ = label((hu > CEMENT_HU) & member)
    return int(np.bincount(clusters.ravel())[1:].max(initial=0))


def refuse_size(voxels: Voxels) -> Reason | None:
    """Too little trabecular bone, or too few slices through it."""
    if GATES["roi"].refuses(voxels.cm3):
        return because("level-roi-small", roi_cm3=voxels.cm3, minimum_cm3=GATES["roi"].accepted[0])
    gate = GATES["slices" if slice_mm(voxels.volume) <= THICK_SLICE_MM else "thick-slices"]
    if gate.refuses(voxels.slice_count):
        return because("level-too-few-slices", count=voxels.slice_count, minimum=int(gate.accepted[0]))
    return None


def refuse_content(voxels: Voxels, mean: RegionMean, dense_hu: float) -> Reason | None:
    """Noise, sclerosis, or no bone at all."""
    hu, member = voxels.box()
    if GATES["marrow"].refuses(float(np.median(hu[member]))):
        return because("level-outside-body")
    dense = local_mean(hu, member, voxels.volume.spacing_mm)[member] > dense_hu
    if GATES["dense"].refuses(100 * float(dense.mean())):
        return because("level-sclerotic", percent=GATES["dense"].accepted[1], dense_hu=dense_hu)
    if GATES["noise"].refuses(mean.sem):
        return because("level-noisy", sem_hu=mean.sem, maximum_hu=GATES["noise"].accepted[1])
    return None
