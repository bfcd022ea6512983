import jsonschema_rs
import pytest

from cds.hooks.discovery import SERVICES
from cds.screening import Known
from tests.support.assessments import a_result
from tests.support.call_mutations import VALID_CALLS
from tests.support.hook_calls import an_order_sign
from tests.support.hook_site import a_site

HOOK = "/cds-services/{service_id}"


@pytest.fixture
async def document():
    """The document as a client reads it."""
    async with a_site(None).client() as client:
        response = await client.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    return response.json()


def schema_of(document, name):
    """A validator of one message."""
    return jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


async def test_the_document_names_what_goes_in_and_what_comes_out(document):
    """Every service, the body of a call, cards, and an OperationOutcome for each refusal."""
    call = document["paths"][HOOK]["post"]

    assert call["parameters"][0]["schema"]["enum"] == sorted(SERVICES)
    assert call["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/HookCall")
    assert call["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/HookResponse")
    refusals = {status: each["content"] for status, each in call["responses"].items() if status != "200"}
    assert {"400", "404", "408", "412", "413", "415", "500", "503"} <= set(refusals)
    assert {tuple(content) for content in refusals.values()} == {("application/fhir+json",)}


async def test_nothing_in_the_document_refers_to_what_is_not_there(document):
    """All references resolve, and FastAPI's own error shape is nowhere."""
    text = str(document)
    for name in document["components"]["schemas"]:
        schema_of(document, name)

    assert "HTTPValidationError" not in text


@pytest.mark.parametrize("call", VALID_CALLS)
async def test_what_clients_send_is_valid_by_the_document(document, call):
    """The document does not forbid what is read."""
    schema_of(document, "HookCall").validate(call)


async def test_what_is_answered_is_valid_by_the_document(document):
    """Cards with suggestions, links and override reasons; null is no answer, and cards are always there."""
    answer = (await a_site(Known(a_result())).order_sign(an_order_sign())).json()
    schema = schema_of(document, "HookResponse")

    schema.validate(answer)
    for wrong in ({}, {"cards": None}, {"cards": [answer["cards"][0] | {"detail": None}]}):
        assert not schema.is_valid(wrong)
