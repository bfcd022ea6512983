"""Patients as chest and abdomen CT brings them: a seed becomes a request for `simulate`.

Usual things are usual and rare things rare; `FREQUENCY` says how rare.
"""

from typing import Final, Literal

import numpy as np

from models.digital_patient.anatomy import PatientOptions
from models.digital_patient.protocol import coarser, draw_acquisition, draw_extent, draw_scanner, pick
from models.digital_patient.simulate import ScanRequest
from models.digital_patient.structures import LEVELS

FREQUENCY: Final = {
    "fractures": 0.12,
    "rods and screws": 0.04,
    "cement": 0.03,
    "eleven pairs of ribs": 0.025,
    "thirteen pairs of ribs": 0.025,
    "severe obesity": 0.06,
    "density chosen evenly from 20 to 220": 0.35,
    "arms down": 0.12,
    "no table in the picture": 0.1,
    "marked kyphosis": 0.07,
    "marked scoliosis": 0.06,
}
"""Share of the patients."""
FRACTURE_WEIGHT: Final = {"T5": 1, "T6": 2, "T7": 4, "T8": 4, "T9": 2, "T10": 1, "T11": 3, "T12": 6, "L1": 7, "L2": 4,
                          "L3": 3, "L4": 2, "L5": 1}  # fmt: skip
"""Two peaks, at T7-T8 and at T12-L1."""


def draw_request(seed: int, *, pixel_mm: float | None = None) -> ScanRequest:
    """One scan of one patient; the same seed gives the same request.

    With `pixel_mm`, pixels of that size or larger and slices no closer: less to compute, and the
    noise that averaging would leave.
    """
    for_scan, for_patient, for_place = np.random.default_rng([seed, 2024]).spawn(3)
    extent = draw_extent(for_scan)
    scanner = draw_scanner(for_scan)
    fat = _fat_mm(for_patient)
    acquisition = draw_acquisition(for_scan, extent, fat)
    chosen = for_patient.uniform(20, 220)
    evenly = _happens(for_patient, "density chosen evenly from 20 to 220")
    return ScanRequest(
        cranial=extent.cranial,
        caudal=extent.caudal,
        margin_mm=extent.above_mm,
        margin_below_mm=extent.below_mm,
        age=float(np.clip(for_patient.normal(63, 14), 25, 95)),
        vbmd_mg_cm3=float(chosen) if evenly else None,
        contrast=extent.contrast,
        aim="spine" if extent.narrow else "trunk",
        aim_off_mm=_pair(for_place.normal(0, 6 if extent.narrow else 9, 2)),
        patient=_draw_patient(for_patient, fat),
        scanner=scanner,
        acquisition=acquisition if pixel_mm is None else coarser(acquisition, pixel_mm),
        position_lps_mm=(*_pair(for_place.normal(0, (15, 40))), float(for_place.uniform(-900, 900))),
    )


def _draw_patient(rng: np.random.Generator, fat_mm: float) -> PatientOptions:
    ribs = {11: "eleven pairs of ribs", 13: "thirteen pairs of ribs"}
    pairs: Literal[11, 12, 13] = pick(
        rng, ((11, FREQUENCY[ribs[11]]), (13, FREQUENCY[ribs[13]]), (12, 1 - FREQUENCY[ribs[11]] - FREQUENCY[ribs[13]]))
    )
    bent, curved = _happens(rng, "marked kyphosis"), _happens(rng, "marked scoliosis")
    kyphosis, scoliosis = rng.uniform(1.5, 2.2), rng.uniform(10, 24)
    return PatientOptions(
        scoliosis_deg=float(scoliosis) if curved else None,
        kyphosis=float(kyphosis) if bent else None,
        fat_mm=fat_mm,
        arms="down" if _happens(rng, "arms down") else "up",
        table=not _happens(rng, "no table in the picture"),
        rib_pairs=pairs,
        wedge_fractures=_fractures(rng),
        cement=_cemented(rng),
        rods=_instrumented(rng),
    )


def _happens(rng: np.random.Generator, what: str) -> bool:
    return bool(rng.random() < FREQUENCY[what])


def _fat_mm(rng: np.random.Generator) -> float:
    usual, severe = np.clip(rng.gamma(3.2, 6.0), 4, 50), rng.uniform(50, 85)
    return float(severe if _happens(rng, "severe obesity") else usual)


def _fractures(rng: np.random.Generator) -> dict[str, float]:
    count = int(rng.choice((1, 2, 3), p=(0.6, 0.27, 0.13)))
    weights = np.array(list(FRACTURE_WEIGHT.values()), float)
    levels = rng.choice(list(FRACTURE_WEIGHT), count, replace=False, p=weights / weights.sum())
    losses = rng.uniform(0.15, 0.5, count)
    if not _happens(rng, "fractures"):
        return {}
    return {str(level): float(loss) for level, loss in zip(levels, losses, strict=True)}


def _cemented(rng: np.random.Generator) -> tuple[str, ...]:
    count, top = int(rng.integers(1, 4)), int(rng.integers(LEVELS.index("T6"), LEVELS.index("L4")))
    return LEVELS[top : top + count] if _happens(rng, "cement") else ()


def _instrumented(rng: np.random.Generator) -> tuple[str, ...]:
    count, top = int(rng.integers(2, 7)), int(rng.integers(LEVELS.index("T3"), LEVELS.index("L4") + 1))
    return LEVELS[top : top + count] if _happens(rng, "rods and screws") else ()


def _pair(values: np.ndarray) -> tuple[float, float]:
    return float(values[0]), float(values[1])
