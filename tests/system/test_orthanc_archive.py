"""The archive contract against a real Orthanc."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cds.dicomweb.credentials import PasswordFile
from cds.dicomweb.web import DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.dicomweb.writing import write_series
from cds.errors import ArchiveUnavailable
from tests.support.dicom_archive_contract import ArchiveContract
from tests.support.dicom_builder import a_patient, a_volume, an_identity, another_series, written
from tests.support.orthanc import running_orthanc

pytestmark = pytest.mark.system


class OrthancShelf:
    """A server, and the archive that talks to it."""

    def __init__(self, server, auth=None):
        self.server = server
        session = ArchiveSession(server.dicomweb, ConnectionPolicy(timeout_s=20, retries=0), auth)
        self.archive = DicomwebArchive(server.dicomweb, session, retries=0)

    def add(self, folder):
        """Store every file of a folder."""
        self.server.store(folder)

    def remove_study(self, study_uid):
        """Delete one study."""
        self.server.forget_study(study_uid)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for all tests of this module."""
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        yield server


@pytest.fixture
def shelf(server):
    """The server, emptied."""
    server.forget_everything()
    shelf = OrthancShelf(server)
    yield shelf
    shelf.archive.close()


class TestOrthanc(ArchiveContract):
    """Orthanc 1.10 or newer, DICOMweb plugin 1.7 or newer."""

    # version 1.7 of the plugin does not decode %-escapes in a query: what must be escaped is not found
    identifiers = ("A/B", "A:B@C", "0012", "12", "A", "X_1.2-3~4")

    def test_an_identifier_it_cannot_decode_is_never_taken_for_another(self, shelf, tmp_path):
        """Given an identifier with a space, then that patient's images are found, or none."""
        for number, identifier in enumerate(("A B", "A", "B", "AB")):
            written(tmp_path / str(number), another_series(identifier, patient=a_patient(identifier)))
        shelf.add(tmp_path)
        found = shelf.archive.find_series(an_identity("A B"))

        assert {series.patient.patient_id for series in found} <= {"A B"}

    def test_may_be_asked_from_several_threads(self, shelf, tmp_path):
        """Given eight patients, when four threads ask for all of them at once, then each gets their own voxels."""
        volumes = {}
        for number in range(8):
            series = another_series(f"of patient {number}", patient=a_patient(f"PAT-{number}"))
            volumes[number] = a_volume(series, seed=number)
            write_series(tmp_path / str(number), volumes[number])
        shelf.add(tmp_path)

        def ask(number):
            (found,) = shelf.archive.find_series(an_identity(f"PAT-{number}"))
            return shelf.archive.retrieve(found)

        with ThreadPoolExecutor(4) as threads:
            for number, volume in zip(range(8), threads.map(ask, range(8)), strict=True):
                np.testing.assert_array_equal(volume.hu, volumes[number].hu)


@pytest.fixture(scope="module")
def locked_server(tmp_path_factory):
    """A server that wants a password."""
    with running_orthanc(tmp_path_factory.mktemp("locked-orthanc"), user=("svc", "a secret")) as server:
        yield server


def test_the_right_password_opens_the_archive(locked_server, tmp_path):
    """Given a server with users, when the password file is right, then its images are found."""
    written(tmp_path / "series")
    locked_server.store(tmp_path / "series")
    (tmp_path / "password").write_text("a secret\n")
    shelf = OrthancShelf(locked_server, PasswordFile("svc", tmp_path / "password"))

    assert len(shelf.archive.find_series(an_identity())) == 1
    shelf.archive.close()


def test_a_wrong_password_names_the_setting(locked_server, tmp_path):
    """Given a wrong password, then the archive is unavailable, and the settings to check are named."""
    (tmp_path / "password").write_text("wrong")
    shelf = OrthancShelf(locked_server, PasswordFile("svc", tmp_path / "password"))

    with pytest.raises(ArchiveUnavailable, match=r"refuses our credentials \(401\).*OSTEOCDS_ARCHIVE_BASIC_USER"):
        shelf.archive.find_series(an_identity())
    shelf.archive.close()
