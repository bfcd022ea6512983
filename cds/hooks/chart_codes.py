"""Everything by which facts of a chart are recognised, in one place, with where it comes from.

Codes alone: descriptors belong to their owners. SNOMED CT and RxNorm lists name the concepts that
records carry most, not every descendant; names in English catch the rest, and most medicines, which EHRs
code as products that are too many to list.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from cds.hooks.concepts import ATC, CPT, ICD10, LOINC, RXNORM, SNOMED, ConceptSet, coded


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


OSTEOPOROSIS: Final = ConceptSet(
    codes=coded(SNOMED, "64859006 102447009 443165006"),  # itself, postmenopausal, fracture due to it
    prefixes=((ICD10, "M80"), (ICD10, "M81"), (ICD10, "M82")),
    names=_words(r"osteoporo(sis|tic)"),
    unless=_words(r"screen|famil|risk|suspect|rule out|transient|locali[sz]ed|\bno (known |evidence of )?osteop"),
)
"""ICD-10 chapter XIII, M80-M82; eCQM "Osteoporosis" (2.16.840.1.113883.3.464.1003.113.12.1038) without osteopenia."""

PREGNANCY: Final = ConceptSet(
    codes=coded(SNOMED, "77386006 72892002"),
    prefixes=((ICD10, "O"), (ICD10, "Z33"), (ICD10, "Z34")),
    names=_words(r"\bpregnan(t|cy)\b"),
    unless=_words(r"\bnot pregnant|history|\bh/o\b|planning|prevent|contracept|test|ectopic|terminat|negative"),
)
PREGNANCY_STATUS: Final = ConceptSet(codes=coded(LOINC, "82810-3"))
"""US Core 7, us-core-observation-pregnancystatus."""
PREGNANCY_LASTS: Final = timedelta(days=310)
"""44 weeks: what was recorded earlier is another pregnancy, or forgotten on the problem list."""

BONE_MALIGNANCY: Final = ConceptSet(
    codes=coded(SNOMED, "94222008 109989006"),
    prefixes=((ICD10, "C795"), (ICD10, "C900")),
    names=_words(
        r"(bone|osseous|skelet\w*|spin\w+|vertebra\w*)\W+metasta|metasta\w+\W+(\w+\W+){0,5}(bone|spin|vertebra|skelet)|"
        r"secondary malignant neoplasm of (the )?(bone|vertebra|spin)|\bmyeloma\b"
    ),
    unless=_words(r"famil|screen|rule out|suspect|without"),
)
"""Bone metastasis (C79.5) and myeloma (C90.0)."""

COMFORT_CARE: Final = ConceptSet(
    codes=coded(
        SNOMED,
        "103735009 133918004 182964004 385736008 385763009",  # palliative, comfort, terminal, dying, hospice care
        "305284002 305381007 305981001 306237005 306288008",  # admission, referral to palliative care
        "385765002",
    )
    | coded(CPT, "99377 99378"),
    prefixes=((ICD10, "Z515"),),
    names=_words(r"\bhospice\b|palliative care|comfort (care|measures)|end[- ]of[- ]life care|terminal care"),
    unless=_words(r"declin|refus|famil|education"),
)
"""CMS eCQM "Palliative or Hospice Care" (2.16.840.1.113883.3.600.1.1579); ICD-10 Z51.5."""
COMFORT_CARE_LASTS: Final = timedelta(days=180)
"""How long a completed procedure still speaks for comfort care: hospice is for a prognosis of six months."""

RADIOTHERAPY: Final = ConceptSet(
    codes=coded(SNOMED, "108290001 33195004 395096001 1217123003")
    | coded(CPT, "77371 77372 77373 77385 77386 77401 77402 77407 77412 77427 77431 77432 77435 63620 63621"),
    names=_words(r"radiother|radiation (therap|treatment|oncolog)|irradiat|radiosurg|\bsbrt\b|\bebrt\b"),
)
"""SNOMED CT as mCODE uses it (radiotherapy course summary); CPT: treatment delivery and management, spinal SRS."""
SPINE: Final = ConceptSet(
    codes=coded(SNOMED, "421060004 51282000 122496007 12989004 23215003 66794005 14293000 36470004 11994002")
    | coded(CPT, "63620 63621"),
    names=_words(r"\bspin(e|al)\b|vertebra|\blumbar\b"),
)

MEDICINES: Final = ConceptSet(
    codes=coded(RXNORM, "46041 73056 115264 77655 11473 993449"),
    prefixes=(
        *((ATC, "M05BA"), (ATC, "M05BB")),  # bisphosphonates
        *((ATC, "M05BX03"), (ATC, "M05BX04"), (ATC, "M05BX06")),  # strontium, denosumab, romosozumab
        *((ATC, "H05AA02"), (ATC, "H05AA04"), (ATC, "G03XC01"), (ATC, "G03XC02")),
    ),
    names=_words(
        r"alendron|risedron|ibandron|zoledron|pamidron|etidron|clodron|denosumab|teriparat|abaloparat|romosozumab|"
        r"raloxifen|bazedoxifen|strontium ranelate|\b(fosamax|binosto|actonel|atelvia|boniva|bonviva|reclast|aclasta|"
        r"prolia|forteo|forsteo|tymlos|eladynos|evenity|evista)\b"
    ),
)
"""WHO ATC M05B without what is not for osteoporosis (M05BC, burosumab, vosoritide); HEDIS OMW medications.

Doses for cancer count too: they act on bone all the same.
"""
ACTS_FOR: Final[Mapping[str, tuple[ConceptSet, timedelta]]] = MappingProxyType(
    {
        "zoledronic acid": (
            ConceptSet(
                codes=coded(RXNORM, "77655"), prefixes=((ATC, "M05BA08"),), names=_words("zoledron|reclast|aclasta")
            ),
            timedelta(days=456),
        ),
        "denosumab": (
            ConceptSet(codes=coded(RXNORM, "993449"), prefixes=((ATC, "M05BX04"),), names=_words("denosumab|prolia")),
            timedelta(days=213),
        ),
        "ibandronic acid": (
            ConceptSet(
                codes=coded(RXNORM, "115264"), prefixes=((ATC, "M05BA06"),), names=_words("ibandron|bon(v)?iva")
            ),
            timedelta(days=122),
        ),
        "romosozumab": (
            ConceptSet(prefixes=((ATC, "M05BX06"),), names=_words("romosozumab|evenity")),
            timedelta(days=62),
        ),
    }
)
"""How long one dose treats after it was given: the interval of the label (12, 6, 3, 1 months) and a grace of
three months for zoledronic acid, one for the others; without denosumab for 7 months fractures rebound (ECTS 2017)."""

T_SCORES: Final = ConceptSet(
    codes=coded(
        LOINC,
        "38267-1 104938-6",  # spine
        "38264-8 80945-9 80946-7 38263-0 80947-5 80948-3",  # hip, femur
        "38265-5 80943-4 80944-2",  # forearm
    ),
    names=_words(r"\bt[- ]?score"),
    unless=_words(r"heel|calcane|humer|phalan|ultraso|\bqus\b|\bqct\b"),
)
"""LOINC DXA T-scores of the sites on which the diagnosis rests (WHO, ISCD): not heel and arm."""
DXA: Final = ConceptSet(
    codes=T_SCORES.codes
    | coded(
        LOINC,
        "24966-4 85394-5 38261-4 46278-8 46279-6 80933-5 80937-6 80938-4",
        "24701-5 80953-3 80954-1 80934-3 80939-2 80940-0",
        "24890-6 80951-7 80952-5 80932-7 46383-6",  # density and Z-score by site
        "83311-1 38269-7 83012-5 83013-3 83014-1",  # panel, report, examination
    )
    | coded(CPT, "77080 77081 77085 77086"),
    names=_words(r"\bde?xa\b|absorptiometry"),
)

EMERGENCY: Final = frozenset({"EMER"})
"""HL7 v3-ActCode, Encounter.class."""
HOSPICE_DISCHARGE: Final = "hosp"
"""HL7 discharge-disposition."""

OWN_RESULT_ID: Final = "http://osteocds.org/fhir/identifier/result"
"""The identifier that this service gives its Observations; the same as in what it publishes."""
