"""Every setting, read once by the command line from OSTEOCDS_* and an optional file.

Secrets come from files, named by a setting, never from the command line.
"""

import re
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self
from urllib.parse import quote

from platformdirs import user_data_path
from pydantic import BeforeValidator, Field, HttpUrl, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from cds.mode import Mode


def _none_in_words(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


def _none_if_empty(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _separated_by_commas(value: object) -> object:
    return tuple(filter(None, (each.strip() for each in value.split(",")))) if isinstance(value, str) else value


class OrderCode(NamedTuple):
    """How the site's order catalogue calls an examination."""

    system: str
    code: str
    display: str = ""
    """Empty where the site may not pass on the owner's descriptor."""


_ORDER_CODE = re.compile(
    r"(?P<system>[a-z][a-z0-9+.-]*:[^\s|]+)\|(?P<code>[^\s|]+(?: [^\s|]+)*)(?:\|(?P<display>[^|]*))?"
)


def _order_codes(value: object) -> object:
    """From "system|code|display; system|code"."""
    if not isinstance(value, str):
        return value
    found = []
    for each in filter(None, (each.strip() for each in value.split(";"))):
        written = _ORDER_CODE.fullmatch(each)
        if written is None:
            msg = "write system|code|display, with the system as a URI, and ; between codes"
            raise ValueError(msg)
        found.append(OrderCode(written["system"], written["code"], (written["display"] or "").strip()))
    return tuple(found)


_HTTPS_ORIGIN = re.compile(r"https://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?!:443$)(:\d{1,5})?")
_LOOPBACK_ORIGIN = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(?!:80$)(:\d{1,5})?")


_URL_OF_A_USER = re.compile(r"(?P<start>postgresql[a-z+]*://[^:@/]+)@")


def is_origin(text: str) -> bool:
    """Exactly what a browser sends in `Origin`: lower case, no path, no default port."""
    return any(kind.fullmatch(text) for kind in (_HTTPS_ORIGIN, _LOOPBACK_ORIGIN))


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
    database_password_file: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None
    """Password of the user whom both URLs name, so that neither has to hold it."""

    # serving
    host: str = "127.0.0.1"
    """Anything but a loopback address is refused while client_auth is off."""
    port: int = Field(default=8480, ge=0, le=65535)
    """Where it listens; 0: any free port."""
    public_url: HttpUrl | None = None
    """How clients reach the service; used in links. Default: http://host:port."""
    web_processes: int = Field(default=1, ge=1, le=64)
    """Processes that answer hooks on the one port; limits such as max_in_flight and max_waiting hold for each."""
    workers: int = Field(default=1, ge=0, le=64)
    """Worker processes that `serve` starts and watches."""
    worker_niceness: int = Field(default=10, ge=0, le=19)
    """How far measuring gives way to answering on the same cores; 0 where a worker has cores of its own."""

    # which CDS Clients may call
    client_auth: Literal["required", "off"] = "required"
    """required: every hook call carries a signed JWT of a client in clients_file; off: anyone on this machine calls."""
    clients_file: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None
    """TOML, one [[client]] each; read at start. Fields: `cds.security.clients_file`."""
    client_clock_leeway_s: float = Field(default=60.0, ge=0, le=300)
    """By how much a client's clock may differ; clients round `iat` up."""
    client_token_max_lifetime_s: float = Field(default=600.0, gt=0, le=3600)
    """Longest accepted span from `iat` to `exp` of a token."""

    # which registries may pull results
    registries_file: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None
    """TOML, one [[registry]] each; read at start. Fields: `cds.security.registries_file`. Unset: no registry API."""
    registry_token_lifetime_s: int = Field(default=300, ge=30, le=3600)
    """How long an access token of a registry holds."""
    export_dir: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None
    """Where files of bulk exports wait to be fetched; several replicas share it. Default: exports in data_dir."""
    export_keep_h: float = Field(default=24.0, gt=0)
    """How long a finished export can be fetched."""
    export_parallel: int = Field(default=2, ge=1, le=16)
    """Exports of one registry at once; more get 429 with Retry-After."""

    # what comes in
    max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1024)
    """Prefetched bundles are large; a call with more than this is a mistake, and gets 413."""
    body_timeout_s: float = Field(default=10.0, gt=0)
    """Within which a whole body must have arrived; else 408."""
    max_in_flight: int = Field(default=100, ge=1)
    """Hook calls worked on at once; more are told at once to come back: 503 with Retry-After."""
    max_registry_in_flight: int = Field(default=50, ge=1)
    """Calls of registries worked on at once, files being fetched among them; more get 503 with Retry-After."""
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_separated_by_commas)] = ()
    """Origins whose pages may call the hooks from a browser, such as https://ehr.example.org, separated by commas."""

    # whose results, and under which identifier
    tenant: str = "default"
    """Under which name results are kept; several sites may share a database."""
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
    """A folder of DICOM files instead of a server; it is only read."""
    archive_url: HttpUrl | None = None
    """DICOMweb root, such as https://pacs.example.org/dicom-web."""
    archive_timeout_s: float = Field(default=30.0, gt=0)
    """For each silence of the archive; connecting takes 10 s at most."""
    archive_retries: int = Field(default=3, ge=0, le=10)
    """How often a request that may succeed later is sent again."""
    archive_series_limit_s: float = Field(default=600.0, gt=0)
    """How long the archive may take to send one series; one that takes longer counts as away, and the order waits."""
    archive_ca_file: Path | None = None
    """PEM: whom to trust for the archive, instead of the public authorities."""
    archive_client_certificate: Path | None = None
    """PEM: what we show to an archive that asks for a certificate."""
    archive_client_key: Path | None = None
    """PEM: its private key, where it is in a file of its own."""
    archive_bearer_token_file: Path | None = None
    """A token, sent as it is; one of three ways to sign in."""
    archive_basic_user: str | None = None
    """With archive_basic_password_file; one of three ways to sign in."""
    archive_basic_password_file: Path | None = None
    """Of archive_basic_user."""
    archive_oauth_token_url: HttpUrl | None = None
    """OAuth 2.0 client credentials; one of three ways to sign in."""
    archive_oauth_client_id: str | None = None
    """As registered at archive_oauth_token_url."""
    archive_oauth_client_secret_file: Path | None = None
    """Of archive_oauth_client_id."""
    archive_oauth_scope: str | None = None
    """Asked for with the token; unset: the default of the server."""

    store_results: bool = False
    """Store a segmentation and a structured report of each result in the archive, beside the images."""

    # which prior CT
    max_scan_age_days: Annotated[int | None, Field(gt=0), BeforeValidator(_none_in_words)] = 730
    """Older CTs are not used; "none" accepts any age."""

    # which orders matter
    ct_orders_file: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None
    """FHIR ValueSet in JSON: the orders of a CT that would show the spine. Default: the shipped one."""
    dxa_orders_file: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None
    """FHIR ValueSet in JSON: the orders of DXA. Default: the shipped one."""
    unnamed_orders_count: bool = True
    """An imaging order that has neither a usable code nor a name yet counts as a CT that would show the spine."""

    # answering
    mode: Mode = "live"
    """live: cards; shadow: measure and store, show nothing; off: answer empty, measure nothing.
    Of every service for which no operator chose another with `osteocds mode`."""
    wait_budget_s: float = Field(default=0.4, ge=0, le=60)
    """How long order-sign may wait for a first measurement."""
    max_waiting: int = Field(default=16, ge=0)
    """Calls that may wait at once; others are answered without waiting."""
    show_cards_early: bool = False
    """Show cards on order-select and patient-view too, not on order-sign alone."""
    show_normal: bool = False
    """Show an info card for a density above 120 mg/cm3 too."""
    show_being_measured: bool = False
    """Answer with an info card while a measurement is queued or running."""
    youngest_age: int = Field(default=50, ge=18, le=120)
    """No card below this age, in years, unless a fracture is possible."""
    override_quiet_days: int = Field(default=180, ge=0)
    """How long a card that a clinician overrode is not shown to that clinician again; 0: it is shown again."""
    repeat_quiet_days: int = Field(default=30, ge=0)
    """How long an unchanged result is not shown to the same user again, on any hook; 0: it is shown every time."""
    dxa_order_codes: Annotated[
        tuple[OrderCode, ...], NoDecode, BeforeValidator(_order_codes), Field(min_length=1, max_length=10)
    ] = (OrderCode("http://loinc.org", "83012-5"),)
    """How the suggested DXA order is coded: "system|code|display", several separated by semicolons."""
    smart_launch_url: Annotated[HttpUrl | None, BeforeValidator(_none_if_empty)] = None
    """A SMART app that cards link to beside the report page; it is launched with the result's id as appContext."""
    remember_nothing_found_h: float = Field(default=24.0, gt=0)
    """How long it is remembered that a patient has no usable CT, unless a new study is seen."""
    confirm_every_h: float = Field(default=24.0, gt=0)
    """How old the archive's last confirmation of study and patient may be when a result is shown."""

    # reference population (named by the site, never taken from the record)
    population: str | None = None
    """Norm for the Z-score, such as mesa-chinese-american; unset: no Z-score."""

    # links
    link_secret_file: Path | None = None
    """Key that signs report links; default: generated once in data_dir."""
    link_lifetime_h: float = Field(default=72.0, gt=0)
    """How long a link to a report page opens."""

    # report pages
    launch_file: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None
    """TOML, one [[ehr]] each: from where readers may launch the reading page, where they accept, correct,
    reject or retract results in their name; unset: none. Fields: `cds.security.launch_file`."""
    picture_keep_days: Annotated[int | None, Field(gt=0), BeforeValidator(_none_in_words)] = 730
    """How long pictures are kept; drawn again when somebody looks at an older report. "none" keeps them for ever."""

    # inference
    segmenter: Annotated[str | None, BeforeValidator(_none_if_empty)] = None
    """Who names and outlines the vertebrae: unset for the shipped networks, the folder of a MONAI bundle,
    `totalsegmentator` or `totalsegmentator-fast`. A bundle is code of the site's own choosing."""
    segmenter_timeout_s: float = Field(default=540.0, gt=0)
    """How long TotalSegmentator may take for one CT."""
    weights_dir: Path | None = None
    """Folder of weights with metadata.json, instead of the shipped ones."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the networks run; auto: a GPU if there is one."""
    threads: int | None = Field(default=None, ge=1)
    """Of each worker; unset: all cores."""

    measure_limit_s: float | None = Field(default=None, gt=0)
    """How long the CT of one patient may be measured, retrieval apart; a worker that takes longer ends and is replaced.
    Default: 600, or room for three series where TotalSegmentator measures."""
    measure_memory_mb: int = Field(default=8192, ge=512)
    """Resident memory of a worker in MiB; one that takes more ends and is replaced."""

    # calibration of the site's scanners
    calibration_dir: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None
    """Folder of coefficient files that `osteocds calibrate` wrote; read once at start, and refused if one is broken."""

    # watching and keeping
    metrics_token_file: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None
    """Who shows this token as a bearer reads `/metrics`; unset: nobody, and there is no such route."""
    watch_archive_every_min: Annotated[float | None, Field(ge=1, le=1440), BeforeValidator(_none_in_words)] = None
    """How often workers look for new CT in the archive, and measure them before anyone asks; unset: never."""
    reconfirm_every_days: float = Field(default=7.0, ge=0, le=365)
    """How old the archive's answer may grow on whether it still has the CT of a stored result, under the same patient;
    what it has not is withdrawn, in charts and for registries too. 0: asked only when a hook asks for the patient."""
    reconfirm_per_minute: int = Field(default=30, ge=1, le=600)
    """Results asked about in a minute, by all workers together: 30 are 300,000 a week, with two searches each.
    A look ends after 10 s of each minute, however many are left; `osteocds_reconfirm_oldest_seconds` tells the lag."""
    keep_feedback_days: Annotated[int | None, Field(ge=1), BeforeValidator(_none_in_words)] = None
    """What users did with cards; "none" keeps it. At least as long as override_quiet_days."""
    keep_finished_orders_days: Annotated[int | None, Field(ge=1), BeforeValidator(_none_in_words)] = 30
    """Orders that succeeded or were dropped, in the queue database; "none" keeps them, and it grows for ever."""
    keep_failed_orders_days: Annotated[int | None, Field(ge=1), BeforeValidator(_none_in_words)] = 365
    """Orders that failed or were quarantined, unless they are dropped before; "none" keeps them."""
    keep_audit_days: Annotated[int | None, Field(ge=180), BeforeValidator(_none_in_words)] = None
    """Rows of the audit log; "none" keeps them. In the USA six years (45 CFR 164.316) are 2192 days."""

    # outbound FHIR
    fhir_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_separated_by_commas)] = ()
    """Origins that a hook's fhirServer may name, separated by commas; anything else is not contacted."""
    require_chart: bool = True
    """Refuse (412) a call whose prefetch keys can neither be used nor read; false requires `patient` alone, and
    judges with what could be had."""

    ehr_file: Annotated[Path | None, BeforeValidator(_none_if_empty)] = None
    """TOML, one [[ehr]] each: charts that results are written into; unset: none. Fields: `cds.fhir_client.ehr_file`."""

    # wording
    notice: str = "Investigational: not cleared as a medical device."
    """Replace only by a text that names the authorisation and its jurisdiction."""

    @field_validator("cors_origins")
    @classmethod
    def _exact_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not is_origin(origin):
                msg = f"{origin}: give scheme://host[:port] as browsers send it, https except for loopback hosts"
                raise ValueError(msg)
        return origins

    @model_validator(mode="after")
    def _password_for_a_user(self) -> Self:
        if self.database_password_file is None:
            return self
        for url in (self.database_url, self.queue_database_url):
            if url is None or not _URL_OF_A_USER.match(url):
                msg = (
                    "OSTEOCDS_DATABASE_PASSWORD_FILE needs OSTEOCDS_DATABASE_URL and OSTEOCDS_QUEUE_DATABASE_URL to "
                    "name a user and no password: postgresql://user@host/database"
                )
                raise ValueError(msg)
        try:
            is_empty = not self.database_password_file.read_text(encoding="utf-8").strip()
        except OSError as fault:
            msg = f"OSTEOCDS_DATABASE_PASSWORD_FILE cannot be read: {fault.strerror}"
            raise ValueError(msg) from None
        if is_empty:
            msg = "OSTEOCDS_DATABASE_PASSWORD_FILE is empty"
            raise ValueError(msg)
        return self

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
        return self._with_password(self.database_url) or f"sqlite:///{self.data_dir / 'osteocds.db'}"

    @property
    def durable_database_url(self) -> str:
        """URL of the DBOS system tables."""
        return self._with_password(self.queue_database_url) or f"sqlite:///{self.data_dir / 'queue.db'}"

    def _with_password(self, url: str | None) -> str | None:
        if url is None or self.database_password_file is None:
            return url
        password = quote(self.database_password_file.read_text(encoding="utf-8").strip(), safe="")
        return _URL_OF_A_USER.sub(rf"\g<start>:{password}@", url)

    @property
    def longest_measurement_s(self) -> float:
        """What one measurement may take."""
        if self.measure_limit_s is not None:
            return self.measure_limit_s
        return 600.0 if self.segmenter is None else 3 * self.segmenter_timeout_s + 300.0

    @property
    def export_folder(self) -> Path:
        """Where files of bulk exports wait."""
        return self.export_dir or self.data_dir / "exports"

    @property
    def base_url(self) -> str:
        """Where clients reach the service, without a trailing slash."""
        return str(self.public_url).rstrip("/") if self.public_url else f"http://{self.host}:{self.port}"
