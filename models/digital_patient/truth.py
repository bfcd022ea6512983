"""What is known about a simulated scan."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.digital_patient.anatomy import Anatomy
from models.digital_patient.grid import Canvas, ScanGrid
from models.digital_patient.materials import Tissues, trabecular
from models.digital_patient.numbering import Variant
from models.digital_patient.scanner import Scanner
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import BODY, LEVELS
from models.digital_patient.trabecular import LesionKind


@dataclass(frozen=True, slots=True)
class VertebraTruth:
    """One vertebra of which the scan shows at least some of the body."""

    level: str
    centre_lps_mm: tuple[float, float, float]
    vbmd_k2hpo4_mg_cm3: float
    """Trabecular, as QCT at 120 kVp reads it; iodine is not counted."""
    marrow_fat_percent: float
    core_hu: float
    """Of the trabecular core on this scanner without noise, iodine included."""
    slope_hu_per_mg_cm3: float
    water_path_cm: float
    height_mm: tuple[float, float, float]
    """Anterior, middle, posterior."""
    cut_by_border: bool
    cement_or_metal: bool
    fracture: Literal["wedge", "biconcave", "crush"] | None = None
    lesions: tuple[LesionKind, ...] = ()
    """Foci in the body; the density is that of the bone around them."""


@dataclass(frozen=True, slots=True)
class ScanTruth:
    """Labels on the voxels of the scan, and facts."""

    structures: NDArray[np.uint8]
    """(slice, row, column), values of `structures.Structure`."""
    vertebra: NDArray[np.uint8]
    """1 + index in `structures.LEVELS` for bone of a vertebra and for its ribs, else 0."""
    vertebrae: tuple[VertebraTruth, ...]
    """Cranial to caudal."""
    age: float
    aortic_iodine_mg_ml: float
    scanner: Scanner
    variant: Variant = field(default_factory=Variant)
    """How the skeleton is numbered."""

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the vertebral bodies in the scan."""
        return tuple(each.level for each in self.vertebrae)

    def of(self, level: str) -> VertebraTruth:
        """The facts of one level."""
        return next(each for each in self.vertebrae if each.level == level)

    def body_mask(self, level: str) -> NDArray[np.bool_]:
        """Voxels of the vertebral body, shell included, posterior elements not."""
        mask: NDArray[np.bool_] = (self.vertebra == LEVELS.index(level) + 1) & np.isin(self.structures, BODY)
        return mask


def truths_of(
    canvas: Canvas, anatomy: Anatomy, tissues: Tissues, scanner: Scanner, paths_cm: NDArray[np.float64]
) -> tuple[VertebraTruth, ...]:
    """Facts of every body that is at least partly inside the grid; places in the patient's own frame."""
    in_bodies = np.where(np.isin(canvas.structures, BODY), canvas.vertebra, 0)
    found = []
    for number in np.unique(in_bodies[in_bodies > 0]):
        level = LEVELS[number - 1]
        vertebra = anatomy.vertebra(level)
        path = float(np.interp(canvas.grid.in_scanner(vertebra.centre)[2], canvas.grid.along(0), paths_cm))
        found.append(
            VertebraTruth(
                level=level,
                centre_lps_mm=_triple(canvas.grid.in_scanner(vertebra.present_centre)),
                vbmd_k2hpo4_mg_cm3=tissues.vbmd_mg_cm3[level],
                marrow_fat_percent=tissues.marrow_fat_percent,
                core_hu=scanner.hu_of(trabecular(tissues, level), path),
                slope_hu_per_mg_cm3=scanner.slope_hu_per_mg_cm3(path),
                water_path_cm=path,
                height_mm=vertebra.heights_mm,
                cut_by_border=touches_border(in_bodies == number),
                cement_or_metal=level in anatomy.additions.cement or level in anatomy.additions.rods,
                fracture=fracture_of(vertebra),
                lesions=tuple(each.kind for each in anatomy.spongiosa[anatomy.vertebrae.index(vertebra)].lesions),
            )
        )
    return tuple(found)


def touches_border(mask: NDArray[np.bool_]) -> bool:
    """Whether a mask reaches the first or last voxel along any axis."""
    return any(bool(mask.take(end, axis).any()) for axis in range(3) for end in (0, -1))


def shifted_grid(grid: ScanGrid, by_lps_mm: tuple[float, float, float]) -> ScanGrid:
    """The same voxels, elsewhere in the scanner."""
    x, y, z = (start + step for start, step in zip(grid.first_lps_mm, by_lps_mm, strict=True))
    return replace(grid, first_lps_mm=(x, y, z))


def _triple(place: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(place[0]), float(place[1]), float(place[2])


def fracture_of(vertebra: Vertebra) -> Literal["wedge", "biconcave", "crush"] | None:
    """By where most height was lost."""
    anterior, middle, posterior = vertebra.anterior_loss, vertebra.middle_loss, vertebra.posterior_loss
    if not any((anterior, middle, posterior)):
        return None
    if posterior > 0.5 * anterior:
        return "crush" if posterior > 0.5 * middle else "biconcave"
    return "wedge" if anterior > middle else "biconcave"
