"""What a draft order is for: DXA, other imaging, or something that no CT has to be looked at for.

not a ServiceRequest, or "do not perform"     -> other
a code of DXA, or DXA by name                 -> dxa
a code of imaging                             -> imaging
a category that names a kind of service       -> imaging or other, as it says
no such category: by its name, or its CPT     -> other where that is recognisably something else
and otherwise                                 -> imaging: one measurement too many does less harm

Names are read in English; codes come without their system where clients leave it out.
"""

import re
from collections.abc import Iterator
from typing import Literal

from cds.hooks.messages import Resource
from cds.hooks.order_codes import (
    CPT,
    CPT_RADIOLOGY,
    DXA_ORDERS,
    IMAGING_CATEGORIES,
    IMAGING_ORDERS,
    LOINC,
    RADLEX,
    UNSPECIFIC_CATEGORIES,
)

OrderKind = Literal["dxa", "imaging", "other"]
Code = tuple[str, str]
"""(system as in `order_codes`, or what was sent; code)."""

_SYSTEMS = {
    LOINC: LOINC,
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    CPT: CPT,
    "urn:oid:2.16.840.1.113883.6.12": CPT,
    RADLEX: RADLEX,
    "http://radlex.org": RADLEX,
    "urn:oid:2.16.840.1.113883.6.256": RADLEX,
}

_DXA_NAME = re.compile(r"\bde?xa\b|absorptiometry", re.IGNORECASE)
_IMAGING_NAME = re.compile(
    r"imaging|radiolog|radiograph|tomograph|sonograph|mammogra|angiogra|ultrasound|x-?ray|\b(ct|mri?|pet|us|spect|scan)\b",
    re.IGNORECASE,
)
_OTHER_NAME = re.compile(
    r"laborator|blood|serum|plasma|urine|stool|swab|culture|panel|smear|ha?emo|glucose|creatinine|"
    r"cholesterol|antibod|biops|histolog|patholog|\b(lab|ecg|ekg|eeg)\b|electrocardio|spirometry|vaccin|immuni[sz]|"
    r"consult|referral|counsel|educat|therap|rehabilit|nursing|diet|nutrition|transport",
    re.IGNORECASE,
)


def kind_of(order: Resource) -> OrderKind:
    """What the table in the module says."""
    if order.get("resourceType") != "ServiceRequest" or order.get("doNotPerform") is True:
        return "other"
    codes, name = set(_codes(order.get("code"))), " ".join(_names(order.get("code")))
    if _any_of(codes, DXA_ORDERS) or _DXA_NAME.search(name):
        return "dxa"
    if _any_of(codes, IMAGING_ORDERS) or any(_is_radiology(*code) for code in codes):
        return "imaging"
    categories = [each for each in _listed(order.get("category")) if _names_a_kind(each)]
    if categories:
        return "imaging" if any(_is_imaging_category(each) for each in categories) else "other"
    if _IMAGING_NAME.search(name):
        return "imaging"
    elsewhere = _OTHER_NAME.search(name) or any(system == CPT for system, _ in codes)
    return "other" if elsewhere else "imaging"


def _any_of(codes: set[Code], known: frozenset[Code]) -> bool:
    """Whether one is known; a code without system is taken for a known one of any system."""
    return bool(codes & known) or any(not system and code in {each for _, each in known} for system, code in codes)


def _is_radiology(system: str, code: str) -> bool:
    return system == RADLEX or (system == CPT and CPT_RADIOLOGY.fullmatch(code) is not None)


def _names_a_kind(category: object) -> bool:
    named = {code for _, code in _codes(category)}
    return bool(named - UNSPECIFIC_CATEGORIES) or (not named and any(_names(category)))


def _is_imaging_category(category: object) -> bool:
    by_code = any(code in IMAGING_CATEGORIES for _, code in _codes(category))
    return by_code or any(_IMAGING_NAME.search(name) for name in _names(category))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _codings(concept: object) -> Iterator[dict[str, object]]:
    given = concept.get("coding") if isinstance(concept, dict) else None
    yield from (each for each in _listed(given) if isinstance(each, dict))


def _codes(concept: object) -> Iterator[Code]:
    for coding in _codings(concept):
        code, system = coding.get("code"), coding.get("system")
        if isinstance(code, str) and code.strip():
            sent = system.strip().rstrip("/") if isinstance(system, str) else ""
            yield _SYSTEMS.get(sent, sent), code.strip()


def _names(concept: object) -> Iterator[str]:
    """Its text and displays."""
    text = concept.get("text") if isinstance(concept, dict) else None
    for name in (text, *(coding.get("display") for coding in _codings(concept))):
        if isinstance(name, str) and name.strip():
            yield name
