"""The entry: a seed and a request become a CT with its truth."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.digital_patient.acquisition import Acquisition, blurred, centre_weight, noise, slices_of, streaks
from models.digital_patient.anatomy import Anatomy, PatientOptions, draw_anatomy, rasterise
from models.digital_patient.grid import Canvas, Floats, Picture, ScanGrid
from models.digital_patient.materials import Contrast, Tissues, draw_tissues
from models.digital_patient.scanner import Scanner, hu_volume, water_path_cm
from models.digital_patient.structures import Structure
from models.digital_patient.texture import add_texture
from models.digital_patient.truth import ScanTruth, shifted_grid, truths_of

THIN_SLICE_MM = 1.6
"""Slices further apart than this are averaged from thinner ones."""
LOWEST_HU, HIGHEST_HU = -1024, 3071
Report = Callable[[str, float], None]
"""Called with what is being done and the fraction done."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """Who is scanned, from where to where, and how. What is None is drawn from the seed."""

    cranial: str = "T1"
    """The scan begins above this vertebral body."""
    caudal: str = "L2"
    """The scan ends below this vertebral body."""
    margin_mm: float = 3.0
    """How far beyond those two bodies; negative cuts them."""
    margin_below_mm: float | None = None
    """The same for the lower end alone, where it differs."""
    age: float | None = None
    vbmd_mg_cm3: float | None = None
    """Mean of L1 and L2, K2HPO4 basis."""
    contrast: Contrast = "none"
    aim: Literal["trunk", "spine"] = "trunk"
    """What the field of view is centred on."""
    aim_off_mm: tuple[float, float] = (0.0, 0.0)
    """How far to the left of it and behind it the field of view lies."""
    patient: PatientOptions = field(default_factory=PatientOptions)
    scanner: Scanner = field(default_factory=Scanner)
    acquisition: Acquisition = field(default_factory=Acquisition)
    position_lps_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Where the scanner's coordinates put the centre of L1."""
    tissues: Tissues | None = None
    """The whole biology, where the caller has drawn it; age, density, contrast and lung are then its own."""
    exposure: int = 0
    """Another number is another scan of the same patient: nothing differs but noise and streaks."""

    def tissues_from(self, rng: np.random.Generator) -> Tissues:
        """The biology asked for, else one from the seed."""
        if self.tissues is not None:
            return self.tissues
        return draw_tissues(rng, self.age, self.vbmd_mg_cm3, self.contrast, self.patient.soft.lung)


@dataclass(frozen=True, slots=True)
class SimulatedScan:
    """A CT: HU (slice, row, column), affine (4, 4) from that index to LPS mm, and what is true of it."""

    hu: NDArray[np.int16]
    affine_lps: NDArray[np.float64]
    truth: ScanTruth


def simulate(seed: int, request: ScanRequest, report: Report = lambda _what, _fraction: None) -> SimulatedScan:
    """Anatomy, then materials, then HU, then the scanner; the same seed and request give the same bytes."""
    for_anatomy, for_tissues, for_noise, for_streaks = np.random.default_rng(seed).spawn(4)
    if request.exposure:
        for_noise, for_streaks = np.random.default_rng([seed, request.exposure]).spawn(2)
    anatomy = draw_anatomy(for_anatomy, request.patient)
    tissues = request.tissues_from(for_tissues)
    acquisition, scanner = request.acquisition, request.scanner

    grid = grid_of(anatomy, request)
    thin = grid.refined(thin_slices(acquisition))
    report("painting the anatomy", 0.0)
    canvas = rasterise(anatomy, thin, tissues.vbmd_mg_cm3)
    report("HU of its materials", 0.6)
    thin_paths = water_path_cm(anatomy, tissues, scanner, thin.along(0))
    ideal = hu_volume(canvas, tissues, scanner, thin_paths)
    add_texture(ideal, canvas, anatomy.detail_seed)
    shown = every(canvas, grid)
    paths = np.interp(grid.along(0), thin.along(0), thin_paths)
    report("slices, blur and noise", 0.8)
    hu = scanned(ideal, shown, acquisition, paths, (for_noise, for_streaks))
    facts = truths_of(shown, anatomy, tissues, scanner, paths)
    moved = request.position_lps_mm
    return SimulatedScan(
        hu=hu,
        affine_lps=shifted_grid(grid, moved).affine_lps,
        truth=ScanTruth(
            structures=shown.structures,
            vertebra=shown.vertebra,
            vertebrae=tuple(replace(each, centre_lps_mm=moved_by(each.centre_lps_mm, moved)) for each in facts),
            age=tissues.age,
            aortic_iodine_mg_ml=tissues.aortic_iodine_mg_ml,
            scanner=scanner,
            variant=anatomy.variant,
        ),
    )


def grid_of(anatomy: Anatomy, request: ScanRequest) -> ScanGrid:
    """The voxels that the request asks for, around this patient as he lies in the scanner."""
    acquisition, lying = request.acquisition, ScanGrid((1, 1, 1), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), anatomy.turn)
    top, bottom = anatomy.vertebra(request.cranial), anatomy.vertebra(request.caudal)
    below = request.margin_mm if request.margin_below_mm is None else request.margin_below_mm
    high = lying.in_scanner(top.centre)[2] + top.height_mm / 2 + request.margin_mm
    low = lying.in_scanner(bottom.centre)[2] - bottom.height_mm / 2 - below
    if high - low < acquisition.slice_interval_mm:
        msg = f"no slice lies between the top of {request.cranial} and the bottom of {request.caudal}"
        raise ValueError(msg)
    slices = int((high - low) / acquisition.slice_interval_mm)
    pixels = round(acquisition.field_of_view_mm / acquisition.pixel_mm)
    section = anatomy.frame.at((high + low) / 2)[0]
    aim_y = section.middle_y + 12 if request.aim == "trunk" else section.spine_y + 15
    aim_x = section.middle_x if request.aim == "trunk" else section.spine_x
    aim = lying.in_scanner(np.array([aim_x, aim_y, (high + low) / 2]))
    corner = -(pixels - 1) / 2 * acquisition.pixel_mm
    left, back = request.aim_off_mm
    return replace(
        lying,
        shape=(slices, pixels, pixels),
        spacing_mm=(acquisition.slice_interval_mm, acquisition.pixel_mm, acquisition.pixel_mm),
        first_lps_mm=(
            float(aim[0]) + left + corner,
            float(aim[1]) + back + corner,
            float(low) + acquisition.slice_interval_mm / 2,
        ),
    )


def thin_slices(acquisition: Acquisition) -> int:
    """How many thin slices are averaged into one: an odd number, so that the labels lie in the middle of the slice."""
    count = max(1, int(np.ceil(acquisition.slice_interval_mm / THIN_SLICE_MM - 0.3)))
    return count + 1 - count % 2


def every(canvas: Canvas, grid: ScanGrid) -> Canvas:
    """Labels at the middle of each slice of a grid, from those of its thin slices."""
    per_slice = canvas.grid.shape[0] // grid.shape[0]
    middle = slice(per_slice // 2, None, per_slice)
    return Canvas(grid, canvas.structures[middle], canvas.vertebra[middle], canvas.cortex[middle])


def scanned(
    ideal: Picture,
    shown: Canvas,
    acquisition: Acquisition,
    paths_cm: Floats,
    for_noise_and_streaks: tuple[np.random.Generator, np.random.Generator],
) -> NDArray[np.int16]:
    """What the scanner makes of the HU of thin slices: slices, blur, streaks, noise; `shown` has its labels."""
    for_noise, for_streaks = for_noise_and_streaks
    per_slice = len(ideal) // shown.grid.shape[0]
    thin = shown.grid.refined(per_slice)
    hu = blurred(slices_of(ideal, thin, acquisition.slice_thickness_mm, per_slice), acquisition)
    if acquisition.streaks:
        blood = np.isin(shown.structures, (Structure.AORTA, Structure.VEIN, Structure.HEART))
        hu += streaks(hu, blood, acquisition, for_streaks)
    if acquisition.noise_sd_hu > 0:
        hu += noise(shown.grid.shape, acquisition, paths_cm, for_noise) * centre_weight(shown.grid.shape)
    return np.clip(np.rint(hu), LOWEST_HU, HIGHEST_HU).astype(np.int16)


def moved_by(place: tuple[float, float, float], by: tuple[float, float, float]) -> tuple[float, float, float]:
    """A place, shifted."""
    return place[0] + by[0], place[1] + by[1], place[2] + by[2]
