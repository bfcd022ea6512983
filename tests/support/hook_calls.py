"""Builders of hook calls as an EHR sends them; each test varies one thing."""

from cds.hooks.prefetch_templates import prefetch_for

SYSTEM = "https://hospital.example.org/pid"
FHIR_ID = "fhir-77"
FHIR_SERVER = "https://ehr.example.org/fhir"
USER = "Practitioner/dr-1"


def a_fhir_patient(**fields):
    """The Patient resource that goes with `a_patient`."""
    usual = {
        "resourceType": "Patient",
        "id": FHIR_ID,
        "active": True,
        "identifier": [{"use": "official", "system": SYSTEM, "value": "PAT-0001"}],
        "name": [{"family": "Secretname", "given": ["Ada"]}],
        "birthDate": "1951-04-03",
        "gender": "female",
    }
    return usual | fields


def an_identifier(value: object = "PAT-0001", **fields):
    """One identifier of the configured system."""
    return {"system": SYSTEM, "value": value} | fields


def a_service_request(subject=f"Patient/{FHIR_ID}", **fields):
    """A draft order for a chest CT."""
    usual = {
        "resourceType": "ServiceRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "order",
        "code": {"coding": [{}]},
        "reasonCode": [],
        "subject": {"reference": subject},
    }
    return usual | fields


def an_order_sign(*orders, patient: object = None, **fields):
    """An order-sign call; without orders, one for a chest CT."""
    return _call("order-sign", _order_context(orders), patient, fields)


def an_order_select(*orders, patient: object = None, **fields):
    """An order-select call."""
    context = _order_context(orders) | {"selections": ["ServiceRequest/draft-1"]}
    return _call("order-select", context, patient, fields)


def a_patient_view(patient: object = None, **fields):
    """A patient-view call."""
    return _call("patient-view", _context(), patient, fields)


def an_encounter_start(patient: object = None, **fields):
    """An encounter-start call."""
    return _call("encounter-start", _context(), patient, fields)


def an_order_dispatch(*references, patient: object = None, context=None, **fields):
    """An order-dispatch call (1.1) that brings its one order along; with references, one that does not."""
    usual = {"patientId": FHIR_ID, "performer": "Organization/imaging-centre"}
    usual["dispatchedOrders"] = list(references) or ["ServiceRequest/draft-1"]
    call = _call("order-dispatch", usual | (context or {}), patient, fields)
    if not references and "prefetch" not in fields:
        call["prefetch"] |= {"orders": {"resourceType": "Bundle", "entry": [{"resource": a_service_request()}]}}
    return call


def _context():
    return {"userId": USER, "patientId": FHIR_ID, "encounterId": "enc-9"}


def _order_context(orders):
    entry = [{"resource": order} for order in orders or (a_service_request(),)]
    return _context() | {"draftOrders": {"resourceType": "Bundle", "entry": entry}}


def a_prefetch(hook="order-sign", patient: object = None, **answers):
    """Every key of a hook, null but for the Patient and what the test gives."""
    answers = {"patient": a_fhir_patient() if patient is None else patient} | answers
    return dict.fromkeys(prefetch_for(hook)) | answers


def a_bundle(*resources, **fields):
    """A searchset Bundle."""
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": each} for each in resources]} | fields


def _call(hook, context, patient, fields):
    usual = {
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": context,
        "prefetch": a_prefetch(hook, patient),
        "extension": {"org.example.anything": True},
    }
    return usual | fields
