"""An assessment, and the CT it was read from for as long as its voxels are in memory."""

from collections.abc import Mapping
from dataclasses import dataclass

from cds.bone.anatomy import Spine, VertebralLevel
from cds.bone.assessment import Assessment
from cds.bone.roi_voxels import VoxelIndices
from cds.ct.volume import CtVolume


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredCt:
    """What was seen, outlined and measured: voxels, the spine, and the voxels of each trabecular region."""

    volume: CtVolume
    spine: Spine
    rois: Mapping[VertebralLevel, VoxelIndices]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What came out of one CT."""

    assessment: Assessment
    ct: MeasuredCt | None = None
    """None where nothing is said of single vertebrae; there without a value too, where something is."""
