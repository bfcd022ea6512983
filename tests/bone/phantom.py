"""A simulated trunk with known bone: an oval body, vertebrae with a shell and a canal behind, an aorta, a table.

Fat under the skin and muscles beside the spine where asked for.

Geometry in LPS mm, x left, y posterior, z superior; L1 at the origin. Everything is analytic, so
that the same patient can be drawn on any grid.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from cds.bone.anatomy import MaskGrid, Spine, VertebralBody, VertebralLevel
from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.ct.volume import CtVolume

STEP_BETWEEN_LEVELS_MM = 35.0
BODY_HALF_MM = (21.0, 16.0, 13.5)
"""Half width, half depth, half height of a vertebral body, shell included."""
TRUNK_HALF_MM = (150.0, 105.0)
TRUNK_CENTRE_Y_MM = -40.0
AORTA_MM = (12.0, -34.0)
AORTA_RADIUS_MM = 10.0
CANAL_Y_MM = 24.0
CANAL_HALF_MM = (11.0, 8.0)
"""Half width and half depth of the spinal canal, and how far behind the bodies' centres it runs."""
SKIN_MM = 2.0
MUSCLE_MM = (34.0, 27.0)
MUSCLE_RADIUS_MM = 15.0
MASK_MM = 2.0

L1 = VertebralLevel.L1
L2 = VertebralLevel.L2
L3 = VertebralLevel.L3
T12 = VertebralLevel.T12
ORDER = list(VertebralLevel)


def a_series(**facts):
    """A plain low-dose chest CT at 120 kVp."""
    usual = {
        "study_uid": "1.2.3",
        "series_uid": "1.2.3.4",
        "patient": ArchivedPatient("PAT-1"),
        "modality": "CT",
        "kvp": 120.0,
        "kernel": "STANDARD",
    }
    return CtSeries(**(usual | facts))


@dataclass(frozen=True)
class Trunk:
    """What the patient is made of."""

    bone_hu: dict = field(default_factory=lambda: {T12: 150, L1: 150, L2: 150, L3: 150})
    blood_hu: float = 42.0
    soft_hu: float = 30.0
    fat_mm: float = 0.0
    """Thickness of the fat under the skin."""
    fat_hu: float = -104.0
    muscle_hu: float | None = None
    """Of muscles beside the spine; None for none."""
    air_hu: float = -1000.0
    noise_hu: float = 20.0
    table: bool = True
    spacing_mm: tuple = (2.5, 1.5, 1.5)
    extent_mm: tuple = (170.0, 260.0, 330.0)
    centre_mm: tuple = (0.0, TRUNK_CENTRE_Y_MM, -17.5)
    """LPS centre of the grid."""
    half_mm: tuple = BODY_HALF_MM
    shapes: dict = field(default_factory=dict)
    """Level to depth below the surface at x, y, z, where a body is no cylinder."""
    pedicles_mm: tuple | None = None
    """From where to where above the centre of each body pedicles leave it; None for bodies without."""
    series: CtSeries = field(default_factory=a_series)
    seed: int = 0

    def volume(self):
        """Draw it on the grid."""
        shape = tuple(round(e / s) for e, s in zip(self.extent_mm, self.spacing_mm, strict=True))
        affine = grid_affine(self.spacing_mm, shape, self.centre_mm)
        z, y, x = axes_lps(affine, shape)
        hu = np.full(shape, self.air_hu, dtype=np.float32)
        rx, ry = TRUNK_HALF_MM
        skin_and_fat = ((0.0, 40.0), (SKIN_MM, self.fat_hu)) if self.fat_mm else ()
        for below_mm, tissue_hu in (*skin_and_fat, (self.fat_mm, self.soft_hu)):
            oval = (x / (rx - below_mm)) ** 2 + ((y - TRUNK_CENTRE_Y_MM) / (ry - below_mm)) ** 2 <= 1
            hu[np.broadcast_to(oval, shape)] = tissue_hu
        if self.muscle_hu is not None:
            beside = np.hypot(np.abs(x) - MUSCLE_MM[0], y - MUSCLE_MM[1]) <= MUSCLE_RADIUS_MM
            hu[np.broadcast_to(beside, shape)] = self.muscle_hu
        if self.table:
            hu[np.broadcast_to((np.abs(y - (TRUNK_CENTRE_Y_MM + ry + 8)) <= 1.5) & (np.abs(x) < 140), shape)] = 100
        ax, ay = AORTA_MM
        hu[np.broadcast_to(np.hypot(x - ax, y - ay) <= AORTA_RADIUS_MM, shape)] = self.blood_hu
        for level in self.bone_hu if self.pedicles_mm else ():
            low, high = (level_z_mm(level) + mm for mm in self.pedicles_mm)
            behind, beside = (y > self.half_mm[1] - 2) & (y < 34), (np.abs(x) > 9) & (np.abs(x) < 16)
            hu[(z >= low) & (z <= high) & behind & beside] = 500
        for level, value in self.bone_hu.items():
            inner = np.broadcast_to(self.shape_of(level)(x, y, z - level_z_mm(level)), shape)
            hu[inner > 0] = 1100
            hu[inner > 1.5] = value
        noise = np.random.default_rng(self.seed).normal(0, 1, shape) * self.noise_hu
        return CtVolume(np.rint(np.clip(hu + noise, -1024, 3071)).astype(np.int16), affine, self.series)

    def shape_of(self, level):
        """Depth below the surface of one body, about its centre."""
        return self.shapes.get(level) or (lambda x, y, z: signed_depth_mm(x, y, z, self.half_mm))

    def spine(self, *, confidence=1.0, aorta=True, canal=True, **facts):
        """What a perfect segmenter would hand over."""
        bodies = tuple(
            a_body(level, half_mm=self.half_mm, shape_mm=self.shape_of(level), **facts)
            for level in ORDER
            if level in self.bone_hu
        )
        return Spine(
            bodies,
            confidence,
            aorta=an_aorta() if aorta else None,
            spinal_canal=a_canal() if canal else None,
            paraspinal_muscle=None if self.muscle_hu is None else a_muscle(),
        )

    def but(self, **changes):
        """The same patient with something changed."""
        return replace(self, **changes)


def level_z_mm(level):
    """Height of a body's centre."""
    return (ORDER.index(L1) - ORDER.index(level)) * STEP_BETWEEN_LEVELS_MM


def grid_affine(spacing_mm, shape, centre_mm):
    """Index (slice, row, column) to LPS: slices upwards, rows backwards, columns to the left."""
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2] = spacing_mm
    affine[3, 3] = 1
    affine[:3, 3] = np.array(centre_mm) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine


def axes_lps(affine, shape):
    """Broadcastable z, y, x of an unrotated grid."""
    z, y, x = np.ogrid[tuple(slice(n) for n in shape)]
    return affine[2, 0] * z + affine[2, 3], affine[1, 1] * y + affine[1, 3], affine[0, 2] * x + affine[0, 3]


def signed_depth_mm(x, y, z, half_mm=BODY_HALF_MM):
    """About the depth below the surface of an elliptic cylinder; negative outside."""
    rx, ry, rz = half_mm
    radial = (1 - np.hypot(x / rx, y / ry)) * min(rx, ry)
    return np.minimum(radial, rz - np.abs(z))


def a_body(level=L1, *, half_mm=BODY_HALF_MM, shape_mm=None, cut=False, name_agrees=True, mask_mm=MASK_MM):
    """A vertebral body as a soft mask on its own grid. `shape_mm`: depth below the surface at x, y, z."""
    centre = (0.0, 0.0, level_z_mm(level))
    shape = tuple(int(2 * (h + 6) / mask_mm) | 1 for h in (half_mm[2], half_mm[1], half_mm[0]))
    affine = grid_affine((mask_mm,) * 3, shape, centre)
    z, y, x = axes_lps(affine, shape)
    depth = (shape_mm or (lambda a, b, c: signed_depth_mm(a, b, c, half_mm)))(x, y, z - centre[2])
    inside = np.clip(0.5 + np.broadcast_to(depth, shape) / mask_mm, 0, 1).astype(np.float32)
    return VertebralBody(level, MaskGrid(inside, affine), centre, cut, name_agrees)


def wedge(front_mm=5.0, back_mm=16.0):
    """The shape of a body collapsed in front: its height falls from the posterior to the anterior wall."""

    def depth(x, y, z):
        share = (BODY_HALF_MM[1] + y) / (2 * BODY_HALF_MM[1])
        half = (front_mm + (back_mm - front_mm) * share) / 2
        return np.minimum(signed_depth_mm(x, y, 0 * z), half - np.abs(z))

    return depth


def crush(height_mm):
    """The shape of a body that collapsed evenly to a height."""
    return lambda x, y, z: signed_depth_mm(x, y, z, (*BODY_HALF_MM[:2], height_mm / 2))


def a_wedge(level=L1, *, front_mm=5.0, back_mm=16.0, **facts):
    """A body collapsed in front."""
    return a_body(level, shape_mm=wedge(front_mm, back_mm), **facts)


def a_canal(*, mask_mm=4.0, z_mm=(-180.0, 220.0), centre_mm=(0.0, CANAL_Y_MM)):
    """The outline of a canal that runs straight behind the bodies, on a coarse grid."""
    shape = (int((z_mm[1] - z_mm[0]) / mask_mm), 11, 11)
    affine = grid_affine((mask_mm,) * 3, shape, (*centre_mm, sum(z_mm) / 2))
    z, y, x = axes_lps(affine, shape)
    width, depth = CANAL_HALF_MM
    inside = np.hypot((x - centre_mm[0]) / width, (y - centre_mm[1]) / depth) <= 1
    return MaskGrid((inside & np.isfinite(z)).astype(np.float32), affine)


def an_aorta(*, mask_mm=2.0, z_mm=(-100.0, 60.0)):
    """The aorta's outline."""
    ax, ay = AORTA_MM
    shape = (int((z_mm[1] - z_mm[0]) / mask_mm), 15, 15)
    affine = grid_affine((mask_mm,) * 3, shape, (ax, ay, sum(z_mm) / 2))
    z, y, x = axes_lps(affine, shape)
    inside = np.broadcast_to(np.hypot(x - ax, y - ay) <= AORTA_RADIUS_MM, shape).astype(np.float32)
    return MaskGrid(inside + 0 * z.astype(np.float32), affine)


def a_muscle(*, mask_mm=4.0, z_mm=(-180.0, 220.0)):
    """The outline of the muscles beside the spine, on a coarse grid, half a square soft."""
    shape = (int((z_mm[1] - z_mm[0]) / mask_mm), 12, 30)
    affine = grid_affine((mask_mm,) * 3, shape, (0.0, MUSCLE_MM[1], sum(z_mm) / 2))
    z, y, x = axes_lps(affine, shape)
    depth_mm = MUSCLE_RADIUS_MM - np.hypot(np.abs(x) - MUSCLE_MM[0], y - MUSCLE_MM[1]) + 0 * z
    return MaskGrid(np.clip(0.5 + depth_mm / mask_mm, 0, 1).astype(np.float32), affine)


def flipped(volume, axis):
    """The same voxels stored in the opposite order along one axis."""
    affine = volume.affine_lps.copy()
    affine[:3, 3] += affine[:3, axis] * (volume.hu.shape[axis] - 1)
    affine[:3, axis] *= -1
    return CtVolume(np.ascontiguousarray(np.flip(volume.hu, axis)), affine, volume.series)


def padded(volume, before, after, value=-1000):
    """The same voxels with a margin of air."""
    affine = volume.affine_lps.copy()
    affine[:3, 3] -= affine[:3, :3] @ np.array(before)
    hu = np.pad(volume.hu, list(zip(before, after, strict=True)), constant_values=value)
    return CtVolume(hu, affine, volume.series)


def with_axes(volume, order):
    """The same voxels with axes stored in another order."""
    affine = volume.affine_lps.copy()
    affine[:, :3] = affine[:, list(order)]
    return CtVolume(np.ascontiguousarray(volume.hu.transpose(order)), affine, volume.series)


def moved_lps(volume, spine, by_mm):
    """The same patient lying elsewhere in the scanner: volume and spine."""

    def shifted(mask):
        affine = mask.affine_lps.copy()
        affine[:3, 3] += by_mm
        return MaskGrid(mask.inside, affine)

    affine = volume.affine_lps.copy()
    affine[:3, 3] += by_mm
    bodies = tuple(
        replace(b, mask=shifted(b.mask), centre_lps_mm=tuple(np.add(b.centre_lps_mm, by_mm).tolist()))
        for b in spine.bodies
    )
    aorta = None if spine.aorta is None else shifted(spine.aorta)
    canal = None if spine.spinal_canal is None else shifted(spine.spinal_canal)
    muscle = None if spine.paraspinal_muscle is None else shifted(spine.paraspinal_muscle)
    moved = replace(spine, bodies=bodies, aorta=aorta, spinal_canal=canal, paraspinal_muscle=muscle)
    return CtVolume(volume.hu.copy(), affine, volume.series), moved


def a_lone_body(value=150, *, spacing_mm=(2.0, 1.0, 1.0), **changes):
    """L1 alone in soft tissue, on a small grid: all that a region of interest needs."""
    usual = {
        "bone_hu": {L1: value},
        "extent_mm": (64.0, 80.0, 80.0),
        "centre_mm": (0.0, 0.0, 0.0),
        "spacing_mm": spacing_mm,
        "table": False,
    }
    return Trunk(**(usual | changes))


def tilted(volume, degrees):
    """The same voxels with their slices turned about the x axis."""
    angle = np.radians(degrees)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return CtVolume(volume.hu.copy(), turn @ volume.affine_lps, volume.series)


def with_hu(volume, change):
    """The same grid with other voxels; `change` gets a copy and the LPS axes (z, y, x)."""
    hu = volume.hu.copy()
    change(hu, *axes_lps(volume.affine_lps, hu.shape))
    return CtVolume(hu, volume.affine_lps.copy(), volume.series)


def striped(volume, strength_hu, *, period_mm=8.0, along=2):
    """Stripes that run along one axis of the slice: along the rows (2), as streaks do, or across them (1)."""
    z, y, x = axes_lps(volume.affine_lps, volume.hu.shape)
    wave = strength_hu * np.sin(2 * np.pi * ((y if along == 2 else x) + 0 * z) / period_mm)
    hu = np.clip(np.rint(volume.hu + wave * (volume.hu > -500)), -1024, 3071)
    return CtVolume(hu.astype(np.int16), volume.affine_lps.copy(), volume.series)


def cut_out(volume, *, left_mm=np.inf, behind_mm=np.inf):
    """What a smaller field of view shows: so far to either side of L1, so far behind it."""
    _, y, x = axes_lps(volume.affine_lps, volume.hu.shape)
    rows, columns = np.flatnonzero(y.ravel() <= behind_mm), np.flatnonzero(np.abs(x.ravel()) <= left_mm)
    affine = volume.affine_lps.copy()
    affine[:3, 3] += affine[:3, 1] * rows[0] + affine[:3, 2] * columns[0]
    hu = volume.hu[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return CtVolume(np.ascontiguousarray(hu), affine, volume.series)


def muscles_beside(*, mask_mm=3.0, z_mm=(-60.0, 60.0)):
    """The outlines of the muscles on either side of the spine."""
    shape = (int((z_mm[1] - z_mm[0]) / mask_mm), 20, 44)
    affine = grid_affine((mask_mm,) * 3, shape, (0.0, 30.0, sum(z_mm) / 2))
    z, y, x = axes_lps(affine, shape)
    inside = np.hypot((np.abs(x) - 42) / 18, (y - 30) / 22) <= 1
    return MaskGrid((inside & np.isfinite(z)).astype(np.float32), affine)


def a_cylinder(radius_mm, hu, *, size_mm=400.0, spacing_mm=3.0):
    """Three slices of a cylinder in air."""
    count = int(size_mm / spacing_mm)
    affine = grid_affine((5.0, spacing_mm, spacing_mm), (3, count, count), (0, 0, 0))
    axis = (np.arange(count) - (count - 1) / 2) * spacing_mm
    slice_hu = np.where(np.hypot(axis[:, None], axis[None, :]) <= radius_mm, hu, -1000)
    return CtVolume(np.repeat(slice_hu[None].astype(np.int16), 3, axis=0), affine, a_series())
