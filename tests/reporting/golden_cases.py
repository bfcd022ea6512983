"""The results whose Bundles lie in tests/golden; `python -m tests.reporting.golden_cases` writes them anew."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from cds.bone.anatomy import VertebralLevel
from cds.bone.corrected_column import Change
from cds.bone.correction import corrected
from cds.bone.record import from_record, to_record
from cds.correction import Correction
from cds.ct.patient import PatientIdentity
from cds.ct.reason import because
from cds.ports import Review, StoredResult
from cds.reporting.bundle import FhirPublisher
from tests.support.assessments import (
    GENERATION,
    MEASURED_AT,
    a_contrast_assessment,
    a_correctable,
    a_height_loss,
    a_key,
    a_level,
    a_refusal,
    a_result,
    an_assessment,
    scanned_on,
)

GOLDEN = Path(__file__).parents[1] / "golden"
NOTICE = "Investigational: not cleared as a medical device."
IDENTIFIER_SYSTEM = "http://hospital.example.org/patients"

EHR = "https://ehr.example.org/r4"
READ_AT = MEASURED_AT + timedelta(hours=5)

CASES: dict[str, StoredResult] = {
    "assessed": a_result(),
    "accepted": replace(a_result(), review=Review("Dr. Ada Reader", "accepted", READ_AT)),
    "accepted-in-an-ehr": replace(
        a_result(),
        review=Review(f"{EHR}/Practitioner/7", "accepted", READ_AT, reader_name="Dr. Ada Reader"),
    ),
    "rejected": replace(
        a_result(),
        review=Review("Dr. Ada Reader", "rejected", READ_AT, number=2, reason="L2 is named too low."),
    ),
    "contrast": a_result(assessment=a_contrast_assessment()),
    "not-assessable": a_result(
        assessment=a_refusal(
            because("slices-too-thick", thickness_mm=7.5, maximum_mm=5.0), because("numbering-uncertain")
        )
    ),
    "possible-fracture": a_result(
        assessment=an_assessment(
            levels=(a_level(), a_level(VertebralLevel.L2, height_loss_percent=31.4, flags=("height-loss-moderate",))),
            height_losses=(a_height_loss(VertebralLevel.T11, 44.0), a_height_loss(VertebralLevel.L2, 31.4)),
        )
    ),
    "thoracic-undated": a_result(
        PatientIdentity(a_key(issuer=None)),
        scanned_on(
            None,
            an_assessment(
                category="indeterminate",
                levels_used=(VertebralLevel.T9, VertebralLevel.T10),
                levels=(a_level(VertebralLevel.T9), a_level(VertebralLevel.T10)),
                flags=("thoracic-estimate", "age-unknown", "lossy-compression"),
                z_score=None,
                population=None,
                patient_check="unverified",
            ),
        ),
    ),
}


_MEASURED = a_correctable({VertebralLevel.T12: 80, VertebralLevel.L1: 82, VertebralLevel.L2: 98, VertebralLevel.L3: 84})
_CHANGE = Change(((VertebralLevel.L2, "fracture"),))
_REASON = "Old wedge fracture."
CASES["corrected"] = replace(
    a_result(assessment=from_record(to_record(corrected(_MEASURED, _CHANGE)))),
    review=Review("Dr. Ada Reader", "corrected", READ_AT, reason=_REASON),
    correction=Correction(_CHANGE, "Dr. Ada Reader", _REASON, READ_AT, 1, _MEASURED, GENERATION),
)
_RENAME = Change(renamed=1)
CASES["renamed"] = replace(
    a_result(assessment=from_record(to_record(corrected(_MEASURED, _RENAME)))),
    review=Review("Dr. Ada Reader", "corrected", READ_AT, reason="A rib was missed."),
    correction=Correction(_RENAME, "Dr. Ada Reader", "A rib was missed.", READ_AT, 1, _MEASURED, GENERATION),
)

UNREAD = [name for name, result in CASES.items() if result.review is None]

EXAMPLES = Path(__file__).parents[2] / "fhir_profiles" / "examples"
EXAMPLE_OF: dict[str, tuple[str, str, int]] = {
    "patient-vbmd-assessed": ("assessed", "Observation", 0),
    "patient-vbmd-accepted": ("accepted", "Observation", 0),
    "patient-vbmd-corrected": ("corrected", "Observation", 0),
    "patient-vbmd-contrast": ("contrast", "Observation", 0),
    "patient-vbmd-not-assessable": ("not-assessable", "Observation", 0),
    "patient-vbmd-withdrawn": ("rejected", "Observation", 0),
    "vertebral-vbmd-used": ("assessed", "Observation", 2),
    "vertebral-vbmd-not-used": ("assessed", "Observation", 1),
    "vbmd-report-preliminary": ("assessed", "DiagnosticReport", 0),
    "vbmd-report-final": ("accepted", "DiagnosticReport", 0),
    "vbmd-report-corrected": ("corrected", "DiagnosticReport", 0),
    "vbmd-report-withdrawn": ("rejected", "DiagnosticReport", 0),
    "ai-device": ("assessed", "Device", 0),
    "ai-provenance": ("assessed", "Provenance", 0),
    "review-provenance": ("rejected", "Provenance", 1),
}
"""By the name of the file: which case, which resource type, which one of them."""


def example(name: str) -> dict[str, object]:
    """One resource as the service would store it."""
    case, kind, number = EXAMPLE_OF[name]
    resources = [entry["resource"] for entry in json.loads(rendered(case))["entry"]]
    return [each for each in resources if each["resourceType"] == kind][number]


def rendered(name: str) -> bytes:
    """One case as the service would store it."""
    return FhirPublisher(NOTICE, IDENTIFIER_SYSTEM).render(CASES[name])


if __name__ == "__main__":
    for each in CASES:
        text = json.dumps(json.loads(rendered(each)), indent=2)
        (GOLDEN / f"bundle-{each}.json").write_text(text + "\n")
    EXAMPLES.mkdir(exist_ok=True)
    for each in EXAMPLE_OF:
        (EXAMPLES / f"{each}.json").write_text(json.dumps(example(each), indent=2) + "\n")
