"""From materials to HU: tube voltage, filtration and the water that the beam has crossed.

Slopes and tissue values come from `models.hu_calibration`, which is what the calibration uses too:
agreement between the two proves arithmetic, not physics.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter1d

from models.digital_patient.anatomy import Anatomy, rasterise
from models.digital_patient.grid import Canvas, Floats, Picture, ScanGrid
from models.digital_patient.materials import Material, Tissues, compact, materials_of, trabecular
from models.digital_patient.structures import LEVELS, Structure
from models.hu_calibration.slope_table import Filtration, SlopeTable

KVP_NODES = (80.0, 100.0, 110.0, 120.0, 130.0, 140.0)
IODINE_HU_PER_MG_ML = (43.0, 31.3, 27.5, 24.6, 22.2, 20.3)
MARROW_FAT_NODES = (0.40, 0.43, 0.44, 0.45, 0.46, 0.47)
"""mg/cm3 K2HPO4 that one percent of marrow fat takes, by kVp."""
PERIPHERAL_PATH_CM = 10.0
"""Fat under the skin is seen by a beam that is hardly hardened."""
NOMINAL_PATH_CM = 28.0
EXTRA_PATH_CM = (4.0, 2.0)
"""Water path beyond the water-equivalent diameter: without lung, and where lung fills 45 % of the slice."""
LUNG_FULL_SHARE = 0.45
PATH_LIMITS_CM = (12.0, 48.0)
SURVEY_GRID_MM = (12.0, 6.0, 6.0)
SMOOTH_PATH_MM = 24.0
PATH_STEP_CM = 0.5
"""HU between water paths this far apart are interpolated."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """Tube and its errors."""

    kvp: float = 120.0
    filtration: Filtration = "standard"
    offset_hu: float = 0.0
    """What water reads."""
    slope_deviation: float = 0.0
    """Relative difference of this scanner's mineral slope from the table; an unknown one has an SD of 0.08."""
    hardness: float = 0.0
    """A beam between the named filtrations: 1 shifts slope and tissues by half of what lies from light to hard."""

    def slope_hu_per_mg_cm3(self, water_path_cm: float) -> float:
        """HU that 1 mg/cm3 K2HPO4 makes on this scanner."""

        def of(filtration: Filtration) -> float:
            return _table().slope_hu_per_mg_cm3(self.kvp, water_path_cm, filtration)

        return self._hardened(of) * (1 + self.slope_deviation)

    def hu_of(self, material: Material, water_path_cm: float) -> float:
        """HU of a voxel filled by a material."""
        matter = (1 - material.fat_share) * self._base_hu(material.base, material.density, water_path_cm)
        matter += material.fat_share * self._base_hu("fat", 1.0, water_path_cm)
        fat_effect = float(np.interp(self.kvp, KVP_NODES, MARROW_FAT_NODES)) * material.marrow_fat_percent
        mineral = self.slope_hu_per_mg_cm3(water_path_cm) * (material.mineral_mg_cm3 - fat_effect)
        iodine = float(np.interp(self.kvp, KVP_NODES, IODINE_HU_PER_MG_ML)) * material.iodine_mg_ml
        return matter + mineral + iodine + self.offset_hu

    def _base_hu(self, base: str, density: float, water_path_cm: float) -> float:
        if base == "air":
            return -1000.0
        if base == "water":
            return 1000.0 * (density - 1)

        def of(filtration: Filtration) -> float:
            return _table().tissue_hu(base, self.kvp, water_path_cm, filtration)  # type: ignore[arg-type]

        return (1000.0 + self._hardened(of)) * density - 1000.0

    def _hardened(self, of: Callable[[Filtration], float]) -> float:
        """What the table has for the filtration, shifted by hardness."""
        return of(self.filtration) + (self.hardness * (of("hard") - of("light")) / 2 if self.hardness else 0.0)


@cache
def _table() -> SlopeTable:
    return SlopeTable.load()


def water_path_cm(anatomy: Anatomy, tissues: Tissues, scanner: Scanner, z_mm: Floats) -> Floats:
    """Water path at heights, from a coarse survey of the whole trunk: a small field of view changes nothing."""
    low, high = float(z_mm.min()) - 40, float(z_mm.max()) + 40
    step_z, step_y, step_x = SURVEY_GRID_MM
    shape = (int((high - low) / step_z) + 1, int(460 / step_y), int(620 / step_x))
    middle = anatomy.frame.at(anatomy.frame.height_of("T10"))[0].middle_y
    return path_through(
        rasterise(anatomy, ScanGrid(shape, SURVEY_GRID_MM, (-310.0, middle - 230, low)), in_detail=False),
        tissues,
        scanner,
        z_mm,
    )


def path_through(canvas: Canvas, tissues: Tissues, scanner: Scanner, z_mm: Floats) -> Floats:
    """Water path at heights through whole cross sections painted on a coarse canvas."""
    _, step_y, step_x = canvas.grid.spacing_mm
    table = np.array([scanner.hu_of(material, NOMINAL_PATH_CM) for material in _in_order(tissues)])
    outside = np.isin(canvas.structures, (Structure.AIR, Structure.TABLE))
    water = np.where(outside, 0.0, 1 + table[canvas.structures] / 1000).sum(axis=(1, 2)) * step_y * step_x / 100
    area = (~outside).sum(axis=(1, 2)) * step_y * step_x / 100
    lung = (canvas.structures == Structure.LUNG).sum(axis=(1, 2)) * step_y * step_x / 100
    share = np.clip(lung / np.maximum(area, 1) / LUNG_FULL_SHARE, 0, 1)
    path = 2 * np.sqrt(water / np.pi) + EXTRA_PATH_CM[0] + (EXTRA_PATH_CM[1] - EXTRA_PATH_CM[0]) * share
    smooth = gaussian_filter1d(
        np.clip(path, *PATH_LIMITS_CM), SMOOTH_PATH_MM / canvas.grid.spacing_mm[0], mode="nearest"
    )
    found: Floats = np.interp(z_mm, canvas.grid.along(0), smooth)
    return found


def hu_volume(canvas: Canvas, tissues: Tissues, scanner: Scanner, paths_cm: Floats) -> Picture:
    """HU (slice, row, column) as float32 before any blur or noise; one water path for each slice."""
    hu = np.empty(canvas.grid.shape, np.float32)
    nodes = np.linspace(paths_cm.min(), paths_cm.max(), 2 + int(np.ptp(paths_cm) / PATH_STEP_CM))
    soft, spongy, dense = (np.array(each) for each in zip(*(_hu_at(tissues, scanner, p) for p in nodes), strict=True))
    for index, path in enumerate(paths_cm):
        picture = _between(soft, nodes, path)[canvas.structures[index]]
        slope = np.float32(scanner.slope_hu_per_mg_cm3(float(path)))
        _spongy_bone(picture, canvas, index, _between(spongy, nodes, path), slope)
        cortex = canvas.cortex[index].astype(np.float32)
        picture += cortex * (_between(dense, nodes, path) - picture)
        hu[index] = picture
    return hu


def _hu_at(tissues: Tissues, scanner: Scanner, path_cm: float) -> tuple[list[float], list[float], float]:
    """HU at one water path: of every structure, of the core of every level after a 0, of compact bone."""
    materials = _in_order(tissues)
    soft = [scanner.hu_of(material, path_cm) for material in materials]
    soft[Structure.SUBCUTANEOUS_FAT] = scanner.hu_of(materials[Structure.SUBCUTANEOUS_FAT], PERIPHERAL_PATH_CM)
    spongy = [0.0, *(scanner.hu_of(trabecular(tissues, level), path_cm) for level in LEVELS)]
    return soft, spongy, scanner.hu_of(compact(), path_cm)


def _between(values: Floats, nodes: Floats, path_cm: float) -> Picture:
    """Values (node, ...) at a water path between two nodes."""
    place = np.clip((path_cm - nodes[0]) / max(nodes[-1] - nodes[0], 1e-9) * (len(nodes) - 1), 0, len(nodes) - 1)
    low = min(int(place), len(nodes) - 2)
    found: Picture = (values[low] + (place - low) * (values[low + 1] - values[low])).astype(np.float32)
    return found


def _spongy_bone(picture: Picture, canvas: Canvas, index: int, table: Picture, slope: np.float32) -> None:
    own = canvas.vertebra[index]
    bodies = np.isin(canvas.structures[index], (Structure.BODY_TRABECULAR, Structure.BODY_CORTEX)) & (own > 0)
    picture[bodies] = table[own[bodies]]
    if canvas.mineral is not None:
        picture[bodies] += slope * canvas.mineral[index][bodies]


def _in_order(tissues: Tissues) -> list[Material]:
    materials = materials_of(tissues)
    return [materials[structure] for structure in sorted(Structure)]
