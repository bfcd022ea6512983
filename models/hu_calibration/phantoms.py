"""HU calibration phantoms by brand: on which scale their rods are stated, and what surrounds the mineral.

Mindways rods state two densities: K2HPO4 and water. The others state hydroxyapatite in a plastic
that stands for water. Serial numbers differ in their densities, so none are kept here: the rods'
own certificate counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from models.hu_calibration.slope_table import Basis


@dataclass(frozen=True, slots=True)
class Phantom:
    """What a brand says about its rods."""

    basis: Basis
    states_water: bool = False
    """Whether each rod has a water-equivalent density of its own beside the mineral."""


PHANTOMS: Final[Mapping[str, Phantom]] = MappingProxyType(
    {
        "mindways": Phantom("K2HPO4", states_water=True),
        "qrm": Phantom("HA"),
        "b-mas": Phantom("HA"),
        "image analysis": Phantom("HA"),
        "siemens": Phantom("HA"),
    }
)


def phantom_of(brand: str) -> Phantom | None:
    """The phantom whose brand begins the name, such as "Mindways Model 3"; None for one not known here."""
    name = " ".join(brand.lower().replace("_", " ").split())
    return next((phantom for known, phantom in PHANTOMS.items() if name.startswith(known)), None)
