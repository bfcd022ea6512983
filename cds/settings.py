"""Every setting, read once by the command line from OSTEOCDS_* and an optional file.

Secrets come from files, named by a setting, never from the command line.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from platformdirs import user_data_path
from pydantic import BeforeValidator, Field, HttpUrl, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from cds.mode import Mode


def _none_in_words(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


def _none_if_empty(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _separated_by_commas(value: object) -> object:
    return tuple(filter(None, (each.strip() for each in value.split(",")))) if isinstance(value, str) else value


class Settings(BaseSettings):
    """Frozen; a wrong value is refused at start with the name of its setting."""

    model_config = SettingsConfigDict(env_prefix="OSTEOCDS_", frozen=True, extra="forbid")

    # where things are kept
    data_dir: Path = Field(default_factory=lambda: user_data_path("osteocds"))
    """Databases and generated keys live here unless other settings say otherwise."""
    database_url: str | None = None
    """Application tables; default: SQLite in data_dir."""
    queue_database_url: str | None = None
    """DBOS system tables, a database of its own; default: SQLite in data_dir."""

    # serving
    host: str = "127.0.0.1"
    """Anything but a loopback address is refused until client authentication is configured."""
    port: int = Field(default=8480, ge=0, le=65535)
    public_url: HttpUrl | None = None
    """How clients reach the service; used in links. Default: http://host:port."""
    workers: int = Field(default=1, ge=0, le=64)
    """Worker processes that `serve` starts and watches."""

    # whose results, and under which identifier
    tenant: str = "default"
    identifier_system: str | None = None
    """FHIR Identifier.system whose value is the archive's PatientID. Required by `serve`."""
    archive_issuer: str | None = None
    """IssuerOfPatientID that goes with identifier_system."""
    archive_single_issuer: bool = False
    """Declares that every PatientID in the archive comes from one issuer."""
    allow_unverified_identity: bool = False
    """Accept images that carry neither birth date nor sex (de-identified archives)."""

    # the archive
    archive_folder: Path | None = None
    archive_url: HttpUrl | None = None
    """DICOMweb root, such as https://pacs.example.org/dicom-web."""
    archive_timeout_s: float = Field(default=30.0, gt=0)
    archive_retries: int = Field(default=3, ge=0, le=10)
    archive_ca_file: Path | None = None
    archive_client_certificate: Path | None = None
    archive_client_key: Path | None = None
    archive_bearer_token_file: Path | None = None
    archive_basic_user: str | None = None
    archive_basic_password_file: Path | None = None
    archive_oauth_token_url: HttpUrl | None = None
    archive_oauth_client_id: str | None = None
    archive_oauth_client_secret_file: Path | None = None
    archive_oauth_scope: str | None = None

    store_results: bool = False
    """Store a segmentation and a structured report of each result in the archive, beside the images."""

    # which prior CT
    max_scan_age_days: Annotated[int | None, Field(gt=0), BeforeValidator(_none_in_words)] = 730
    """Older CTs are not used; "none" accepts any age."""

    # answering
    mode: Mode = "live"
    """live: cards; shadow: measure and store, show nothing; off: answer empty, measure nothing."""
    wait_budget_s: float = Field(default=0.4, ge=0, le=60)
    """How long order-sign may wait for a first measurement."""
    max_waiting: int = Field(default=16, ge=0)
    show_cards_early: bool = False
    """Show cards on order-select and patient-view too, not on order-sign alone."""
    show_normal: bool = False
    """Show an info card for a density above 120 mg/cm3 too."""
    show_being_measured: bool = False
    """Answer with an info card while a measurement is queued or running."""
    remember_nothing_found_h: float = Field(default=24.0, gt=0)
    confirm_every_h: float = Field(default=24.0, gt=0)
    """How old the archive's last confirmation of study and patient may be when a result is shown."""

    # reference population (named by the site, never taken from the record)
    population: str | None = None

    # links
    link_secret_file: Path | None = None
    """Key that signs report links; default: generated once in data_dir."""
    link_lifetime_h: float = Field(default=72.0, gt=0)

    # inference
    segmenter: Annotated[str | None, BeforeValidator(_none_if_empty)] = None
    """Who names and outlines the vertebrae: unset for the shipped networks, the folder of a MONAI bundle,
    `totalsegmentator` or `totalsegmentator-fast`. A bundle is code of the site's own choosing."""
    segmenter_timeout_s: float = Field(default=540.0, gt=0)
    """How long TotalSegmentator may take for one CT."""
    weights_dir: Path | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int | None = Field(default=None, ge=1)

    # calibration of the site's scanners
    calibration_dir: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None
    """Folder of coefficient files that `osteocds calibrate` wrote; read once at start, and refused if one is broken."""

    # outbound FHIR
    fhir_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_separated_by_commas)] = ()
    """Origins that a hook's fhirServer may name, separated by commas; anything else is not contacted."""

    # wording
    notice: str = "Investigational: not cleared as a medical device."
    """Replace only by a text that names the authorisation and its jurisdiction."""

    @model_validator(mode="after")
    def _one_archive(self) -> Self:
        if self.archive_folder is not None and self.archive_url is not None:
            msg = "set OSTEOCDS_ARCHIVE_FOLDER or OSTEOCDS_ARCHIVE_URL, not both"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _results_into_a_server(self) -> Self:
        if self.store_results and self.archive_url is None:
            msg = "OSTEOCDS_STORE_RESULTS needs OSTEOCDS_ARCHIVE_URL: a folder is only read"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _one_segmenter(self) -> Self:
        if self.segmenter is not None and self.weights_dir is not None:
            msg = "set OSTEOCDS_SEGMENTER or OSTEOCDS_WEIGHTS_DIR, not both"
            raise ValueError(msg)
        return self

    @property
    def app_database_url(self) -> str:
        """SQLAlchemy URL of the application tables."""
        return self.database_url or f"sqlite:///{self.data_dir / 'osteocds.db'}"

    @property
    def durable_database_url(self) -> str:
        """URL of the DBOS system tables."""
        return self.queue_database_url or f"sqlite:///{self.data_dir / 'queue.db'}"

    @property
    def base_url(self) -> str:
        """Where clients reach the service, without a trailing slash."""
        return str(self.public_url).rstrip("/") if self.public_url else f"http://{self.host}:{self.port}"
