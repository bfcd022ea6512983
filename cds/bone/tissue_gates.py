"""Whether the patient's own tissues read what they should, and what to do where they do not; limits in `gates`.

    two tissues outside what they can read                  -> refused: the scale of the images is in doubt
    one                                                     -> flagged, and left out of the calibration
    fat that no beam of this voltage would show             -> refused: voltage or filter is not as stated
    lines through two tissues far off the slope of physics  -> refused or flagged

After contrast, or not knowing, only fat has been sampled, and only it is judged.
"""

from cds.bone.assessment import Calibration
from cds.bone.gates import GATES
from cds.bone.quality import Verdict
from cds.ct.acquisition import CtSeries
from cds.ct.reason import because

TIN_KVP = frozenset({100.0, 110.0, 150.0})
"""Voltages of low-dose protocols with tin. At 130 and 140 kVp most scans have none, and fat tells too little."""
TIN_MAKERS = ("SIEMENS",)


def check_tissues(series: CtSeries, calibration: Calibration, bone_hu: float) -> Verdict:
    """Judge what a calibration found; `bone_hu`: mean HU of the vertebrae that make the result."""
    checks = (_sanity(calibration), _spectrum(series, calibration), _disagreement(calibration, bone_hu))
    reasons = tuple(reason for refused, _ in checks for reason in refused)
    return reasons, tuple(flag for _, flags in checks for flag in flags)


def _sanity(calibration: Calibration) -> Verdict:
    judged = [each for each in calibration.tissues if each.tissue != "air"]
    odd = [each for each in judged if GATES[each.tissue].flags(each.hu_at_120_kvp)]
    gate = GATES["tissues"]
    if not gate.refuses(len(odd)):
        return (), gate.flags(len(odd))
    found = " and ".join(f"{each.tissue} reads {each.hu:.0f} HU" for each in odd)
    return (because("tissues-implausible", found=found),), ()


def _spectrum(series: CtSeries, calibration: Calibration) -> Verdict:
    fat = [each.hu_at_120_kvp for each in calibration.tissues if each.tissue == "fat"]
    hardness = calibration.apparent_hardness
    tin = hardness is not None and _may_hide_tin(series) and GATES["tin"].refuses(hardness)
    if tin or any(GATES["fat"].refuses(hu) for hu in fat):
        return (because("spectrum-mismatch", kvp=series.kvp),), ()
    return (), ()


def _may_hide_tin(series: CtSeries) -> bool:
    """Whether the scanner could have used tin without saying so."""
    maker = (series.manufacturer or "").upper()
    return series.kvp in TIN_KVP and (not maker or any(name in maker for name in TIN_MAKERS))


def _disagreement(calibration: Calibration, bone_hu: float) -> Verdict:
    """How far the lines through two tissues lie from the result, mg/cm3."""
    vbmd = (bone_hu - calibration.offset_hu) / calibration.slope_hu_per_mg_cm3
    apart = {line.tissues: (bone_hu - line.offset_hu) / line.slope_hu_per_mg_cm3 - vbmd for line in calibration.lines}
    refused = [abs(difference) for tissues, difference in apart.items() if GATES[tissues].refuses(difference)]
    if refused:
        return (because("calibrations-disagree", difference_mg_cm3=max(refused)),), ()
    return (), tuple({flag for tissues, difference in apart.items() for flag in GATES[tissues].flags(difference)})
