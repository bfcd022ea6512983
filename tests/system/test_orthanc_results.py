"""Results go back into a real Orthanc and are read back equal."""

import io
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import requests
from highdicom.seg import Segmentation
from highdicom.sr import Comprehensive3DSR
from pydicom import dcmread

from cds.bone.assessment import Software
from cds.ct.patient import PatientIdentity, PatientKey
from cds.dicomweb.results.archive import DicomwebResults
from cds.dicomweb.results.uids import ResultUids
from cds.dicomweb.web import DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.dicomweb.writing import write_series
from cds.image_results import ResultDelivery
from cds.inference.calibrator import PhysicsCalibrator
from cds.measurement import Instruments
from cds.order import ImagingOrder
from cds.reporting.bundle import FhirPublisher
from cds.screening import Screening
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.audit_log import SqlAuditLog
from cds.storage.confirmations import SqlConfirmations
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.recalls import SqlRecalls
from cds.storage.regions import SqlRegionStore
from tests.bone.phantom import Trunk
from tests.support.clock import SettableClock
from tests.support.dicom_builder import a_patient, a_series
from tests.support.image_results import NOTICE
from tests.support.orthanc import running_orthanc
from tests.support.screening_fakes import FakeSegmenter

pytestmark = pytest.mark.system

PATIENT = PatientIdentity(PatientKey("tenant", "PAT-1"), date(1950, 3, 1), "female")
COARSE = {"spacing_mm": (3.0, 2.0, 2.0), "noise_hu": 8.0}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for all tests of this module."""
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        yield server


@pytest.fixture
def archive(server):
    """The archive that talks to it; it holds one simulated trunk, nothing else."""
    server.forget_everything()
    archive = DicomwebArchive(server.dicomweb, ArchiveSession(server.dicomweb, ConnectionPolicy(retries=0)), retries=0)
    yield archive
    archive.close()


@pytest.fixture
def trunk(server, archive, tmp_path):
    """A simulated trunk, in the archive."""
    del archive
    series = a_series(patient=a_patient(), study_date=date(2026, 1, 30), slice_thickness_mm=3.0)
    trunk = Trunk(series=series, **COARSE)
    write_series(tmp_path / "ct", trunk.volume())
    server.store(tmp_path / "ct")
    return trunk


@pytest.fixture
def site(archive, trunk, tmp_path):
    """The slow path of a site over that archive, and the delivery of its results."""
    url = f"sqlite:///{tmp_path / 'osteocds.db'}"
    migrate(url)
    engine, clock = open_engine(url), SettableClock()
    store, audit = SqlAssessmentStore(engine, clock), SqlAuditLog(engine, clock)
    results, opt_outs = DicomwebResults(archive, NOTICE), SqlOptOuts(engine, clock)
    delivery = ResultDelivery(
        SqlRegionStore(engine, clock), store, results, audit, opt_outs, clock, is_live=lambda: True
    )
    segmenter = FakeSegmenter(trunk.spine())
    screening = Screening(
        instruments=Instruments(
            archive, segmenter, PhysicsCalibrator(), clock, Software("0.1.0", "spine-net", "ab" * 32)
        ),
        store=store,
        confirmations=SqlConfirmations(engine, clock),
        recalls=SqlRecalls(engine),
        publisher=FhirPublisher(NOTICE),
        audit=audit,
        generation="test",
        max_scan_age_days=None,
        allow_unverified_identity=False,
        opt_outs=opt_outs,
        keepers=(delivery,),
    )
    yield screening, delivery
    engine.dispose()


def screen(screening):
    """One order, to the end; the published result and where its voxels were measured."""
    choice = screening.choose(ImagingOrder(PATIENT, screening.instruments.clock.now(), "order-sign"))
    return screening.store.read(screening.publish(choice, screening.measure(choice)))


def series_of(server, study_uid):
    """Modality and number of images of each series of a study, as QIDO tells."""
    found = requests.get(f"{server.dicomweb}/studies/{study_uid}/series", timeout=20).json()
    return sorted((each["00080060"]["Value"][0], each["0020000E"]["Value"][0]) for each in found)


def file_of(server, sop_instance_uid):
    """The stored file, byte for byte."""
    (found,) = requests.post(f"{server.root}/tools/lookup", data=sop_instance_uid, timeout=20).json()
    return requests.get(f"{server.root}/instances/{found['ID']}/file", timeout=20).content


def test_a_measured_ct_gets_its_segmentation_and_report(server, site, archive, trunk):
    """From order to PACS: both in the study of the CT, voxels and values equal to what was measured."""
    screening, delivery = site
    result = screen(screening)
    assert result.assessment.status == "assessed"
    delivery.deliver()
    uids, acquisition = ResultUids(result.result_id), result.assessment.acquisition

    assert series_of(server, acquisition.study_uid) == [
        ("CT", acquisition.series_uid),
        ("SEG", uids.segmentation_series),
        ("SR", uids.report_series),
    ]
    segmentation = Segmentation.from_dataset(dcmread(io.BytesIO(file_of(server, uids.segmentation))))
    (series,) = archive.find_series(PATIENT)
    volume = archive.retrieve(series)
    report = Comprehensive3DSR.from_dataset(dcmread(io.BytesIO(file_of(server, uids.report))))
    groups = {each.tracking_identifier: each for each in report.content.get_volumetric_roi_measurement_groups()}
    pixels = segmentation.get_pixels_by_source_instance(volume.sop_instance_uids, ignore_spatial_locations=True)
    for level in result.assessment.levels:
        group = groups[f"{level.level.value} trabecular ROI"]
        number = group.referenced_segment.referenced_segment_numbers[0]
        inside = pixels[..., number - 1].astype(bool)
        told = {each.name.meaning: each.value for each in group.get_measurements()}
        assert inside.sum() * np.prod(volume.spacing_mm) / 1000 == pytest.approx(level.roi_cm3, abs=0.01)
        assert np.median(volume.hu[inside]) == pytest.approx(level.hu, abs=5)
        assert told["Mean Attenuation Coefficient"] == round(level.hu, 1)
        where = np.argwhere(inside).mean(axis=0) @ volume.affine_lps[:3, :3].T + volume.affine_lps[:3, 3]
        np.testing.assert_allclose(where, level.centre_lps_mm, atol=0.05)
    assert len(segmentation.segment_numbers) == len(trunk.spine().bodies) + len(result.assessment.levels)


def test_a_second_delivery_changes_nothing(server, site):
    """Measured and delivered again, the archive keeps the same bytes, and our next look finds the CT alone."""
    screening, delivery = site
    result = screen(screening)
    delivery.deliver()
    uids, study_uid = ResultUids(result.result_id), result.assessment.acquisition.study_uid
    before = series_of(server, study_uid), file_of(server, uids.segmentation), file_of(server, uids.report)
    changes = requests.get(f"{server.root}/changes?last", timeout=20).json()["Last"]

    order = ImagingOrder(PATIENT, screening.instruments.clock.now(), "order-sign")
    assert screening.choose(order).already == result.result_id
    choice = replace(screening.choose(order), series=tuple(screening.instruments.archive.find_series(PATIENT)))
    screening.measure(choice)
    delivery.deliver()

    assert [outcome for _, outcome in _image_audits(delivery)] == ["stored", "stored"]
    assert (series_of(server, study_uid), file_of(server, uids.segmentation), file_of(server, uids.report)) == before
    new = requests.get(f"{server.root}/changes?since={changes}", timeout=20).json()["Changes"]
    assert not [each for each in new if each["ChangeType"] == "NewInstance"]


def test_a_result_taken_back_leaves_a_rejection_note(server, site):
    """A Key Object Selection in the same study, titled by the reason; a repeat adds nothing."""
    screening, delivery = site
    result = screen(screening)
    delivery.deliver()
    assert delivery.reject(result, "patient-safety")
    assert delivery.reject(result, "patient-safety")
    note = dcmread(io.BytesIO(file_of(server, ResultUids(result.result_id).rejection("patient-safety"))))

    study_uid = result.assessment.acquisition.study_uid
    assert [modality for modality, _ in series_of(server, study_uid)] == ["CT", "KO", "SEG", "SR"]
    assert note.ConceptNameCodeSequence[0].CodeValue == "113037"
    assert (note.PatientID, note.PatientBirthDate, note.PatientSex) == ("PAT-1", "19500301", "F")


def _image_audits(delivery):
    """(event, outcome) of what the audit log says of results on their way to the archive."""
    with delivery.audit._engine.connect() as connection:
        rows = connection.exec_driver_sql("select event, outcome from audit where event = 'image-results'")
        return [tuple(row) for row in rows]
