"""Which archive the settings name."""

import pytest

from cds.dicomweb.archive import open_archive
from cds.dicomweb.credentials import BearerFile, ClientCredentials, PasswordFile
from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.web import DicomwebArchive
from cds.errors import ArchiveUnavailable, SettingsInvalid
from cds.settings import Settings
from tests.support.dicom_builder import an_identity, written
from tests.support.dicom_tls import Authority, https_server

URL = "https://pacs.test/dicom-web"


def test_a_folder_is_opened_as_a_folder(tmp_path):
    """Given a folder with images, then they are found in it."""
    written(tmp_path)
    archive = open_archive(Settings(archive_folder=tmp_path))

    assert isinstance(archive, FolderArchive)
    assert len(archive.find_series(an_identity())) == 1


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, type(None)),
        ({"archive_bearer_token_file": "FILE"}, BearerFile),
        ({"archive_basic_user": "svc", "archive_basic_password_file": "FILE"}, PasswordFile),
        (
            {
                "archive_oauth_token_url": "https://id.test/token",
                "archive_oauth_client_id": "osteocds",
                "archive_oauth_client_secret_file": "FILE",
            },
            ClientCredentials,
        ),
    ],
    ids=["none", "bearer", "basic", "oauth"],
)
def test_a_url_is_opened_with_the_credentials_of_the_settings(tmp_path, chosen, expected):
    """Given each kind of credentials, then the archive presents that kind."""
    (tmp_path / "secret").write_text("x")
    settings = {name: tmp_path / "secret" if value == "FILE" else value for name, value in chosen.items()}
    archive = open_archive(Settings(archive_url=URL, **settings))

    assert isinstance(archive, DicomwebArchive)
    assert isinstance(archive._session.auth, expected)
    archive.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "set OSTEOCDS_ARCHIVE_FOLDER or OSTEOCDS_ARCHIVE_URL"),
        ({"archive_folder": "/nowhere"}, "OSTEOCDS_ARCHIVE_FOLDER is no folder: /nowhere"),
        ({"archive_url": URL, "archive_ca_file": "/nowhere"}, "OSTEOCDS_ARCHIVE_CA_FILE names a file that does not"),
        ({"archive_url": URL, "archive_client_key": "/nowhere"}, "OSTEOCDS_ARCHIVE_CLIENT_KEY names a file"),
        ({"archive_url": URL, "archive_basic_user": "svc"}, "set OSTEOCDS_ARCHIVE_BASIC_PASSWORD_FILE"),
        ({"archive_url": URL, "archive_oauth_token_url": URL}, "set OSTEOCDS_ARCHIVE_OAUTH_CLIENT_ID"),
        (
            {"archive_url": URL, "archive_oauth_token_url": URL, "archive_oauth_client_id": "x"},
            "set OSTEOCDS_ARCHIVE_OAUTH_CLIENT_SECRET_FILE",
        ),
        (
            {"archive_url": URL, "archive_basic_user": "svc", "archive_bearer_token_file": "/x"},
            "set only one of OSTEOCDS_ARCHIVE_BEARER_TOKEN_FILE",
        ),
    ],
    ids=str,
)
def test_a_setting_that_is_missing_or_wrong_is_named(settings, said):
    """Given incomplete or contradicting settings, then the setting is named before anything is contacted."""
    with pytest.raises(SettingsInvalid, match=said):
        open_archive(Settings(**settings))


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """The hospital's own certificate authority."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def url(authority):
    """An archive of the hospital, which serves only known clients."""
    with https_server(authority) as url:
        yield url


def test_an_own_authority_and_a_client_certificate_open_the_archive(authority, url):
    """Given CA file, client certificate and key, then the archive answers."""
    certificate, key = authority.certificate("osteocds")
    archive = open_archive(
        Settings(
            archive_url=url,
            archive_ca_file=authority.file,
            archive_client_certificate=certificate,
            archive_client_key=key,
        )
    )

    assert archive.find_series(an_identity()) == ()
    archive.close()


def test_an_unknown_authority_is_refused(url):
    """Given no CA file, then the archive's certificate is not trusted, and the setting is named."""
    archive = open_archive(Settings(archive_url=url, archive_retries=0))

    with pytest.raises(ArchiveUnavailable, match=r"no trusted connection .* OSTEOCDS_ARCHIVE_CA_FILE"):
        archive.find_series(an_identity())
    archive.close()


def test_without_a_client_certificate_the_archive_is_closed(authority, url):
    """Given no client certificate, then the archive ends the conversation."""
    archive = open_archive(Settings(archive_url=url, archive_ca_file=authority.file, archive_retries=0))

    with pytest.raises(ArchiveUnavailable):
        archive.find_series(an_identity())
    archive.close()
