"""Chooses the imaging archive that the settings name."""

from pathlib import Path

from requests.auth import AuthBase

from cds.dicomweb.credentials import BearerFile, ClientCredentials, PasswordFile, TokenService
from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.web import DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.errors import SettingsInvalid
from cds.settings import Settings


def open_archive(settings: Settings) -> FolderArchive | DicomwebArchive:
    """Open the folder or the DICOMweb server of the settings; nothing is contacted yet.

    Raises `SettingsInvalid`, naming the setting, when there is no archive, when a file that a
    setting names is missing, or when more than one kind of credentials is given.
    """
    if settings.archive_folder is not None:
        if not settings.archive_folder.is_dir():
            raise SettingsInvalid(f"OSTEOCDS_ARCHIVE_FOLDER is no folder: {settings.archive_folder}")
        return FolderArchive(settings.archive_folder, settings.threads)
    if settings.archive_url is None:
        raise SettingsInvalid("set OSTEOCDS_ARCHIVE_FOLDER or OSTEOCDS_ARCHIVE_URL")
    policy = ConnectionPolicy(
        timeout_s=settings.archive_timeout_s,
        retries=settings.archive_retries,
        ca_file=_present(settings.archive_ca_file, "OSTEOCDS_ARCHIVE_CA_FILE"),
        client_certificate=_present(settings.archive_client_certificate, "OSTEOCDS_ARCHIVE_CLIENT_CERTIFICATE"),
        client_key=_present(settings.archive_client_key, "OSTEOCDS_ARCHIVE_CLIENT_KEY"),
    )
    url = str(settings.archive_url).rstrip("/")
    session = ArchiveSession(url, policy, _credentials(settings))
    return DicomwebArchive(
        url,
        session,
        retries=policy.retries,
        threads=settings.threads,
        series_within_s=settings.archive_series_limit_s,
    )


def _credentials(settings: Settings) -> AuthBase | None:
    token_file, user = settings.archive_bearer_token_file, settings.archive_basic_user
    token_url = settings.archive_oauth_token_url
    if sum(kind is not None for kind in (token_file, user, token_url)) > 1:
        raise SettingsInvalid(
            "set only one of OSTEOCDS_ARCHIVE_BEARER_TOKEN_FILE, OSTEOCDS_ARCHIVE_BASIC_USER "
            "and OSTEOCDS_ARCHIVE_OAUTH_TOKEN_URL"
        )
    if token_file is not None:
        return BearerFile(token_file)
    if user is not None:
        return PasswordFile(user, _needed(settings.archive_basic_password_file, "OSTEOCDS_ARCHIVE_BASIC_PASSWORD_FILE"))
    if token_url is None:
        return None
    if settings.archive_oauth_client_id is None:
        raise SettingsInvalid("set OSTEOCDS_ARCHIVE_OAUTH_CLIENT_ID")
    service = TokenService(
        url=str(token_url),
        client_id=settings.archive_oauth_client_id,
        secret_file=_needed(settings.archive_oauth_client_secret_file, "OSTEOCDS_ARCHIVE_OAUTH_CLIENT_SECRET_FILE"),
        scope=settings.archive_oauth_scope,
        verify=str(settings.archive_ca_file) if settings.archive_ca_file else True,
    )
    return ClientCredentials(service, timeout_s=settings.archive_timeout_s)


def _present(path: Path | None, setting: str) -> Path | None:
    if path is not None and not path.is_file():
        raise SettingsInvalid(f"{setting} names a file that does not exist: {path}")
    return path


def _needed(path: Path | None, setting: str) -> Path:
    if path is None:
        raise SettingsInvalid(f"set {setting}")
    return path
