"""An Observation as one row of a table, for people without a FHIR client.

Columns are those of `COLUMNS`; what a component has more than once is joined by spaces. A value
that a spreadsheet would take for a formula is led by an apostrophe.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

_COMPONENTS = (
    "ci95-low",
    "ci95-high",
    "interval-kind",
    "category",
    "probability-osteoporosis-range",
    "z-score",
    "population",
    "estimated-from",
    "hu",
    "hu-sd",
    "roi-volume",
    "used",
    "height-loss",
    "contrast",
    "phantom-basis",
    "scanner-calibration",
    "kvp",
    "slice-thickness",
    "quality-flag",
    "reason",
)
COLUMNS = (
    "observation",
    "version",
    "status",
    "patient",
    "patient_identifier",
    "scanned_on",
    "measured",
    "level",
    "vbmd_mg_cm3",
    *(name.replace("-", "_") for name in _COMPONENTS),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def row_of(observation: bytes, identifiers: Mapping[str, str]) -> dict[str, str]:
    """`observation`: as shown; `identifiers`: of patients, by their id as shown."""
    read: Json = json.loads(observation)
    patient = read["subject"]["reference"].removeprefix("Patient/")
    cells = {
        "observation": read["id"],
        "version": read["meta"]["versionId"],
        "status": read["status"],
        "patient": patient,
        "patient_identifier": identifiers.get(patient, ""),
        "scanned_on": read.get("effectiveDateTime", ""),
        "measured": _code(read["code"]),
        "level": read.get("bodySite", {}).get("text", ""),
        "vbmd_mg_cm3": str(read.get("valueQuantity", {}).get("value", "")),
        **_components(read),
    }
    return {name: _harmless(cells.get(name, "")) for name in COLUMNS}


def identifier_of(patient: bytes) -> tuple[str, str]:
    """Id and identifier of a Patient as shown; "" where it has none."""
    read: Json = json.loads(patient)
    first: Json = next(iter(read.get("identifier", ())), {})
    return read["id"], first.get("value", "")


def _components(observation: Json) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    absent = observation.get("dataAbsentReason")
    for component in observation.get("component", ()):
        found.setdefault(_code(component["code"]).replace("-", "_"), []).extend(_values(component))
    if absent and "reason" not in found:
        found["reason"] = [absent.get("text", "")]
    return {name: " ".join(values) for name, values in found.items()}


def _values(component: Json) -> Iterator[str]:
    if "valueQuantity" in component:
        yield str(component["valueQuantity"]["value"])
    elif "valueCodeableConcept" in component:
        yield _code(component["valueCodeableConcept"])
    elif "valueString" in component:
        yield component["valueString"]
    elif "valueBoolean" in component:
        yield "yes" if component["valueBoolean"] else "no"


def _code(concept: Json) -> str:
    first: Json = next(iter(concept.get("coding", ())), {})
    return str(first.get("code", ""))


def _harmless(cell: str) -> str:
    if cell.startswith(_FORMULA) and not _is_number(cell):
        return f"'{cell}"
    return cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
