"""Whether iodine is in the blood: from the aorta first, from the tag second."""

from typing import Final

from cds.bone.assessment import Contrast
from cds.bone.tissue import BloodSample
from cds.ct.acquisition import CtSeries

ENHANCED_ABOVE_HU: Final = 70.0
"""Unenhanced blood reads 25 to 65 HU at 120 kVp."""

DENSE_BLOOD_HU: Final = 300.0
"""Blood above this casts streaks on the bone beside it."""

NO_AGENT = frozenset({"", "NONE", "NO", "NO CONTRAST", "WITHOUT", "N/A"})
"""What ContrastBolusAgent (0018,0010) holds where none was given."""


def contrast_of(series: CtSeries, blood: BloodSample | None) -> Contrast:
    """Aorta over 70 HU: enhanced. No aorta, or an agent named all the same: unknown. Else none."""
    if blood is None:
        return Contrast("unknown")
    if blood.median_hu > ENHANCED_ABOVE_HU:
        return Contrast("enhanced", blood.median_hu)
    named = (series.contrast_agent or "").strip().upper() not in NO_AGENT
    return Contrast("unknown" if named else "none", blood.median_hu)


def contrast_flags(contrast: Contrast) -> tuple[str, ...]:
    """The flag that goes with the state."""
    return () if contrast.state == "none" else (f"contrast-{contrast.state}",)
