"""Sets of codes, and whether a CodeableConcept means one of them: leniently read.

a code of the set, under its system or without any         -> yes
a code by classification prefix (ICD-10 with or without dot) -> yes
a code of a classification that the set covers by prefix   -> no, whatever the name says
a name that the set knows, in English                      -> yes
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

SNOMED: Final = "SNOMED CT"
ICD10: Final = "ICD-10"
LOINC: Final = "LOINC"
RXNORM: Final = "RxNorm"
ATC: Final = "ATC"
CPT: Final = "CPT"

_SYSTEMS: Mapping[str, str] = {
    "http://snomed.info/sct": SNOMED,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
    "http://loinc.org": LOINC,
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "http://www.nlm.nih.gov/research/umls/rxnorm": RXNORM,
    "urn:oid:2.16.840.1.113883.6.88": RXNORM,
    "http://www.whocc.no/atc": ATC,
    "http://fhir.de/codesystem/bfarm/atc": ATC,
    "urn:oid:2.16.840.1.113883.6.73": ATC,
    "http://www.ama-assn.org/go/cpt": CPT,
    "urn:oid:2.16.840.1.113883.6.12": CPT,
    "http://hl7.org/fhir/sid/icd-10": ICD10,
    "http://hl7.org/fhir/sid/icd-10-cm": ICD10,
    "urn:oid:2.16.840.1.113883.6.90": ICD10,  # ICD-10-CM
    "urn:oid:2.16.840.1.113883.6.3": ICD10,
}
_ICD10_SYSTEM = re.compile(r"icd-?10", re.IGNORECASE)
"""National modifications have systems of their own: icd-10, icd-10-cm, .../icd-10-gm, icd-10-am, ..."""

_CLASSIFICATIONS: Mapping[str, re.Pattern[str]] = {
    ICD10: re.compile(r"[A-Z]\d[0-9A-Z][0-9A-Z]{0,5}"),
    ATC: re.compile(r"[A-Z]\d\d[A-Z]{2}\d\d"),
}
"""What their codes look like without the dot, for codes that come without a system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConceptSet:
    """Codes that mean the same here; `names` is for records without a code that the set knows."""

    codes: frozenset[tuple[str, str]] = frozenset()
    """(system, code)."""
    prefixes: tuple[tuple[str, str], ...] = ()
    """(ICD10 or ATC, beginning of the code, without dot)."""
    names: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None
    """Names that mention it and mean something else, such as screening for it."""

    _bare: frozenset[str] = field(init=False)
    _beginnings: Mapping[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Prepare what each look needs: hundreds of concepts are looked at in every call."""
        beginnings: dict[str, tuple[str, ...]] = {}
        for system, beginning in self.prefixes:
            beginnings[system] = (*beginnings.get(system, ()), beginning)
        object.__setattr__(self, "_bare", frozenset(code for _, code in self.codes))
        object.__setattr__(self, "_beginnings", beginnings)

    def holds(self, concept: object) -> bool:
        """Whether a CodeableConcept, or a Coding, means it."""
        decided = False
        for system, code in codes_of(concept):
            if self._knows(system, code):
                return True
            decided = decided or system in self._beginnings
        return not decided and self.names is not None and any(map(self._is_named, names_of(concept)))

    def _knows(self, system: str, code: str) -> bool:
        if system:
            return (system, code) in self.codes or self._begins(system, code)
        return code in self._bare or any(
            _CLASSIFICATIONS[of].fullmatch(_dotless(code)) and self._begins(of, code) for of in self._beginnings
        )

    def _begins(self, system: str, code: str) -> bool:
        beginnings = self._beginnings.get(system)
        return beginnings is not None and _dotless(code).startswith(beginnings)

    def _is_named(self, name: str) -> bool:
        if self.names is None or not self.names.search(name):
            return False
        return self.unless is None or not self.unless.search(name)


def coded(system: str, *lines: str) -> frozenset[tuple[str, str]]:
    """Codes of one system, several to a line."""
    return frozenset((system, code) for line in lines for code in line.split())


def codes_of(concept: object) -> list[tuple[str, str]]:
    """(system as above, else as sent, "" for none; code) of each coding."""
    found = []
    for coding in codings_of(concept):
        code, system = coding.get("code"), coding.get("system")
        if isinstance(code, str) and (stripped := code.strip()):
            found.append((_system(system) if isinstance(system, str) else "", stripped))
    return found


def names_of(concept: object) -> Iterator[str]:
    """The text of a CodeableConcept and the displays of its codings."""
    texts = [concept.get("text")] if isinstance(concept, dict) else []
    for name in (*texts, *(coding.get("display") for coding in codings_of(concept))):
        if isinstance(name, str) and name.strip():
            yield name


def listed(value: object) -> tuple[object, ...]:
    """A list as it is, one thing as a list of one, nothing as none."""
    return tuple(value) if isinstance(value, list) else () if value is None else (value,)


def word(value: object) -> str | None:
    """A code such as a status; None where there is none, "" for what is no code."""
    if isinstance(value, str):
        return value.strip().lower()
    return None if value is None else ""


def codings_of(concept: object) -> list[dict[str, object]]:
    """Of a CodeableConcept, which may have none or one that is no list; a Coding is its own."""
    if not isinstance(concept, dict):
        return []
    given = concept.get("coding")
    codings = [each for each in (given if isinstance(given, list) else (given,)) if isinstance(each, dict)]
    return [*codings, concept] if isinstance(concept.get("code"), str) else codings  # a bare Coding: Encounter.class


def _system(sent: str) -> str:
    known = _SYSTEMS.get(sent)
    if known is not None:
        return known
    plain = sent.strip().rstrip("/").partition("|")[0]
    if plain.lower().startswith("http://snomed.info/sct/"):  # with an edition
        return SNOMED
    return _SYSTEMS.get(plain.lower()) or (ICD10 if _ICD10_SYSTEM.search(plain) else plain)


def _dotless(code: str) -> str:
    return code.replace(".", "").upper()
