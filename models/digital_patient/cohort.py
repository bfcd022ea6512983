"""Patients as chest and abdomen CT brings them: a seed becomes a request for `simulate`.

Usual things are usual and rare things rare; `cohort_findings.FREQUENCY` says how rare.
"""

from typing import Final, get_args

import numpy as np

from models.digital_patient.anatomy import PatientOptions
from models.digital_patient.cohort_findings import (
    FREQUENCY,
    draw_fractures,
    draw_lesions,
    draw_soft,
    happens,
    pair,
    run_of_levels,
    some_levels,
)
from models.digital_patient.numbering import LowestRibs, Lumbosacral
from models.digital_patient.protocol import coarser, draw_acquisition, draw_extent, draw_scanner, pick
from models.digital_patient.simulate import ScanRequest

TURN_SD_DEG: Final = (1.5, 1.5, 3.5)
"""About the scanner's x, y and z axes."""


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
    evenly = happens(for_patient, "density chosen evenly from 20 to 220")
    return ScanRequest(
        cranial=extent.cranial,
        caudal=extent.caudal,
        margin_mm=extent.above_mm,
        margin_below_mm=extent.below_mm,
        age=float(np.clip(for_patient.normal(63, 14), 25, 95)),
        vbmd_mg_cm3=float(chosen) if evenly else None,
        contrast=extent.contrast,
        aim="spine" if extent.narrow else "trunk",
        aim_off_mm=pair(for_place.normal(0, 6 if extent.narrow else 9, 2)),
        patient=draw_patient(for_patient, fat),
        scanner=scanner,
        acquisition=acquisition if pixel_mm is None else coarser(acquisition, pixel_mm),
        position_lps_mm=(*pair(for_place.normal(0, (15, 40))), float(for_place.uniform(-900, 900))),
    )


def draw_patient(rng: np.random.Generator, fat_mm: float) -> PatientOptions:
    """Shape, numbering and findings of one patient with that much fat under the skin."""
    for_shape, for_number, for_bone, for_soft = rng.spawn(4)
    bent, curved = happens(for_shape, "marked kyphosis"), happens(for_shape, "marked scoliosis")
    kyphosis, scoliosis = for_shape.uniform((1.5, 10), (2.2, 24))
    sunken, barrel = for_shape.uniform((15, 1.08), (45, 1.22))
    turn = [float(each) for each in np.clip(for_shape.normal(0, TURN_SD_DEG), -10, 10)]
    wedged, biconcave, crushed = draw_fractures(for_bone)
    kind, number = _lumbosacral(for_number), for_number.random()
    pairs, last = _ribs(number)
    return PatientOptions(
        scoliosis_deg=float(scoliosis) if curved else None,
        kyphosis=float(kyphosis) if bent else None,
        fat_mm=fat_mm,
        arms="down" if happens(for_shape, "arms down") else "up",
        table=not happens(for_shape, "no table in the picture"),
        turn_deg=(turn[0], turn[1], turn[2]) if happens(for_shape, "turned on the table") else (0.0, 0.0, 0.0),
        rib_pairs=11 if pairs == 11 else 13 if pairs == 13 else 12,
        lowest_ribs=last,
        lumbosacral=kind,
        wedge_fractures=wedged,
        biconcave_fractures=biconcave,
        crush_fractures=crushed,
        nodes=some_levels(for_bone, "Schmorl nodes", "T6", 5),
        bridged=run_of_levels(for_bone, "bridges in front", "T5", (4, 9)),
        lesions=draw_lesions(for_bone),
        cement=run_of_levels(for_bone, "cement", "T6", (1, 4)),
        rods=run_of_levels(for_bone, "rods and screws", "T3", (2, 7)),
        sunken_mm=float(sunken) if happens(for_shape, "sunken sternum") else 0.0,
        barrel=float(barrel) if happens(for_shape, "barrel chest") else 1.0,
        soft=draw_soft(for_soft),
    )


def _fat_mm(rng: np.random.Generator) -> float:
    usual, severe = np.clip(rng.gamma(3.2, 6.0), 4, 50), rng.uniform(50, 85)
    return float(severe if happens(rng, "severe obesity") else usual)


def _lumbosacral(rng: np.random.Generator) -> Lumbosacral:
    names = {"four": "four lumbar vertebrae", "six": "six lumbar vertebrae"}
    rare = tuple((kind, FREQUENCY[names.get(kind, kind)]) for kind in get_args(Lumbosacral) if kind != "usual")
    return pick(rng, (*rare, ("usual", 1 - sum(share for _, share in rare))))


def _ribs(number: float) -> tuple[int, LowestRibs]:
    """Pairs of ribs and how the last ones are, for a number from 0 to 1."""
    cases: tuple[tuple[str, int, LowestRibs], ...] = (
        ("eleven pairs of ribs", 11, "usual"),
        ("thirteen pairs of ribs", 13, "usual"),
        ("rudimentary last ribs", 12, "rudimentary"),
        ("one last rib missing", 12, "one-sided"),
    )
    for name, pairs, last in cases:
        number -= FREQUENCY[name]
        if number < 0:
            return pairs, last
    return 12, "usual"
