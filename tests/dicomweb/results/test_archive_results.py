"""Mirrors cds/dicomweb/results/archive.py, with `web.py` and `storing.py` below it, on a server in the process."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import requests
from highdicom.seg import Segmentation
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from cds.bone import correction
from cds.bone.anatomy import VertebralLevel
from cds.bone.corrected_column import Change
from cds.bone.regions import MeasuredRegions
from cds.correction import Correction
from cds.dicomweb.results.archive import DicomwebResults
from cds.dicomweb.web import DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.errors import ArchiveUnavailable, StudyVanished
from cds.ports import ResultRefused
from tests.support.assessments import a_correctable
from tests.support.dicom_builder import STUDY_UID, an_identity, edit_all, written
from tests.support.dicom_fake_server import URL, FakeDicomwebServer, reply
from tests.support.image_results import MEASURED_AT, NOTICE, regions_in, the_result

L1, L2, L3, T12 = (VertebralLevel(name) for name in ("L1", "L2", "L3", "T12"))


@pytest.fixture
def paths(tmp_path):
    """One series on disk."""
    return written(tmp_path / "series")


@pytest.fixture
def server(paths):
    """A server that has it."""
    server = FakeDicomwebServer()
    server.add(paths[0].parent)
    return server


@pytest.fixture
def archive(server):
    """The archive that talks to it."""
    session = ArchiveSession(URL, ConnectionPolicy(retries=1, sleep=lambda _seconds: None))
    session.mount("http://", server)
    return DicomwebArchive(URL, session, retries=1)


@pytest.fixture
def results(archive):
    """The same as a place for results."""
    return DicomwebResults(archive, NOTICE)


@pytest.fixture
def regions(archive):
    """Regions in the series."""
    (series,) = archive.find_series(an_identity())
    return regions_in(archive.retrieve(series))


def objects(server, modality):
    """What the server has of a modality."""
    read = [dcmread(DicomBytesIO(file)) for file in server.files]
    return [each for each in read if each.Modality == modality]


def posts(server):
    """How often something was sent."""
    return sum(request.method == "POST" for request in server.requests)


def test_segmentation_and_report_lie_beside_the_images(results, server, regions):
    """Given a result, then study and patient of its objects are the images', and the report refers to the segments."""
    results.store(the_result(), regions)
    (segmentation,), (report,) = objects(server, "SEG"), objects(server, "SR")

    assert {segmentation.StudyInstanceUID, report.StudyInstanceUID} == {STUDY_UID}
    assert {segmentation.PatientID, report.PatientID} == {"PAT-1"}
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    referred = {item.ReferencedSOPInstanceUID for series in evidence for item in series.ReferencedSOPSequence}
    assert referred == {*regions.sop_instance_uids, segmentation.SOPInstanceUID}
    pixels = Segmentation.from_dataset(segmentation).get_pixels_by_source_instance(
        regions.sop_instance_uids, ignore_spatial_locations=True
    )
    assert pixels.sum() == sum(region.inside.sum() for region in regions.regions)


def test_a_repeat_sends_nothing(results, server, regions):
    """Given a result that is there, then storing it again asks and sends nothing."""
    results.store(the_result(), regions)
    before = list(server.files)
    results.store(the_result(), regions)

    assert server.files == before
    assert posts(server) == 1


def test_what_a_broken_attempt_left_out_is_sent_later(results, server, regions):
    """Given a segmentation that is there without its report, then the report alone is sent."""
    results.store(the_result(), regions)
    server.files = [file for file in server.files if dcmread(DicomBytesIO(file)).Modality != "SR"]
    results.store(the_result(), regions)

    assert len(objects(server, "SEG")) == len(objects(server, "SR")) == 1


def test_our_own_objects_are_no_ct(results, archive, regions):
    """Given stored results, then the search for CTs finds the CT alone, and its images are as before."""
    (before,) = archive.find_series(an_identity())
    results.store(the_result(), regions)

    assert archive.find_series(an_identity()) == (before,)
    assert archive.retrieve(before).sop_instance_uids == regions.sop_instance_uids


@pytest.mark.parametrize(
    "now", [{"PatientBirthDate": "19900101"}, {"PatientSex": "M"}, {"PatientID": "PAT-2"}], ids=str
)
def test_images_of_somebody_else_by_now_get_nothing(results, server, regions, paths, now):
    """Given images that the archive has moved to another patient since, then nothing is stored."""
    edit_all(paths[5:6], **now)
    server.files.clear()
    server.add(paths[0].parent)

    with pytest.raises(ResultRefused, match="another patient"):
        results.store(the_result(), regions)
    assert posts(server) == 0


def test_images_that_are_no_longer_all_there_get_nothing(results, server, regions):
    """Given an image that was measured and is gone, then nothing is stored; and if all are gone, that is said."""
    server.files.pop()
    with pytest.raises(ResultRefused, match="1 of the 12 images"):
        results.store(the_result(), regions)

    server.files.clear()
    with pytest.raises(StudyVanished):
        results.store(the_result(), regions)


def test_images_without_identifiers_of_their_own_cannot_be_referred_to(results, regions):
    """Given regions of images that shared an identifier, then nothing is stored."""
    nameless = MeasuredRegions((), regions.shape, regions.regions)

    with pytest.raises(ResultRefused, match="no identifiers"):
        results.store(the_result(), nameless)


@pytest.mark.parametrize(
    ("reason", "error"),
    [(0x0110, ResultRefused), (0x0122, ResultRefused), (0xA700, ArchiveUnavailable), (0xA710, ArchiveUnavailable)],
    ids=str,
)
def test_a_refusal_is_told_from_a_full_disk(results, server, regions, reason, error):
    """Given a failure reason, then out of resources may be tried again, anything else may not."""
    server.refuses_to_store = reason

    with pytest.raises(error):
        results.store(the_result(), regions)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ResultRefused),
        (405, ResultRefused),
        (409, ResultRefused),
        (403, ArchiveUnavailable),
        (503, ArchiveUnavailable),
    ],
)
def test_a_status_is_told_without_the_study(results, server, regions, status, error):
    """Given an error of the server, then it is final or not by its status, and names no study."""
    answer = server._answer
    server._answer = lambda request: reply(request, status) if request.method == "POST" else answer(request)

    with pytest.raises(error) as raised:
        results.store(the_result(), regions)
    assert STUDY_UID not in str(raised.value)


def test_an_answer_that_confirms_nothing_stored_nothing(results, server, regions):
    """Given a 200 without a word about what was sent, then it counts as not stored, and may be tried again."""
    answer = server._answer
    server._answer = lambda request: reply(request, 200) if request.method == "POST" else answer(request)

    with pytest.raises(ArchiveUnavailable, match="did not confirm"):
        results.store(the_result(), regions)


def test_a_connection_that_breaks_is_tried_again(results, server, regions):
    """Given one broken connection while it stores, then the same request is sent once more."""
    answer, broken = server._answer, [requests.ConnectionError()]

    def break_once(request):
        if request.method == "POST" and broken:
            raise broken.pop()
        return answer(request)

    server._answer = break_once
    results.store(the_result(), regions)

    assert len(objects(server, "SEG")) == 1


@pytest.mark.parametrize(
    ("why", "code"), [("patient-safety", "113037"), ("quality", "113001"), ("retention", "113039")]
)
def test_a_result_taken_back_is_rejected_once(results, server, regions, why, code):
    """Given a stored result, when it is rejected twice, then one note lists both of its objects."""
    results.store(the_result(), regions)
    assert results.reject(the_result(), why)
    assert results.reject(the_result(), why)
    (note,) = objects(server, "KO")

    assert note.ConceptNameCodeSequence[0].CodeValue == code
    (study,) = note.CurrentRequestedProcedureEvidenceSequence
    listed = {
        item.ReferencedSOPInstanceUID
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    assert listed == {each.SOPInstanceUID for kind in ("SEG", "SR") for each in objects(server, kind)}
    assert (note.StudyInstanceUID, note.PatientID, note.PatientBirthDate) == (STUDY_UID, "PAT-1", "19500301")


def test_nothing_stored_is_nothing_to_reject(results, server, regions):
    """Given a result that never reached the archive, then no note is written, and that is told."""
    del regions
    assert not results.reject(the_result(), "quality")
    assert objects(server, "KO") == []


def test_two_results_of_one_ct_do_not_meet(results, server, regions):
    """Given the results of two models, then each has objects of its own, and rejecting one leaves the other."""
    other = replace(the_result(), result_id="another")
    results.store(the_result(), regions)
    results.store(other, regions)
    results.reject(other, "quality")

    assert len({each.SOPInstanceUID for each in objects(server, "SEG")}) == 2
    (note,) = objects(server, "KO")
    assert len(note.ContentSequence) > 0
    rejected = {
        item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        for item in note.ContentSequence
        if "ReferencedSOPSequence" in item
    }
    assert len(rejected) == 2


def test_headers_are_all_there(archive, regions):
    """Given a series, then the header of each image is told, and dates as the images have them."""
    (series,) = archive.find_series(an_identity())
    headers = list(archive.headers(series.study_uid, series.series_uid))

    assert {each.SOPInstanceUID for each in headers} == set(regions.sop_instance_uids)
    assert series.study_date == date(2026, 5, 4)
    np.testing.assert_allclose(min(each.ImagePositionPatient[2] for each in headers), -410.0)


def corrected(change, number=1):
    """The result as measured, and as a reader corrected it."""
    measured = a_correctable({T12: 80, L1: 82, L2: 98, L3: 84})
    result = the_result(levels=measured.levels, premises=measured.premises, vbmd_mg_cm3=90.0)
    told = correction.corrected(result.assessment, change)
    said = Correction(change, "Dr. Ada Reader", "Old wedge.", MEASURED_AT, number, result.assessment, "generation")
    return result, replace(result, assessment=told, correction=said)


def values_in(report):
    """Every number of the report named as the patient's density."""
    named = [(each, each.ConceptNameCodeSequence[0].get("CodeValue")) for each in items_of(report)]
    return [float(each.MeasuredValueSequence[0].NumericValue) for each, name in named if name == "patient-vbmd"]


def items_of(node):
    """Everything below it."""
    for each in node.get("ContentSequence", ()):
        yield each
        yield from items_of(each)


def test_a_correction_lies_beside_what_it_replaces(results, server, regions):
    """Given a correction, then the copies before are rejected, and new ones say who corrected it, and why."""
    result, now = corrected(Change(((L2, "fracture"),)))
    results.store(result, regions)

    assert results.reject(result, "quality")
    results.store(now, regions)
    results.store(now, regions)

    before, after = objects(server, "SR")
    assert values_in(before) == [90.0]
    assert values_in(after) == [now.assessment.vbmd_mg_cm3]
    comments = [item.TextValue for item in after.ContentSequence if item.ValueType == "TEXT"]
    assert "Corrected by Dr. Ada Reader on 2 Mar 2026: L2 left out (fracture); Old wedge." in comments
    (note,) = objects(server, "KO")
    named = {item.ReferencedSOPInstanceUID for item in rejected_in(note)}
    assert before.SOPInstanceUID in named
    assert after.SOPInstanceUID not in named


def test_segments_carry_the_names_that_a_reader_gave(results, server, regions):
    """Given names that were off by one, then segments and measurements are named as the reader says."""
    _, now = corrected(Change(renamed=1))
    results.store(now, regions)

    (segmentation,) = objects(server, "SEG")
    labels = {each.SegmentLabel for each in segmentation.SegmentSequence}
    assert not any("T12" in each for each in labels)
    assert any("L3" in each for each in labels)


def test_taking_back_a_corrected_result_takes_back_every_copy(results, server, regions):
    """Given copies before and after two corrections, then all of them are rejected."""
    result, first = corrected(Change(((L2, "fracture"),)))
    _, second = corrected(Change(((L1, "outline"),)), number=3)
    for each in (result, first, second):
        results.store(each, regions)

    assert results.reject(second, "patient-safety")

    named = {item.ReferencedSOPInstanceUID for note in objects(server, "KO") for item in rejected_in(note)}
    assert named == {each.SOPInstanceUID for kind in ("SEG", "SR") for each in objects(server, kind)}


def rejected_in(note):
    """What a rejection note lists."""
    evidence = note.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    return [item for series in evidence for item in series.ReferencedSOPSequence]
