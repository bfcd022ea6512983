"""A patient painted in class numbers on 4 mm voxels, and a network that reads them back."""

import numpy as np
from numpy.typing import NDArray

from models.vertebra_segmentation.grid import Image
from models.vertebra_segmentation.labels import COARSE_CLASSES, LEVELS, coarse_index
from models.vertebra_segmentation.spine_map import SpineMap

SPACING_MM = 4.0
SHAPE = (100, 60, 80)
"""Slices, rows, columns; (0, 0, 0) LPS is the middle of the volume."""

AFFINE = np.zeros((4, 4))
AFFINE[2, 0] = AFFINE[1, 1] = AFFINE[0, 2] = SPACING_MM
AFFINE[3, 3] = 1
AFFINE[:3, 3] = -(AFFINE[:3, :3] @ ((np.array(SHAPE) - 1) / 2))
LEVEL_MM = 32.0


def paint(*, without: tuple[str, ...] = (), levels: tuple[str, ...] = LEVELS) -> Image:
    """Bodies from T7 to L5, canal, ribs, lungs, heart, liver, spleen and aorta, as the labels of a scan."""
    z, y, x = (np.arange(n) * SPACING_MM - (n - 1) / 2 * SPACING_MM for n in SHAPE)
    z, y, x = z[:, None, None], y[None, :, None], x[None, None, :]
    found: dict[str, NDArray[np.bool_]] = {
        "lung": (np.abs(np.abs(x) - 70) < 40) & (np.abs(y + 30) < 60) & (z > 50),
        "heart": (np.hypot(x - 20, y + 60) < 30) & (np.abs(z - 70) < 30),
        "liver": (np.abs(x + 70) < 45) & (np.abs(y + 40) < 50) & (np.abs(z - 10) < 35),
        "spleen": (np.abs(x - 90) < 20) & (np.abs(y) < 30) & (np.abs(z - 20) < 25),
        "aorta": (np.hypot(x - 14, y + 32) < 9) & (z > -120),
        "spinal_canal": (np.hypot(x, y - 26) < 9) & (z > -999),
    }
    for number in range(6):
        height = 160 - LEVEL_MM * number - 0.5 * (np.abs(x) - 20)
        found[f"rib {number}"] = (np.abs(z - height) < 5) & (np.abs(np.abs(x) - 60) < 40) & (np.abs(y - 20) < 6)
    for number, level in enumerate(LEVELS):
        middle = 160 - LEVEL_MM * number
        if level in levels:
            found[level] = (np.hypot(x / 1.3, y) < 17) & (np.abs(z - middle) < 13)
    labels = np.zeros(SHAPE, np.int16)
    for name, where in found.items():
        if name.split()[0] not in without:
            labels[np.broadcast_to(where, SHAPE)] = coarse_index(name.split()[0])
    return Image(labels, AFFINE)


def read_back(view: Image) -> SpineMap:
    """What a network that errs in nothing would see: each voxel is what is painted there."""
    labels = np.rint(view.values.astype(np.float64)).astype(int)
    return SpineMap(np.eye(len(COARSE_CLASSES), dtype=np.float32)[labels].transpose(3, 0, 1, 2), view.affine_lps)


def turned(image: Image, *axes: int) -> Image:
    """The voxels reversed along some axes, under the same affine."""
    return Image(np.flip(image.values, axes), image.affine_lps)
