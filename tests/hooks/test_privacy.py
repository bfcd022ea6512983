import json
import logging

import pytest
from structlog.testing import capture_logs

from cds.screening import IdentityRefused, Known
from tests.support.assessments import a_key, a_result
from tests.support.fakes import BrokenAnswering
from tests.support.hook_calls import a_fhir_patient, a_prefetch, a_service_request, an_identifier, an_order_sign
from tests.support.hook_site import Site, a_site, some_settings

TELLTALE = ("PAT-0001", "fhir-77", "Secretname", "1951-04-03", "dr-1", "t0ken", "70.1")


def an_opted_out_site():
    """A site whose patient has opted out."""
    site = a_site(Known(a_result()))
    site.opt_outs.patients.add(a_key())
    return site


@pytest.mark.parametrize(
    ("site", "call"),
    [
        (a_site(Known(a_result())), an_order_sign(fhirAuthorization={"access_token": "t0ken"})),
        (a_site(IdentityRefused()), an_order_sign()),
        (an_opted_out_site(), an_order_sign()),
        (a_site(None), an_order_sign(patient=a_fhir_patient(identifier=[an_identifier("PAT-0001*")]))),
        (a_site(None), an_order_sign(patient=a_fhir_patient(id="fhir-78"))),
        (a_site(None), an_order_sign() | {"hookInstance": ["Secretname"]}),
        (a_site(None), an_order_sign(prefetch={}, fhirServer="https://x.example/fhir-77")),
        (a_site(None), an_order_sign(prefetch={"patient": a_fhir_patient()}, fhirServer="https://x.example/fhir-77")),
        (a_site(None), an_order_sign(prefetch=a_prefetch(orders=a_service_request("Patient/Secretname")))),
        (Site(BrokenAnswering(RuntimeError("Secretname PAT-0001")), some_settings()), an_order_sign()),
    ],
    ids=[
        "known",
        "refused",
        "opted out",
        "uncertain",
        "another patient",
        "malformed",
        "missing",
        "chart missing",
        "another's order",
        "own fault",
    ],
)
async def test_no_patient_data_in_logs(site, call, caplog):
    """Whatever happens to a call, no identifier, name, date, token, user or value is logged."""
    with capture_logs() as logged, caplog.at_level(logging.DEBUG):
        await site.order_sign(call)

    told = json.dumps(logged, default=str) + "".join(
        record.getMessage()
        for record in caplog.records
        if record.name != "httpx"  # the test's own client
    )
    assert not [word for word in TELLTALE if word in told]


async def test_an_own_fault_is_logged_with_its_id_and_place():
    """The id in the answer leads to the place in the code."""
    site = Site(BrokenAnswering(RuntimeError("Secretname")), some_settings())

    with capture_logs() as logged:
        response = await site.order_sign(an_order_sign())

    (entry,) = [each for each in logged if each["event"] == "own fault"]
    assert entry["error_id"] in response.text
    assert entry["kind"] == "RuntimeError"
    assert any("fakes.py" in place for place in entry["where"])


async def test_no_patient_data_in_links():
    """The only URL that we make names no patient."""
    response = await a_site(Known(a_result())).order_sign(an_order_sign())

    for card in response.json()["cards"]:
        for link in card["links"]:
            assert not [word for word in TELLTALE if word in link["url"]]
