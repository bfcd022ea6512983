"""How CT of the trunk is made in practice: coverage, field of view, slices, dose, kernel, voltage.

The shares are chosen from what departments do, not counted in one.
"""

from dataclasses import dataclass, replace
from math import erf, exp, hypot, pi, sqrt
from typing import Literal, TypeVar

import numpy as np

from models.digital_patient.acquisition import Acquisition
from models.digital_patient.materials import Contrast
from models.digital_patient.scanner import Scanner
from models.digital_patient.structures import LEVELS
from models.hu_calibration.slope_table import Filtration

T = TypeVar("T")
Choices = tuple[tuple[str, float], ...]
"""A value and its weight, in pairs."""
Intervals = tuple[tuple[float, float], ...]
"""Distance between slices in mm and its weight, in pairs."""
Kind = Literal["chest", "screening", "chest-abdomen", "abdomen", "spine", "crop"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """One reason to scan: how often, from which body to which, with what contrast and how much noise."""

    share: float
    cranial: Choices
    caudal: Choices
    contrast: tuple[tuple[Contrast, float], ...]
    below_mm: tuple[float, float] = (-14.0, 18.0)
    """How far the scan goes on under its last body; negative cuts it."""
    narrow: float = 0.0
    """Share that is reconstructed around the spine only."""
    noise_hu: tuple[float, float] = (12.0, 0.45)
    """Median at a native pixel, and logarithmic spread."""


COVERAGES: dict[Kind, Coverage] = {
    "chest": Coverage(
        0.29,
        (("C6", 0.15), ("C7", 0.45), ("T1", 0.3), ("T2", 0.1)),
        (("T10", 0.07), ("T11", 0.16), ("T12", 0.27), ("L1", 0.3), ("L2", 0.2)),
        (("none", 0.45), ("arterial", 0.3), ("venous", 0.25)),
        narrow=0.04,
        noise_hu=(15.0, 0.45),
    ),
    "screening": Coverage(
        0.15,
        (("C7", 0.5), ("T1", 0.4), ("T2", 0.1)),
        (("T11", 0.2), ("T12", 0.35), ("L1", 0.35), ("L2", 0.1)),
        (("none", 1.0),),
        noise_hu=(38.0, 0.4),
    ),
    "chest-abdomen": Coverage(
        0.2,
        (("C6", 0.2), ("C7", 0.45), ("T1", 0.35)),
        (("L3", 0.15), ("L4", 0.1), ("L5", 0.75)),
        (("none", 0.12), ("arterial", 0.1), ("venous", 0.78)),
        below_mm=(-14.0, 110.0),
    ),
    "abdomen": Coverage(
        0.22,
        (("T8", 0.15), ("T9", 0.35), ("T10", 0.35), ("T11", 0.15)),
        (("L3", 0.1), ("L4", 0.15), ("L5", 0.75)),
        (("none", 0.3), ("arterial", 0.13), ("venous", 0.57)),
        below_mm=(-14.0, 110.0),
    ),
    "spine": Coverage(
        0.06,
        (("T8", 0.2), ("T10", 0.3), ("T11", 0.3), ("T12", 0.2)),
        (("L2", 0.15), ("L4", 0.15), ("L5", 0.7)),
        (("none", 0.9), ("venous", 0.1)),
        below_mm=(-10.0, 60.0),
        narrow=0.8,
        noise_hu=(22.0, 0.4),
    ),
    "crop": Coverage(
        0.08,
        tuple((level, 1.0) for level in LEVELS[LEVELS.index("T3") : LEVELS.index("L4")]),
        tuple((str(levels), 1.0) for levels in range(2, 7)),
        (("none", 0.5), ("arterial", 0.2), ("venous", 0.3)),
        narrow=0.35,
        noise_hu=(18.0, 0.5),
    ),
}
KVP = ((120.0, 0.56), (100.0, 0.2), (140.0, 0.1), (130.0, 0.06), (110.0, 0.04), (80.0, 0.04))
FILTRATIONS: tuple[tuple[Filtration, float], ...] = (("standard", 0.8), ("light", 0.1), ("hard", 0.1))
INTERVAL_MM: Intervals = (
    (1.0, 0.17),
    (1.25, 0.13),
    (1.5, 0.1),
    (2.0, 0.12),
    (2.5, 0.13),
    (3.0, 0.13),
    (4.0, 0.04),
    (5.0, 0.18),
)
KERNELS = (
    ((1.9, 0.0, 0.17), 0.25),
    ((1.5, 0.0, 0.24), 0.4),
    ((1.2, 0.5, 0.34), 0.25),
    ((0.9, 1.3, 0.5), 0.1),
)
"""Point spread in mm, edge enhancement and peak of the noise power per mm: smooth, standard, sharp, bone or lung."""
NATIVE_PIXEL_MM = 0.8


def pick(rng: np.random.Generator, choices: tuple[tuple[T, float], ...]) -> T:
    """One value by its weight; always one draw."""
    weights = np.cumsum([weight for _, weight in choices])
    return choices[int(np.searchsorted(weights, rng.random() * weights[-1], side="right"))][0]


@dataclass(frozen=True, slots=True)
class Extent:
    """What a scan covers and why."""

    kind: Kind
    cranial: str
    caudal: str
    above_mm: float
    below_mm: float
    contrast: Contrast
    narrow: bool


def draw_extent(rng: np.random.Generator) -> Extent:
    """A reason to scan, and the bodies where it begins and ends."""
    kind: Kind = pick(rng, tuple((name, each.share) for name, each in COVERAGES.items()))
    coverage = COVERAGES[kind]
    cranial, caudal = pick(rng, coverage.cranial), pick(rng, coverage.caudal)
    if kind == "crop":
        caudal = LEVELS[min(LEVELS.index(cranial) + int(caudal) - 1, len(LEVELS) - 1)]
    contrast: Contrast = pick(rng, coverage.contrast)
    narrow = rng.random() < coverage.narrow
    return Extent(kind, cranial, caudal, rng.uniform(-14, 18), rng.uniform(*coverage.below_mm), contrast, narrow)


def draw_acquisition(
    rng: np.random.Generator, extent: Extent, fat_mm: float, intervals_mm: Intervals = INTERVAL_MM
) -> Acquisition:
    """Field of view, slices, kernel and noise as they are reconstructed at full resolution."""
    trunk = np.clip(rng.normal(345, 22) + 2.2 * (fat_mm - 18), 300, 500)
    field = rng.uniform(120, 200) if extent.narrow else trunk
    interval = pick(rng, intervals_mm)
    thickness = min(interval * (rng.uniform(1.2, 2.0) if rng.random() < 0.25 else 1.0), 6.0)
    (psf, enhancement, peak), spread = pick(rng, KERNELS), np.exp(rng.normal(0, 0.1, 3))
    median, deviation = COVERAGES[extent.kind].noise_hu
    thin = sqrt(2.5 / np.clip(thickness, 0.8, 5)) * (peak / 0.24) ** 0.7
    noise = np.clip(median * thin * np.exp(rng.normal(0, deviation)), 4, 130)
    return Acquisition(
        pixel_mm=float(field / round(field / NATIVE_PIXEL_MM)),
        field_of_view_mm=float(field),
        slice_interval_mm=interval,
        slice_thickness_mm=float(thickness),
        psf_fwhm_mm=float(psf * spread[0]),
        edge_enhancement=float(enhancement * spread[1]),
        noise_sd_hu=float(noise),
        noise_peak_per_mm=float(peak * spread[2]),
    )


def draw_scanner(rng: np.random.Generator) -> Scanner:
    """Voltage, filter and how far this scanner is from the table."""
    slope, offset = rng.normal(0, (0.06, 3.0))
    return Scanner(
        kvp=pick(rng, KVP),
        filtration=pick(rng, FILTRATIONS),
        offset_hu=float(np.clip(offset, -10, 10)),
        slope_deviation=float(np.clip(slope, -0.2, 0.2)),
    )


def coarser(acquisition: Acquisition, pixel_mm: float) -> Acquisition:
    """The same reconstruction in larger voxels: less noise, softer edges; slices no closer than pixels."""
    if pixel_mm <= acquisition.pixel_mm:
        return acquisition
    pixels = max(1, round(acquisition.field_of_view_mm / pixel_mm))
    interval = max(acquisition.slice_interval_mm, pixel_mm)
    gathered = interval / acquisition.slice_interval_mm
    seen = 0.5 / pixel_mm / acquisition.noise_peak_per_mm
    kept = erf(seen) - 2 / sqrt(pi) * seen * exp(-(seen**2))
    return replace(
        acquisition,
        pixel_mm=pixel_mm,
        field_of_view_mm=pixels * pixel_mm,
        slice_interval_mm=interval,
        slice_thickness_mm=max(acquisition.slice_thickness_mm, interval),
        psf_fwhm_mm=hypot(acquisition.psf_fwhm_mm, 0.8 * pixel_mm),
        noise_sd_hu=acquisition.noise_sd_hu * sqrt(kept / gathered),
    )
