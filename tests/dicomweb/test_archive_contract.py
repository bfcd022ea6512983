"""The archive contract, kept by a folder and by a DICOMweb client against a server in the process."""

import pytest
from pydicom import dcmread

from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.web import DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from tests.support.dicom_archive_contract import ArchiveContract
from tests.support.dicom_builder import an_identity, written
from tests.support.dicom_fake_server import URL, FakeDicomwebServer, multipart


class FolderShelf:
    """Files are added by lying there."""

    def __init__(self, root):
        self.root = root
        self.archive = FolderArchive(root)

    def add(self, folder):
        """The tests write into the archive's own folder."""
        assert folder == self.root

    def remove_study(self, study_uid):
        """Those files that say so."""
        for path in self.root.rglob("*.dcm"):
            if dcmread(path, stop_before_pixels=True).StudyInstanceUID == study_uid:
                path.unlink()

    def damage(self, path):
        """Nothing is left of it but the first attributes."""
        path.write_bytes(path.read_bytes()[:700])


class WebShelf(FakeDicomwebServer):
    """A server, and the archive that talks to it."""

    def __init__(self):
        super().__init__()
        self.sends = []
        session = ArchiveSession(URL, ConnectionPolicy(retries=2, sleep=lambda _seconds: None))
        session.mount("http://", self)
        self.archive = DicomwebArchive(URL, session, retries=2)

    def damage(self, path):
        """As it is sent from now on; searches still answer from what the server indexed when it was whole."""
        file = path.read_bytes()
        self.sends = [file[:700] if each == file else each for each in self.files]

    def _retrieve(self, request, uids):
        return multipart(request, self.sends) if self.sends else super()._retrieve(request, uids)


class DamagedArchive(ArchiveContract):
    """What can be damaged behind its back; a real server keeps its own files."""

    def test_an_image_without_its_end_is_the_same_reason(self, shelf, tmp_path):
        """Given one file cut within its header among good ones, then the series is not assessable for that alone."""
        paths = written(tmp_path)
        shelf.add(tmp_path)
        (found,) = shelf.archive.find_series(an_identity())
        shelf.damage(paths[4])
        refused = shelf.archive.retrieve(found)

        assert [reason.code for reason in refused.reasons] == ["image-truncated"]


class TestFolderArchive(DamagedArchive):
    """A folder."""

    @pytest.fixture
    def shelf(self, tmp_path):
        """The folder that the test writes into."""
        return FolderShelf(tmp_path)


class TestDicomwebArchive(DamagedArchive):
    """A DICOMweb server."""

    @pytest.fixture
    def shelf(self):
        """A server without images."""
        return WebShelf()


class TestDicomwebArchiveOfFewWords(DamagedArchive):
    """A DICOMweb server that returns no extra fields, in pages of one, and ignores `offset` where it can."""

    @pytest.fixture
    def shelf(self):
        """A server without images."""
        shelf = WebShelf()
        shelf.returns_fields = False
        shelf.page_size = 1
        return shelf
