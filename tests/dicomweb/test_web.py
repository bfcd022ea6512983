"""The DICOMweb archive, beyond the contract that all archives keep."""

import json

import numpy as np
import pytest
import requests
from pydicom import dcmread

from cds.ct.patient import IdentifierRefused
from cds.dicomweb.web import DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.errors import ArchiveUnavailable, SeriesUnusable, StudyVanished
from cds.trace import following
from tests.support.dicom_builder import a_patient, a_series, a_volume, an_identity, another_series, edit, written
from tests.support.dicom_fake_server import URL, FakeDicomwebServer, multipart, reply
from tests.support.dicom_fuzz import deflated_bomb

TAGS = ("00100030", "00100040")
"""PatientBirthDate and PatientSex."""


@pytest.fixture
def server(tmp_path):
    """A server with one series."""
    server = FakeDicomwebServer()
    written(tmp_path / "series")
    server.add(tmp_path / "series")
    return server


@pytest.fixture
def archive(server):
    """The archive that talks to it, with two retries and no pauses."""
    session = ArchiveSession(URL, ConnectionPolicy(retries=2, sleep=lambda _seconds: None))
    session.mount("http://", server)
    return DicomwebArchive(URL + "/", session, retries=2)


def found(archive):
    """The one series."""
    (series,) = archive.find_series(an_identity())
    return series


def test_a_series_is_retrieved_in_one_request_as_it_is_stored(archive, server):
    """Given a series, then one streamed request asks for whatever transfer syntax it is stored in."""
    series = found(archive)
    server.requests.clear()
    archive.retrieve(series)

    (request,) = server.requests
    assert request.url == f"{URL}/studies/{series.study_uid}/series/{series.series_uid}"
    assert request.headers["Accept"] == 'multipart/related; type="application/dicom"; transfer-syntax=*'


def test_requests_of_a_call_carry_its_trace(archive, server):
    """Given a trace, then the archive can tell which requests belong together; without one, none is made up."""
    with following(None) as span:
        found(archive)
    traced = {request.headers["traceparent"] for request in server.requests}
    server.requests.clear()
    found(archive)

    assert traced == {span.trace.header}
    assert not any("traceparent" in request.headers for request in server.requests)


@pytest.mark.parametrize("identifier", ["*", "PAT-?", "A\\B", "", "  ", "A\n"])
def test_a_wildcard_never_reaches_the_archive(identifier):
    """Given an identifier that could match more than one patient, then there is no patient to ask for."""
    with pytest.raises(IdentifierRefused):
        an_identity(identifier)


def test_the_archive_is_asked_for_this_patient_and_ct_alone(archive, server):
    """Given a patient, then every search names the identifier or the study found by it, without wildcards."""
    found(archive)

    assert all("PatientID=PAT-1" in request.url or a_series().study_uid in request.url for request in server.requests)
    assert "ModalitiesInStudy=CT" in server.requests[0].url
    assert not any("*" in request.url or "fuzzymatching" in request.url for request in server.requests)


def test_birth_date_and_sex_are_read_from_the_image_where_no_search_tells_them(archive, server):
    """Given searches that leave out birth date and sex though asked for by name, then the image is asked."""
    original = server._answer

    def without_person(request):
        response = original(request)
        if "/metadata" in request.url or response.status_code != 200:
            return response
        told = [{tag: value for tag, value in one.items() if tag not in TAGS} for one in response.json()]
        return reply(request, 200, json.dumps(told).encode())

    server._answer = without_person

    assert found(archive).patient == a_patient()
    searches = [
        request.url for request in server.requests if "/studies?" in request.url or "/instances?" in request.url
    ]
    assert all("PatientBirthDate" in url and "PatientSex" in url for url in searches)


def test_birth_date_and_sex_of_the_study_need_no_further_question(archive, server):
    """Given a study that tells birth date and sex, then no image's metadata is read for them."""
    found(archive)

    assert not any("/metadata" in request.url for request in server.requests)


def test_an_archive_that_ignores_paging_is_asked_a_bounded_number_of_times(archive, server):
    """Given an archive that answers every page with the first, then each study is found once."""
    server.ignores_offset = True

    assert len(archive.find_series(an_identity())) == 1
    assert len(server.requests) < 8


def test_an_archive_that_answers_in_pages_is_asked_for_all(archive, server, tmp_path):
    """Given six studies and pages of two, then six series are found."""
    for number in range(5):
        written(tmp_path / f"more {number}", another_series(f"more {number}"))
        server.add(tmp_path / f"more {number}")
    server.page_size = 2

    assert len(archive.find_series(an_identity())) == 6


@pytest.mark.parametrize("status", [400, 406, 415])
def test_an_archive_that_does_not_know_the_wildcard_sends_its_default(archive, server, status):
    """Given an archive that refuses `transfer-syntax=*`, then it is asked without."""
    series = found(archive)
    server.script = [lambda request: reply(request, status)]

    np.testing.assert_array_equal(archive.retrieve(series).hu, a_volume().hu)
    assert "transfer-syntax" not in server.requests[-1].headers["Accept"]


def test_a_stream_that_breaks_off_is_asked_for_again(archive, server):
    """Given a connection that breaks in the middle of the images, then the series is retrieved anew, whole."""
    series = found(archive)
    server.script = [lambda request: multipart(request, server.files, closed=False)]

    np.testing.assert_array_equal(archive.retrieve(series).hu, a_volume().hu)


def test_a_stream_that_keeps_breaking_is_an_unavailable_archive(archive, server):
    """Given a connection that always breaks, then there is no partial volume, and the attempts end."""
    series = found(archive)
    server.requests.clear()
    server.script = [lambda request: multipart(request, server.files, closed=False)] * 3
    with pytest.raises(ArchiveUnavailable, match="broke while it sent images"):
        archive.retrieve(series)

    assert len(server.requests) == 3


def test_fewer_images_than_announced_are_no_volume(archive, server):
    """Given an archive that sends eleven of twelve images in good order each time, then that series is of no use."""
    series = found(archive)
    server.script = [lambda request: multipart(request, server.files[:-1])] * 3

    with pytest.raises(SeriesUnusable, match="sent 11 of 12 images"):
        archive.retrieve(series)
    assert not server.script


@pytest.mark.parametrize("damage", [lambda file: file[:700], lambda file: file[::-1]], ids=["cut", "no DICOM"])
def test_damage_that_passes_costs_one_more_request(archive, server, damage):
    """Given an image that comes damaged once, then the series is retrieved anew, whole, where it could not be read."""
    series = found(archive)
    damaged = [*server.files[:4], damage(server.files[4]), *server.files[5:]]
    server.script = [lambda request: multipart(request, damaged)]

    np.testing.assert_array_equal(archive.retrieve(series).hu, a_volume().hu)


def test_every_image_that_cannot_be_read_is_named(archive, server):
    """Given two images of twelve that stay damaged, one of them no DICOM any more, then the refusal names both."""
    series = found(archive)
    server.files[4], server.files[8] = server.files[4][:700], server.files[8][::-1]
    damaged = list(server.files)
    server.script = [lambda request: multipart(request, damaged)] * 3

    assert [reason.text for reason in archive.retrieve(series).reasons] == [
        "1 image file(s) are cut short: image 5 of 12.",
        "1 image(s) could not be decoded, the first: image 9 of 12.",
    ]


def test_an_image_of_somebody_else_is_refused_though_another_is_damaged(archive, server, tmp_path):
    """Given a damaged image before one that names another patient, then it is a mismatch, which is audited."""
    series = found(archive)
    edit(tmp_path / "series" / "IM0005.dcm", PatientID="PAT-2")
    files = [path.read_bytes() for path in sorted((tmp_path / "series").glob("*.dcm"))]
    files[1] = files[1][:700]
    server.script = [lambda request: multipart(request, files)] * 3

    assert [reason.code for reason in archive.retrieve(series).reasons] == ["patient-mismatch"]


def test_an_image_of_somebody_else_is_refused(archive, server, tmp_path):
    """Given one retrieved image that names another patient, then the series is refused."""
    series = found(archive)
    edit(tmp_path / "series" / "IM0005.dcm", PatientID="PAT-2")
    server.files.clear()
    server.add(tmp_path / "series")

    assert [reason.code for reason in archive.retrieve(series).reasons] == ["patient-mismatch"]


def test_a_truncated_image_is_named_by_its_number(archive, server, tmp_path):
    """Given one stored image that lacks part of its pixels, then it is named without identifiers."""
    path = tmp_path / "series" / "IM0005.dcm"
    edit(path, PixelData=dcmread(path).PixelData[:-100])
    server.files.clear()
    server.add(tmp_path / "series")

    assert [reason.text for reason in archive.retrieve(found(archive)).reasons] == [
        "1 image file(s) are cut short: image 5 of 12."
    ]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda request: reply(request, 200, b"<html>sign in</html>"), "does not answer as DICOMweb"),
        (lambda request: reply(request, 200, b"[5]"), "sends what is not DICOM"),
        (lambda request: reply(request, 400), r"refuses the request \(400\)"),
        (lambda request: reply(request, 501), r"answers with an error \(501\)"),
    ],
)
def test_a_search_that_fails_is_never_an_empty_result(archive, server, answer, said):
    """Given an answer that is no answer, then the archive is unavailable."""
    server.script = [answer]

    with pytest.raises(ArchiveUnavailable, match=said):
        archive.find_series(an_identity())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda request: reply(request, 200, b"zip", {"Content-Type": "application/zip"}), "sends what is not DICOM"),
        (lambda request: reply(request, 401), "refuses our credentials"),
    ],
)
def test_a_retrieval_that_fails_is_never_a_volume(archive, server, answer, said):
    """Given an answer that is no series, then the archive is unavailable."""
    series = found(archive)
    server.script = [answer]

    with pytest.raises(ArchiveUnavailable, match=said):
        archive.retrieve(series)


def test_a_series_of_which_nothing_is_dicom_says_nothing_about_the_archive(archive, server):
    """Given twelve parts that stay unreadable, then the series has an error of its own, and no reason to refuse."""
    series = found(archive)
    server.script = [lambda request: multipart(request, [b"not DICOM"] * 12)] * 3

    with pytest.raises(SeriesUnusable, match="is DICOM"):
        archive.retrieve(series)


@pytest.mark.parametrize("alone", [False, True], ids=["multipart", "one image alone"])
def test_a_deflated_image_that_would_fill_the_memory_is_a_reason(archive, server, alone):
    """Given ten gigabytes of zeros, deflated to ten megabytes, then they are not inflated, nor asked for again."""
    series = found(archive)
    bomb = deflated_bomb(server.files[0])
    told = {"Content-Type": "application/dicom"}
    server.script = [lambda request: reply(request, 200, bomb, told) if alone else multipart(request, [bomb])]
    refused = archive.retrieve(series)

    assert [reason.code for reason in refused.reasons] == ["pixels-unreadable"]
    assert "larger than any CT image" in refused.reasons[0].text


def test_a_series_without_images_has_vanished(archive, server):
    """Given an empty answer, or 410, then the study vanished."""
    series = found(archive)
    for answer in (lambda request: multipart(request, []), lambda request: reply(request, 410)):
        server.script = [answer]
        with pytest.raises(StudyVanished):
            archive.retrieve(series)


def test_a_search_that_is_not_known_says_nothing_about_a_study(archive, server):
    """Given 404, as from a wrong address, then the study is not taken for gone: the archive could not be asked."""
    series = found(archive)
    server.script = [lambda request: reply(request, 404)]

    with pytest.raises(ArchiveUnavailable, match="404"):
        archive.standing(series.study_uid, series.series_uid, an_identity())


def test_a_series_emptied_during_the_search_is_left_out(archive, server):
    """Given a series whose images go between two questions, then it is not offered."""
    original = server._answer

    def without_images(request):
        return reply(request, 204) if "/instances" in request.url else original(request)

    server._answer = without_images

    assert archive.find_series(an_identity()) == ()


def test_an_archive_that_matches_loosely_is_corrected(archive, server, tmp_path):
    """Given an archive that returns a similar identifier, then its study is not even looked into."""
    written(tmp_path / "other", another_series("other", patient=a_patient("pat-1")))
    server.add(tmp_path / "other")
    found(archive)

    assert not any(another_series("other").study_uid in request.url for request in server.requests)


def test_the_issuer_is_told_by_the_study_where_the_images_do_not(archive, server):
    """Given an archive that keeps the issuer beside the images, then the search by issuer finds them."""
    original = server._answer

    def with_issuer(request):
        response = original(request)
        if request.url.split("?")[0].endswith("/studies"):
            studies = [study | {"00100021": {"vr": "LO", "Value": ["NORTH"]}} for study in response.json()]
            return reply(request, 200, json.dumps(studies).encode())
        return response

    server._answer = with_issuer
    server.page_size = 100
    server.ignores_offset = True
    (series,) = archive.find_series(an_identity(issuer="NORTH"))

    assert series.patient.issuer == "NORTH"
    assert archive.retrieve(series).hu.shape == (12, 36, 40)
    assert archive.find_series(an_identity(issuer="SOUTH")) == ()


def test_nothing_is_sent_before_the_first_question(server):
    """Given a new archive, then the server was not contacted."""
    session = ArchiveSession(URL, ConnectionPolicy())
    session.mount("http://", server)
    archive = DicomwebArchive(URL, session)

    assert server.requests == []
    archive.close()


def test_a_broken_connection_during_a_search_is_an_unavailable_archive(archive, server):
    """Given a search whose answer breaks off, then the archive is unavailable."""
    broken = requests.exceptions.ContentDecodingError("broken")
    server.script = [lambda _request: broken]

    with pytest.raises(ArchiveUnavailable, match="ContentDecodingError"):
        archive.find_series(an_identity())
