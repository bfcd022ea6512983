"""What a material is made of: grams of each constituent in a cubic centimetre, and nothing of HU.

Two truths for spongy bone, so that its vBMD is well defined:

- `Solution`: K2HPO4 dissolved in water, as in a liquid phantom. The vBMD is exact at any spectrum.
- `Bone`: hydroxyapatite and collagen in red and yellow marrow. How much of it makes a given vBMD is
  solved so that QCT with a K2HPO4 phantom at 120 kVp reads that vBMD; at another spectrum the same
  bone reads a little differently, as it does on a real scanner.

Mass fractions: ICRU Report 46 (marrow), ICRU Report 44 and others in `models.hu_calibration.materials`;
collagen from its amino acids, 1.35 g/cm3, 0.35 g for each gram of mineral.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from models.digital_patient.materials import MARROW_FAT_AT_120_KVP, Material
from models.hu_calibration.materials import HYDROXYAPATITE, K2HPO4, MINERALS, TISSUES, WATER, Fractions

Composition = Mapping[str, float]
"""Constituent to g/cm3."""
Reading = Callable[[Composition], float]
"""K2HPO4 equivalent in mg/cm3 that a scanner of reference reads in a material."""

MARROW_G_CM3: Final = {"red marrow": 1.03, "yellow marrow": 0.98}
COLLAGEN_G_CM3, COLLAGEN_PER_MINERAL = 1.35, 0.35
TITANIUM: Final[Composition] = MappingProxyType({"titanium": 4.5})

CONSTITUENTS: Final[Mapping[str, Fractions]] = MappingProxyType(
    {
        "water": WATER,
        **{name: fractions for name, (fractions, _) in TISSUES.items()},
        "K2HPO4": K2HPO4,
        "HA": HYDROXYAPATITE,
        "collagen": {"H": 0.066, "C": 0.520, "N": 0.175, "O": 0.239},
        "red marrow": {"H": 0.105, "C": 0.414, "N": 0.034, "O": 0.439, "P": 0.001, "S": 0.002, "Cl": 0.002, "K": 0.002,
                       "Fe": 0.001},
        "yellow marrow": {"H": 0.115, "C": 0.644, "N": 0.007, "O": 0.231, "Na": 0.001, "S": 0.001, "Cl": 0.001},
        "iodine": {"I": 1.0},
        "titanium": {"Ti": 1.0},
    }
)  # fmt: skip


def combined(*parts: tuple[float, Composition]) -> Composition:
    """A weighted sum of compositions, without what there is none of."""
    total: dict[str, float] = {}
    for weight, part in parts:
        for name, density in part.items():
            total[name] = total.get(name, 0.0) + weight * density
    return {name: density for name, density in total.items() if density}


def solution(vbmd_mg_cm3: float) -> Composition:
    """K2HPO4 in water, which it displaces by its partial volume."""
    grams = vbmd_mg_cm3 / 1000
    return {"water": 1 - MINERALS["K2HPO4"][1] * grams, "K2HPO4": grams}


class BoneModel(Protocol):
    """How a density becomes matter; linear in the density."""

    def spongy(self, vbmd_mg_cm3: float, marrow_fat_percent: float) -> Composition:
        """Bone that reads this K2HPO4 equivalent at 120 kVp, marrow included."""


@dataclass(frozen=True, slots=True)
class Solution:
    """Bone as a liquid phantom: the equivalent is exact, marrow is water."""

    def spongy(self, vbmd_mg_cm3: float, marrow_fat_percent: float) -> Composition:  # noqa: ARG002 - counted in it
        """The solution of that density."""
        return solution(vbmd_mg_cm3)


@dataclass(frozen=True)
class Bone:
    """Hydroxyapatite, collagen and marrow, as much as makes the wanted reading."""

    reading: Reading

    def spongy(self, vbmd_mg_cm3: float, marrow_fat_percent: float) -> Composition:
        """Solve for the mineral: a reading is linear in the composition."""
        marrow = _marrow(marrow_fat_percent)
        empty = self.reading(marrow)
        step = combined((1, _mineralised(1.0, marrow)), (-1, marrow))
        grams = (vbmd_mg_cm3 - empty) / (self.reading(combined((1, marrow), (1, step))) - empty)
        return _mineralised(grams, marrow)


def _marrow(fat_percent: float) -> Composition:
    share = fat_percent / 100
    return {
        "red marrow": (1 - share) * MARROW_G_CM3["red marrow"],
        "yellow marrow": share * MARROW_G_CM3["yellow marrow"],
    }


def _mineralised(mineral_g_cm3: float, around: Composition) -> Composition:
    """Mineral with its collagen, in the room that it takes from what is around it."""
    collagen = COLLAGEN_PER_MINERAL * mineral_g_cm3
    taken = mineral_g_cm3 * MINERALS["HA"][1] + collagen / COLLAGEN_G_CM3
    return {**{name: (1 - taken) * density for name, density in around.items()}, "HA": mineral_g_cm3,
            "collagen": collagen}  # fmt: skip


def composition_of(material: Material, bone: BoneModel) -> Composition:
    """The constituents of a material."""
    iodine: Composition = {"iodine": material.iodine_mg_ml / 1000}
    if material.base == "air":
        return {}
    if material.base == "water":
        vbmd = material.mineral_mg_cm3 - MARROW_FAT_AT_120_KVP * material.marrow_fat_percent
        filled = bone.spongy(vbmd, material.marrow_fat_percent) if material.mineral_mg_cm3 else {"water": 1.0}
        return combined((material.density, filled), (1, iodine))
    own: Composition = {material.base: TISSUES[material.base][1] * material.density}
    fat: Composition = {"fat": TISSUES["fat"][1]}
    tissue = combined((1 - material.fat_share, own), (material.fat_share, fat))
    return combined((1, tissue), (material.mineral_mg_cm3, mineral_step(bone)), (1, iodine))


def mineral_step(bone: BoneModel) -> Composition:
    """What one more mg/cm3 of equivalent changes."""
    return combined((1, bone.spongy(1.0, 0.0)), (-1, bone.spongy(0.0, 0.0)))
