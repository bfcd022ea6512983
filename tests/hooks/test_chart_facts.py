from datetime import date

import pytest

from cds.chart import ChartFacts, DxaResult
from cds.hooks.chart_codes import OWN_RESULT_ID
from cds.hooks.chart_facts import facts_of
from cds.reporting import codes
from tests.support.charts import (
    ATC,
    ICD10,
    LOINC,
    RXNORM,
    SNOMED,
    a_concept,
    a_condition,
    a_dxa_report,
    a_medication_order,
    a_procedure,
    a_t_score,
    an_encounter,
    an_order,
)

TODAY = date(2026, 3, 2)
OSTEOPOROSIS = a_concept("M81.0", ICD10)
PREGNANT = a_concept("77386006", SNOMED)
MYELOMA = a_concept("C90.00", ICD10)
HOSPICE = a_concept("385763009", SNOMED)
ALENDRONATE = a_concept("904419", RXNORM, display="alendronic acid 10 MG Oral Tablet")
ZOLEDRONATE = a_concept("M05BA08", ATC)
DENOSUMAB = a_concept(text="denosumab 60 mg")
DXA = a_concept("77080", "http://www.ama-assn.org/go/cpt")
RADIOTHERAPY = a_concept("33195004", SNOMED)
THORAX, LUMBAR = a_concept("51185008", SNOMED), a_concept("122496007", SNOMED)
WRONG = a_concept("entered-in-error")


def facts(*resources, encounter=()):
    """What a chart with these resources says."""
    return facts_of({"conditions": resources, "encounter": encounter}, TODAY)


def test_an_empty_chart_says_nothing():
    """Nothing on record is no fact."""
    assert facts() == ChartFacts()


@pytest.mark.parametrize(
    ("fields", "known"),
    [
        ({}, True),
        ({"status": "recurrence"}, True),
        ({"status": "remission"}, True),
        ({"status": None}, True),
        ({"clinicalStatus": "active"}, True),  # STU3
        ({"verificationStatus": a_concept("provisional")}, True),
        ({"status": "inactive"}, False),
        ({"status": "resolved"}, False),
        ({"clinicalStatus": "resolved"}, False),
        ({"status": None, "abatementDateTime": "2019"}, False),
        ({"verificationStatus": WRONG}, False),
        ({"verificationStatus": a_concept("refuted")}, False),
        ({"verificationStatus": a_concept("differential")}, False),
    ],
)
def test_osteoporosis_is_known_while_it_stands(fields, known):
    """Active, in remission or without a status; not when it is over, wrong, refuted or only considered."""
    assert facts(a_condition(OSTEOPOROSIS, **fields)).osteoporosis_known == known


@pytest.mark.parametrize(
    ("fields", "pregnant"),
    [
        ({}, True),
        ({"onsetDateTime": "2025-12"}, True),
        ({"onsetPeriod": {"start": "2025-12-01"}}, True),
        ({"recordedDate": "2015-06-01"}, False),  # forgotten on the problem list
        ({"onsetDateTime": "2015", "recordedDate": "2026-01-01"}, True),
        ({"status": "remission"}, False),
        ({"status": None, "recordedDate": "2025-10-01"}, True),
        ({"onsetDateTime": "not a date"}, True),
    ],
)
def test_a_pregnancy_lasts_forty_four_weeks_at_most(fields, pregnant):
    """What was recorded earlier is over, whatever its status says."""
    assert facts(a_condition(PREGNANT, **fields)).pregnant == pregnant


@pytest.mark.parametrize(
    ("statements", "pregnant"),
    [
        ([("2026-01-01", "77386006")], True),
        ([("2026-01-01", "60001007")], False),
        ([("2025-10-01", "77386006"), ("2026-02-01", "60001007")], False),  # the latest counts
        ([("2024-01-01", "77386006")], False),
    ],
)
def test_pregnancy_is_stated_by_an_observation_too(statements, pregnant):
    """US Core pregnancy status: the latest statement, if it can still hold."""
    observations = [
        a_t_score(None, "82810-3", on, valueCodeableConcept=a_concept(code, SNOMED)) for on, code in statements
    ]

    assert facts(*observations).pregnant == pregnant


@pytest.mark.parametrize(
    ("resource", "malignant"),
    [
        (a_condition(MYELOMA), True),
        (a_condition(MYELOMA, status="remission"), True),  # bone that was destroyed stays so
        (a_condition(MYELOMA, status="inactive"), True),
        (a_condition(MYELOMA, status="resolved"), False),
        (a_condition(MYELOMA, verificationStatus=WRONG), False),
        (a_procedure(RADIOTHERAPY, bodySite=[LUMBAR]), True),
        (a_procedure(RADIOTHERAPY, bodySite=LUMBAR), True),
        (a_procedure(RADIOTHERAPY, bodySite=[THORAX]), False),
        (a_procedure(RADIOTHERAPY), False),
        (a_procedure(a_concept(text="Palliative radiotherapy to T12 vertebra")), True),
        (a_procedure(a_concept("63620", "http://www.ama-assn.org/go/cpt"), "in-progress"), True),
        (a_procedure(RADIOTHERAPY, "not-done", bodySite=[LUMBAR]), False),
        (a_procedure(a_concept(text="MRI lumbar spine")), False),
    ],
)
def test_bone_malignancy_and_radiotherapy_of_the_spine(resource, malignant):
    """On record even in remission; radiotherapy only where the spine is named."""
    assert facts(resource).bone_malignancy == malignant


@pytest.mark.parametrize(
    ("order", "treated"),
    [
        (a_medication_order(ALENDRONATE), True),
        (a_medication_order(ALENDRONATE, "completed", authoredOn="2026-02-01"), False),
        (a_medication_order(ALENDRONATE, "stopped"), False),
        (a_medication_order(ALENDRONATE, "on-hold"), False),
        (a_medication_order(ALENDRONATE, "entered-in-error"), False),
        (a_medication_order(ALENDRONATE, "draft"), False),
        (a_medication_order(ALENDRONATE, doNotPerform=True), False),
        (a_medication_order(ALENDRONATE, intent="proposal"), False),
        (a_medication_order(ALENDRONATE, intent="plan"), False),
        (a_medication_order(ALENDRONATE, intent="plan", reportedBoolean=True), True),  # US Core: the patient says so
        (a_medication_order(a_concept(text="Metformin")), False),
        (a_medication_order(ZOLEDRONATE, "completed", authoredOn="2025-02-01"), True),
        (a_medication_order(ZOLEDRONATE, "completed", authoredOn="2024-11-01"), False),
        (a_medication_order(ZOLEDRONATE, "completed"), False),  # nobody knows when
        (a_medication_order(DENOSUMAB, "completed", authoredOn="2025-09-01"), True),
        (a_medication_order(DENOSUMAB, "completed", authoredOn="2025-07-01"), False),
        (a_medication_order(None, medicationReference={"display": "Evenity 105 mg"}), True),
        (a_medication_order(None, medicationReference={"reference": "Medication/unknown"}), False),
        (
            a_medication_order(
                None,
                medicationReference={"reference": "#m"},
                contained=[{"resourceType": "Medication", "id": "m", "code": ALENDRONATE}],
            ),
            True,
        ),
        ({"resourceType": "MedicationStatement", "status": "active", "medicationCodeableConcept": ALENDRONATE}, True),
        (
            {
                "resourceType": "MedicationAdministration",
                "status": "completed",
                "medicationCodeableConcept": ZOLEDRONATE,
                "effectiveDateTime": "2025-06-01T09:00:00+02:00",
            },
            True,
        ),
    ],
)
def test_treatment_is_what_acts_today(order, treated):
    """Active medicines, reported ones, and infusions for as long as they act."""
    assert facts(order).osteoporosis_treated == treated


def test_a_medicine_is_known_by_the_medication_that_came_along():
    """A reference, relative or absolute, to a Medication in the same answer."""
    order = a_medication_order(None, medicationReference={"reference": "https://ehr.example.org/fhir/Medication/m1"})
    medication = {"resourceType": "Medication", "id": "m1", "code": DENOSUMAB}

    assert facts(order, medication).osteoporosis_treated


@pytest.mark.parametrize(
    ("resources", "latest"),
    [
        ([a_t_score(-2.6)], DxaResult(date(2025, 1, 10), -2.6)),
        ([a_t_score(-1.1), a_t_score(-2.7, "38264-8")], DxaResult(date(2025, 1, 10), -2.7)),
        ([a_t_score(-3.3, on="2021-05-01"), a_t_score(-2.0)], DxaResult(date(2025, 1, 10), -2.0)),
        ([a_t_score(-2.6), a_dxa_report()], DxaResult(date(2025, 1, 12), -2.6)),  # the report two days later
        ([a_dxa_report()], DxaResult(date(2025, 1, 12), None)),
        ([a_dxa_report("2025-01")], DxaResult(date(2025, 1, 1), None)),
        ([a_t_score(0.0, "24966-4")], DxaResult(date(2025, 1, 10), None)),  # g/cm2, no T-score
        ([a_t_score(-2.6, status="entered-in-error")], None),
        ([a_t_score(-2.6, on="2027-01-01")], None),
        ([a_t_score(-2.6, "38266-3")], None),  # heel
        ([a_t_score("-2.6")], DxaResult(date(2025, 1, 10), None)),
        ([a_t_score(-26)], DxaResult(date(2025, 1, 10), None)),
        ([a_t_score(float("nan"))], DxaResult(date(2025, 1, 10), None)),
        ([a_t_score(True)], DxaResult(date(2025, 1, 10), None)),  # noqa: FBT003 - a value, not a flag
        (
            [
                a_t_score(
                    None,
                    "83311-1",
                    component=[{"code": a_concept("38267-1", LOINC), "valueQuantity": {"value": -2.9}}],
                )
            ],
            DxaResult(date(2025, 1, 10), -2.9),
        ),
        (
            [a_t_score(-2.6) | {"effectiveDateTime": None, "effectivePeriod": {"start": "2025-03"}}],
            DxaResult(date(2025, 3, 1), -2.6),
        ),
    ],
)
def test_the_latest_dxa_has_its_lowest_t_score(resources, latest):
    """The lowest over the sites of the latest examination; None where the record has none."""
    assert facts(*resources).latest_dxa == latest


@pytest.mark.parametrize(
    ("order", "ordered"),
    [
        (an_order(DXA), True),
        (an_order(a_concept(text="DEXA bone density")), True),
        (an_order(DXA, authoredOn=None), True),
        (an_order(DXA, "draft"), False),
        (an_order(DXA, "completed"), False),
        (an_order(DXA, "revoked"), False),
        (an_order(DXA, intent="proposal"), False),
        (an_order(DXA, doNotPerform=True), False),
        (an_order(DXA, authoredOn="2021-01-01"), False),  # nobody closed it
        (an_order(a_concept(text="CT chest")), False),
    ],
)
def test_an_active_dxa_order(order, ordered):
    """Active, not merely proposed, and not forgotten for two years."""
    assert facts(order).dxa_ordered == ordered


def test_an_order_of_the_call_does_not_count_as_ordered():
    """A dispatched DXA order is active in the chart; another one beside it counts."""
    own, other = (
        {"resourceType": "ServiceRequest", "id": name, "status": "active", "intent": "order", "code": {"text": "DXA"}}
        for name in ("own", "other")
    )

    assert not facts_of({"orders": (own,)}, TODAY, in_call={"own"}).dxa_ordered
    assert facts_of({"orders": (own, other)}, TODAY, in_call={"own"}).dxa_ordered
    assert facts_of({"orders": (own | {"id": ["own"]},)}, TODAY, in_call={"own"}).dxa_ordered


@pytest.mark.parametrize(
    ("resource", "comfort"),
    [
        (a_condition(a_concept("Z51.5", ICD10)), True),
        (a_condition(a_concept("Z51.5", ICD10), status="resolved"), False),
        (an_order(HOSPICE), True),
        (an_order(a_concept(text="Referral"), category=[HOSPICE]), True),
        (an_order(HOSPICE, "revoked"), False),
        (an_order(HOSPICE, doNotPerform=True), False),
        (a_procedure(HOSPICE, "in-progress", performedPeriod={"start": "2024-01-01"}), True),
        (a_procedure(HOSPICE, performedDateTime="2026-01-15"), True),
        (a_procedure(HOSPICE, performedPeriod={"start": "2023-01-01", "end": "2023-02-01"}), False),
        (a_procedure(HOSPICE, "not-done"), False),
    ],
)
def test_comfort_care(resource, comfort):
    """From problems, orders and procedures, while it goes on."""
    assert facts(resource).comfort_care == comfort


@pytest.mark.parametrize(
    ("encounter", "emergency", "comfort"),
    [
        (an_encounter("EMER"), True, False),
        (an_encounter("AMB"), False, False),
        (an_encounter() | {"class": [a_concept("EMER")]}, True, False),  # R5
        (an_encounter(type=[a_concept(text="Hospice visit")]), False, True),
        (an_encounter(serviceType=a_concept(text="Palliative care")), False, True),
        (an_encounter(hospitalization={"dischargeDisposition": a_concept("hosp")}), False, True),
        (an_encounter() | {"class": "EMER"}, False, False),
    ],
)
def test_the_encounter(encounter, emergency, comfort):
    """Its class, and what it is for."""
    told = facts(encounter=[encounter])

    assert (told.emergency, told.comfort_care) == (emergency, comfort)


def test_an_encounter_that_came_along_is_not_the_encounter_of_the_call():
    """A server may include old encounters with other resources."""
    assert not facts(an_encounter("EMER")).emergency


def test_own_observations_are_found_by_the_identifier_of_the_result():
    """The patient-level one; not that of a vertebra, nor one that was withdrawn."""

    def ours(value, fhir_id, **fields):
        return a_t_score(70, "x", identifier=[{"system": codes.RESULT_ID, "value": value}], id=fhir_id, **fields)

    told = facts(
        ours("r1", "obs-1"),
        ours("r1/L1", "obs-2"),
        ours("r2", "obs-3", status="entered-in-error"),
        ours("r3", "../evil"),
        ours("r4", ".."),
        ours(["r5"], "obs-5"),
        a_t_score(70, "x", identifier=[{"system": "urn:other", "value": "r6"}], id="obs-6"),
    )

    assert told.own_observations == {"r1": "Observation/obs-1"}
    assert OWN_RESULT_ID == codes.RESULT_ID
