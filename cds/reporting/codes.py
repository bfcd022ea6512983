"""Systems, units and codes that leave this service as FHIR; our own code systems: `cds.reporting.terminology`.

There is no LOINC code for a vertebral vBMD value by CT, so values carry codes of our own; the
codes of DXA mean another quantity and never appear. SNOMED CT needs a national licence: its codes
go out without descriptors, and only where the site says so.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cds.bone.anatomy import VertebralLevel
from cds.reporting.terminology import MEASUREMENT, display_of

Json = dict[str, Any]

BASE = "http://osteocds.org/fhir"
"""An identifier of our code systems, not a place to fetch them from."""

RESULT_ID = f"{BASE}/identifier/result"
SOFTWARE_ID = f"{BASE}/identifier/software"
DICOM_UID = "urn:dicom:uid"
URI = "urn:ietf:rfc:3986"
"""Of an identifier that is an address itself."""
UCUM = "http://unitsofmeasure.org"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
_HL7 = "http://terminology.hl7.org/CodeSystem"

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
VERIFIER = {"system": f"{_HL7}/provenance-participant-type", "code": "verifier", "display": "Verifier"}

MG_PER_CM3 = ("mg/cm3", "mg/cm3")
HOUNSFIELD = ("HU", "[hnsf'U]")
MILLIMETRE = ("mm", "mm")
CM3 = ("cm3", "cm3")
PERCENT = ("%", "%")
KILOVOLT = ("kV", "kV")
FRACTION = ("1", "1")
Z_SCORE = ("Z-score", "{Z-score}")
"""(what people read, UCUM code)."""


def absent(why: str) -> Json:
    """In the place of an element that has no value: why it has none (a FHIR data-absent-reason)."""
    return {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": why}]}


def profile(name: str) -> str:
    """The canonical URL of one of our profiles; sources in `fhir_profiles`."""
    return f"{BASE}/StructureDefinition/{name}"


def own(system: str, code: str) -> Json:
    """A coding of one of our own code systems."""
    return {"system": f"{BASE}/CodeSystem/{system}", "code": code, "display": display_of(system, code)}


def concept(*codings: Json, text: str | None = None) -> Json:
    """A CodeableConcept."""
    return {"coding": list(codings)} | ({"text": text} if text else {})


def measurement(code: str, text: str | None = None) -> Json:
    """The code of something we measure or state."""
    return concept(own(MEASUREMENT, code), text=text or display_of(MEASUREMENT, code))


def quantity(value: float, unit: tuple[str, str], decimals: int = 1) -> Json:
    """A value with its UCUM unit."""
    return {"value": round(value, decimals), "unit": unit[0], "system": UCUM, "code": unit[1]}
