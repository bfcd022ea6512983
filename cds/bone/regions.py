"""What was outlined and measured in one CT, as voxels of that CT: vertebral bodies and trabecular regions."""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cds.bone.anatomy import MaskGrid, VertebralLevel
from cds.bone.body_frame import SURFACE, BodyFrame
from cds.bone.measured_ct import MeasuredCt
from cds.bone.roi_voxels import VoxelIndices, voxels_within
from cds.ct.volume import CtVolume

RegionKind = Literal["vertebral-body", "trabecular-roi"]


@dataclass(frozen=True, eq=False)
class Region:
    """Some voxels of a CT that belong together.

    `start`: (slice, row, column) of the first corner of a box; `inside`: bool, which of the box's
    voxels they are, axes (slice, row, column).
    """

    level: VertebralLevel
    kind: RegionKind
    start: tuple[int, int, int]
    inside: NDArray[np.bool_]

    @classmethod
    def of(cls, level: VertebralLevel, kind: RegionKind, indices: VoxelIndices) -> "Region":
        """The region of these voxels, at least one."""
        low = indices.min(axis=0)
        inside = np.zeros(tuple(indices.max(axis=0) - low + 1), bool)
        inside[tuple((indices - low).T)] = True
        first_slice, first_row, first_column = (int(each) for each in low)
        return cls(level, kind, (first_slice, first_row, first_column), inside)

    def slices(self) -> Iterator[int]:
        """Index of each slice of the CT that holds a voxel of the region."""
        yield from (self.start[0] + int(each) for each in np.flatnonzero(self.inside.any(axis=(1, 2))))


@dataclass(frozen=True, eq=False)
class MeasuredRegions:
    """The regions of one CT, bodies before trabecular regions, each cranial to caudal."""

    sop_instance_uids: tuple[str, ...]
    """Of the image behind each slice."""
    shape: tuple[int, int, int]
    """(slices, rows, columns) of the CT."""
    regions: tuple[Region, ...]

    def to_bytes(self) -> bytes:
        """Compact: about 10 kB for each vertebra."""
        facts = {
            "sop_instance_uids": self.sop_instance_uids,
            "shape": self.shape,
            "regions": [[each.level, each.kind, each.start, each.inside.shape] for each in self.regions],
        }
        written = io.BytesIO()
        bits = np.concatenate([np.packbits(each.inside) for each in self.regions])
        np.savez_compressed(written, facts=np.frombuffer(json.dumps(facts).encode(), np.uint8), bits=bits)
        return written.getvalue()

    def renamed(self, by: int) -> "MeasuredRegions":
        """All levels so many lower, as a reader names them; what has no name then is left out."""
        order = list(VertebralLevel)
        places = ((each, order.index(each.level) + by) for each in self.regions)
        named = (replace(each, level=order[place]) for each, place in places if 0 <= place < len(order))
        return replace(self, regions=tuple(named))

    @classmethod
    def from_bytes(cls, content: bytes) -> "MeasuredRegions":
        """What `to_bytes` wrote."""
        with np.load(io.BytesIO(content), allow_pickle=False) as read:
            facts, bits = json.loads(read["facts"].tobytes()), read["bits"]
        regions, at = [], 0
        for level, kind, start, shape in facts["regions"]:
            count = int(np.prod(shape))
            packed = bits[at : (at := at + -(-count // 8))]
            inside = np.unpackbits(packed, count=count).astype(bool).reshape(shape)
            regions.append(Region(VertebralLevel(level), kind, tuple(start), inside))
        return cls(tuple(facts["sop_instance_uids"]), tuple(facts["shape"]), tuple(regions))


def regions_of(ct: MeasuredCt) -> MeasuredRegions:
    """Every body that was outlined and every region that was measured; those without a voxel are left out."""
    slices, rows, columns = ct.volume.hu.shape
    bodies = {body.level: _voxels_of(ct.volume, body.mask) for body in ct.spine.bodies}
    return MeasuredRegions(
        ct.volume.sop_instance_uids,
        (slices, rows, columns),
        (*_cranial_to_caudal("vertebral-body", bodies), *_cranial_to_caudal("trabecular-roi", ct.rois)),
    )


def _voxels_of(volume: CtVolume, mask: MaskGrid) -> VoxelIndices:
    """The voxels whose centre lies within the outer surface of a soft mask."""
    inside = mask.inside.astype(np.float64)
    return voxels_within(volume, BodyFrame(inside, mask.affine_lps), inside - SURFACE).indices


def _cranial_to_caudal(kind: RegionKind, found: Mapping[VertebralLevel, VoxelIndices]) -> Iterator[Region]:
    for level in VertebralLevel:
        if level in found and len(found[level]):
            yield Region.of(level, kind, found[level])
