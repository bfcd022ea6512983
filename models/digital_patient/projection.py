"""Parallel beams through one axial slice: line integrals, signal, noise, water path.

    I = sum_E S(E) A(E) exp(-sum_m f_m(E) P_m),   P_m = line integral of mode m

With photons, counts are drawn from a Poisson distribution of mean N I; then the logarithm, and the
water correction: each ray becomes the length of water that would let as much through.
No scatter, no bowtie filter, no fan or helix, no detector blur, no electronic noise.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from models.digital_patient.attenuation import Beam, Modes
from models.digital_patient.composition import Composition
from models.digital_patient.grid import Floats

RAYS_AT_ONCE = 8192
LONGEST_WATER_CM = 90.0
WATER_STEP_CM = 0.05
FEWEST_COUNTS = 1.0
"""A ray without a photon counts as one, before the logarithm."""


@dataclass(frozen=True, slots=True)
class Rays:
    """Line integrals of one slice."""

    angles_deg: Floats
    integrals: Floats
    """(mode, bin, view)."""


def rays_through(maps: Floats, pixel_mm: float, views: int) -> Rays:
    """Line integrals through maps (mode, row, column) in 1/cm; what lies outside the bins is not seen.

    Each pixel is shared between the two bins next to it, which is the transpose of how `iradon`
    reads them; all modes go through one sparse matrix for each view.
    """
    angles, size = np.arange(views) * 180.0 / views, maps.shape[1]
    middle = size // 2
    rows, columns = np.nonzero(maps.any(axis=0))
    values = maps[:, rows, columns].T * (pixel_mm / 10)
    integrals = np.zeros((len(maps), size, views))
    starts = np.arange(0, 2 * len(rows) + 1, 2)
    for view, turn in enumerate(np.radians(angles)):
        place = middle + (columns - middle) * np.cos(turn) - (rows - middle) * np.sin(turn)
        low = np.floor(place)
        share = place - low
        bins = np.stack([low, low + 1], axis=1).astype(np.int32) + 1
        weights = np.stack([1 - share, share], axis=1)
        seen = np.clip(bins, 0, size + 1)
        spread = sparse.csc_array((weights.ravel(), seen.ravel(), starts), shape=(size + 2, len(rows)))
        integrals[:, :, view] = (spread @ values)[1:-1].T
    return Rays(angles, integrals)


def signal_of(rays: Rays, modes: Modes, beam: Beam) -> Floats:
    """(bin, view): share of the unattenuated signal that arrives."""
    integrals = rays.integrals.reshape(len(rays.integrals), -1)
    arrived = np.ones(integrals.shape[1])
    through = np.flatnonzero(integrals.any(axis=0))
    for start in range(0, len(through), RAYS_AT_ONCE):
        some = through[start : start + RAYS_AT_ONCE]
        arrived[some] = np.exp(-(integrals[:, some].T @ modes.functions)) @ beam.signal
    found: Floats = arrived.reshape(rays.integrals.shape[1:])
    return found


def counted(signal: Floats, photons: float, rng: np.random.Generator) -> Floats:
    """The same with Poisson noise, for that many photons on a ray through air."""
    counts: Floats = np.maximum(rng.poisson(signal * photons), FEWEST_COUNTS) / photons
    return counts


def water_paths_cm(signal: Floats, beam: Beam) -> Floats:
    """Water that would let the same signal through; the usual water beam-hardening correction."""
    lengths = np.arange(-1.0, LONGEST_WATER_CM, WATER_STEP_CM)
    logarithms = -np.log(beam.behind_water(lengths).sum(axis=1))
    paths: Floats = np.interp(-np.log(signal), logarithms, lengths)
    return paths


@dataclass(frozen=True, slots=True)
class LocalSpectrum:
    """What rays through one place see, after the patient: one spectrum for each view."""

    beam: Beam
    weights: Floats
    """(view, energy), each row a sum of 1."""
    water: Floats
    """(view,): attenuation that the water correction assumes for one more cm, in 1/cm."""

    def added_hu(self, composition: Composition) -> float:
        """HU by which a small insert there differs from water in its place."""
        more = self.beam.attenuation(composition) - self.beam.mass_attenuation["water"]
        return 1000 * float((self.weights @ more / self.water).mean())


def local_spectrum(rays: Rays, modes: Modes, beam: Beam, row: float, column: float) -> LocalSpectrum:
    """The spectra of the rays that cross a place, and the slope of the water correction for each."""
    middle = rays.integrals.shape[1] // 2
    turn = np.radians(rays.angles_deg)
    bins = middle + (column - middle) * np.cos(turn) - (row - middle) * np.sin(turn)
    near = np.clip(np.rint(bins).astype(int), 0, rays.integrals.shape[1] - 1)
    through = rays.integrals[:, near, np.arange(len(turn))]
    weights = np.exp(-(through.T @ modes.functions)) * beam.signal
    arrived = weights.sum(axis=1)
    of_water = beam.behind_water(water_paths_cm(arrived, beam))
    water = of_water @ beam.mass_attenuation["water"] / of_water.sum(axis=1)
    return LocalSpectrum(beam, weights / arrived[:, None], water)
