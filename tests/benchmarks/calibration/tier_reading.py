"""What both tiers read in one slice of one patient: regions, slope, and the water path that goes with it."""

from dataclasses import asdict
from math import pi, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from models.digital_patient.anatomy import draw_anatomy
from models.digital_patient.attenuation import beam, modes_of
from models.digital_patient.composition import composition_of, solution
from models.digital_patient.grid import Canvas, Picture
from models.digital_patient.materials import Tissues, draw_tissues, trabecular
from models.digital_patient.palette import mode_maps, palette_of
from models.digital_patient.projected import BONE, NOT_BODY, Projector, slice_at
from models.digital_patient.projection import local_spectrum, rays_through, signal_of, water_paths_cm
from models.digital_patient.reconstruction import reconstruct
from models.digital_patient.scanner import Scanner, hu_volume, water_path_cm
from models.digital_patient.structures import LEVELS, Structure
from models.hu_calibration.slope_table import SlopeTable
from tests.benchmarks.calibration.tier_cases import TierCase

DEPTH_MM: Final = {"core": 6.0, "fat": 4.0, "muscle": 4.0, "blood": 4.0}
TISSUE: Final = {
    "fat": Structure.SUBCUTANEOUS_FAT,
    "muscle": Structure.PARASPINAL_MUSCLE,
    "blood": Structure.AORTA,
}
ADDED_MG_CM3 = 50.0
"""K2HPO4 laid into the whole body of the vertebra, as an insert of known density."""
NEIGHBOURS_MM = 30.0
"""Tier 2 smooths its water path over heights; it gets them."""
Mask = NDArray[np.bool_]


def read_case(case: TierCase, projector: Projector) -> dict[str, Any]:
    """One line of results."""
    for_anatomy, for_tissues, _, _ = np.random.default_rng(case.seed).spawn(4)
    anatomy = draw_anatomy(for_anatomy, case.request.patient)
    tissues = draw_tissues(for_tissues, case.request.age, case.vbmd_mg_cm3, "none")
    height = float(anatomy.vertebra(case.level).centre[2])
    canvas = slice_at(anatomy, tissues, height, projector)
    heights = height + np.array([-NEIGHBOURS_MM, 0.0, NEIGHBOURS_MM])
    scanner = Scanner(case.kvp, case.filtration)
    path_cm = float(water_path_cm(anatomy, tissues, scanner, heights)[1])
    regions = regions_of(canvas, case, projector.pixel_mm)
    drawn = hu_volume(canvas, tissues, scanner, np.array([path_cm]))[0]
    projected, facts = _project(case, canvas, tissues, projector, regions["core"])
    diameter_cm = water_equivalent_diameter_cm(projected, canvas, projector.pixel_mm)
    table = SlopeTable.load()
    seen_path_cm = path_of_slope(table, case, facts["slope_local"])
    lung = (canvas.structures[0] == Structure.LUNG).sum() / (~np.isin(canvas.structures[0], NOT_BODY)).sum()
    return {
        **asdict(case),
        "vbmd_level": tissues.vbmd_mg_cm3[case.level],
        "truth_mg_cm3": tissues.vbmd_mg_cm3[case.level] + float(_mineral(canvas)[regions["core"]].mean()),
        "lung_share": float(lung),
        "pixels": {name: int(mask.sum()) for name, mask in regions.items()},
        "projected_hu": {name: float(projected[mask].mean()) for name, mask in regions.items()},
        "drawn_hu": {name: float(drawn[mask].mean()) for name, mask in regions.items()},
        "water_equivalent_diameter_cm": diameter_cm,
        "drawn_path_cm": path_cm,
        "path_of_projected_slope_cm": seen_path_cm,
        "slope_drawn": scanner.slope_hu_per_mg_cm3(path_cm),
        **facts,
    }


def _project(
    case: TierCase, canvas: Canvas, tissues: Tissues, projector: Projector, core: Mask
) -> tuple[Picture, dict[str, float]]:
    """HU of the patient; slopes by an insert and by the spectrum of the rays; what bone of that truth reads there."""
    tube = beam(case.kvp, case.filtration)
    palette = palette_of(tissues, BONE[projector.bone])
    modes = modes_of(palette.constituents(canvas) + ["K2HPO4"] * (projector.bone == "HA"), tube)
    body = (canvas.structures[0] == Structure.BODY_TRABECULAR) & (canvas.vertebra[0] == _number(case))
    insert = modes.of(solution(ADDED_MG_CM3)) - modes.of(solution(0.0))
    rays = rays_through(mode_maps(canvas, palette, modes), projector.pixel_mm, projector.views)
    of_body = rays_through(body[None].astype(float), projector.pixel_mm, projector.views).integrals[0]
    pictures = []
    for integrals in (rays.integrals, rays.integrals + insert[:, None, None] * of_body):
        paths = water_paths_cm(signal_of(type(rays)(rays.angles_deg, integrals), modes, tube), tube)
        pictures.append(reconstruct(paths, rays.angles_deg, projector.pixel_mm, projector.kernel))
    local = local_spectrum(rays, modes, tube, *ndimage.center_of_mass(core))
    slope = local.added_hu(solution(1.0))
    bone = composition_of(trabecular(tissues, case.level), BONE[projector.bone])
    return pictures[0], {
        "slope_insert": float((pictures[1] - pictures[0])[core].mean()) / ADDED_MG_CM3,
        "slope_local": slope,
        "bone_reads_mg_cm3": local.added_hu(bone) / slope,
    }


def _number(case: TierCase) -> int:
    return LEVELS.index(case.level) + 1


def _mineral(canvas: Canvas) -> Picture:
    found: Picture = np.zeros(canvas.grid.shape[1:], np.float32)
    return found if canvas.mineral is None else canvas.mineral[0].astype(np.float32)


def regions_of(canvas: Canvas, case: TierCase, pixel_mm: float) -> dict[str, Mask]:
    """Pixels well inside the trabecular core, the fat under the skin, the muscle beside the spine, the aorta."""
    structures = canvas.structures[0]
    spongy = (structures == Structure.BODY_TRABECULAR) & (canvas.vertebra[0] == _number(case))
    masks = {"core": spongy, **{name: structures == structure for name, structure in TISSUE.items()}}
    return {
        name: ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1] * pixel_mm > DEPTH_MM[name]
        for name, mask in masks.items()
    }


def water_equivalent_diameter_cm(hu: Picture, canvas: Canvas, pixel_mm: float) -> float:
    """Of the body without the table."""
    body = ~np.isin(canvas.structures[0], NOT_BODY)
    return 2 * sqrt(float((hu[body] / 1000 + 1).sum()) * (pixel_mm / 10) ** 2 / pi)


def path_of_slope(table: SlopeTable, case: TierCase, slope: float) -> float:
    """The water path at which the table has this slope."""

    def off(path_cm: float) -> float:
        return table.slope_hu_per_mg_cm3(case.kvp, path_cm, case.filtration) - slope

    return float(optimize.brentq(off, 10.5, 49.5))
