"""From a reader's form to every place where the result is, on both databases."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from cds.app import WebCollaborators, create_app
from cds.dicomweb.results.archive import DicomwebResults
from cds.dicomweb.web import DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.hooks.identity import IdentityRules, identity_of
from cds.registry.export_files import ExportFiles
from cds.result_places import Charts, Exports, Images, place_names
from cds.retracting import Retracting
from cds.screening import Answering, AnswerPolicy
from cds.security.authorization_server import EhrDoor
from cds.security.client_authentication import OpenDoor
from cds.security.launch_file import LaunchingEhr
from cds.security.links import SignedReportLinks
from cds.security.sealed import Sealer
from cds.security.secret import link_secret
from cds.security.smart_launch import SmartLaunch
from cds.storage.audit_log import SqlAuditLog
from cds.storage.card_memory import SqlCardMemory
from cds.storage.exported_copies import SqlExportedCopies
from cds.storage.feedback import SqlFeedbackLog
from cds.storage.history import SqlPatientHistory
from cds.storage.migrate import migrate
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.outbox import SqlOutbox
from cds.storage.patient_memory import SqlPatientMemory
from cds.storage.pictures import SqlPictures
from cds.storage.regions import SqlRegionStore
from cds.storage.resource_queries import SqlResources
from cds.storage.retractions import SqlRetractionNotices, SqlRetractions
from cds.storage.tables import audit
from cds.wiring.reading import reading_ports
from cds.wiring.registry import registry_desks
from cds.writing_back import EhrTarget, WritingBack
from tests.support.assessments import GENERATION, a_patient, a_result, an_acquisition, an_assessment
from tests.support.databases import a_database_with
from tests.support.dicom_builder import SERIES_UID, STUDY_UID, edit_all, written
from tests.support.dicom_fake_server import URL, FakeDicomwebServer
from tests.support.fake_ehr import FakeEhrServer, a_chart_patient
from tests.support.fakes import FakeChart, FakeOptOuts, FakeReadiness, FakeServiceModes
from tests.support.hook_calls import SYSTEM, an_order_sign
from tests.support.image_results import regions_in
from tests.support.launching_ehr import CLIENT_ID, ISS, LaunchingEhrServer
from tests.support.registry_site import CLIENT, Registry, RegistrySite
from tests.support.screening_fakes import FakeHealth, FakeQueue, ScreenState

ORIGIN = "https://cds.example.org"
READER = f"{ISS}/Practitioner/7"
WRONG = {"decision": "retract", "kind": "wrong-level", "reason": "L1 was named T12."}
TOLD = "the vertebrae were named wrongly: L1 was named T12"


class Hospital:
    """One service with its registry, chart, archive and reader; web process and worker share a database alone."""

    def __init__(self, folder, url):
        launch = folder / "launch.toml"
        launch.write_text(f'[[ehr]]\nname = "north"\niss = "{ISS}"\nclient_id = "{CLIENT_ID}"\n')
        settings = {"launch_file": launch, "archive_folder": None, "archive_url": URL, "identifier_system": SYSTEM}
        self.site = RegistrySite(folder / "site", url, settings=settings)
        self.engine, self.clock, self.store = self.site.engine, self.site.clock, self.site.store
        self.audit = SqlAuditLog(self.engine, self.clock)
        acquisition = an_acquisition(study_uid=STUDY_UID, series_uid=SERIES_UID)
        self.result = a_result(assessment=an_assessment(acquisition=acquisition))
        self.store.keep(self.result, self.site.publisher.render(self.result))
        self.links = SignedReportLinks(link_secret(self.site.configured), ORIGIN, timedelta(hours=1), self.store)
        self.launching = LaunchingEhrServer(self.clock)
        self.launching.patient["identifier"][0]["system"] = SYSTEM
        self._with_chart()
        self._with_archive(folder)

    def _with_chart(self):
        self.chart = FakeEhrServer()
        self.chart.put(a_chart_patient())
        self.outbox = SqlOutbox(self.engine, self.clock)
        targets = {"north": EhrTarget(self.chart.ehr(clock=self.clock), "default")}
        self.writing = WritingBack(targets, self.outbox, FakeOptOuts(), self.audit, self.clock, lambda: True)
        self.writing.published(self.result)
        self.writing.deliver()

    def _with_archive(self, folder):
        paths = written(folder / "series")
        who = {"PatientID": "PAT-0001", "PatientBirthDate": "19510403", "PatientSex": "F"}
        edit_all(paths, **who, IssuerOfPatientID="HOSPITAL")
        self.archive = FakeDicomwebServer()
        self.archive.add(paths[0].parent)
        session = ArchiveSession(URL, ConnectionPolicy(retries=1, sleep=lambda _seconds: None))
        session.mount("http://", self.archive)
        archive = DicomwebArchive(URL, session, retries=1)
        (series,) = archive.find_series(a_patient())
        self.images = DicomwebResults(archive, "Investigational.")
        self.images.store(self.result, regions_in(archive.retrieve(series)))

    def objects(self, modality):
        """What the archive has of a modality."""
        read = [dcmread(DicomBytesIO(file)) for file in self.archive.files]
        return [each for each in read if each.Modality == modality]

    def worker(self):
        """The errands of a worker that concern what was taken back."""
        files = ExportFiles(self.site.configured.export_folder, SqlResources(self.engine))
        places = (
            Charts(self.outbox),
            Exports(SqlExportedCopies(self.engine, files.remove)),
            Images(self.images, SqlRegionStore(self.engine, self.clock)),
        )
        assert [place.name for place in places] == list(place_names(archive_is_a_server=True))
        Retracting(SqlRetractions(self.engine), self.site.publisher, places, self.audit, self.clock).finish()
        self.writing.deliver()

    def app(self):
        """The web process, on SQL; only the EHR's authorization server is reached in this process."""
        settings, engine, clock = self.site.configured, self.engine, self.clock
        reading, _ = reading_ports(settings, engine, self.store, self.audit, clock)
        rules = IdentityRules.from_settings(settings)
        launch = SmartLaunch(
            ehrs=[LaunchingEhr(name="north", iss=ISS, client_id=CLIENT_ID, client_secret=None, tenant=None)],
            door=EhrDoor(self.launching.transport()),
            sealer=Sealer(link_secret(settings), "launch"),
            redirect_uri=f"{ORIGIN}/launch/callback",
            identity=lambda patient, _tenant, at: identity_of(patient, rules, at),
        )
        self.registry_desks, _ = registry_desks(settings, engine, self.audit, clock)
        opt_outs, queue = SqlOptOuts(engine, clock), FakeQueue(ScreenState("queued", clock.now()))
        policy = AnswerPolicy(GENERATION)
        return create_app(
            settings,
            WebCollaborators(
                answering=Answering(SqlPatientMemory(engine), queue, FakeHealth(), self.audit, clock, policy),
                links=self.links,
                store=self.store,
                memory=SqlCardMemory(engine),
                feedback=SqlFeedbackLog(engine, clock),
                chart=FakeChart(),
                audit=self.audit,
                calls=self.audit,
                authentication=OpenDoor(),
                clock=clock,
                readiness=FakeReadiness(),
                retractions=SqlRetractionNotices(engine),
                modes=FakeServiceModes("live"),
                opt_outs=opt_outs,
                pictures=SqlPictures(engine, clock),
                history=SqlPatientHistory(engine),
                reading=replace(reading, launch=launch),
                registry=self.registry_desks,
                metrics=None,
            ),
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def hospital(request, tmp_path):
    """On both databases."""
    with a_database_with(migrate, request.param, tmp_path) as url:
        hospital = Hospital(tmp_path, url)
        yield hospital
        hospital.engine.dispose()


async def launched(hospital, browser):
    """A reader's page, after the launch."""
    begun = await browser.get("/launch", params={"iss": ISS, "launch": "abc"})
    async with httpx.AsyncClient(transport=hospital.launching.transport()) as outside:
        back = await outside.get(begun.headers["location"])
    return await browser.get(back.headers["location"], follow_redirects=True)


async def order(browser, hook_instance):
    """The cards of a clinician's order."""
    call = an_order_sign(hookInstance=hook_instance)
    return (await browser.post("/cds-services/osteocds-order-sign", json=call)).json()["cards"]


async def test_what_a_reader_retracts_is_taken_back_everywhere(hospital):
    """Store, registry, exports, chart, archive, links and cards: each says so, or has it no more, and why."""
    transport = httpx.ASGITransport(app=hospital.app())
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as browser:
        (card,) = await order(browser, "11111111-1111-4111-8111-111111111111")
        registry = Registry(httpx.AsyncClient(transport=transport, base_url=ORIGIN), hospital.clock, None)
        issued = await registry.ask_for_token()
        registry.http.headers["Authorization"] = f"Bearer {issued.json()['access_token']}"
        at, manifest = await registry.export()
        await registry.lines(manifest)
        link = hospital.links.url_for(hospital.result, hospital.clock.now())
        assert "70 mg/cm3" in card["summary"]
        assert (await browser.get(link)).status_code == 200
        page = await launched(hospital, browser)
        hidden = dict(re.findall(r'type="hidden" name="(token|seen)" value="([0-9a-f.]+)"', page.text))
        hospital.clock.move_on(minutes=1)

        done = await browser.post(page.url, data=hidden | WRONG, headers={"Origin": ORIGIN})
        hospital.worker()

        assert "It is done" in done.text
        assert hospital.store.read(hospital.result.result_id) is None
        gone = await browser.get(link)
        assert (gone.status_code, TOLD in gone.text, "mg/cm" in gone.text) == (410, True, False)
        found = (await registry.get("Observation")).json()["entry"]
        assert {each["resource"]["status"] for each in found} == {"entered-in-error"}
        assert (await registry.http.get(at)).status_code == 410
        assert (await registry.http.get(manifest["output"][0]["url"])).status_code == 410
        (unlearn,) = await order(browser, "22222222-2222-4222-8222-222222222222")
        assert unlearn["summary"].startswith("Retracted: ")
        assert TOLD in unlearn["detail"]
        await registry.http.aclose()
    observation, report = hospital.chart.one("Observation"), hospital.chart.one("DiagnosticReport")
    assert observation["status"] == report["status"] == "entered-in-error"
    assert TOLD in json.dumps(observation)
    (note,), stored = hospital.objects("KO"), [*hospital.objects("SEG"), *hospital.objects("SR")]
    evidence = note.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    rejected = {item.ReferencedSOPInstanceUID for series in evidence for item in series.ReferencedSOPSequence}
    assert rejected == {each.SOPInstanceUID for each in stored}
    assert len(stored) == 2
    told = told_of(hospital)
    assert [outcome for outcome, _, _ in told] == ["wrong-level", *place_names(archive_is_a_server=True)]
    assert {caller for _, _, caller in told} == {READER}
    assert f"cannot be called back, tell them: {CLIENT}" in told[2][1]
    assert list(SqlRetractions(hospital.engine).unfinished()) == []


def told_of(hospital):
    """(outcome, detail, caller) of the retraction in the audit log."""
    with hospital.engine.connect() as connection:
        rows = connection.execute(audit.select().where(audit.c.event == "result-retracted").order_by(audit.c.number))
        return [(row.outcome, row.detail, row.caller) for row in rows]
