"""Cylinders of water with rods in them, on grids small enough for a test."""

from functools import cache

import numpy as np
import pytest

from models.digital_patient.attenuation import beam, modes_of
from models.digital_patient.composition import solution
from models.digital_patient.projection import counted, local_spectrum, rays_through, signal_of, water_paths_cm
from models.digital_patient.reconstruction import reconstruct

PIXELS, PIXEL_MM, VIEWS = 121, 2.5, 121
MIDDLE = PIXELS // 2
ROD_MM = 20.0


def disc(radius_mm, row=MIDDLE, column=MIDDLE):
    """Share of each pixel that a disc fills, nearly."""
    y, x = np.indices((PIXELS, PIXELS))
    distance = np.hypot(y - row, x - column) * PIXEL_MM
    return np.clip((radius_mm - distance) / PIXEL_MM + 0.5, 0, 1)


@cache
def rays_of(kvp, filtration, radius_mm, rod_mg_cm3):
    """Rays through a cylinder of water with a rod of K2HPO4 solution in its middle, and their modes."""
    modes = modes_of(["water", "K2HPO4"], beam(kvp, filtration))
    rod = disc(ROD_MM)
    water, salt = modes.of({"water": 1.0}), modes.of(solution(rod_mg_cm3))
    maps = disc(radius_mm)[None] * water[:, None, None] + rod[None] * (salt - water)[:, None, None]
    return rays_through(maps, PIXEL_MM, VIEWS), modes


def scan(kvp, filtration, radius_mm, rod_mg_cm3=0.0, *, photons=None, seed=0):
    """HU of such a cylinder."""
    rays, modes = rays_of(kvp, filtration, radius_mm, rod_mg_cm3)
    tube = beam(kvp, filtration)
    signal = signal_of(rays, modes, tube)
    if photons:
        signal = counted(signal, photons, np.random.default_rng(seed))
    return reconstruct(water_paths_cm(signal, tube), rays.angles_deg, PIXEL_MM)


def inside(radius_mm):
    """Pixels well inside a centred disc."""
    return disc(radius_mm - 6) == 1


@pytest.mark.parametrize(("kvp", "filtration"), [(80.0, "light"), (120.0, "standard"), (140.0, "hard")])
@pytest.mark.parametrize("radius_mm", [80, 140])
def test_water_reads_zero_everywhere(kvp, filtration, radius_mm):
    """At any voltage and size, middle and rim alike: the water correction leaves no cupping."""
    hu = scan(kvp, filtration, radius_mm)

    assert hu[inside(30)].mean() == pytest.approx(0, abs=1)
    rim = inside(radius_mm - 4) & ~inside(radius_mm - 20)
    assert hu[rim].mean() == pytest.approx(0, abs=1.5)


@pytest.mark.parametrize("kvp", [80.0, 120.0])
@pytest.mark.parametrize("radius_mm", [90, 140])
def test_the_slope_is_that_of_the_local_spectrum(kvp, radius_mm):
    """Ten mg/cm3 of K2HPO4 add what the rays through the place say, to 1 %."""
    core = inside(ROD_MM)
    rays, modes = rays_of(kvp, "standard", radius_mm, 0)
    slope = local_spectrum(rays, modes, beam(kvp, "standard"), MIDDLE, MIDDLE).added_hu(solution(1.0))
    added = scan(kvp, "standard", radius_mm, 10)[core].mean() - scan(kvp, "standard", radius_mm)[core].mean()

    assert added / 10 == pytest.approx(slope, rel=0.01)


@pytest.mark.parametrize("kvp", [80.0, 120.0])
def test_dense_bone_hardens_its_own_beam(kvp):
    """Each further mg/cm3 in a rod of 4 cm reads a little less than the one before; 200 read 2 to 5 % less in all."""
    core = inside(ROD_MM)
    read = [scan(kvp, "standard", 140, mg)[core].mean() for mg in (0, 10, 100, 200)]
    slopes = [(hu - read[0]) / mg for hu, mg in zip(read[1:], (10, 100, 200), strict=True)]

    assert slopes == sorted(slopes, reverse=True)
    assert 0.95 < slopes[2] / slopes[0] < 0.98


def test_larger_patients_read_less():
    """Twelve centimetres more of water harden the beam: the same rod reads less."""
    core = inside(ROD_MM)
    small, large = (scan(120.0, "standard", radius, 100)[core].mean() for radius in (80, 140))

    assert 0.85 < large / small < 0.98


def test_noise_falls_with_the_root_of_dose():
    """Four times the photons halve it; nothing else changes."""
    core, clean = inside(60), scan(120.0, "standard", 100)
    noisy = [scan(120.0, "standard", 100, photons=photons)[core] - clean[core] for photons in (2e5, 8e5)]

    assert noisy[0].std() / noisy[1].std() == pytest.approx(2, rel=0.15)
    assert abs(noisy[1].mean()) < 1


def test_starved_rays_read_too_high():
    """Where hardly a photon arrives the logarithm is biased upwards, as on low-dose CT of large patients."""
    core, clean = inside(60), scan(100.0, "standard", 145)
    starved = np.mean([scan(100.0, "standard", 145, photons=4e3, seed=each)[core].mean() for each in range(4)])

    assert starved - clean[core].mean() > 3
