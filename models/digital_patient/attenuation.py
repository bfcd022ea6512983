"""A beam, and how much of it each constituent takes away: few numbers for each, exact enough.

The attenuation of everything in a body, as a function of energy, is a sum of very few functions
(photoelectric, Compton, an absorption edge). `modes_of` finds them for the constituents at hand by a
singular value decomposition that weighs energies as they are seen behind 10 cm of water: two for an
unenhanced patient, three with iodine. So a projector needs two or three line integrals for each ray.

Spectrum, detector and mass attenuation are those of `models.hu_calibration.build_tables` (spekpy,
xraydb: not needed where a CT is measured). The slope tables themselves are not used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from models.digital_patient.composition import CONSTITUENTS, Composition, solution
from models.digital_patient.grid import Floats
from models.hu_calibration.build_tables import detected_spectrum, mass_attenuation
from models.hu_calibration.slope_table import Filtration

NEGLIGIBLE = 1e-8
"""Share of the detected signal in an energy bin that is left out."""
JOINED_BINS = 2
"""Bins of half a keV that become one: 1 keV tells no difference, and halves the work."""
MODE_PATH_CM = 10.0
LARGEST_MODE_ERROR = 3e-4
"""Of the signal-weighted attenuation of any constituent behind 0.5 to 40 cm of water."""
MODE_CHECK_CM = (0.5, 20.0, 40.0)
REFERENCE_KVP, REFERENCE_PATH_CM = 120.0, 28.0
"""Where the reading that defines the vBMD of bone is taken: QCT of an abdomen, standard filtration."""


@dataclass(frozen=True, slots=True)
class Beam:
    """The signal of a detector element by photon energy, without a patient, and what attenuates it."""

    signal: Floats
    """(energy,), sums to 1."""
    mass_attenuation: Mapping[str, Floats]
    """Constituent to mu/rho (energy,) in cm2/g."""

    def attenuation(self, composition: Composition) -> Floats:
        """Of a composition, (energy,) in 1/cm."""
        total = np.zeros_like(self.signal)
        for name, density in composition.items():
            total += density * self.mass_attenuation[name]
        return total

    def behind_water(self, path_cm: Floats) -> Floats:
        """(path, energy): what is left of the signal."""
        left: Floats = self.signal * np.exp(-np.outer(path_cm, self.mass_attenuation["water"]))
        return left

    def hu(self, composition: Composition, water_path_cm: float) -> float:
        """HU of a small insert at the middle of a water path, ideal water correction."""
        seen = self.behind_water(np.array([water_path_cm]))[0]
        return 1000 * (float(seen @ self.attenuation(composition) / (seen @ self.mass_attenuation["water"])) - 1)


@cache
def beam(kvp: float, filtration: Filtration) -> Beam:
    """The beam of a tube."""
    energy_kev, signal = detected_spectrum(kvp, filtration)
    seen = signal > NEGLIGIBLE * signal.sum()
    energy_kev, signal = energy_kev[seen], signal[seen] / signal[seen].sum()
    starts = np.arange(0, len(signal), JOINED_BINS)
    joined = np.add.reduceat(signal, starts)
    attenuation = {
        name: np.add.reduceat(signal * mass_attenuation(fractions, energy_kev), starts) / joined
        for name, fractions in CONSTITUENTS.items()
    }
    return Beam(joined, attenuation)


def reference_reading(composition: Composition) -> float:
    """K2HPO4 equivalent in mg/cm3 at 120 kVp behind 28 cm of water (a `composition.Reading`)."""
    return k2hpo4_equivalent(composition, beam(REFERENCE_KVP, "standard"), REFERENCE_PATH_CM)


def k2hpo4_equivalent(composition: Composition, seen_with: Beam, water_path_cm: float) -> float:
    """Density in mg/cm3 of the K2HPO4 solution that reads the same there."""
    step = seen_with.hu(solution(1.0), water_path_cm)
    return seen_with.hu(composition, water_path_cm) / step


@dataclass(frozen=True, slots=True)
class Modes:
    """Functions of energy, and how much of each a constituent has."""

    functions: Floats
    """(mode, energy), cm2/g."""
    shares: dict[str, Floats]
    """Constituent to (mode,)."""

    def of(self, composition: Composition) -> Floats:
        """(mode,): a composition's line density in 1/cm when multiplied by `functions`."""
        total = np.zeros(len(self.functions))
        for name, density in composition.items():
            total += density * self.shares[name]
        return total


def modes_of(names: Sequence[str], seen_with: Beam) -> Modes:
    """The fewest functions that describe these constituents well enough."""
    attenuation = np.array([seen_with.mass_attenuation[name] for name in names])
    weight = np.sqrt(seen_with.behind_water(np.array([MODE_PATH_CM]))[0])
    seen = seen_with.behind_water(np.array(MODE_CHECK_CM))
    left, sizes, right = np.linalg.svd(attenuation * weight, full_matrices=False)
    for count in range(1, len(sizes) + 1):
        shares, functions = left[:, :count] * sizes[:count], right[:count] / weight
        error = np.abs(seen @ (shares @ functions - attenuation).T / (seen @ attenuation.T)).max()
        if error < LARGEST_MODE_ERROR:
            break
    return Modes(functions, dict(zip(names, shares, strict=True)))
