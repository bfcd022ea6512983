"""The body of a vertebra: what lies in front of the spinal canal.

An opening with a ball cannot tell pedicles of 10 mm from bodies of 16 mm; the rear wall of the body can be seen.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from models.digital_patient.grid import Box, Floats, ScanGrid
from models.digital_patient.label_smoothing import Mask

STRIP_MM = 5.0
"""The rear wall is looked for this near to the middle plane."""
BIN_MM = 2.0
WALL_BULGE_MM = 1.0
"""The wall is hollow in the middle: to its sides the body reaches further back."""
FRONT_SHARE = 0.35
SIDE_MM = 2.5
"""The body is hardly wider in its rear half than in its front half; transverse processes are."""
CANAL_SMOOTH_MM = 8.0
DEEP_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Canal:
    """Middle line of the spinal canal."""

    heights_mm: Floats
    xy_mm: Floats
    """(n, 2)"""

    def at(self, z_mm: float) -> Floats:
        """LPS mm of the line at a height."""
        x, y = (np.interp(z_mm, self.heights_mm, self.xy_mm[:, axis]) for axis in range(2))
        return np.array([x, y, z_mm])

    def upwards(self, z_mm: float) -> Floats:
        """Unit vector along the line."""
        along = self.at(min(z_mm + 10, self.heights_mm[-1])) - self.at(max(z_mm - 10, self.heights_mm[0]))
        unit: Floats = along / max(float(np.linalg.norm(along)), 1e-9)
        return unit


def canal_of(mask: Mask, grid: ScanGrid) -> Canal:
    """The middle of the canal's mask in each slice, smoothed. ValueError if no slice shows it."""
    sizes = mask.sum(axis=(1, 2))
    seen = np.flatnonzero(sizes)
    if len(seen) < 2:
        msg = "the label map shows no spinal canal"
        raise ValueError(msg)
    x = (mask.sum(axis=1) @ grid.along(2))[seen] / sizes[seen]
    y = (mask.sum(axis=2) @ grid.along(1))[seen] / sizes[seen]
    sigma = CANAL_SMOOTH_MM / grid.spacing_mm[0]
    return Canal(
        grid.along(0)[seen], ndimage.gaussian_filter1d(np.stack([x, y], axis=1), sigma, axis=0, mode="nearest")
    )


def body_of(vertebra: Mask, grid: ScanGrid, box: Box, canal: Canal) -> Mask:
    """The body of a whole vertebra, given in a box of a grid of cubic voxels; empty if all lies behind the canal."""
    index = np.nonzero(vertebra)
    places = np.stack([grid.along(axis)[box[axis]][index[axis]] for axis in (2, 1, 0)], axis=1)
    behind = np.interp(places[:, 2], canal.heights_mm, canal.xy_mm[:, 1])
    depth = ndimage.distance_transform_edt(np.pad(vertebra, 1, mode="edge"))[1:-1, 1:-1, 1:-1][index]
    front = places[:, 1] < behind
    body = np.zeros_like(vertebra)
    if not front.any():
        return body
    middle = places[front & (depth > DEEP_SHARE * depth[front].max())].mean(axis=0)
    left, back, up = _offsets(places, middle, canal)
    wall = _rear_wall(left, back, up, float((canal.at(middle[2]) - middle) @ _axes(middle, canal)[1]))
    before_wall = np.polyval(wall, up) - back
    front_half = before_wall > FRONT_SHARE * np.percentile(before_wall, 99)
    half_width = np.percentile(np.abs(left[front_half]), 99) + SIDE_MM
    body[index] = (before_wall > -WALL_BULGE_MM) & (np.abs(left) < half_width)
    parts, count = ndimage.label(body)
    if count > 1:
        body = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    return body


def _axes(middle: Floats, canal: Canal) -> tuple[Floats, Floats, Floats]:
    """Left, back and up of the vertebra: up runs with the canal, back points to it."""
    up = canal.upwards(middle[2])
    back = canal.at(middle[2]) - middle
    back = back - (back @ up) * up
    back /= np.linalg.norm(back)
    return np.cross(back, up), back, up


def _offsets(places: Floats, middle: Floats, canal: Canal) -> tuple[Floats, Floats, Floats]:
    left, back, up = (((places - middle) @ axis) for axis in _axes(middle, canal))
    return left, back, up


def _rear_wall(left: Floats, back: Floats, up: Floats, canal_back: float) -> Floats:
    """Line through the rearmost voxels before the canal's middle, in bins of height: slope and offset."""
    strip = (np.abs(left) < STRIP_MM) & (back < canal_back)
    bins = np.floor(up[strip] / BIN_MM).astype(int)
    heights = np.unique(bins)
    rear = np.array([back[strip][bins == each].max() for each in heights])
    usual = np.abs(rear - np.median(rear)) < 5.0
    middle_mm = (heights[usual] + 0.5) * BIN_MM
    if usual.sum() < 4:
        return np.array([0.0, float(np.median(rear))])
    line: Floats = np.polyfit(middle_mm, rear[usual], 1)
    return line
