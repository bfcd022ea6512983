"""TotalSegmentator's numbers (version 2) in the words of the digital patient.

The map that comes with LIDC-IDRI-0001 differs from version 2 only at 117 and 118; both mean cartilage here.
"""

from collections.abc import Mapping

from models.digital_patient.structures import LEVELS, Structure

S = Structure
VERTEBRA: Mapping[int, str] = dict(zip(range(46, 26, -1), LEVELS[: LEVELS.index("L5") + 1], strict=True))
"""C5 is 46 and L5 is 27; the vertebrae above C5 have no name in the digital patient."""
UNNAMED_VERTEBRAE = (47, 48, 49, 50)
RIB: Mapping[int, str] = {first + number: f"T{number}" for first in (91, 103) for number in range(1, 13)}
BONES: Mapping[int, Structure] = {
    25: S.SACRUM,
    26: S.SACRUM,
    77: S.HIP,
    78: S.HIP,
    91: S.ARM_BONE,
    116: S.STERNUM,
    **dict.fromkeys(range(69, 77), S.ARM_BONE),
    **dict.fromkeys(RIB, S.RIB),
    **dict.fromkeys(UNNAMED_VERTEBRAE, S.POSTERIOR_ELEMENTS),
}
"""Bones that are no named vertebra. Arms, shoulders and thighs are one structure."""
SOFT: Mapping[Structure, tuple[int, ...]] = {
    S.SPLEEN: (1,),
    S.KIDNEY: (2, 3),
    S.LIVER: (5,),
    S.BOWEL: (4, 6, 7, 8, 9, 15, 18, 19, 20, 21, 23, 24),
    S.LUNG: (10, 11, 12, 13, 14),
    S.AIRWAY: (16,),
    S.MUSCLE: (17, 22, *range(80, 86)),
    S.HEART: (51, 61),
    S.AORTA: (52, 54, 55, 56, 57, 58, 65, 66),
    S.VEIN: (53, 59, 60, 62, 63, 64, 67, 68),
    S.CANAL: (79, 90),
    S.PARASPINAL_MUSCLE: (86, 87),
    S.PSOAS: (88, 89),
    S.CARTILAGE: (117, 118),
}
"""The canal is the cord and its sac, as far as the label map counts them."""
