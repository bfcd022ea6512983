import pytest

from cds.hooks.chart_codes import BONE_MALIGNANCY, COMFORT_CARE, MEDICINES, OSTEOPOROSIS, PREGNANCY, SPINE, T_SCORES
from tests.support.charts import ATC, CPT, ICD10, LOINC, RXNORM, SNOMED, a_concept


@pytest.mark.parametrize(
    ("meaning", "concept"),
    [
        (OSTEOPOROSIS, a_concept("64859006", SNOMED)),
        (OSTEOPOROSIS, a_concept("64859006", f"{SNOMED}/900000000000207008")),  # with an edition
        (OSTEOPOROSIS, a_concept("64859006", "urn:oid:2.16.840.1.113883.6.96")),
        (OSTEOPOROSIS, a_concept("64859006")),  # without a system
        (OSTEOPOROSIS, a_concept("M81.0", ICD10)),
        (OSTEOPOROSIS, a_concept("M810", ICD10)),  # without the dot
        (OSTEOPOROSIS, a_concept("m80.08xA", ICD10)),
        (OSTEOPOROSIS, a_concept("M81.99", "http://fhir.de/CodeSystem/bfarm/icd-10-gm")),
        (OSTEOPOROSIS, a_concept("M81.0", "urn:oid:2.16.840.1.113883.6.90")),
        (OSTEOPOROSIS, a_concept("M82")),
        (OSTEOPOROSIS, a_concept("12345", "urn:local", display="Postmenopausal osteoporosis")),
        (OSTEOPOROSIS, a_concept(text="Osteoporotic fracture of hip")),
        (OSTEOPOROSIS, a_concept(text="Age-related osteoporosis without current pathological fracture")),
        (PREGNANCY, a_concept("O09.90", ICD10)),
        (PREGNANCY, a_concept("Z34.90", ICD10)),
        (PREGNANCY, a_concept("77386006", SNOMED)),
        (BONE_MALIGNANCY, a_concept("C79.51", ICD10)),
        (BONE_MALIGNANCY, a_concept("C9000", ICD10)),
        (BONE_MALIGNANCY, a_concept("94222008", SNOMED)),
        (BONE_MALIGNANCY, a_concept(text="Breast cancer metastatic to bone")),
        (BONE_MALIGNANCY, a_concept(text="Bone metastases")),
        (COMFORT_CARE, a_concept("Z51.5", ICD10)),
        (COMFORT_CARE, a_concept("385763009", SNOMED)),
        (MEDICINES, a_concept("46041", RXNORM)),
        (MEDICINES, a_concept("904419", RXNORM, display="alendronic acid 10 MG Oral Tablet")),
        (MEDICINES, a_concept("M05BA08", ATC)),
        (MEDICINES, a_concept("M05BX04")),
        (MEDICINES, a_concept(text="Prolia 60 mg/mL subcutaneous syringe")),
        (T_SCORES, a_concept("80948-3", LOINC)),
        (T_SCORES, a_concept(text="DXA lumbar spine T-score")),
        (SPINE, a_concept("63620", CPT)),
    ],
)
def test_what_means_it(meaning, concept):
    """By code, with or without its system; by classification, with or without the dot; by name."""
    assert meaning.holds(concept)


@pytest.mark.parametrize(
    ("meaning", "concept"),
    [
        (OSTEOPOROSIS, a_concept("M85.80", ICD10, display="Osteopenia")),
        (OSTEOPOROSIS, a_concept("Z13.820", ICD10, display="Encounter for screening for osteoporosis")),
        (OSTEOPOROSIS, a_concept("Z82.62", ICD10, display="Family history of osteoporosis")),
        (OSTEOPOROSIS, a_concept("M89.9", ICD10, text="osteoporosis?")),  # the classification decides
        (OSTEOPOROSIS, a_concept("64859006", LOINC)),  # another system's code
        (OSTEOPOROSIS, a_concept(text="Screening for osteoporosis")),
        (OSTEOPOROSIS, a_concept(text="No evidence of osteoporosis")),
        (OSTEOPOROSIS, a_concept(text="Osteoarthritis")),
        (PREGNANCY, a_concept("Z32.02", ICD10, display="Pregnancy test negative")),
        (PREGNANCY, a_concept("O+", text="Blood group O")),
        (PREGNANCY, a_concept(text="History of pregnancy")),
        (BONE_MALIGNANCY, a_concept("C78.7", ICD10)),
        (BONE_MALIGNANCY, a_concept(text="Breast cancer metastatic to liver")),
        (BONE_MALIGNANCY, a_concept(text="Family history of myeloma")),
        (COMFORT_CARE, a_concept(text="Hospice care declined")),
        (MEDICINES, a_concept("M05BX05", ATC)),  # burosumab
        (MEDICINES, a_concept("M05BC01", ATC)),  # dibotermin, an implant
        (MEDICINES, a_concept(text="Cholecalciferol 1000 units")),
        (T_SCORES, a_concept(text="Heel ultrasound T-score")),
        (T_SCORES, a_concept("38266-3", LOINC, display="DXA Calcaneus [T-score] Bone density")),
    ],
)
def test_what_does_not_mean_it(meaning, concept):
    """Other codes, other systems, and names that mention it for another reason."""
    assert not meaning.holds(concept)


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        "",
        "64859006",
        1,
        [],
        [{}],
        {},
        {"coding": None},
        {"coding": "x"},
        {"coding": [None, 1, {"code": []}]},
        {"text": {}},
    ],
)
def test_nonsense_means_nothing(nonsense):
    """What is no CodeableConcept is no fact."""
    assert not OSTEOPOROSIS.holds(nonsense)
