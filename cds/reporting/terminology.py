"""Our own code systems, whole: every code that the service can emit, what to show for it, and what it means.

The one source: `own()` takes displays from here, and `python -m fhir_profiles.generate` writes the
CodeSystems and ValueSets from here. Flags and refusals come from the tables that decide about them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cds.bone import rules
from cds.bone.anatomy import VertebralLevel
from cds.bone.gates import GATES
from cds.bone.outline_gates import OUTLINE_GATES
from cds.bone.words import flag_words
from cds.ct.reason import SENTENCES
from cds.retraction import WITHDRAWALS

MEASUREMENT = "measurement"
LEVEL = "vertebral-level"
CATEGORY = "density-category"
FLAG = "quality-flag"
REASON = "not-assessable-reason"
INTERVAL_KIND = "interval-kind"
CONTRAST = "contrast-state"
BASIS = "phantom-basis"
SCANNER = "scanner-calibration"
METHOD = "method"
WITHDRAWAL = "withdrawal-reason"

LUMBAR_SPINE = "lumbar-spine"
PHANTOMLESS = "phantomless-hu-calibration"

_UNIT = re.compile(r"_(mm|cm|cm2|cm3|hu|deg|mg_cm3|days)$")


@dataclass(frozen=True, slots=True)
class Concept:
    """One code: what people see, and what it means where that says more."""

    display: str
    definition: str | None = None


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """All codes about one thing; `id` is the last part of its canonical URL."""

    id: str
    title: str
    concepts: Mapping[str, Concept]


def _plain(displays: Mapping[str, str]) -> dict[str, Concept]:
    return {code: Concept(display) for code, display in displays.items()}


def _spelt_out(code: str) -> str:
    """The code slices-too-thick reads "Slices too thick"; abbreviations keep their capitals."""
    words = code.replace("-", " ").capitalize()
    return re.sub(r"\b(ct|hu|kvp|roi|fov)\b", lambda found: _CAPITALS[found[0].lower()], words, flags=re.IGNORECASE)


_CAPITALS = {"ct": "CT", "hu": "HU", "kvp": "kVp", "roi": "ROI", "fov": "Field of view"}


def _without_facts(sentence: str) -> str:
    """A sentence of the table with its facts named: "{thickness_mm:.1f} mm" reads "[thickness] mm"."""
    return re.sub(r"\{(\w+)[^}]*\}", lambda fact: f"[{_UNIT.sub('', fact[1]).replace('_', ' ')}]", sentence)


def _flags() -> Iterable[str]:
    gates = (*GATES.values(), *OUTLINE_GATES.values())
    return sorted({*rules.FLAGS, *(gate.flag for gate in gates if gate.flag is not None)})


_MEASUREMENTS = {
    "patient-vbmd": "Trabecular vBMD of the spine by CT",
    "level-vbmd": "Trabecular vBMD of one vertebra by CT",
    "vbmd-report": "Bone density from an earlier CT",
    "ci95-low": "95 % interval, lower end",
    "ci95-high": "95 % interval, upper end",
    "interval-kind": "Kind of interval",
    "category": "Category by quantitative CT thresholds",
    "probability-osteoporosis-range": "Probability that a reference QCT would read below 80 mg/cm3",
    "z-score": "vBMD Z-score",
    "population": "Reference population",
    "phantom-basis": "Phantom material that the value is stated for",
    "contrast": "Contrast medium in the blood",
    "scanner-calibration": "How the scanner's HU scale is known",
    "kvp": "Tube voltage",
    "slice-thickness": "Slice thickness",
    "scanner-model": "Scanner",
    "model-version": "Model and calibration that measured it",
    "quality-flag": "Limitation of the measurement",
    "reason": "Why it could not be assessed, or was not used",
    "hu": "Mean CT number of the trabecular region",
    "hu-sd": "Standard deviation of CT numbers in the trabecular region",
    "roi-volume": "Volume of the trabecular region",
    "estimated-from": "Vertebra that the value was estimated from",
    "used": "Counts for the patient's value",
    "height-loss": "Loss of vertebral height",
}

_CATEGORIES = {
    "osteoporosis-range": Concept(
        "Osteoporosis range of quantitative CT", "Below 80 mg/cm3 (ACR QCT); a range, not a diagnosis."
    ),
    "low": Concept("Low bone density by quantitative CT", "80 to 120 mg/cm3 (ACR QCT)."),
    "normal": Concept("Normal range of quantitative CT", "Above 120 mg/cm3 (ACR QCT); it rules nothing out."),
    "indeterminate": Concept("No category possible", "Contrast medium, or an interval too wide to tell."),
}

SYSTEMS: Mapping[str, CodeSystem] = MappingProxyType(
    {
        system.id: system
        for system in (
            CodeSystem(MEASUREMENT, "Measurements and statements about vertebral bone density", _plain(_MEASUREMENTS)),
            CodeSystem(
                LEVEL,
                "Vertebral level",
                _plain({each.value: f"{each.value} vertebra" for each in VertebralLevel})
                | {LUMBAR_SPINE: Concept("Lumbar spine", "L1-L2, for which a patient's value always stands.")},
            ),
            CodeSystem(CATEGORY, "Category of volumetric bone density", _CATEGORIES),
            CodeSystem(
                FLAG,
                "Limitation of a measurement",
                {flag: Concept(_spelt_out(flag), flag_words(flag)) for flag in _flags()},
            ),
            CodeSystem(
                REASON,
                "Why a CT, a series or a vertebra could not be assessed",
                {code: Concept(_spelt_out(code), _without_facts(text)) for code, text in SENTENCES.items()},
            ),
            CodeSystem(
                INTERVAL_KIND,
                "Kind of interval",
                {
                    "two-sided": Concept("Two-sided 95 % interval"),
                    "upper-estimate": Concept(
                        "Interval of an upper estimate",
                        "Contrast medium, or the possibility of it, raises the reading: the lower end is widened.",
                    ),
                },
            ),
            CodeSystem(
                CONTRAST,
                "Contrast medium in the blood",
                _plain({"none": "None", "enhanced": "Contrast-enhanced", "unknown": "Unknown, taken as enhanced"}),
            ),
            CodeSystem(
                BASIS,
                "Phantom material that a density is stated for",
                _plain({"K2HPO4": "Dipotassium hydrogen phosphate"}),
            ),
            CodeSystem(
                SCANNER,
                "How the HU scale of a scanner is known",
                _plain({"site": "Calibrated on site", "documented": "Filtration documented", "unknown": "Not known"}),
            ),
            CodeSystem(
                METHOD,
                "How HU become density",
                {
                    PHANTOMLESS: Concept(
                        "Phantomless HU calibration",
                        "Slope from physics by tube voltage and body size, offset from the patient's own tissues.",
                    )
                },
            ),
            CodeSystem(WITHDRAWAL, "Why a result was withdrawn", _plain(WITHDRAWALS)),
        )
    }
)


def display_of(system: str, code: str) -> str:
    """What people see; a code that an older version stored and this one no longer knows is spelt out."""
    known = SYSTEMS[system].concepts.get(code)
    return _spelt_out(code) if known is None else known.display
