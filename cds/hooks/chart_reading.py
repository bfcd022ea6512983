"""The chart beyond the Patient: what was prefetched, and from fhirServer what was not.

a resource or a Bundle                -> used; further pages of it are read from fhirServer
null                                  -> the query had no result
absent, an OperationOutcome, nonsense -> read from fhirServer, all such keys at once
that cannot be                        -> 412 naming every such key; or, where the site says so, unread

A prefetched resource of another patient is 400; one that fhirServer gives makes its key unreadable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cds.chart import ChartFacts
from cds.hooks.bundles import Resource, next_page, resources_in, resources_on
from cds.hooks.chart_facts import facts_of
from cds.hooks.prefetch import Inquiry, PatientRecord, fetched, missing
from cds.hooks.prefetch_templates import PATIENT, queries_for
from cds.hooks.problems import Problem
from cds.hooks.subjects import AnotherPatient, own_resources
from cds.ports import ChartUnreadable, FhirPages

_Held = Mapping[str, tuple[Resource, ...]]
"""Resources by prefetch key."""


@dataclass(frozen=True, slots=True)
class _Given:
    """What the prefetch gives: keys that are whole, keys of which it gives the first page, and what is to be read."""

    whole: _Held
    begun: _Held
    to_read: Mapping[str, str]


def missing_keys(inquiry: Inquiry) -> tuple[str, ...]:
    """The keys beyond the Patient that the prefetch does not give whole."""
    return tuple(_given(inquiry).to_read)


async def read_facts(
    inquiry: Inquiry, record: PatientRecord, at: datetime, *, require_chart: bool = True
) -> ChartFacts:
    """What the chart says; raises `Problem` 400 or 412."""
    given = _given(inquiry)
    own, begun = _own_prefetched(given.whole, record), _own_prefetched(given.begun, record)
    faults: dict[str, ChartUnreadable] = {}
    for key, found in (await fetched(inquiry, given.to_read)).items():
        try:
            own[key] = begun.get(key, ()) + _own_fetched(found, record)
        except ChartUnreadable as fault:
            faults[key] = fault
    if faults and require_chart:
        raise missing(tuple(faults), tuple(map(str, faults.values())))
    return facts_of(
        own,
        at.date(),
        birth_date=record.birth_date,
        deceased=record.deceased,
        kinds=inquiry.kinds,
        in_call=inquiry.asked.order_ids,
        unread=tuple(faults),
    )


def _queries(inquiry: Inquiry) -> Mapping[str, str]:
    context = {"patientId": inquiry.asked.patient_id, "encounterId": inquiry.asked.encounter_id}
    queries = queries_for(inquiry.call.hook, context)
    return {key: query for key, query in queries.items() if key != PATIENT}


def _given(inquiry: Inquiry) -> _Given:
    whole: dict[str, tuple[Resource, ...]] = {}
    begun: dict[str, tuple[Resource, ...]] = {}
    to_read: dict[str, str] = {}
    prefetch = inquiry.call.prefetch or {}
    for key, query in _queries(inquiry).items():
        answer = prefetch.get(key)
        resources, following = resources_in(answer), next_page(answer)
        if key in prefetch and answer is None:
            whole[key] = ()
        elif resources is None:
            to_read[key] = query
        elif following is not None:
            begun[key], to_read[key] = resources, following
        else:
            whole[key] = resources
    return _Given(whole, begun, to_read)


def _own_prefetched(held: _Held, record: PatientRecord) -> dict[str, tuple[Resource, ...]]:
    own = {}
    for key, resources in held.items():
        try:
            own[key] = own_resources(resources, record.fhir_ids)
        except AnotherPatient as fault:
            told = f"A resource of the prefetch key {key} is not for the patient of context.patientId."
            raise Problem(400, told) from fault
    return own


def _own_fetched(found: FhirPages | ChartUnreadable, record: PatientRecord) -> tuple[Resource, ...]:
    if isinstance(found, ChartUnreadable):
        raise found
    resources = resources_on(found)
    if resources is None:
        raise ChartUnreadable("fhirServer answered with an OperationOutcome, or with no resource")
    try:
        return own_resources(resources, record.fhir_ids)
    except AnotherPatient as fault:
        raise ChartUnreadable("fhirServer answered with a resource of another patient") from fault
