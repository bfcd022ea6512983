"""Every system and code that leaves this service as FHIR, in one place.

There is no LOINC code for a vertebral vBMD value by CT, so values carry codes of our own; the
codes of DXA mean another quantity and never appear. SNOMED CT needs a national licence: its codes
go out without descriptors, and only where the site says so.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cds.bone.anatomy import VertebralLevel

Json = dict[str, Any]

BASE = "http://osteocds.org/fhir"
"""An identifier of our code systems, not a place to fetch them from."""

RESULT_ID = f"{BASE}/identifier/result"
SOFTWARE_ID = f"{BASE}/identifier/software"
DICOM_UID = "urn:dicom:uid"
UCUM = "http://unitsofmeasure.org"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
_HL7 = "http://terminology.hl7.org/CodeSystem"

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

DISPLAYS: Mapping[str, str] = MappingProxyType(
    {
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
        "quality-flag": "Limitation of the measurement",
        "reason": "Why it could not be assessed, or was not used",
        "hu": "Mean CT number of the trabecular region",
        "hu-sd": "Standard deviation of CT numbers in the trabecular region",
        "roi-volume": "Volume of the trabecular region",
        "estimated-from": "Vertebra that the value was estimated from",
        "used": "Counts for the patient's value",
        "height-loss": "Loss of vertebral height",
    }
)

SNOMED_VERTEBRAE: Mapping[VertebralLevel, str] = MappingProxyType(
    {
        VertebralLevel.T11: "12989004",
        VertebralLevel.T12: "23215003",
        VertebralLevel.L1: "66794005",
        VertebralLevel.L2: "14293000",
        VertebralLevel.L3: "36470004",
        VertebralLevel.L4: "11994002",
        VertebralLevel.L5: "49668003",
    }
)
SNOMED_LUMBAR_SPINE = "122496007"

IMAGING = {"coding": [{"system": f"{_HL7}/observation-category", "code": "imaging", "display": "Imaging"}]}
RADIOLOGY = {
    "coding": [
        {"system": LOINC, "code": "LP29684-5", "display": "Radiology"},
        {"system": f"{_HL7}/v2-0074", "code": "RAD", "display": "Radiology"},
    ]
}
AI_ASSERTED = {"system": f"{_HL7}/v3-ObservationValue", "code": "AIAST"}
ARTIFICIAL_INTELLIGENCE = {"system": DCM, "code": "123110", "display": "Artificial Intelligence"}
CT = {"system": DCM, "code": "CT"}
ASSEMBLER = {"system": f"{_HL7}/provenance-participant-type", "code": "assembler", "display": "Assembler"}
NOT_PERFORMED = {"system": f"{_HL7}/data-absent-reason", "code": "not-performed", "display": "Not Performed"}
DATE_UNKNOWN = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
}

MG_PER_CM3 = ("mg/cm3", "mg/cm3")
HOUNSFIELD = ("HU", "[hnsf'U]")
MILLIMETRE = ("mm", "mm")
CM3 = ("cm3", "cm3")
PERCENT = ("%", "%")
KILOVOLT = ("kV", "kV")
FRACTION = ("1", "1")
Z_SCORE = ("Z-score", "{Z-score}")
"""(what people read, UCUM code)."""


def own(system: str, code: str) -> Json:
    """A coding of one of our own code systems."""
    coding = {"system": f"{BASE}/CodeSystem/{system}", "code": code}
    return coding | ({"display": DISPLAYS[code]} if system == MEASUREMENT else {})


def concept(*codings: Json, text: str | None = None) -> Json:
    """A CodeableConcept."""
    return {"coding": list(codings)} | ({"text": text} if text else {})


def measurement(code: str, text: str | None = None) -> Json:
    """The code of something we measure or state."""
    return concept(own(MEASUREMENT, code), text=text or DISPLAYS[code])


def quantity(value: float, unit: tuple[str, str], decimals: int = 1) -> Json:
    """A value with its UCUM unit."""
    return {"value": round(value, decimals), "unit": unit[0], "system": UCUM, "code": unit[1]}
