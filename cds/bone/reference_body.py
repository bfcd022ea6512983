"""How large vertebral bodies are, level by level, and how they grow from one to the next.

Means of Panjabi 1991 (Spine 16:888, T1-T12) and 1992 (Spine 17:299, L1-L5): width and depth of the
upper endplate, posterior height, of cadavers. Only proportions are taken from them: heights grow by
5.4 % a level from T9 to L1, as on CT (Palm 2025, 262 people: 6.6 % in women, 6.5 % in men).

How people differ in size, as a factor on these lengths:
    lumbar bodies of 87 patients (Clouthier 2023)  width 0.84-1.25, depth 0.83-1.19, height 0.98-1.34
    depth of L5 by sex on CT (Cook 2021, 196)      women 33.3 +- 2.6 mm, men 37.1 +- 3.2 mm: 0.81-1.25 within 2 SD
    cross-section of L3 (Framingham, Bouxsein 2014) men 20 % larger than women: 10 % a length
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi
from types import MappingProxyType
from typing import Final

from cds.bone.anatomy import VertebralLevel as Level


@dataclass(frozen=True, slots=True)
class ReferenceBody:
    """Mean size of one level, mm."""

    width_mm: float
    depth_mm: float
    height_mm: float

    @property
    def section_cm2(self) -> float:
        """Area of an ellipse of this width and depth."""
        return pi / 4 * self.width_mm * self.depth_mm / 100

    @property
    def volume_cm3(self) -> float:
        """Volume of the elliptic cylinder."""
        return self.section_cm2 * self.height_mm / 10


REFERENCE: Final[Mapping[Level, ReferenceBody]] = MappingProxyType(
    {
        Level.T7: ReferenceBody(27.8, 27.4, 18.2),
        Level.T8: ReferenceBody(29.5, 27.9, 18.7),
        Level.T9: ReferenceBody(30.6, 29.3, 19.3),
        Level.T10: ReferenceBody(31.9, 30.5, 20.2),
        Level.T11: ReferenceBody(34.9, 31.9, 21.3),
        Level.T12: ReferenceBody(39.0, 32.8, 22.7),
        Level.L1: ReferenceBody(41.2, 34.1, 23.8),
        Level.L2: ReferenceBody(42.6, 34.6, 24.3),
        Level.L3: ReferenceBody(44.1, 35.2, 23.8),
        Level.L4: ReferenceBody(46.6, 35.5, 24.1),
        Level.L5: ReferenceBody(47.3, 34.7, 22.9),
    }
)
