"""Facts about the bodies of a scan, measured on its labels: what parametric patients know by construction."""

import numpy as np
from scipy import ndimage

from models.digital_patient.grid import Canvas, Floats
from models.digital_patient.materials import Tissues, trabecular
from models.digital_patient.scanner import Scanner
from models.digital_patient.structures import BODY, LEVELS
from models.digital_patient.truth import VertebraTruth, touches_border

STRIP_MM = 8.0
"""Heights are measured this near to the middle plane of the body."""
COLUMN_MM = 2.5


def truths_of(canvas: Canvas, tissues: Tissues, scanner: Scanner, paths_cm: Floats) -> tuple[VertebraTruth, ...]:
    """Cranial to caudal. Centres and heights of a cut body are those of the part that is seen."""
    numbers = np.where(np.isin(canvas.structures, BODY), canvas.vertebra, 0)
    places = {int(number): _places(canvas, numbers == number) for number in np.unique(numbers[numbers > 0])}
    centres = {number: each.mean(axis=0) for number, each in places.items()}
    found = []
    for number, own in places.items():
        level, centre = LEVELS[number - 1], centres[number]
        path = float(np.interp(centre[2], canvas.grid.along(0), paths_cm))
        up = _upward(centres, number)
        found.append(
            VertebraTruth(
                level=level,
                centre_lps_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
                vbmd_k2hpo4_mg_cm3=tissues.vbmd_mg_cm3[level],
                marrow_fat_percent=tissues.marrow_fat_percent,
                core_hu=scanner.hu_of(trabecular(tissues, level), path),
                slope_hu_per_mg_cm3=scanner.slope_hu_per_mg_cm3(path),
                water_path_cm=path,
                height_mm=_heights(own - centre, up, canvas.grid.spacing_mm[0]),
                cut_by_border=touches_border(numbers == number),
                cement_or_metal=False,
            )
        )
    return tuple(found)


def _places(canvas: Canvas, mask: np.ndarray) -> Floats:
    """LPS mm (n, 3) of the voxels of a mask."""
    index = np.nonzero(mask)
    return np.stack([canvas.grid.along(axis)[index[axis]] for axis in (2, 1, 0)], axis=1)


def _upward(centres: dict[int, Floats], number: int) -> Floats:
    """From the body below to the body above."""
    above, below = centres.get(number - 1, centres[number]), centres.get(number + 1, centres[number])
    axis = above - below
    length = float(np.linalg.norm(axis))
    return axis / length if length > 0 else np.array([0.0, 0.0, 1.0])


def _heights(offsets: Floats, up: Floats, step_mm: float) -> tuple[float, float, float]:
    """Anterior, middle and posterior: usual heights in each third of the depth; 0 where too little is seen."""
    left = np.array([1.0, 0.0, 0.0]) - up[0] * up
    left /= np.linalg.norm(left)
    strip = offsets[np.abs(offsets @ left) < STRIP_MM]
    depth, height = strip @ np.cross(up, left), strip @ up
    columns = np.floor(depth / COLUMN_MM).astype(int)
    places, index = np.unique(columns, return_inverse=True)
    if len(places) < 5:
        return 0.0, 0.0, 0.0
    every = np.arange(len(places))
    extent = ndimage.maximum(height, index, every) - ndimage.minimum(height, index, every) + step_mm
    front, middle, back = (float(np.median(part)) for part in np.array_split(extent[1:-1], 3))
    return front, middle, back
