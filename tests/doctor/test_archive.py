"""Mirrors cds/doctor/archive.py and `DicomwebArchive.server_time`."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from cds.dicomweb.web import NOBODYS_STUDY, DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.doctor import archive as checks
from cds.doctor.archive import visit_archive
from tests.support.clock import SettableClock
from tests.support.dicom_fake_server import URL, FakeDicomwebServer, reply
from tests.support.hook_site import some_settings

DATE = "Mon, 02 Mar 2026 09:30:40 GMT"


@pytest.fixture
def server(monkeypatch):
    """A server behind the URL of the settings."""
    server = FakeDicomwebServer()

    def opened(settings):
        assert settings.archive_retries == 0
        session = ArchiveSession(URL, ConnectionPolicy(retries=0))
        session.mount("http://", server)
        return DicomwebArchive(URL, session, retries=0)

    monkeypatch.setattr(checks, "open_archive", opened)
    return server


def visited(**settings):
    """What came of it."""
    return visit_archive(some_settings(**settings), SettableClock(datetime(2026, 3, 2, 9, 30, tzinfo=UTC)))


def test_a_server_is_asked_once_for_a_study_that_nobody_has(server):
    """So no data of patients travels; its clock comes with the answer."""
    server.script = [lambda request: reply(request, 200, b"[]", {"Date": DATE})]
    visit = visited()

    assert visit.finding.state == "ok"
    assert visit.ahead == timedelta(seconds=40)
    (request,) = server.requests
    assert f"StudyInstanceUID={NOBODYS_STUDY}" in request.url


@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}])
def test_a_server_that_does_not_tell_the_time_is_well_all_the_same(server, headers):
    """Only the clock stays uncompared."""
    server.script = [lambda request: reply(request, 204, b"", headers)]

    assert (visited().finding.state, visited().ahead) == ("ok", None)


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (lambda request: reply(request, 401, b""), "OSTEOCDS_ARCHIVE_BEARER_TOKEN_FILE"),
        (lambda request: reply(request, 404, b""), "OSTEOCDS_ARCHIVE_URL"),
        (lambda request: reply(request, 500, b""), "OSTEOCDS_ARCHIVE_URL"),
        (lambda request: reply(request, 200, b"<html>Welcome</html>"), "OSTEOCDS_ARCHIVE_URL"),
        (lambda _: requests.ConnectionError("http://pacs.test/?PatientID=SECRET"), "OSTEOCDS_ARCHIVE_URL"),
        (lambda _: requests.exceptions.SSLError("x"), "OSTEOCDS_ARCHIVE_CA_FILE"),
    ],
)
def test_each_way_to_fail_names_a_setting_and_quotes_no_url(server, answer, named):
    """Refused, elsewhere, broken, no DICOMweb, away, not trusted."""
    server.script = [answer]
    finding = visited().finding

    assert finding.state == "failed"
    assert named in finding.found + finding.advice
    assert "SECRET" not in finding.found


def test_without_an_archive_the_settings_are_named():
    """There are two to choose from."""
    assert "OSTEOCDS_ARCHIVE_URL" in visit_archive(some_settings(archive_folder=None), SettableClock()).finding.advice


def test_a_folder_is_readable_empty_or_not_there(tmp_path):
    """Its files are not read."""
    settings = some_settings(archive_folder=tmp_path)
    assert visit_archive(settings, SettableClock()).finding.state == "warning"
    (tmp_path / "image").write_bytes(b"whatever")
    assert visit_archive(settings, SettableClock()).finding.state == "ok"
    gone = some_settings(archive_folder=tmp_path / "gone")
    assert "OSTEOCDS_ARCHIVE_FOLDER" in visit_archive(gone, SettableClock()).finding.advice


def test_a_password_file_that_is_gone_is_told(tmp_path):
    """Before anything is sent."""
    settings = some_settings(
        archive_folder=None,
        archive_url="http://127.0.0.1:9/dicom-web",
        archive_basic_user="osteocds",
        archive_basic_password_file=tmp_path / "gone",
    )

    finding = visit_archive(settings, SettableClock()).finding
    assert "OSTEOCDS_ARCHIVE_BASIC_PASSWORD_FILE" in finding.advice
