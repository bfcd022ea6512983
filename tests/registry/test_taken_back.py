"""Exports that hold a result which was taken back: handed out no more, and who has one is known."""

import json
from datetime import timedelta

import pytest

from cds.ct.patient import PatientKey
from cds.registry.export_files import ExportFiles
from cds.result_places import Exports
from cds.retracting import Retracting, Verdict
from cds.storage.exported_copies import SqlExportedCopies
from cds.storage.group_members import SqlGroupMembers
from cds.storage.migrate import migrate
from cds.storage.resource_queries import SqlResources
from cds.storage.resources import instant
from cds.storage.retractions import SqlRetractions
from tests.support.assessments import a_key
from tests.support.databases import a_database_with
from tests.support.registry_site import CLIENT, EVERYTHING, RegistrySite

VERDICT = Verdict("wrong-patient", "the images are of somebody else", "Physicist B.")
DEIDENTIFIED = {"head": 'pseudonym_secret_file = "secret"', "registries": f'{EVERYTHING}\ndeidentify = "safe-harbor"'}
GROUPED = {"registries": 'scopes = ["system/*.rs"]\ngroups = { cohort = "cohort.csv" }'}


@pytest.fixture(params=["sqlite", "postgresql"])
def build(request, tmp_path):
    """Builds a site with two patients, on both databases."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "cohort.csv").write_text("patient_id,issuer\nP1,HOSPITAL\n")
    with a_database_with(migrate, request.param, tmp_path) as url:
        sites = []

        def a_site(**facts):
            site = RegistrySite(tmp_path / "site", url, **facts)
            site.results = [site.keep(number) for number in (1, 2)]
            sites.append(site)
            return site

        yield a_site
        for site in sites:
            site.engine.dispose()


def place(site):
    """Exports, as a place where results are."""
    files = ExportFiles(site.configured.export_folder, SqlResources(site.engine))
    return Exports(SqlExportedCopies(site.engine, files.remove))


def retracting(site):
    """What `osteocds retract` does, with exports as the only place."""
    return Retracting(SqlRetractions(site.engine), site.publisher, (place(site),), site.audit, site.clock)


def files_of(site):
    """Everything on disk."""
    return [path.name for path in site.configured.export_folder.glob("*/*")]


@pytest.mark.parametrize("facts", [{}, DEIDENTIFIED], ids=["as-stored", "de-identified"])
async def test_an_export_with_a_result_taken_back_is_handed_out_no_more(build, facts):
    """410, its files gone; the next one has the result as entered in error; who has fetched it is told."""
    site = build(**facts)
    async with site.with_token() as registry:
        at, manifest = await registry.export()
        await registry.lines(manifest)
        site.clock.move_on(seconds=60)

        (_, said) = retracting(site).retract(site.results[0], VERDICT)
        state = await registry.http.get(at)
        file = await registry.http.get(manifest["output"][0]["url"])
        on_disk = files_of(site)
        _, anew = await registry.export("$export?_type=Observation")
        statuses = [json.loads(line)["status"] for line in await registry.lines(anew)]

    assert (state.status_code, file.status_code) == (410, 410)
    assert "taken back" in state.json()["issue"][0]["diagnostics"]
    assert on_disk == []
    assert sorted(statuses) == ["entered-in-error"] * 4 + ["preliminary"] * 4
    how = ", de-identified (safe-harbor)" if facts else ""
    assert said == f"exports: 1 withdrawn; cannot be called back, tell them: {CLIENT} (2026-03-02 09:30 UTC{how})"


async def test_a_plan_says_what_is_kept_and_who_has_fetched(build):
    """And changes nothing."""
    site = build()
    async with site.with_token() as registry:
        _, manifest = await registry.export()
        before = place(site).holds(site.results[0])
        await registry.lines(manifest)

        assert before == "1 kept"
        assert place(site).holds(site.results[0]) == f"1 kept; fetched by {CLIENT} (2026-03-02 09:30 UTC)"
        assert (await registry.http.get(manifest["output"][0]["url"])).status_code == 200


async def test_an_export_that_is_being_written_is_stopped(build, monkeypatch):
    """Its worker finds out, and leaves no file."""
    site = build()
    monkeypatch.setattr("cds.registry.export_runner.ExportRunner.take_up", lambda *_: None)
    async with site.with_token() as registry:
        at = (await registry.get("$export")).headers["content-location"]
        runner, original = registry.desks.exports.runner, ExportFiles.write

        def taken_back_meanwhile(files, *arguments):
            written = original(files, *arguments)
            retracting(site).retract(site.results[0], VERDICT)
            return written

        monkeypatch.setattr(ExportFiles, "write", taken_back_meanwhile)
        runner.work_on(at.rpartition("/")[2])

        assert (await registry.http.get(at)).status_code == 410
    assert files_of(site) == []


async def test_exports_without_the_result_stay(build):
    """Of other types, of later changes only, of a group without the patient, of another tenant."""
    site = build()
    site.clock.move_on(seconds=5)
    later = instant(int(site.clock.now().timestamp() * 1000))
    site.keep(3)
    other = site.keep(4, key=PatientKey("north", "P1", "HOSPITAL"))
    async with site.with_token() as registry:
        await registry.export("$export?_type=Patient,Device")
        await registry.export(f"$export?_since={later}&_type=Observation")

    assert place(site).holds(site.results[0]) is place(site).holds(other) is None


async def test_an_export_after_the_retraction_stays(build):
    """It says already that the result is in error."""
    site = build()
    back = retracting(site)
    back.retract(site.results[0], VERDICT)
    async with site.with_token() as registry:
        _, manifest = await registry.export()
        place(site).copies.discard(site.results[0])
        await registry.lines(manifest)

    assert place(site).holds(site.results[0]) is None


async def test_whoever_was_in_the_group_then_may_be_in_its_export(build):
    """The member list may have changed since; a patient who never was a member is not in it."""
    site = build(**GROUPED)
    async with site.with_token() as registry:
        _, manifest = await registry.export("Group/cohort/$export?_type=Observation")
        await registry.lines(manifest)
    SqlGroupMembers(site.engine).replace({f"{CLIENT}/cohort": [a_key("P2")]})

    assert place(site).holds(site.results[0]).startswith("1 kept; fetched by")
    assert place(site).holds(site.results[1]) is not None  # a member now: it may have been in it
    assert place(site).holds(site.keep(3)) is None


async def test_a_client_that_asked_with_filters_has_it_perhaps(build):
    """What passed them is not on record."""
    site = build()
    async with site.with_token() as registry:
        _, manifest = await registry.export("$export?_type=Observation&_typeFilter=Observation%3Fstatus%3Dpreliminary")
        await registry.lines(manifest)

    assert "perhaps: it asked with filters" in place(site).holds(site.results[0])


@pytest.mark.parametrize("facts", [{}, DEIDENTIFIED], ids=["as-stored", "de-identified"])
async def test_exports_of_a_patient_who_is_forgotten_go(build, facts):
    """Also one of patients alone, and one with a result that is in error; those without the patient stay."""
    site = build(**facts)
    copies, patient = place(site).copies, site.results[0].patient.key
    async with site.with_token() as registry:
        await registry.export("$export?_type=Patient")
        retracting(site).retract(site.results[0], VERDICT)
        _, manifest = await registry.export("$export?_type=DiagnosticReport")
        await registry.lines(manifest)
        without, _ = await registry.export("$export?_type=Device")
        held = copies.holding_of(patient)
        fetched = copies.handed_out_of(patient)
        discarded = copies.discard_of(patient)
        gone = await registry.http.get(manifest["output"][0]["url"])
        stays = await registry.http.get(without)

    assert len(held) == 2
    assert discarded == held
    assert [each.client_id for each in fetched] == [CLIENT]
    assert (gone.status_code, stays.status_code) == (410, 200)
    assert all(name.startswith("Device") for name in files_of(site))
    assert copies.holding_of(patient) == []


async def test_who_has_fetched_a_result_is_known_long_after_its_export(build):
    """The export is forgotten after a day; what never was fetched leaves no trace."""
    site = build()
    async with site.with_token() as registry:
        _, manifest = await registry.export("$export?_type=Observation")
        await registry.lines(manifest)
        await registry.export("$export?_type=DiagnosticReport")
        registry.desks.exports.runner.tidy(timedelta(hours=-1))

    assert place(site).holds(site.results[0]) == f"fetched by {CLIENT} (2026-03-02 09:30 UTC)"
    assert retracting(site).retract(site.results[0], VERDICT)[1].startswith("exports: none that is kept has it; cannot")
