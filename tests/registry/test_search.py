"""Search over HTTP: what is found, page by page, and what is refused."""

from datetime import date

import pytest

from cds.storage.opt_outs import SqlOptOuts
from tests.support.assessments import a_key
from tests.support.registry_site import BASE, CLIENT, ids


@pytest.fixture
def site(a_registry_site):
    """Five patients, scanned on five days, values from 100 down."""
    site = a_registry_site()
    for number in range(5):
        site.keep(number, date(2025, 9, 10 + number), vbmd_mg_cm3=100.0 - number)
        site.clock.move_on(seconds=1)
    return site


COUNTS = {
    "": 20,
    "code=patient-vbmd": 5,
    "code=http://osteocds.org/fhir/CodeSystem/measurement|patient-vbmd": 5,
    "category=imaging": 20,
    "category=laboratory": 0,
    "status=preliminary": 20,
    "status=final,entered-in-error": 0,
    "code=patient-vbmd&date=2025-09-12": 1,
    "code=patient-vbmd&date=ge2025-09-12": 3,
    "code=patient-vbmd&date=gt2025-09-12": 2,
    "code=patient-vbmd&date=lt2025-09-12": 2,
    "code=patient-vbmd&date=le2025-09-12": 3,
    "code=patient-vbmd&date=ne2025-09-12": 4,
    "code=patient-vbmd&date=2025-09": 5,
    "code=patient-vbmd&date=ge2025-09-11&date=lt2025-09-13": 2,
    "code=patient-vbmd&date=ge2025-09-12T10:00:00Z": 3,
    "code=patient-vbmd&value-quantity=98": 1,
    "code=patient-vbmd&value-quantity=lt98": 2,
    "code=patient-vbmd&value-quantity=ge98|http://unitsofmeasure.org|mg/cm3": 3,
    "code=patient-vbmd&value-quantity=ge98||g/cm3": 0,
    "patient.identifier=P1": 4,
    "patient.identifier=http://hospital.example.org/patients|P1,P2": 8,
    "patient.identifier=http://elsewhere.example.org|P1": 0,
    "_lastUpdated=2026-03-02": 20,
    "_lastUpdated=gt2026-03-02T09:30:01.000Z": 12,
    "_lastUpdated=ge2026-03-02T09:30:01.000Z": 16,
    "_lastUpdated=lt2026": 0,
    "identifier=nobody": 0,
    "patient=Patient/nobody": 0,
    "_id=a,b": 0,
}


async def test_searches_find_what_they_say(site):
    """Each parameter, alone and with others; a count is the number of what is found."""
    async with site.with_token() as registry:
        for query, count in COUNTS.items():
            found = await registry.get(f"Observation?{query}")
            told = await registry.get(f"Observation?{query}&_summary=count")

            assert found.status_code == 200, (query, found.text)
            assert (query, len(ids(found.json()))) == (query, count)
            assert (query, told.json()["total"]) == (query, count)


async def test_a_resource_is_read_as_it_is_found(site):
    """Read, vread, ETag, and 304 for who has it already; full URLs lead to it."""
    async with site.with_token() as registry:
        (entry, *_) = (await registry.get("Observation?code=patient-vbmd")).json()["entry"]
        found = await registry.http.get(entry["fullUrl"])
        version = await registry.http.get(f"{entry['fullUrl']}/_history/1")
        again = await registry.http.get(entry["fullUrl"], headers={"If-None-Match": found.headers["etag"]})

        assert entry["resource"] == found.json() == version.json()
        assert found.headers["etag"] == 'W/"1"'
        assert found.headers["content-type"] == "application/fhir+json"
        assert again.status_code == 304
        for reference in (found.json()["subject"], found.json()["device"], *found.json()["derivedFrom"]):
            assert (await registry.get(reference["reference"])).status_code == 200
        assert (await registry.get(f"Observation/{found.json()['id']}/_history/2")).status_code == 404


async def test_pages_hold_each_resource_once(site):
    """Whatever the order, and whatever is stored meanwhile."""
    for sort in ("", "_lastUpdated", "-_lastUpdated", "date", "-date"):
        query = f"Observation?_count=3&_sort={sort}" if sort else "Observation?_count=3"
        async with site.with_token() as registry:
            whole = ids((await registry.get(query.replace("_count=3", "_count=500"))).json())
            seen = []
            async for page in registry.pages(query):
                seen += ids(page)
                if len(seen) < 7:
                    site.keep(f"{sort}-{len(seen)}")

        assert seen == whole


async def test_a_search_by_post_is_the_same(site):
    """And no identifier gets into an address, not even that of the next page."""
    async with site.with_token() as registry:
        form = {"patient.identifier": "P1,P2", "_count": "3"}
        answer = await registry.http.post("/fhir/Observation/_search", data=form)
        first = answer.json()
        (following,) = [each["url"] for each in first["link"] if each["relation"] == "next"]
        second = (await registry.http.get(following)).json()

    assert "P1" not in following
    assert len(set(ids(first)) | set(ids(second))) == 6


async def test_included_resources_come_with_the_page(site):
    """Marked as such; nothing twice."""
    async with site.with_token() as registry:
        query = "DiagnosticReport?_include=DiagnosticReport:result&_include=DiagnosticReport:patient"
        found = (await registry.get(query)).json()

    assert len(ids(found)) == 5
    assert len(ids(found, "include")) == len(set(ids(found, "include"))) == 25


async def test_unknown_parameters_are_told(site):
    """Lenient, the default: passed over with a warning. Strict: 400."""
    async with site.with_token() as registry:
        lenient = await registry.get("Observation?code=patient-vbmd&colour=red")
        strict = await registry.get("Observation?colour=red", Prefer="handling=strict")
        odd = await registry.get("Observation", Prefer="handling=odd")

    assert len(ids(lenient.json())) == 5
    assert "colour" in lenient.json()["entry"][-1]["resource"]["issue"][0]["diagnostics"]
    assert lenient.json()["link"][0]["url"] == f"{BASE}/Observation?code=patient-vbmd"
    assert (strict.status_code, odd.status_code) == (400, 400)


WRONG = {
    "date=yesterday": 400,
    "date=2025-13-45": 400,
    "date=2025-02-30": 400,
    "date=ap2025-01-01": 400,
    "date=": 400,
    "_lastUpdated=2025-01-01T25:00:00Z": 400,
    "value-quantity=low": 400,
    "value-quantity=80|mg": 400,
    "value-quantity=1e999": 400,
    "_count=-1": 400,
    "_count=many": 400,
    "_sort=value-quantity": 400,
    "_include=Observation:performer": 400,
    "_format=xml": 400,
    "code:not=patient-vbmd": 400,
    "code=": 400,
    "code=%00": 400,
    "code=%ff": 400,
    "_cursor=abc": 400,
    "_cursor=e30.e30.e30.e30.e30": 400,
    "&".join(["status=final"] * 200): 400,
    "code=" + ",".join(["x"] * 500): 400,
    "code=" + "x" * 60_000: 414,
}


async def test_bad_input_is_refused_with_an_outcome(site):
    """The right status, and nothing of what was sent or of what is inside."""
    async with site.with_token() as registry:
        for query, status in WRONG.items():
            answer = await registry.get(f"Observation?{query}")

            assert (query[:60], answer.status_code) == (query[:60], status)
            assert answer.json()["resourceType"] == "OperationOutcome"
            assert "Traceback" not in answer.text
            assert "sql" not in answer.text.lower()
        large = await registry.http.post("/fhir/Observation/_search", data={"code": "x" * 10_000_000})
        json = await registry.http.post("/fhir/Observation/_search", json={})

    assert (large.status_code, json.status_code) == (413, 415)


INJECTIONS = ("' OR '1'='1", "x'; DROP TABLE resources; --", "%", "_", "\\", '" OR 1=1', "P1' --")


async def test_sql_in_a_parameter_is_a_value_like_any_other(site):
    """Nothing is found, nothing is dropped."""
    async with site.with_token() as registry:
        for text in INJECTIONS:
            for name in ("code", "status", "patient", "patient.identifier", "identifier", "_id", "category"):
                answer = await registry.http.get("/fhir/Observation", params={name: text})
                assert (answer.status_code, ids(answer.json())) == (200, []), (name, text)
        assert len(ids((await registry.get("Observation")).json())) == 20


async def test_a_cursor_is_for_one_client_and_one_type(site):
    """A page of another type, or of another registry, does not go on here."""
    async with site.with_token() as registry:
        page = (await registry.get("Observation?_count=3")).json()
        (cursor,) = [each["url"].partition("_cursor=")[2] for each in page["link"] if each["relation"] == "next"]
        foreign = await registry.get(f"DiagnosticReport?_cursor={cursor}")
        bent = await registry.get(f"Observation?_cursor={cursor[:-4]}AAAA")

    assert (foreign.status_code, bent.status_code) == (400, 400)


async def test_opted_out_patients_are_not_served(site):
    """Neither found nor read."""
    async with site.with_token() as registry:
        (one, *_) = ids((await registry.get("Observation?patient.identifier=P1")).json())
        SqlOptOuts(site.engine, site.clock).add([a_key("P1")])

        assert len(ids((await registry.get("Observation")).json())) == 16
        assert (await registry.get(f"Observation/{one}")).status_code == 404


async def test_withdrawn_results_are_found_as_entered_in_error(site):
    """A registry that has them learns of it; the version before can still be read."""
    result = site.keep(50)
    site.store.withdraw(result.result_id, "the study is gone")

    async with site.with_token() as registry:
        wrong = (await registry.get("Observation?status=entered-in-error")).json()
        before = await registry.get(f"Observation/{ids(wrong)[0]}/_history/1")

    assert len(ids(wrong)) == 4
    assert before.json()["status"] == "preliminary"


async def test_every_answer_leaves_a_row(site):
    """Who, what kind; no values of parameters."""
    async with site.with_token() as registry:
        await registry.get("Observation?patient.identifier=P1")

    assert site.audit.rows[-1][0::2] == ("registry-search", "served")
    assert site.audit.callers[-1] == CLIENT
    assert "P1" not in str(site.audit.rows)


async def test_a_type_that_is_not_searched_or_not_there_is_404(site):
    """With an outcome that says which are."""
    async with site.with_token() as registry:
        for path in ("Device", "Practitioner", "Observation/nobody", "Practitioner/1", "Observation/1/_history/x"):
            assert (await registry.get(path)).status_code == 404
