"""Builds `slope_tables.json`: python -m models.hu_calibration.build_tables [OUT].

The CT number of a small insert m on a water path of D cm, with ideal water correction, is

    HU = 1000 (rho_m <mu/rho>_m / <mu>_w - 1),   <x> = sum w(E) x(E) / sum w(E),
    w(E) = S(E) A(E) exp(-mu_w(E) D)

S: tungsten spectrum (spekpy, casim model, 8 degree anode) behind the filtration.
A: energy absorbed in 1.4 mm Gd2O2S: (1 - exp(-mu t)) E mu_en/mu, K fluorescence leaving its pixel.
mu/rho: xraydb (Elam), which interpolates log-log between the absorption edges.

The slope of a mineral follows: s = <mu/rho>_mineral / <mu/rho>_w - displaced water, in HU per
mg/cm3. xraydb and spekpy are needed here only, never where a CT is measured.
"""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import product
from pathlib import Path

import numpy as np
import spekpy
import xraydb
from numpy.typing import NDArray

from models.hu_calibration.materials import FILTRATIONS, GD2O2S, MINERALS, TISSUES, WATER, Fractions
from models.hu_calibration.slope_table import TABLE_FILE, numbers_sha256

KVP = tuple(range(70, 151, 5))
WATER_PATH_CM = tuple(range(10, 51, 2))

ANODE_ANGLE_DEG = 8.0
BIN_KEV = 0.5
SCINTILLATOR_CM = 0.14
SCINTILLATOR_G_CM3 = 7.34
ELECTRON_REST_KEV = 511.0

Spectrum = NDArray[np.float64]
"""One value per energy bin."""


def mass_attenuation(material: Fractions, energy_kev: Spectrum, kind: str = "total") -> Spectrum:
    """mu/rho in cm2/g of a mixture."""
    parts = [share * xraydb.mu_elam(element, energy_kev * 1000, kind=kind) for element, share in material.items()]
    total: Spectrum = np.sum(parts, axis=0)
    return total


def compton_recoil_fraction(energy_kev: Spectrum) -> Spectrum:
    """Mean share of the photon's energy that a free electron takes (Klein-Nishina)."""
    cosine = np.linspace(-1, 1, 401)[:, None]
    kept = 1 / (1 + energy_kev / ELECTRON_REST_KEV * (1 - cosine))
    scattered = kept**2 * (kept + 1 / kept - 1 + cosine**2)
    recoil: Spectrum = (scattered * (1 - kept)).sum(axis=0) / scattered.sum(axis=0)
    return recoil


def absorbed_energy(energy_kev: Spectrum) -> Spectrum:
    """Mean energy in keV that one incident photon leaves in the scintillator (A above)."""
    total = mass_attenuation(GD2O2S, energy_kev)
    photo = mass_attenuation(GD2O2S, energy_kev, "photo")
    compton = mass_attenuation(GD2O2S, energy_kev, "incoh")
    gadolinium = GD2O2S["Gd"] * xraydb.mu_elam("Gd", energy_kev * 1000, kind="photo")
    edge = xraydb.xray_edge("Gd", "K")
    lines = xraydb.xray_lines("Gd", "K").values()
    line_kev = sum(x.energy * x.intensity for x in lines) / sum(x.intensity for x in lines) / 1000
    escaping_kev = (1 - 1 / edge.jump_ratio) * edge.fyield * line_kev * (energy_kev > edge.energy / 1000)
    kept = photo * energy_kev - gadolinium * escaping_kev + compton * energy_kev * compton_recoil_fraction(energy_kev)
    absorbed: Spectrum = (1 - np.exp(-total * SCINTILLATOR_G_CM3 * SCINTILLATOR_CM)) * kept / total
    return absorbed


def detected_spectrum(kvp: float, filtration: str) -> tuple[Spectrum, Spectrum]:
    """Energies in keV, and S(E) A(E) without a patient."""
    tube = spekpy.Spek(kvp=kvp, th=ANODE_ANGLE_DEG, dk=BIN_KEV, physics="casim")
    tube.multi_filter(list(FILTRATIONS[filtration]))
    energy_kev, fluence = tube.get_spectrum()
    return energy_kev, fluence * absorbed_energy(energy_kev)


def ratios_to_water(kvp: float, filtration: str) -> dict[str, Spectrum]:
    """<mu/rho> of every mineral and tissue over <mu/rho> of water, one value per water path."""
    energy_kev, detected = detected_spectrum(kvp, filtration)
    water = mass_attenuation(WATER, energy_kev)
    weights = detected * np.exp(-np.outer(WATER_PATH_CM, water))
    materials = {name: composition for name, (composition, _) in (*MINERALS.items(), *TISSUES.items())}
    return {
        name: (weights @ mass_attenuation(material, energy_kev)) / (weights @ water)
        for name, material in materials.items()
    }


def build() -> dict[str, object]:
    """Compute the whole document, provenance and checksum included."""
    slopes: dict[str, dict[str, list[list[float]]]] = {basis: {f: [] for f in FILTRATIONS} for basis in MINERALS}
    tissue_hu: dict[str, dict[str, list[list[float]]]] = {tissue: {f: [] for f in FILTRATIONS} for tissue in TISSUES}
    for filtration, kvp in product(FILTRATIONS, KVP):
        ratio = ratios_to_water(kvp, filtration)
        for basis, (_, displaced) in MINERALS.items():
            slopes[basis][filtration].append([round(float(r - displaced), 5) for r in ratio[basis]])
        for tissue, (_, density) in TISSUES.items():
            tissue_hu[tissue][filtration].append([round(float(1000 * (density * r - 1)), 2) for r in ratio[tissue]])
    numbers: dict[str, object] = {
        "kvp": KVP,
        "water_path_cm": WATER_PATH_CM,
        "slope_hu_per_mg_cm3": slopes,
        "tissue_hu": tissue_hu,
    }
    provenance = {
        "script": "models/hu_calibration/build_tables.py",
        "built": datetime.now(UTC).date().isoformat(),
        "libraries": {name: version(name) for name in ("numpy", "spekpy", "xraydb")},
        "formula": "s = <mu/rho>_mineral / <mu/rho>_w - displaced; w(E) = S(E) A(E) exp(-mu_w(E) D)",
        "spectrum": f"spekpy casim, tungsten, {ANODE_ANGLE_DEG:g} degrees, {BIN_KEV:g} keV bins",
        "detector": "energy absorbed in 1.4 mm Gd2O2S (7.34 g/cm3), K fluorescence lost",
        "attenuation": "xraydb, tables of Elam, Ravel and Sieber (2002)",
        "filtration_mm": {name: dict(layers) for name, layers in FILTRATIONS.items()},
        "tissues": "ICRU 44 muscle 1.05 and blood 1.06 g/cm3; Woodard and White adipose tissue 3, 0.93 g/cm3",
    }
    return {"schema_version": 1, "provenance": provenance, **numbers, "sha256": numbers_sha256(numbers)}


def main(arguments: Sequence[str]) -> None:
    """Write the tables where asked, by default beside this file."""
    target = Path(arguments[0]) if arguments else Path(__file__).with_name(TABLE_FILE)
    document = build()
    target.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
