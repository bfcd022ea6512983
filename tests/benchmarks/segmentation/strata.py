"""The simulated patients in groups: by slices, noise, contrast, size, coverage and variants. Pure."""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any, Final

from tests.benchmarks.segmentation.figures import bodies_of, figures_of

Patient = Mapping[str, Any]
Groups = Callable[[Patient], Sequence[str]]

CROP_BODIES = 6
MUCH_HU = 10.0


def _banded(key: str, unit: str, *limits: float) -> Groups:
    """Bands of a number, each from one limit to below the next."""

    def group(patient: Patient) -> Sequence[str]:
        value = patient[key]
        below = next((limit for limit in limits if value < limit), None)
        if below is None:
            return (f"{limits[-1]:g} {unit} and more",)
        place = limits.index(below)
        return (f"{limits[place - 1] if place else 0:g} to below {below:g} {unit}",)

    return group


def _coverage(patient: Patient) -> Sequence[str]:
    levels = patient["whole_levels"]
    if len(levels) <= CROP_BODIES:
        return (f"at most {CROP_BODIES} bodies",)
    lumbar = [level for level in levels if level.startswith("L")]
    upper = any(level in levels for level in ("T1", "T2", "T3"))
    if not lumbar:
        return ("chest without a whole lumbar body",)
    if upper:
        return ("chest with L1 or L2",) if len(lumbar) <= 2 else ("chest and abdomen",)
    return ("abdomen or lumbar spine",)


def _variants(patient: Patient) -> Sequence[str]:
    return patient["variants"] or ("none",)


STRATA: Final[Mapping[str, Groups]] = {
    "slice thickness": _banded("slice_thickness_mm", "mm", 1.75, 3.25),
    "noise": _banded("noise_hu", "HU", 15, 30, 50),
    "contrast": lambda patient: (patient["contrast"],),
    "tube voltage": lambda patient: (f"{patient['kvp']:g} kVp",),
    "water path": _banded("water_path_cm", "cm", 26, 30, 34),
    "coverage": _coverage,
    "field of view": lambda patient: ("spine only" if patient["narrow_field"] else "trunk",),
    "variants": _variants,
    "numbering": lambda patient: ("flagged level-ambiguous" if patient["level_ambiguous"] else "names stand",),
}


def by_stratum(patients: Sequence[Patient]) -> dict[str, dict[str, Any]]:
    """Figures of each group; a patient with several variants counts in each."""
    return {stratum: _grouped(patients, groups) for stratum, groups in STRATA.items()}


def _grouped(patients: Sequence[Patient], groups: Groups) -> dict[str, Any]:
    members: dict[str, list[Patient]] = {}
    for patient in patients:
        for group in groups(patient):
            members.setdefault(group, []).append(patient)
    return {group: summary(found) for group, found in sorted(members.items(), key=_in_order)}


def _in_order(item: tuple[str, list[Patient]]) -> tuple[float, str]:
    """Bands by the number that they begin with, then names."""
    first = item[0].split()[0]
    return (float(first) if first.replace(".", "").isdigit() else inf, item[0])


def summary(patients: Sequence[Patient]) -> dict[str, Any]:
    """Figures over all bodies, and how often a whole row was named right, assessed, flagged."""
    return {
        "patients": len(patients),
        **figures_of(bodies_of(patients)),
        "rows_all_right": sum(1 for patient in patients if is_right(patient)),
        "rows_wrong_unflagged": sum(1 for patient in patients if is_wrong(patient) and is_trusted(patient)),
        "assessed": sum(1 for patient in patients if patient["status"] == "assessed"),
        "level_ambiguous": sum(1 for patient in patients if patient["level_ambiguous"]),
    }


def is_wrong(patient: Patient) -> bool:
    """A body carries another's name, or is none."""
    return any(row["verdict"] in {"wrong", "invented"} for row in patient["bodies"])


def is_right(patient: Patient) -> bool:
    """Nothing wrong, invented or missed."""
    return not is_wrong(patient) and all(row["verdict"] != "missed" for row in patient["bodies"])


def is_trusted(patient: Patient) -> bool:
    """A value is reported, without a doubt about its names."""
    return patient["status"] == "assessed" and not patient["level_ambiguous"]


def failures(patients: Sequence[Patient]) -> list[dict[str, Any]]:
    """Patients with a name wrong, a body invented or missed, or an HU more than 10 off: what to look at next."""
    return [
        {
            **{
                key: patient[key] for key in ("seed", "range", "slice_thickness_mm", "noise_hu", "contrast", "variants")
            },
            "level_ambiguous": patient["level_ambiguous"],
            "numbering_confidence": patient["numbering_confidence"],
            "bodies": [_told(row) for row in patient["bodies"] if _failed(row)],
        }
        for patient in patients
        if any(_failed(row) for row in patient["bodies"])
    ]


def _failed(row: Patient) -> bool:
    return row["verdict"] in {"wrong", "missed", "invented"} or abs(row.get("hu_error", 0.0)) > MUCH_HU


def _told(row: Patient) -> str:
    error = f", {row['hu_error']:+.1f} HU" if "hu_error" in row else ""
    return f"{row.get('true_level', '-')} {row['verdict']} {row.get('found_level', '-')}{error}"
