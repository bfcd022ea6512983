"""Whether a series and its voxels can be measured at all, and what to bear in mind if they can.

Limits and their sources: `cds.bone.gates`. What the attributes say about kind, spectrum and
reconstruction is judged once, in `cds.ct.usability`; the gates of density come on top.
"""

from collections.abc import Sequence

import numpy as np

from cds.bone.blank_images import shows_anatomy
from cds.bone.gates import GATES
from cds.bone.outside_air import outside_air
from cds.bone.roi_gates import slice_mm
from cds.ct.acquisition import CtSeries
from cds.ct.kernel import sharpness
from cds.ct.reason import Reason, because
from cds.ct.usability import refusal
from cds.ct.volume import CtVolume

Verdict = tuple[tuple[Reason, ...], tuple[str, ...]]
"""Refusals and flags."""


def check_series(series: CtSeries) -> Verdict:
    """Judge the attributes: usable or not, rescale type, patient's age, tilt, voltage, kernel, loss."""
    refused = [
        refusal(series),
        _rescale(series),
        _age(series),
        _gantry(series),
    ]
    flags: list[str] = []
    if series.kvp is not None:
        flags += GATES["kvp"].flags(series.kvp)
    if series.gantry_tilt_deg is not None:
        flags += GATES["gantry"].flags(series.gantry_tilt_deg)
    if sharpness(series.kernel) == "sharp":
        flags.append("kernel-sharp")
    if series.lossy:
        flags.append("lossy-compression")
    return _kept(refused), tuple(flags)


def check_volume(volume: CtVolume) -> Verdict:
    """Judge the voxels: whether they show anything, slice thickness and distance, orientation, air outside the body."""
    if not shows_anatomy(volume):
        return (because("no-anatomy"),), ()
    thickness_mm, tilt_deg, air_hu = round(slice_mm(volume), 2), _tilt_deg(volume), _air_hu(volume)
    gates = {"slice": thickness_mm, "tilt": tilt_deg} | ({} if air_hu is None else {"air": air_hu})
    refused = [
        because("slices-too-thick", thickness_mm=thickness_mm, maximum_mm=GATES["slice"].accepted[1])
        if GATES["slice"].refuses(thickness_mm)
        else None,
        because("orientation-not-axial", tilt_deg=tilt_deg, maximum_deg=GATES["tilt"].accepted[1])
        if GATES["tilt"].refuses(tilt_deg)
        else None,
        because("air-out-of-range", air_hu=air_hu) if air_hu is not None and GATES["air"].refuses(air_hu) else None,
    ]
    return _kept(refused), tuple(flag for name, value in gates.items() for flag in GATES[name].flags(value))


def _kept(refused: Sequence[Reason | None]) -> tuple[Reason, ...]:
    return tuple(reason for reason in refused if reason is not None)


def _rescale(series: CtSeries) -> Reason | None:
    """An absent RescaleType means HU for CT (PS3.3 C.8.2.1)."""
    unit = (series.rescale_type or "").strip().upper()
    return None if unit in {"", "HU"} else because("rescale-wrong", unit=series.rescale_type)


def _age(series: CtSeries) -> Reason | None:
    age = series.age_at_scan()
    return because("age-below-18") if age is not None and GATES["age"].refuses(age) else None


def _gantry(series: CtSeries) -> Reason | None:
    tilt_deg = series.gantry_tilt_deg
    if tilt_deg is None or not GATES["gantry"].refuses(tilt_deg):
        return None
    return because("gantry-tilt", tilt_deg=abs(tilt_deg), maximum_deg=GATES["gantry"].accepted[1])


def _air_hu(volume: CtVolume) -> float | None:
    air = outside_air(volume)
    return None if air is None else air.hu


def _tilt_deg(volume: CtVolume) -> float:
    """Angle between the normal of the slices and the body's long axis (LPS z)."""
    rows, columns = volume.affine_lps[:3, 1], volume.affine_lps[:3, 2]
    normal = np.cross(rows, columns)
    return float(np.degrees(np.arccos(np.clip(abs(normal[2]) / np.linalg.norm(normal), 0.0, 1.0))))
