import pytest

from cds.hooks.messages import Bundle
from cds.hooks.selected_orders import selected_orders

UUID = "urn:uuid:9a6d1b0c-3f2e-4c51-8d5e-1f1b2c3d4e5f"
LAB = {"resourceType": "ServiceRequest", "id": "lab"}
CT = {"resourceType": "ServiceRequest", "id": "ct"}
PILL = {"resourceType": "MedicationRequest", "id": "ct"}
NAMELESS = {"resourceType": "ServiceRequest", "code": {"text": "CT chest"}}
DRAFTS = Bundle.model_validate(
    {
        "entry": [
            {"resource": LAB},
            {"fullUrl": "https://ehr.example.org/fhir/ServiceRequest/ct", "resource": CT},
            None,
            {"fullUrl": 7, "resource": PILL},
            {"fullUrl": UUID, "resource": NAMELESS},
        ]
    }
)


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        ("ServiceRequest/ct", (CT,)),
        ("ServiceRequest/ct/_history/2", (CT,)),
        ("https://elsewhere.example.org/r4/ServiceRequest/ct", (CT,)),
        ("MedicationRequest/ct", (PILL,)),
        ("ct", (CT, PILL)),
        (UUID, (NAMELESS,)),
        (UUID.removeprefix("urn:uuid:"), (NAMELESS,)),
    ],
)
def test_a_selection_names_draft_orders(selection, chosen):
    """By type and id, by bare id, by fullUrl, with version or base."""
    assert selected_orders(DRAFTS, [selection]) == chosen


def test_several_selections_keep_the_order_of_the_drafts():
    """Each once, as the drafts stand."""
    assert selected_orders(DRAFTS, ["ServiceRequest/ct", "ServiceRequest/lab", "ServiceRequest/ct"]) == (LAB, CT)


@pytest.mark.parametrize("selections", [None, [], ["ServiceRequest/another"], [None, 7, {}], "ServiceRequest/ct", {}])
def test_where_nothing_matches_all_count(selections):
    """A client that names its orders in another way is not left without an answer."""
    assert selected_orders(DRAFTS, selections) == (LAB, CT, PILL, NAMELESS)
