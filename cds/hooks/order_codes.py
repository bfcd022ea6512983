"""The codes by which draft orders are recognised, in one place: (system, code).

Codes alone: LOINC, CPT and SNOMED CT descriptors belong to their owners. An order with another
code is not lost; `order_kinds` looks at its category and name.
"""

import re
from typing import Final

LOINC: Final = "http://loinc.org"
CPT: Final = "http://www.ama-assn.org/go/cpt"
RADLEX: Final = "http://www.radlex.org"


def _coded(system: str, *codes: str) -> frozenset[tuple[str, str]]:
    return frozenset((system, code) for line in codes for code in line.split())


DXA_ORDERS: Final = _coded(
    LOINC,
    "83012-5 83013-3 83014-1",  # the examination
    "83311-1 38269-7 46383-6",  # panel, report
    "24966-4 38267-1 85394-5 104938-6",  # spine
    "38261-4 38264-8 80933-5 46278-8 46279-6 24701-5 38263-0 80934-3",  # hip and femur
    "24890-6 38265-5",  # forearm
) | _coded(CPT, "77080 77081 77085 77086")

IMAGING_ORDERS: Final = _coded(
    LOINC,
    "24627-2 24628-0 29252-4 79068-3 79086-5 79096-4 87279-6",  # CT of the chest
    "36813-4 36952-0 72252-0 72253-8 72254-6 79103-8 87869-4",  # chest, abdomen, pelvis
    "30620-9 79080-8 79081-6 79090-7 79092-3 79100-4 82697-4 87867-8 87875-1",  # spine
)

CPT_RADIOLOGY: Final = re.compile(r"7(?!7[2-7])\d{4}")
"""The radiology section of CPT, without radiation oncology (77261 to 77799)."""

IMAGING_CATEGORIES: Final = frozenset(
    {
        *("imaging", "LP29684-5", "363679005"),  # HL7 observation-category, LOINC, SNOMED CT
        *("RAD", "IMG", "CT", "RX", "XRC", "NMR", "NMS", "RUS", "VUS", "OUS"),  # HL7 v2-0074
    }
)

UNSPECIFIC_CATEGORIES: Final = frozenset({"103693007"})
"""SNOMED CT categories that cover imaging and much else."""
