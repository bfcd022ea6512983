import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.hooks.order_codes import CPT, LOINC, SNOMED_CT, OrderCodes, shipped_order_codes
from cds.hooks.order_kinds import OrderKinds
from tests.support.hook_calls import a_service_request

LOCAL = "http://hospital.example.org/radiology"
LABORATORY = [{"coding": [{"system": SNOMED_CT, "code": "108252007", "display": "Laboratory procedure"}]}]
DIAGNOSTIC = [{"coding": [{"system": SNOMED_CT, "code": "103693007"}], "text": "Diagnostic procedure"}]
IMAGING = [
    {"coding": [{"system": LOINC, "code": "LP29684-5"}]},
    {"coding": [{"system": SNOMED_CT, "code": "363679005"}]},
    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]},
    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "imaging"}]},
    {"coding": [{"code": "rad-7", "display": "Diagnostic radiology"}]},
    {"text": "Imaging"},
    {"text": "Nuclear medicine"},
]

CT_OF_THE_TRUNK = (
    """
Chest CT; CT thorax w/o contrast; LDCT; HRCT lungs; CTPA; CT angiogram aorta; CAT scan of abdomen
Computed tomography, lumbar spine; Computerised tomography of pelvis; PET/CT; PETCT skull base to thigh
CT KUB; CCTA; Coronary calcium score; CT colonography; Virtual colonoscopy; CT; CT head and chest; CTs
CT cervical, thoracic and lumbar spine; CT urogram; Whole body CT; CT neck and thorax
""".strip()
    .replace("\n", "; ")
    .split("; ")
)
SOMETHING_ELSE = (
    """
CT head; CT brain perfusion; CT sinuses; CT C-spine; CT of the cervical spine; CT left knee; CTA neck; CT thigh
CT-guided biopsy of the lung; CT guidance for drainage, abdomen; CT/NG NAAT; Chlamydia CT PCR; Cone beam CT of the jaw
MRI lumbar spine; X-ray of the left hand; Thorax two views; Ultrasound abdomen; Mammography; Echocardiography
Complete blood count; Lipid panel; Referral to dietitian; 12-lead ECG; Optical coherence tomography
Active exercise; Octreotide scan; Peptide
""".strip()
    .replace("\n", "; ")
    .split("; ")
)


def kind_of(order, **rules):
    """By the shipped value sets."""
    return OrderKinds(shipped_order_codes(), **rules).kind_of(order)


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


def test_an_order_not_to_perform_is_no_order():
    """FHIR writes "do not do this" as an order with a flag."""
    assert kind_of(a_service_request(code=coded("24627-2"), doNotPerform=True)) == "other"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (coded("24627-2"), "ct"),
        (coded("71250", CPT), "ct"),
        (coded("77080", CPT), "dxa"),
        (coded("24629-8", display="CT chest"), "other"),
        (coded("71550", CPT, display="DXA"), "other"),
        (coded("80061", CPT), "other"),
        ({"coding": [{"system": LOCAL, "code": "7"}, {"system": LOINC, "code": "24627-2"}], "text": "Knee"}, "ct"),
    ],
)
@pytest.mark.parametrize("category", [LABORATORY, [IMAGING[0]], None])
def test_the_value_sets_decide_alone_about_what_is_coded(code, kind, category):
    """Neither name nor category overrules a code of a system that the value sets draw on."""
    assert kind_of(a_service_request(code=code, category=category)) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("CT of the chest, abdomen and pelvis", "ct"),
        ("MRI of the chest", "other"),
        ("X-ray of the ankle", "other"),
        ("DXA of spine and hip", "dxa"),
        ("", "ct"),
    ],
)
def test_a_code_of_the_hospital_says_nothing_until_its_value_set_names_some(name, kind):
    """Local codes are decided by name; once the value set draws on them, by the value set alone."""
    order = a_service_request(code=coded("RAD7", LOCAL, display=name))
    site = OrderKinds(OrderCodes.of({(LOCAL, "RAD1")}, {(LOINC, "83012-5")}))

    assert kind_of(order) == kind
    assert site.kind_of(order) == "other"
    assert site.kind_of(a_service_request(code=coded("RAD1", LOCAL))) == "ct"


@pytest.mark.parametrize("name", CT_OF_THE_TRUNK)
def test_a_ct_of_the_trunk_is_known_by_name(name):
    """Also one that says no region, and one that shows more than the trunk."""
    assert kind_of(an_order_named(name)) == "ct"
    assert kind_of(an_order_named(name.upper(), category=[IMAGING[1]])) == "ct"


@pytest.mark.parametrize("name", SOMETHING_ELSE)
@pytest.mark.parametrize("category", [None, [IMAGING[1]], DIAGNOSTIC])
def test_any_other_name_is_something_else(name, category):
    """CT elsewhere, CT as a guide, CT that is no tomography, other imaging, and all else: under any category."""
    assert kind_of(an_order_named(name, category=category)) == "other"


@pytest.mark.parametrize("name", ["DXA of spine and hip", "Bone density (DEXA)", "Dual-energy X-ray absorptiometry"])
@pytest.mark.parametrize("category", [None, [IMAGING[6]], [{"text": "Bone health"}]])
def test_dxa_is_known_by_its_name(name, category):
    """Hospitals order it by codes and categories of their own."""
    assert kind_of(an_order_named(name, category=category)) == "dxa"
    assert kind_of(a_service_request(code=coded("X17", LOCAL, display=name), category=category)) == "dxa"


@pytest.mark.parametrize("category", [LABORATORY, [{"text": "Physiotherapy"}], {"coding": [{"code": "RUS"}]}])
@pytest.mark.parametrize("code", [{"text": "CT chest"}, {"coding": [{}]}, None])
def test_a_category_under_which_no_ct_is_ordered_decides(category, code):
    """Laboratory or ultrasound, whatever the name seems to say, and without any."""
    assert kind_of(a_service_request(code=code, category=category)) == "other"


@pytest.mark.parametrize("code", [None, {}, [], "CT", {"coding": [{}]}, {"coding": [None, 7]}, {"text": None}])
@pytest.mark.parametrize(
    "category", [[], None, [{}], [{"text": " "}], DIAGNOSTIC, "imaging", [7], *([each] for each in IMAGING)]
)
def test_an_order_that_says_nothing_counts_unless_the_site_chooses_otherwise(code, category):
    """Some clients send the code only when the order is placed: one measurement too many does less harm."""
    order = a_service_request(code=code, category=category)

    assert kind_of(order) == "ct"
    assert kind_of(order, unnamed_orders_count=False) == "other"


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
    assert kind_of(a_service_request(code=code, category=category)) in {"dxa", "ct", "other"}
