"""The phase of contrast, where the aorta alone tells it.

Only the arterial phase can be told so: dense blood in the aorta has no other cause. Portal venous, late and
poorly timed arterial phases overlap between 70 and 250 HU; the veins and the cortex of the kidneys would
part them, but neither is outlined.
"""

from types import MappingProxyType
from typing import Final

import numpy as np

from cds.bone.assessment import Contrast
from cds.bone.gates import GATES

UNENHANCED_BLOOD_HU: Final = 45.0
IODINE_HU_PER_MG_ML: Final = MappingProxyType(
    {80.0: 43.0, 100.0: 31.3, 110.0: 27.5, 120.0: 24.6, 130.0: 22.2, 140.0: 20.3}
)
"""By tube voltage; computed from spectra and attenuation tables for a water path of 25 cm."""


def phase_flags(contrast: Contrast, kvp: float | None) -> tuple[str, ...]:
    """The flag `arterial-phase` where it is sure; nothing where it is not, or the voltage is out of the table."""
    voltages = tuple(IODINE_HU_PER_MG_ML)
    if contrast.state != "enhanced" or contrast.aorta_hu is None or kvp is None:
        return ()
    if not voltages[0] <= kvp <= voltages[-1]:
        return ()
    iodine_hu = float(np.interp(kvp, voltages, tuple(IODINE_HU_PER_MG_ML.values())))
    enhancement_hu = (contrast.aorta_hu - UNENHANCED_BLOOD_HU) * IODINE_HU_PER_MG_ML[120.0] / iodine_hu
    return GATES["arterial"].flags(UNENHANCED_BLOOD_HU + enhancement_hu)
