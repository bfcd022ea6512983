"""Unevenness of soft tissue: fat in muscle, vessels in liver and lung, strands in fat.

Bone of the vertebral bodies stays even, so that the truth of a core is one number.
"""

import numpy as np
from scipy import ndimage

from models.digital_patient.grid import Canvas, Picture
from models.digital_patient.structures import Structure

TILE = 96
GRAIN_MM = 1.5
SMOOTHNESS = (1.6, 1.2, 1.2)
UNEVEN_HU = {
    Structure.SUBCUTANEOUS_FAT: 7.0,
    Structure.VISCERAL_FAT: 11.0,
    Structure.MUSCLE: 11.0,
    Structure.PARASPINAL_MUSCLE: 13.0,
    Structure.PSOAS: 7.0,
    Structure.LUNG: 22.0,
    Structure.HEART: 4.0,
    Structure.LIVER: 5.0,
    Structure.SPLEEN: 3.0,
    Structure.KIDNEY: 7.0,
    Structure.BOWEL: 12.0,
    Structure.DISC: 10.0,
    Structure.CANAL: 6.0,
    Structure.POSTERIOR_ELEMENTS: 45.0,
    Structure.RIB: 35.0,
    Structure.STERNUM: 25.0,
    Structure.SACRUM: 30.0,
    Structure.HIP: 35.0,
    Structure.OSTEOPHYTE: 90.0,
}
"""Standard deviation in HU before the scanner blurs it."""


STREAK_HU = {Structure.MUSCLE: 55.0, Structure.PARASPINAL_MUSCLE: 75.0, Structure.PSOAS: 25.0, Structure.BOWEL: 25.0}
"""How far strands of fat lie below a muscle, for each SD above `STREAK_FROM`."""
STREAK_FROM = 0.9
COARSER = 2
"""Strands are that much larger than other unevenness."""


def add_texture(hu: Picture, canvas: Canvas, seed: int) -> None:
    """Roughen the tissues of an HU volume in place; fixed to the patient, and no mean moves."""
    tile = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((TILE,) * 3), SMOOTHNESS, mode="wrap")
    tile = ((tile - tile.mean()) / tile.std()).astype(np.float32)
    streaks = np.maximum(tile - STREAK_FROM, 0)
    streaks -= streaks.mean()
    strength, fat = (
        np.array([table.get(structure, 0.0) for structure in sorted(Structure)], np.float32)
        for table in (UNEVEN_HU, STREAK_HU)
    )
    places = [np.rint(canvas.grid.along(axis) / GRAIN_MM).astype(int) for axis in range(3)]
    slices, rows, columns = (place % TILE for place in places)
    slices_of_fat, rows_of_fat, columns_of_fat = (place // COARSER % TILE for place in places)
    for index, structures in enumerate(canvas.structures):
        hu[index] += strength[structures] * tile[slices[index]][rows][:, columns]
        hu[index] -= fat[structures] * streaks[slices_of_fat[index]][rows_of_fat][:, columns_of_fat]
