"""Whether iodine is in the blood, and what that does to an interval.

"none" is said only where unenhanced blood was seen: words in the description of a series, and the
absence of a named agent, prove nothing by themselves (a study "with contrast" holds native series
too), so without a plausible sample the state is unknown whatever they say.
"""

from typing import Final

from cds.bone.assessment import Contrast, ContrastState, Interval
from cds.bone.tissue_sample import TissueSample
from cds.ct.acquisition import CtSeries

UNENHANCED_HU: Final = (20.0, 70.0)
"""Unenhanced blood reads 25 to 65 HU at 120 kVp; anaemia lowers it. Below lies no blood."""

MOST_BLOOD_SD_HU: Final = 80.0
"""Engineering, that of muscle in a usable scan: beyond, the sample is mixed unless the images are that noisy."""

MOST_BLOOD_SD_OF_NOISE: Final = 1.5
"""Engineering: blood alone scatters as uniform tissue around it does; a sample half of lung by several times that."""

SURELY: Final = 2.0
"""Standard errors by which the median of a noisy sample must stay within what unenhanced blood reads."""

DENSE_BLOOD_HU: Final = 300.0
"""Blood above this casts streaks on the bone beside it."""

CONTRAST_SHIFT_MG_CM3: Final = 25.0
"""What iodine in marrow may add: reported from 6 to over 20 mg/cm3 (Kaesmacher 2017, Bauer 2007)."""

NO_AGENT = frozenset({"", "NONE", "NO", "NO CONTRAST", "WITHOUT", "N/A"})
"""What ContrastBolusAgent (0018,0010) holds where none was given."""


def contrast_of(series: CtSeries, blood: TissueSample | None, noise_hu: float | None = None) -> Contrast:
    """What the aorta says, in HU; `noise_hu`: SD of uniform tissue around it, where that is known.

    over 70                                    -> enhanced
    20 to 70, nothing but blood, agent named   -> unknown
    20 to 70, nothing but blood                -> none
    anything else, or no aorta                 -> unknown

    Nothing but blood: SD at most 80, or no more than noise explains and the median surely not above 70.
    """
    if blood is None:
        return Contrast("unknown")
    low, high = UNENHANCED_HU
    if blood.hu > high:
        return Contrast("enhanced", blood.hu)
    plausible = blood.hu >= low and _is_nothing_but_blood(blood, noise_hu)
    named = (series.contrast_agent or "").strip().upper() not in NO_AGENT
    return Contrast("none" if plausible and not named else "unknown", blood.hu)


def _is_nothing_but_blood(blood: TissueSample, noise_hu: float | None) -> bool:
    if blood.sd_hu <= MOST_BLOOD_SD_HU:
        return True
    explained = noise_hu is not None and blood.sd_hu <= MOST_BLOOD_SD_OF_NOISE * noise_hu
    return explained and blood.hu + SURELY * blood.sem_hu <= UNENHANCED_HU[1]


def contrast_flags(contrast: Contrast) -> tuple[str, ...]:
    """The flag that goes with the state."""
    return () if contrast.state == "none" else (f"contrast-{contrast.state}",)


def lowered(ci95_mg_cm3: Interval, contrast: ContrastState) -> Interval:
    """A two-sided interval as it is to be shown: under contrast, or not knowing, 25 mg/cm3 lower at its foot."""
    low, high = ci95_mg_cm3
    return (low, high) if contrast == "none" else (low - CONTRAST_SHIFT_MG_CM3, high)
