"""What each hook asks the EHR to send along, in the portable subset of CDS Hooks 2.0.

Each query costs the EHR at every call, so there are few, and each is one that US Core 7 obliges a
server to answer (SHALL), but for ServiceRequest by status (SHOULD): any other would bring years of orders.

conditions    the problem list: short, curated, current. Encounter diagnoses are many and mostly past;
              by code would miss local codes, and few EHRs search conditions by code.
medications   orders and what the patient reports (intent "plan" in US Core), also completed ones:
              an infusion acts for months after it is over.
observations  by code: T-scores of DXA, pregnancy status, and what this service wrote back.
dxaReports    by code: DXA without discrete T-scores.
orders        active ones: DXA, hospice and palliative care.
procedures    all, as few EHRs search them by code: radiotherapy of the spine, hospice and palliative care.
encounter     only where the hook can have one; without `encounterId` it is not needed.

Comfort care is found in conditions, orders, procedures and the encounter, where quality measures look
for it (CMS eCQM "Hospice", "Palliative or Hospice Care"); care plans carry it as free text.
Codes are sent without their system, as in the standard's examples, and are looked at with it.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PATIENT: Final = "patient"
CONDITIONS: Final = "conditions"
MEDICATIONS: Final = "medications"
OBSERVATIONS: Final = "observations"
DXA_REPORTS: Final = "dxaReports"
ORDERS: Final = "orders"
PROCEDURES: Final = "procedures"
ENCOUNTER: Final = "encounter"

_OF_PATIENT = "patient={{context.patientId}}"
_OBSERVATION_CODES = (
    "38267-1,104938-6,38264-8,80945-9,80946-7,38263-0,80947-5,80948-3,38265-5,80943-4,80944-2,"  # DXA T-scores
    "24966-4,38261-4,24701-5,83311-1,38269-7,"  # DXA density, panel, report
    "82810-3,"  # pregnancy status
    "patient-vbmd"
)
_REPORT_CODES = "38269-7,83311-1,46383-6,83012-5,83013-3,83014-1,24966-4,38261-4,24701-5"

_EVERY_HOOK: Mapping[str, str] = MappingProxyType(
    {
        PATIENT: "Patient/{{context.patientId}}",
        CONDITIONS: f"Condition?{_OF_PATIENT}&category=problem-list-item&_count=100",
        MEDICATIONS: f"MedicationRequest?{_OF_PATIENT}&intent=order,plan&status=active,completed&_count=100",
        OBSERVATIONS: f"Observation?{_OF_PATIENT}&code={_OBSERVATION_CODES}&_count=100",
        DXA_REPORTS: f"DiagnosticReport?{_OF_PATIENT}&code={_REPORT_CODES}&_count=100",
        ORDERS: f"ServiceRequest?{_OF_PATIENT}&status=active&_count=100",
        PROCEDURES: f"Procedure?{_OF_PATIENT}&_count=100",
    }
)
_WITH_ENCOUNTER: Mapping[str, str] = MappingProxyType(
    {**_EVERY_HOOK, ENCOUNTER: "Encounter/{{context.encounterId}}"},
)
_WITHOUT_ENCOUNTER = frozenset({"order-dispatch"})
"""Hooks whose context has no encounterId."""

_TOKEN = re.compile(r"\{\{context\.(\w+)\}\}")


def prefetch_for(hook: str) -> Mapping[str, str]:
    """The templates of one hook, by prefetch key: only tokens that its context can have."""
    return _EVERY_HOOK if hook in _WITHOUT_ENCOUNTER else _WITH_ENCOUNTER


def queries_for(hook: str, context: Mapping[str, str | None]) -> Mapping[str, str]:
    """The hook's templates with their tokens filled in; those that need what the call does not have are left out.

    `context` maps names such as "patientId" to FHIR ids; the caller has checked that they are.
    """
    filled = {}
    for key, template in prefetch_for(hook).items():
        if all(map(context.get, _TOKEN.findall(template))):
            filled[key] = _TOKEN.sub(lambda token: str(context[token[1]]), template)
    return filled
