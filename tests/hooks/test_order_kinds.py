import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.hooks.order_codes import CPT, DXA_ORDERS, IMAGING_ORDERS, LOINC
from cds.hooks.order_kinds import kind_of
from tests.support.hook_calls import a_service_request

SNOMED = "http://snomed.info/sct"
LABORATORY = [{"coding": [{"system": SNOMED, "code": "108252007", "display": "Laboratory procedure"}]}]
DIAGNOSTIC = [{"coding": [{"system": SNOMED, "code": "103693007"}], "text": "Diagnostic procedure"}]


def coded(code, system=LOINC, **coding):
    """The code of an order."""
    return {"coding": [{"system": system, "code": code} | coding]}


def an_order_named(name, **fields):
    """An order with a name and nothing else."""
    return a_service_request(code={"text": name}, **fields)


@pytest.mark.parametrize(
    "resource_type", ["MedicationRequest", "NutritionOrder", "DeviceRequest", "CommunicationRequest", "Task", None, 7]
)
def test_only_a_service_request_orders_imaging(resource_type):
    """Whatever else is ordered, even with an imaging code, is not looked at."""
    assert kind_of(a_service_request(resourceType=resource_type, code=coded("24627-2"))) == "other"


@pytest.mark.parametrize(
    "category",
    [
        {"coding": [{"system": "http://loinc.org", "code": "LP29684-5"}]},
        {"coding": [{"system": SNOMED, "code": "363679005"}]},
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]},
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "imaging"}]},
        {"coding": [{"code": "rad-7", "display": "Diagnostic radiology"}]},
        {"text": "Imaging"},
    ],
)
@pytest.mark.parametrize("name", ["Bone survey", "Blood pool study"])
def test_a_category_of_imaging_decides(category, name):
    """By coding or by text, alone or beside another category, whatever the name seems to say."""
    assert kind_of(an_order_named(name, category=[category])) == "imaging"
    assert kind_of(an_order_named(name, category=[{"text": "Outpatient"}, category])) == "imaging"


@pytest.mark.parametrize("category", [LABORATORY, [{"text": "Physiotherapy"}], {"coding": [{"code": "LAB"}]}])
def test_a_category_of_something_else_decides(category):
    """CT in the name of a laboratory order is not computed tomography."""
    assert kind_of(an_order_named("CT/NG NAAT", category=category)) == "other"


@pytest.mark.parametrize("code", sorted(code for _, code in IMAGING_ORDERS))
def test_a_known_code_of_imaging_decides(code):
    """Whatever the category; a client may leave the system out."""
    for system in (LOINC, "http://loinc.org/", "urn:oid:2.16.840.1.113883.6.1", None):
        assert kind_of(a_service_request(code=coded(code, system), category=LABORATORY)) == "imaging"


@pytest.mark.parametrize(("system", "code"), sorted(DXA_ORDERS))
def test_dxa_is_known_by_its_code(system, code):
    """LOINC or CPT, with or without system; the same digits in another system mean something else."""
    assert kind_of(a_service_request(code=coded(code, system))) == "dxa"
    assert kind_of(a_service_request(code=coded(code, None), category=LABORATORY)) == "dxa"
    assert kind_of(a_service_request(code=coded(code, "http://hospital.example.org/codes"))) == "imaging"


@pytest.mark.parametrize("name", ["DXA of spine and hip", "Bone density (DEXA)", "Dual-energy X-ray absorptiometry"])
def test_dxa_is_known_by_its_name(name):
    """Hospitals order it by codes of their own."""
    assert kind_of(an_order_named(name)) == "dxa"
    assert kind_of(a_service_request(code=coded("X17", "http://hospital.example.org", display=name))) == "dxa"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("71250", "imaging"),
        ("77067", "imaging"),
        ("78815", "imaging"),
        ("77427", "other"),  # radiation treatment
        ("80061", "other"),
        ("99213", "other"),
        ("27130", "other"),
    ],
)
def test_cpt_sections_tell_imaging_from_the_rest(code, kind):
    """The radiology section is imaging, radiation oncology and all other sections are not."""
    assert kind_of(a_service_request(code=coded(code, CPT))) == kind


@pytest.mark.parametrize("category", [[], None, [{}], [{"coding": [{}]}], [{"text": " "}], DIAGNOSTIC, "imaging", [7]])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Chest CT", "imaging"),
        ("MRI brain", "imaging"),
        ("X-ray of the left hand", "imaging"),
        ("CT guided biopsy", "imaging"),
        ("Thorax two views", "imaging"),
        ("Complete blood count", "other"),
        ("Lipid panel", "other"),
        ("Referral to dietitian", "other"),
        ("12-lead ECG", "other"),
    ],
)
def test_without_a_category_the_name_decides(category, name, kind):
    """What is recognisably something else is not imaging; in doubt it is."""
    assert kind_of(an_order_named(name, category=category)) == kind


@pytest.mark.parametrize("code", [None, {}, [], "CT", {"coding": [{}]}, {"coding": [None, 7]}, {"text": None}])
def test_an_order_that_says_nothing_counts_as_imaging(code):
    """Some clients send the code only when the order is placed: one measurement too many does less harm."""
    assert kind_of(a_service_request(code=code)) == "imaging"


def test_an_order_not_to_perform_is_no_order():
    """FHIR writes "do not do this" as an order with a flag."""
    assert kind_of(a_service_request(code=coded("24627-2"), doNotPerform=True)) == "other"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["coding", "code", "system", "display", "text"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(json_values, json_values)
def test_nothing_that_a_client_sends_breaks_it(code, category):
    """Every shape of JSON is one of the three kinds."""
    assert kind_of(a_service_request(code=code, category=category)) in {"dxa", "imaging", "other"}
