"""Compositions and constants of the slope tables, each with its source.

Mass fractions: ICRU Report 44 (muscle, blood), Woodard and White 1986 (adipose tissue 3),
chemical formulae (water, K2HPO4, hydroxyapatite, Gd2O2S).
"""

from collections.abc import Mapping
from types import MappingProxyType

Fractions = Mapping[str, float]
"""Element symbol to mass fraction."""


def _frozen(**fractions: float) -> Fractions:
    return MappingProxyType(fractions)


WATER = _frozen(H=0.111887, O=0.888113)
K2HPO4 = _frozen(H=0.005786, O=0.367425, P=0.177832, K=0.448957)
HYDROXYAPATITE = _frozen(H=0.002006, O=0.414064, P=0.184990, Ca=0.398940)
GD2O2S = _frozen(Gd=0.830784, O=0.084526, S=0.084690)

ADIPOSE_3 = _frozen(H=0.116, C=0.681, N=0.002, O=0.198, Na=0.001, S=0.001, Cl=0.001)
MUSCLE = _frozen(H=0.102, C=0.143, N=0.034, O=0.710, Na=0.001, P=0.002, S=0.003, Cl=0.001, K=0.004)
BLOOD = _frozen(H=0.102, C=0.110, N=0.033, O=0.745, Na=0.001, P=0.001, S=0.002, Cl=0.003, K=0.002, Fe=0.001)

TISSUES: Mapping[str, tuple[Fractions, float]] = MappingProxyType(
    {"fat": (ADIPOSE_3, 0.93), "muscle": (MUSCLE, 1.05), "blood": (BLOOD, 1.06)}
)
"""Tissue: composition and mass density in g/cm3."""

MINERALS: Mapping[str, tuple[Fractions, float]] = MappingProxyType(
    {"K2HPO4": (K2HPO4, 0.2174), "HA": (HYDROXYAPATITE, 1.0 / 3.16)}
)
"""Basis: composition and the water it displaces, in cm3 per gram of mineral.

0.2174 is the partial volume of K2HPO4 in solution (the figure of the Mindways phantom
equations); hydroxyapatite displaces its own solid volume at 3.16 g/cm3.
"""

FILTRATIONS: Mapping[str, tuple[tuple[str, float], ...]] = MappingProxyType(
    {
        "light": (("Al", 6.0),),
        "standard": (("Al", 4.0), ("Cu", 0.2)),
        "hard": (("Al", 6.0), ("Cu", 0.35)),
        "tin-0.4": (("Al", 4.0), ("Cu", 0.2), ("Sn", 0.4)),
        "tin-0.6": (("Al", 4.0), ("Cu", 0.2), ("Sn", 0.6)),
    }
)
"""Total filtration: element and thickness in mm. First half-value layers at 120 kVp: 6.6, 8.3 and 9.6 mm Al."""
