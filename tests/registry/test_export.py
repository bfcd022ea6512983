"""Bulk export: everything once, as of one moment, whole files or none."""

import json
import threading

import pytest

from cds.registry.export_files import ExportFiles
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.resources import instant
from cds.wiring.registry import registry_desks
from tests.support.assessments import a_key


@pytest.fixture
def site(a_registry_site):
    """Five patients."""
    site = a_registry_site()
    for number in range(5):
        site.keep(number)
    return site


def names(lines):
    """(type, id) of each line."""
    return [(each["resourceType"], each["id"]) for each in map(json.loads, lines)]


async def test_an_export_holds_every_resource_once(site):
    """Of all types, as JSON lines; the manifest counts them and says as of when."""
    async with site.with_token() as registry:
        at, manifest = await registry.export()
        lines = await registry.lines(manifest)
        state = await registry.http.get(at)

    assert len(set(names(lines))) == len(lines) == 5 * (1 + 1 + 4 + 1 + 1) + 1
    assert manifest["requiresAccessToken"] is True
    assert manifest["error"] == []
    assert manifest["request"].endswith("/fhir/$export")
    assert "expires" in state.headers
    assert max(json.loads(line)["meta"]["lastUpdated"] for line in lines) <= manifest["transactionTime"]


async def test_two_exports_and_writes_at_once_lose_and_repeat_nothing(site):
    """An export and the one since it hold together every version exactly once, whatever is written meanwhile."""
    stop = threading.Event()
    written = []

    def write():
        while not stop.is_set() and len(written) < 40:
            written.append(site.keep(1000 + len(written)).result_id)

    writer = threading.Thread(target=write)
    async with site.with_token() as registry:
        writer.start()
        since, lines = "", []
        for _ in range(3):
            _, one = await registry.export(f"$export?_type=Observation{since}")
            _, two = await registry.export(f"$export?_type=Observation{since}")
            lines += await registry.lines(one)
            assert {*await registry.lines(one)} <= {*await registry.lines(two)}
            since = f"&_since={one['transactionTime']}"
        stop.set()
        writer.join()
        _, rest = await registry.export(f"$export?_type=Observation{since}")
        lines += await registry.lines(rest)

    assert len(written) > 0
    assert len(lines) == len(set(names(lines))) == 4 * (5 + len(written))


async def test_since_and_filters_narrow(site):
    """Later than a moment; any of the filters of a type; other types stay whole."""
    site.clock.move_on(seconds=5)
    site.keep(9, vbmd_mg_cm3=20.0)
    moment = instant(int(site.clock.now().timestamp() * 1000) - 1)

    async with site.with_token() as registry:
        _, later = await registry.export(f"$export?_since={moment}&_type=Observation,Device")
        _, chosen = await registry.export(
            "$export?_type=Observation,Patient&_typeFilter=Observation%3Fvalue-quantity%3Dlt30,"
            "Observation%3Fcode%3Dpatient-vbmd%26status%3Dfinal"
        )
        body = {
            "resourceType": "Parameters",
            "parameter": [{"name": "_type", "valueString": "Device"}],
        }
        posted = await registry.http.post("/fhir/Patient/$export", json=body)

    assert {each["type"]: each["count"] for each in later["output"]} == {"Observation": 4}
    assert {each["type"]: each["count"] for each in chosen["output"]} == {"Observation": 1, "Patient": 6}
    assert posted.status_code == 202


async def test_a_job_whose_worker_died_is_carried_on_by_another(site, monkeypatch):
    """After some files, in the middle of the next: the same lines, none twice, none missing."""
    monkeypatch.setattr("cds.registry.export_files.PAGE", 2)
    monkeypatch.setattr("cds.registry.export_runner.ExportRunner.take_up", lambda *_: None)
    async with site.with_token() as registry:
        runner, desk = registry.desks.exports.runner, registry.desks.exports
        object.__setattr__(desk.files, "lines_a_file", 6)
        at = (await registry.get("$export?_type=Observation,Patient")).headers["content-location"]
        export_id = at.rpartition("/")[2]
        original, calls = ExportFiles.write, []

        def dies(files, *arguments):
            calls.append(arguments)
            if len(calls) == 3:
                raise SystemExit
            return original(files, *arguments)

        monkeypatch.setattr(ExportFiles, "write", dies)
        with pytest.raises(SystemExit):
            runner.work_on(export_id)
        site.keep(77)
        waiting = await registry.http.get(at)
        site.clock.move_on(seconds=31)
        runner.work_on(export_id)
        manifest = (await registry.http.get(at)).json()
        lines = await registry.lines(manifest)

    assert (waiting.status_code, waiting.headers["retry-after"]) == (202, "5")
    assert len(lines) == len(set(names(lines))) == 5 * 4 + 5
    assert [each["count"] for each in manifest["output"]] == [5, 6, 6, 6, 2]


async def test_a_disk_that_is_full_is_a_clean_error(site, monkeypatch):
    """Never a file that is silently short."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ExportFiles, "write", full)
    monkeypatch.setattr("cds.registry.export_runner.ExportRunner.take_up", lambda *_: None)
    async with site.with_token() as registry:
        at = (await registry.get("$export")).headers["content-location"]
        registry.desks.exports.runner.work_on(at.rpartition("/")[2])
        state = await registry.http.get(at)

    assert (state.status_code, state.json()["resourceType"]) == (500, "OperationOutcome")
    assert list((site.folder / "exports").glob("*/*")) == []


async def test_a_fetch_that_broke_off_goes_on_where_it_stopped(site):
    """Byte ranges."""
    async with site.with_token() as registry:
        _, manifest = await registry.export("$export?_type=Patient")
        url = manifest["output"][0]["url"]
        whole = await registry.http.get(url)
        rest = await registry.http.get(url, headers={"Range": "bytes=100-"})

    assert whole.headers["content-type"] == "application/fhir+ndjson"
    assert (rest.status_code, rest.content) == (206, whole.content[100:])


async def test_a_cancelled_export_is_gone(site):
    """Its files too; one that runs stops."""
    async with site.with_token() as registry:
        at, manifest = await registry.export()
        answers = [await registry.http.delete(at), await registry.http.get(at)]
        answers.append(await registry.http.get(manifest["output"][0]["url"]))
        answers.append(await registry.http.delete(at))

    assert [each.status_code for each in answers] == [202, 404, 404, 404]
    assert list((site.folder / "exports").glob("*")) == []


async def test_an_export_expires(site):
    """410 after its time; forgotten when the next one begins."""
    async with site.with_token() as registry:
        at, _ = await registry.export()
        site.clock.move_on(hours=25)
        registry.http.headers["Authorization"] = f"Bearer {(await registry.ask_for_token()).json()['access_token']}"
        late = await registry.http.get(at)
        await registry.export()
        forgotten = await registry.http.get(at)

    assert (late.status_code, forgotten.status_code) == (410, 404)


async def test_too_many_at_once_get_429(site, monkeypatch):
    """With Retry-After; others are not kept from theirs."""
    monkeypatch.setattr("cds.registry.export_runner.ExportRunner.take_up", lambda *_: None)
    async with site.with_token() as registry:
        answers = [await registry.get("$export") for _ in range(3)]

    assert [each.status_code for each in answers] == [202, 202, 429]
    assert answers[-1].headers["retry-after"] == "60"
    assert answers[-1].json()["issue"][0]["code"] == "throttled"


async def test_whoever_opted_out_since_is_not_in_a_file_that_is_fetched(site):
    """The file is withheld; a new export leaves them out."""
    async with site.with_token() as registry:
        _, manifest = await registry.export("$export?_type=Observation")
        SqlOptOuts(site.engine, site.clock).add([a_key("P1")])
        old = await registry.http.get(manifest["output"][0]["url"])
        _, anew = await registry.export("$export?_type=Observation")

    assert old.status_code == 410
    assert anew["output"][0]["count"] == 16


WRONG = {
    "$export?_type=Practitioner": 400,
    "$export?_since=yesterday": 400,
    "$export?_since=2026-01-01": 400,
    "$export?_outputFormat=csv": 400,
    "$export?_typeFilter=Observation%3Fcolour%3Dred": 400,
    "$export?_typeFilter=Observation%3Fdate%3Dred": 400,
    "$export?_typeFilter=Observation%3Fcode%3D%2500": 400,
    "$export?_type=Patient&_typeFilter=Observation%3Fstatus%3Dfinal": 400,
    "$export?_typeFilter=Device%3Fstatus%3Dactive": 400,
    "export/nothing": 404,
    "export/nothing/Patient-1.ndjson": 404,
}


async def test_bad_requests_are_refused_with_an_outcome(site):
    """Before anything is begun."""
    async with site.with_token() as registry:
        for path, status in WRONG.items():
            answer = await registry.get(path)
            assert (path, answer.status_code) == (path, status)
            assert answer.json()["resourceType"] == "OperationOutcome"
        strict = await registry.get("$export?patient=1", Prefer="respond-async, handling=strict")
        body = await registry.http.post("/fhir/$export", json=[1])
        at, _ = await registry.export()
        traversal = await registry.http.get(f"{at}/..%2F..%2Fregistries.toml")

    assert (strict.status_code, body.status_code, traversal.status_code) == (400, 400, 404)


async def test_an_export_is_its_clients_own(site):
    """Of another registry's, nobody learns that it is there."""
    async with site.with_token() as registry:
        at, manifest = await registry.export()
        job = registry.desks.exports.exports.read(at.rpartition("/")[2])

    with site.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE exports SET client = 'another'")
    async with site.with_token() as registry:
        assert job.client_id == "bone-registry"
        assert (await registry.http.get(at)).status_code == 404
        assert (await registry.http.get(manifest["output"][0]["url"])).status_code == 404


def test_nothing_is_begun_by_building(site):
    """No thread, no folder, until an export is asked for."""
    desks, _ = registry_desks(site.configured, site.engine, site.audit, site.clock)

    assert desks is not None
    assert not site.configured.export_folder.exists()
