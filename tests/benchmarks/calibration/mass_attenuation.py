"""The mass-attenuation method (Michalski et al. 2020, Med Eng Phys 78:55), from its published description.

    1  for every energy, the line of the tissues' tabulated mu/rho on their measured HU; the effective energy is
       where it fits best (R2)
    2  at that energy mu/rho = a HU + b
    3  density of each tissue (HU / 1000 + 1) mu/rho_water / mu/rho_tissue, and its line on HU
    4  two components, K2HPO4 and triglyceride:
       mg/cm3 = 1000 rho(HU) (mu/rho(HU) - mu/rho_fat) / (mu/rho_K2HPO4 - mu/rho_fat)

It puts a linear attenuation (HU) on a line with a mass attenuation: air, of water's mu/rho at -1000 HU, turns it. Told
here as it is published, with the tabulated energies joined by straight lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import xraydb
from scipy import stats

from models.hu_calibration.materials import BLOOD, K2HPO4, MUSCLE, WATER, Fractions
from tests.benchmarks.calibration.agreement import Values

TABULATED_KEV: Final = (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 50, 60, 80, 100, 150, 200)
ENERGIES_KEV: Final = np.arange(1, 200.25, 0.5)
LEAST_TISSUES: Final = 3

# mass fractions: ICRU Report 44 (adipose, cortical bone), NIST (dry air), formula C55H98O6
ADIPOSE: Final = {"H": 0.114, "C": 0.598, "N": 0.007, "O": 0.278, "Na": 0.001, "S": 0.001, "Cl": 0.001}
AIR: Final = {"C": 0.000124, "N": 0.755268, "O": 0.231781, "Ar": 0.012827}
CORTEX: Final = {
    "H": 0.034,
    "C": 0.155,
    "N": 0.042,
    "O": 0.435,
    "Na": 0.001,
    "Mg": 0.002,
    "P": 0.103,
    "S": 0.003,
    "Ca": 0.225,
}
TRIGLYCERIDE: Final = {"H": 0.115485, "C": 0.772292, "O": 0.112223}

REFERENCES: Final[Mapping[str, Fractions]] = {
    "fat": ADIPOSE,
    "air": AIR,
    "blood": BLOOD,
    "cortex": CORTEX,
    "muscle": MUSCLE,
}
COMPONENTS: Final[Mapping[str, Fractions]] = {"water": WATER, "K2HPO4": K2HPO4, "triglyceride": TRIGLYCERIDE}


@cache
def _tables() -> Mapping[str, Values]:
    """mu/rho in cm2/g of every material at every energy, straight between the tabulated ones."""
    nodes = np.array(TABULATED_KEV, dtype=np.float64)
    return {
        name: np.interp(
            ENERGIES_KEV, nodes, sum(share * xraydb.mu_elam(element, nodes * 1000) for element, share in mix.items())
        )
        for name, mix in (*REFERENCES.items(), *COMPONENTS.items())
    }


@dataclass(frozen=True, slots=True)
class MassAttenuationFit:
    """The two lines of one scan; (slope, intercept) on HU."""

    energy_kev: float
    r_squared: float
    attenuation: tuple[float, float]
    """cm2/g."""
    density: tuple[float, float]
    """g/cm3."""

    def vbmd_mg_cm3(self, hu: float) -> float:
        """K2HPO4 of a mixture with triglyceride; quadratic in HU."""
        place = int(np.searchsorted(ENERGIES_KEV, self.energy_kev))
        mineral, fat = (_tables()[name][place] for name in ("K2HPO4", "triglyceride"))
        attenuation = self.attenuation[0] * hu + self.attenuation[1]
        density = self.density[0] * hu + self.density[1]
        return float(1000 * density * (attenuation - fat) / (mineral - fat))


def fitted(tissue_hu: Mapping[str, float]) -> MassAttenuationFit | None:
    """Fit to mean HU of some of `REFERENCES`; None with fewer than three of them."""
    if len(tissue_hu) < LEAST_TISSUES:
        return None
    hu = np.array(list(tissue_hu.values()))
    tables = _tables()
    attenuation = np.array([tables[name] for name in tissue_hu])
    place = int(np.argmax(_correlations(hu, attenuation) ** 2))
    own = attenuation[:, place]
    of_attenuation = stats.linregress(hu, own)
    of_density = stats.linregress(hu, (hu / 1000 + 1) * tables["water"][place] / own)
    return MassAttenuationFit(
        energy_kev=float(ENERGIES_KEV[place]),
        r_squared=float(of_attenuation.rvalue**2),
        attenuation=(float(of_attenuation.slope), float(of_attenuation.intercept)),
        density=(float(of_density.slope), float(of_density.intercept)),
    )


def _correlations(hu: Values, attenuation: Values) -> Values:
    """Of HU (tissue,) with mu/rho (tissue, energy), at every energy."""
    x = hu - hu.mean()
    y = attenuation - attenuation.mean(axis=0)
    found: Values = (x @ y) / np.sqrt((x @ x) * (y**2).sum(axis=0))
    return found
