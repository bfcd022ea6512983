"""What stands around the registry API: its part of the OpenAPI document, and its limit of calls at once."""

import anyio
import jsonschema_rs
import pytest

from cds.registry.search_parameters import SEARCH_PARAMETERS

ROUTES = {
    ("/fhir/metadata", "get"),
    ("/fhir/.well-known/smart-configuration", "get"),
    ("/fhir/token", "post"),
    *((f"/fhir{at}/$export", method) for at in ("", "/Patient", "/Group/{group}") for method in ("get", "post")),
    ("/fhir/export/{export_id}", "get"),
    ("/fhir/export/{export_id}", "delete"),
    ("/fhir/export/{export_id}/{name}", "get"),
    ("/fhir/Subscription", "post"),
    ("/fhir/Subscription/{subscription_id}", "get"),
    ("/fhir/Subscription/{subscription_id}", "delete"),
    ("/fhir/Subscription/{subscription_id}/$status", "get"),
    ("/fhir/{kind}", "get"),
    ("/fhir/{kind}/_search", "post"),
    ("/fhir/{kind}/{shown_id}", "get"),
    ("/fhir/{kind}/{shown_id}", "put"),
    ("/fhir/{kind}/{shown_id}/_history/{version}", "get"),
}
PUBLIC = {"/fhir/metadata", "/fhir/.well-known/smart-configuration", "/fhir/token"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def document(a_registry_site):
    """As a client reads it."""
    async with a_registry_site().client() as registry:
        return (await registry.http.get("/openapi.json")).json()


async def test_the_document_lists_every_route_and_no_other(document):
    """With what each refuses: OperationOutcomes, and never FastAPI's own shape."""
    listed = {(path, method): each for path, methods in document["paths"].items() for method, each in methods.items()}
    ours = {key: each for key, each in listed.items() if key[0].startswith("/fhir")}

    assert ours.keys() == ROUTES
    assert len({each["operationId"] for each in listed.values()}) == len(listed)
    for (path, _), each in ours.items():
        refusals = {status: told for status, told in each["responses"].items() if int(status) >= 400}
        assert (path in PUBLIC) == (not refusals), path
        for told in refusals.values():
            assert told["content"]["application/fhir+json"]["schema"]["$ref"].endswith("/RegistryOutcome")


async def test_the_document_names_what_can_be_asked(document):
    """Search parameters, the status of an update that is refused; what is answered is valid by it."""
    search = document["paths"]["/fhir/{kind}"]["get"]

    assert {each["name"] for each in search["parameters"]} == {"kind", *SEARCH_PARAMETERS}
    assert {"400", "405", "412", "422"} <= document["paths"]["/fhir/{kind}/{shown_id}"]["put"]["responses"].keys()


async def test_a_refusal_is_valid_by_the_document(document, a_registry_site):
    """Of every kind that is quickly made."""
    schema = jsonschema_rs.validator_for(
        {"$ref": "#/components/schemas/RegistryOutcome", "components": document["components"]}
    )
    site = a_registry_site(registries='scopes = ["system/*.rs", "system/DiagnosticReport.u"]\npatients = "all"')
    site.keep(1)
    async with site.with_token("system/*.rs system/DiagnosticReport.u") as registry:
        (report,) = [each["resource"] for each in (await registry.get("DiagnosticReport")).json()["entry"]]
        at = f"/fhir/DiagnosticReport/{report['id']}"
        answers = [
            await registry.get("Observation", Authorization=""),
            await registry.get("Observation?date=x"),
            await registry.get("Observation/1"),
            await registry.get("Observation?code=" + "x" * 60_000),
            await registry.http.put("/fhir/Observation/1"),
            await registry.http.put(at, json=report),
            await registry.http.put(at, json=report, headers={"If-Match": 'W/"9"'}),
            await registry.http.put(at, json=report, headers={"If-Match": 'W/"1"'}),
        ]

    assert [each.status_code for each in answers] == [401, 400, 404, 414, 405, 400, 412, 422]
    for each in answers:
        schema.validate(each.json())


async def test_one_call_too_many_is_told_to_come_back(a_registry_site):
    """503 with Retry-After, at once; hooks are answered, and the next call has its place again."""
    site = a_registry_site(border={"max_registry_in_flight": 1})
    begun, enough = anyio.Event(), anyio.Event()
    answered = []

    async def a_slow_body():
        begun.set()
        await enough.wait()
        yield b"_summary=count"

    async with site.with_token() as registry:

        async def one_call():
            answered.append(await registry.http.post("/fhir/Observation/_search", content=a_slow_body(), headers=FORM))

        async with anyio.create_task_group() as calls:
            calls.start_soon(one_call)
            with anyio.fail_after(10):
                await begun.wait()
                refused = await registry.get("Observation")
                discovery = await registry.http.get("/cds-services")
            enough.set()
        later = await registry.get("Observation")

    assert (refused.status_code, refused.json()["resourceType"]) == (503, "OperationOutcome")
    assert int(refused.headers["retry-after"]) >= 1
    assert discovery.status_code == 200
    assert [each.status_code for each in (*answered, later)] == [200, 200]
