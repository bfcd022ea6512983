"""Mirrors cds/hooks/routes.py: what is refused, with which status, in which words."""

import json

import pytest

from cds.errors import ArchiveUnavailable
from cds.screening import Known
from tests.support.assessments import a_result
from tests.support.fakes import BrokenAnswering
from tests.support.hook_calls import a_fhir_patient, a_prefetch, a_service_request, an_order_sign
from tests.support.hook_posts import JSON, ORDER_SIGN, PENDING, issue, post
from tests.support.hook_site import Site, a_site, some_settings


@pytest.mark.parametrize(
    ("status", "call"),
    [
        (400, an_order_sign(patient=a_fhir_patient(id="somebody-else"))),
        (400, an_order_sign(a_service_request("Patient/somebody-else"))),
        (400, an_order_sign() | {"hook": "patient-view"}),
        (412, an_order_sign(prefetch={})),
        (412, an_order_sign(prefetch={}, fhirServer="https://elsewhere.example.org/fhir")),
        (412, an_order_sign(prefetch={"patient": a_fhir_patient()})),
        (400, an_order_sign(prefetch=a_prefetch(orders=a_service_request("Patient/somebody-else")))),
    ],
)
async def test_a_call_that_contradicts_itself_is_refused(status, call):
    """Wrong subject, wrong Patient, wrong hook: 400. No Patient to be had: 412 naming the key."""
    site = a_site(Known(a_result()))

    response = await site.order_sign(call)

    assert response.status_code == status
    assert issue(response)
    assert site.answering.orders == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'"text"',
        b"{}",
        b'{"hook": 1, "hookInstance": "x", "context": {"patientId": "p"}}',
        b'{"hook": "order-sign", "hookInstance": "x", "context": []}',
        b'{"hook": "order-sign", "hookInstance": "x", "context": {}}',
        b'{"hook": "order-sign", "context": {"patientId": "p"}}',
        b'{"hook": "order-sign", "hookInstance": "x", "context": {"patientId": "p", "draftOrders": []}}',
        b'{"prefetch":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    ],
)
async def test_malformed_json_is_400(body):
    """What cannot be read is refused with an OperationOutcome, however it is malformed."""
    response = await post(a_site(PENDING), body)

    assert response.status_code == 400
    assert issue(response)


async def test_a_refusal_does_not_repeat_what_was_sent():
    """Values of a malformed call may be patient data: they come back nowhere."""
    call = an_order_sign() | {"hookInstance": {"Secretname": "Secretname"}, "context": {"patientId": ["Secretname"]}}

    response = await a_site(PENDING).order_sign(call)

    assert response.status_code == 400
    assert "hookInstance" in issue(response)
    assert "Secretname" not in response.text


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
async def test_other_content_types_are_415(content_type):
    """Only JSON is read."""
    body = json.dumps(an_order_sign()).encode()

    response = await post(a_site(PENDING), body, headers={"content-type": content_type})

    assert response.status_code == 415
    assert issue(response)


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/fhir+json", "Application/JSON"]
)
async def test_every_way_to_say_json_is_read(content_type):
    """Parameters, FHIR's own type and capitals are fine."""
    body = json.dumps(an_order_sign()).encode()

    response = await post(a_site(PENDING), body, headers={"content-type": content_type})

    assert response.status_code == 200


async def test_compressed_bodies_are_415():
    """A body that could unfold to any size is not unfolded."""
    response = await post(a_site(PENDING), b"{}", headers=JSON | {"content-encoding": "gzip"})

    assert response.status_code == 415


async def test_a_body_over_the_limit_is_413():
    """Declared or not, a body that is too large is refused."""
    large = b'{"prefetch": "' + b"x" * 4096 + b'"}'

    async def in_chunks():
        for start in range(0, len(large), 65536):
            yield large[start : start + 65536]

    async with a_site(PENDING, max_body_bytes=4096).client() as client:
        declared = await client.post(ORDER_SIGN, content=large, headers=JSON)
        undeclared = await client.post(ORDER_SIGN, content=in_chunks(), headers=JSON)

    assert (declared.status_code, undeclared.status_code) == (413, 413)
    assert issue(declared)


async def test_an_unknown_service_is_404():
    """There is nothing behind another id."""
    response = await post(a_site(PENDING), b"{}", "/cds-services/another")

    assert response.status_code == 404
    assert issue(response)


async def test_another_method_is_405():
    """A service is called by POST; the answer says so."""
    async with a_site(PENDING).client() as client:
        response = await client.get(ORDER_SIGN)

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert issue(response)


async def test_our_own_fault_is_500_with_an_id_and_nothing_else():
    """A bug never looks like "no guidance", and its message stays inside."""
    site = Site(BrokenAnswering(RuntimeError("could not read Secretname")), some_settings())

    response = await site.order_sign(an_order_sign())

    assert response.status_code == 500
    assert "id:" in issue(response)
    assert "Secretname" not in response.text


async def test_an_archive_that_is_away_is_503():
    """Trouble that passes says when to try again."""
    site = Site(BrokenAnswering(ArchiveUnavailable("timeout")), some_settings())

    response = await site.order_sign(an_order_sign())

    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert issue(response)
