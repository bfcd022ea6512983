"""What screening needs from the outside world, one sentence each."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal, Protocol

from cds.bone.anatomy import Spine, VertebralLevel
from cds.bone.assessment import Assessment, Calibration
from cds.bone.measured_ct import Measured, MeasuredCt
from cds.bone.regions import MeasuredRegions
from cds.bone.tissue_sample import TissueSample
from cds.client import Client
from cds.ct.acquisition import CtSeries
from cds.ct.patient import PatientIdentity, PatientKey
from cds.ct.reason import NotAssessable
from cds.ct.volume import CtVolume
from cds.ehr import Delivery, DeliveryState, RemoteResource, Written
from cds.errors import OsteocdsError
from cds.export import Export, ExportFile, ExportProgress, ExportRequest, HandedOut
from cds.launch import LaunchBegun, Launched, ReadingSession
from cds.mode import Mode
from cds.order import ImagingOrder
from cds.picture import Picture
from cds.registry_client import RegistryClient
from cds.resource import Found, Reach, ResourceSearch, ResourceVersion
from cds.retraction import Recall, Retraction, WithdrawalCode
from cds.study import ListedStudy, SeenStudy, WatchTurn
from cds.subscription import Subscription
from cds.sweep import Sweep, SweepRequest

Progress = Callable[[str, float], None]
"""(what is being done, fraction done from 0 to 1)."""


class ImagingArchive(Protocol):
    """Where earlier CTs are kept. Raises `ArchiveUnavailable` when it cannot be asked."""

    def find_series(self, patient: PatientIdentity) -> Sequence[CtSeries]:
        """Every CT series under the patient's identifier; other modalities are left out."""

    def retrieve(self, series: CtSeries, progress: Progress | None = None) -> CtVolume | NotAssessable:
        """The voxels of one series on one grid; raises `StudyVanished` if it is gone."""

    def still_holds(self, study_uid: str, patient: PatientIdentity) -> bool:
        """Whether the study is still there, under the same patient."""


class VertebraSegmenter(Protocol):
    """Finds, names and outlines vertebral bodies."""

    name: str
    weights_sha256: str

    def segment(
        self,
        volume: CtVolume,
        levels: Collection[VertebralLevel] | None = None,
        progress: Progress | None = None,
    ) -> Spine:
        """The spine of one CT; no bodies where there is none."""


class HuCalibrator(Protocol):
    """Knows how many HU one mg/cm3 makes, and how sure that is."""

    @property
    def version(self) -> str:
        """Changes whenever a calibration could change."""

    def calibrate(
        self,
        series: CtSeries,
        water_equivalent_diameter_cm: float,
        *,
        thoracic: bool,
        samples: Sequence[TissueSample] = (),
    ) -> Calibration:
        """The calibration at one level; `series.kvp` has passed the gates, `samples` tell about the scanner."""


Decision = Literal["accepted", "rejected"]


@dataclass(frozen=True, slots=True)
class Review:
    """What a named reader said about a result."""

    reader: str
    decision: Decision
    at: datetime
    number: int = 1
    """Counts the reviews of one result; the last one holds."""
    reason: str | None = None
    """In the reader's words; always there where the result was rejected."""
    code: WithdrawalCode = "rejected-by-reader"
    """Says of a rejection what kind it is."""

    def __post_init__(self) -> None:
        """Nobody unnamed reads, and nothing is rejected without a reason."""
        if not self.reader.strip() or (self.decision == "rejected" and not (self.reason or "").strip()):
            msg = "a review needs a named reader, a rejection its reason"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A published result as the next hook finds it."""

    result_id: str
    patient: PatientIdentity
    assessment: Assessment
    measured_at: datetime
    confirmed_at: datetime
    """When the archive last confirmed that the study belongs to the patient."""
    generation: str
    """Model and calibration versions that made it."""
    review: Review | None = None
    """The last one; None while no reader has looked."""


@dataclass(frozen=True, slots=True)
class NothingFound:
    """The archive was asked and had no usable prior CT."""

    looked_at: datetime
    reasons: tuple[str, ...]


class AssessmentStore(Protocol):
    """Keeps results, and what is known about having none, by patient key."""

    def latest(self, patient: PatientKey) -> StoredResult | NothingFound | None:
        """The newest result (by scan date) of the patient, or what is known, or None."""

    def read(self, result_id: str) -> StoredResult | None:
        """One result by its id."""

    def bundle(self, result_id: str) -> bytes | None:
        """The FHIR Bundle of one result, as stored at publish."""

    def knows(self, patient: PatientKey, series_uid: str, generation: str) -> str | None:
        """The id of the patient's result for this series, model and calibration, if not withdrawn."""

    def keep(self, result: StoredResult, bundle: bytes) -> None:
        """Store a result and its rendering in one transaction; the same id again changes nothing."""

    def keep_nothing_found(self, patient: PatientKey, looked_at: datetime, reasons: Sequence[str]) -> None:
        """Remember that there is no usable prior CT."""

    def confirm(self, result_id: str, at: datetime) -> None:
        """Note that the archive still holds the study under the same patient."""

    def withdraw(self, result_id: str, why: str) -> None:
        """Stop showing a result; it is kept, with the reason."""


class Reviews(Protocol):
    """Keeps what named readers said about results."""

    def keep(self, result_id: str, review: Review, bundle: bytes) -> bool:
        """Store review and rendering in one transaction; False where the result has changed in the meantime."""


@dataclass(frozen=True, slots=True)
class ScreenState:
    """Where the slow path stands for one patient."""

    state: Literal["none", "queued", "running", "done", "failed"]
    since: datetime | None = None
    why: str | None = None


class ScreeningQueue(Protocol):
    """Takes orders for the slow path and never loses one; raises `QueueUnavailable`."""

    def submit(self, order: ImagingOrder) -> ScreenState:
        """Queue the patient's screening unless it is queued or running already."""

    def state(self, patient: PatientKey) -> ScreenState:
        """Where the patient's screening stands."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something the slow path needs has been away, or failed for this patient, since a moment."""

    what: Literal["archive", "workers", "queue", "measurement"]
    since: datetime


class ServiceHealth(Protocol):
    """What the workers report about themselves and the archive, through the database."""

    def trouble(self) -> Trouble | None:
        """What has been unavailable, and since when; None while all is well."""


class ResultPublisher(Protocol):
    """Renders a result for charts and registries."""

    def render(self, result: StoredResult) -> bytes:
        """One FHIR Bundle as JSON bytes."""


class ReportLinks(Protocol):
    """Makes and checks links to report pages: signed, expiring, bound to patient and result."""

    def url_for(self, result: StoredResult, now: datetime) -> str:
        """A link that opens this result's page for a while."""

    def open(self, token: str, now: datetime) -> str:
        """The result id that a token opens; raises `LinkRefused`."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One thing that happened."""

    event: str
    patient: PatientKey | None
    outcome: str
    detail: str = ""
    caller: str | None = None
    """The client and user on whose behalf it happened."""


class AuditLog(Protocol):
    """Keeps who did what to whose data; no values, no names."""

    def record(
        self, event: str, patient: PatientKey | None, outcome: str, detail: str = "", *, caller: str | None = None
    ) -> None:
        """Add one row; `caller` is the client and user on whose behalf it happened."""


class Clock(Protocol):
    """Tells the time, so that tests can set it."""

    def now(self) -> datetime:
        """Now, aware, UTC."""


class LinkRefused(OsteocdsError):
    """A report link that opens nothing: it has expired, or this service did not make it."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__("the link has expired" if expired else "the link was not made by this service")
        self.expired = expired


class ChartUnreadable(OsteocdsError):
    """The chart could not be read, or may not be: the message says which, without patient data."""


@dataclass(frozen=True, slots=True)
class ChartAccess:
    """The FHIR server that a hook names and what opens it; lives as long as the call, and is kept nowhere."""

    server: str
    token: str | None = field(default=None, repr=False)
    allowed_origins: tuple[str, ...] | None = None
    """Origins that this client may name; narrows what the site allows. None: whatever the site allows."""


FhirPages = tuple[Mapping[str, object], ...]
"""Parsed JSON, as sent: one resource, or the pages of a searchset Bundle in order."""


class PatientChart(Protocol):
    """Reads from the FHIR server that a hook names, if the site allows that server."""

    async def fetch(
        self, access: ChartAccess, queries: Mapping[str, str]
    ) -> Mapping[str, "FhirPages | ChartUnreadable"]:
        """All queries at once, within one time limit; each key has its pages, or why there are none.

        A query is relative, such as "Patient/1" or "Condition?patient=1", or the address of a
        further page on the same origin.
        """


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A card as one user was told it."""

    card_id: str
    """Its uuid on the wire: the same whenever the same finding is told to the same user."""
    result_id: str
    finding: str
    """Digest of what was told; another one means that the result has changed."""
    user: str | None
    """Client and user, such as "https://ehr.example.org Practitioner/7"; users without a name count as one."""
    service: str
    call: str = ""
    """Which hook call told it, as a digest; the same call asked again is not another telling. "" where unknown."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a user did with a card before."""

    told_at: datetime | None = None
    """When this finding was last shown to this user, by whichever service, in another call than this."""
    overridden_at: datetime | None = None
    """When the user last overrode the card."""


class CardMemory(Protocol):
    """Remembers which cards were shown to whom and what became of them, so that nobody is told the same twice."""

    def recall(self, card: ShownCard, client: str) -> Recalled:
        """Of this card, and of what this client reported of it."""


@dataclass(frozen=True, slots=True)
class CardFeedback:
    """What a user did with a card, as the client reports it."""

    card_id: str
    outcome: Literal["accepted", "overridden"]
    at: datetime
    accepted: tuple[str, ...] = ()
    """Ids of the suggestions taken."""
    reason_code: str | None = None
    reason_system: str | None = None
    comment: str | None = None
    """Free text of the user: kept, never logged."""


@dataclass(frozen=True, slots=True)
class FeedbackCount:
    """One line of the feedback report."""

    month: str
    """Such as "2026-11"."""
    service: str
    outcome: Literal["accepted", "overridden"]
    reason_code: str | None
    count: int


class FeedbackLog(Protocol):
    """Keeps what users did with cards; the same feedback again changes nothing."""

    def keep(self, service: str, client: str, items: Sequence[CardFeedback]) -> None:
        """All of them in one transaction; idempotent on card, outcome and time."""

    def counts(self) -> Sequence[FeedbackCount]:
        """Per month, service, outcome and reason."""


class ServiceModes(Protocol):
    """Which service is live, in shadow or off now; changed while the service runs."""

    def mode_of(self, service: str) -> Mode:
        """What an operator set for this service, else what the settings say."""

    def known_mode_of(self, service: str) -> Mode | None:
        """The same at once, where it was read lately; None where it has to be read."""


class OptOuts(Protocol):
    """Patients who do not want their images looked at."""

    def has_opted_out(self, patient: PatientKey) -> bool:
        """Asked before anything is retrieved or shown."""


class ReplayCache(Protocol):
    """Remembers tokens until they expire, for all replicas."""

    def first_use(self, issuer: str, token_id: str, expires_at: datetime) -> bool:
        """True once for each token of an issuer, and remembered in the same transaction."""


class ClientRefused(OsteocdsError):
    """A call without proof of who makes it; the reason is for log and audit, never for the caller."""

    def __init__(self, reason: str, issuer: str | None = None) -> None:
        super().__init__(f"the client was refused: {reason}")
        self.reason = reason
        """A code such as "expired"; nothing that the caller wrote."""
        self.issuer = issuer
        """Of the configured client that it says it is; None where it names none of them."""


class ClientAuthentication(Protocol):
    """Finds out which CDS Client makes a call."""

    async def client_of(self, credentials: Sequence[str], path: str) -> Client:
        """From every Authorization header and the path that was called; raises `ClientRefused`."""


class Readiness(Protocol):
    """Whether this replica can do its work now."""

    def problems(self) -> Sequence[str]:
        """One sentence for each thing that is missing; empty when ready."""


class VoxelKeeper(Protocol):
    """Takes from a measured CT what is needed of its voxels later: after the measure step they are gone."""

    def keep(self, result_id: str, measured: Measured) -> None:
        """Called once the CT is measured, under the id that its result will have; again, it replaces."""


class RegionStore(Protocol):
    """Keeps the regions of results until the archive has them; no voxels, no names."""

    def put(self, result_id: str, regions: bytes) -> None:
        """Keep, or replace."""

    def waiting(self) -> Sequence[tuple[str, datetime]]:
        """(result id, since when), the oldest first."""

    def read(self, result_id: str) -> bytes | None:
        """What was put."""

    def forget(self, result_id: str) -> None:
        """They are no longer needed."""


Rejection = Literal["patient-safety", "quality", "retention"]
"""Why objects are no longer to be used: they may harm, they are not good enough, or their time is over."""


class ResultRefused(OsteocdsError):
    """The archive will not take a result, however often it is offered; the message says why, without patient data."""


class ImageResults(Protocol):
    """Puts results beside the images they were measured in; each call may be repeated.

    Raises `ArchiveUnavailable` where a repeat may help, `ResultRefused` where it cannot, and
    `StudyVanished` where the images are gone.
    """

    def store(self, result: StoredResult, regions: MeasuredRegions) -> None:
        """Store segmentation and report in the study; what is there already stays as it is."""

    def reject(self, result: StoredResult, why: Rejection) -> bool:
        """Store a rejection note for what was stored of a result; False if there was nothing."""


class ResultRecipient(Protocol):
    """Is told of each published result, perhaps more than once."""

    def published(self, result: StoredResult) -> None:
        """It is stored now, under the same id however often this is called."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A result as an EHR is told of it."""

    result: StoredResult
    bundle: bytes
    """Its rendering as it stands now."""
    replaces: RemoteResource | None = None
    """The Observation, on the same server, of an earlier measurement of the same images."""


class Ehr(Protocol):
    """Keeps results for one EHR; each call may be repeated, and then changes nothing.

    Raises `EhrUnavailable`, `EhrRefused`, and where a patient is looked for `PatientUnresolved`.
    """

    def write(self, outgoing: Outgoing) -> Written:
        """Create what is not there yet."""

    def amend(self, outgoing: Outgoing, remote: Sequence[RemoteResource], *, corrected: bool) -> Written:
        """Bring what is there up to date; `corrected`: a value was wrong."""

    def take_back(self, outgoing: Outgoing, remote: Sequence[RemoteResource], why: str) -> Written:
        """Mark what is there as entered in error; looked for by identifier where `remote` is empty."""


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery that this worker alone works on now."""

    delivery: Delivery
    outgoing: Outgoing
    withdrawn_why: str | None
    """None while the result is shown."""
    lease: str


class Outbox(Protocol):
    """Keeps which result goes to which EHR, and how far that is; nothing in it is lost or done twice at once."""

    def offer(self, ehr: str, result_id: str) -> None:
        """Put it in, unless it is in already."""

    def reopen_changed(self) -> int:
        """Whatever was reviewed, measured again or withdrawn since it was settled waits again; how many."""

    def claim(self, ehr: str, *, only_withdrawn: bool) -> DueDelivery | None:
        """The next one that is due, withdrawn results first; it comes back by itself if the worker dies."""

    def settle(self, due: DueDelivery, delivery: Delivery) -> None:
        """How it ended; nothing is changed where another worker has taken over in the meantime."""

    def hold(self, ehr: str, until: datetime) -> None:
        """Nothing of this EHR is due before that moment."""

    def listed(self, states: Collection[DeliveryState] = ()) -> Sequence[Delivery]:
        """All of these states, or of any; by EHR, the one that waits longest first."""

    def of(self, result_id: str) -> Sequence[Delivery]:
        """Where a result went, or is to go."""

    def retry(self, result_id: str | None = None) -> int:
        """What was given up or is unresolved or waits is due at once; how many."""


class Retractions(Protocol):
    """Keeps which results were taken back, by whom and why, and who was told."""

    def candidates(self, recall: Recall) -> Iterator[StoredResult]:
        """Results that may be meant and were not taken back yet, withdrawn ones too: narrowed, not decided."""

    def keep(self, retraction: Retraction, bundle: bytes, places: Sequence[str]) -> bool:
        """Store it, its rendering, and the places that do not know yet; False if it was taken back before."""

    def seen_by(self, result_id: str) -> int:
        """How many users saw a card of it; those without a name count as one."""

    def unfinished(self) -> Sequence[tuple[Retraction, StoredResult, tuple[str, ...]]]:
        """Those with the places that do not know yet."""

    def finished(self, result_id: str, place: str) -> None:
        """This place knows."""


class RetractionNotices(Protocol):
    """Why results were taken back, and who saw a card of one and was not told so yet."""

    def of(self, result_id: str) -> Retraction | None:
        """Why a result was taken back; None if it was not."""

    def due(self, patient: PatientKey, user: str | None, call: str) -> Sequence[Retraction]:
        """What this user has to be told about the patient; told in this same call counts as not told."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one call tells its user."""

    shown: ShownCard | None = None
    retracted: tuple[Retraction, ...] = ()
    user: str | None = None
    """As `ShownCard` has it."""
    call: str = ""
    """Which call tells of the retractions, as a digest; "" where unknown."""


NOTHING_TOLD: Final = Telling()


class CallLog(Protocol):
    """Keeps the audit row of a call, and remembers what the call told: both, or neither."""

    def record_call(self, row: AuditRow, telling: Telling) -> None:
        """On disk when this returns; what is told is about `row.patient`."""


class ResultPlace(Protocol):
    """Somewhere outside our own store where results, or copies of them, are."""

    @property
    def name(self) -> str:
        """What operators call it."""

    def holds(self, result: StoredResult) -> str | None:
        """What is there of it, in words for an operator; None for nothing."""

    def take_back(self, result: StoredResult, retraction: Retraction) -> str:
        """Take it back there, and say what was done; may be repeated, raises `OsteocdsError` to be called again."""


class ExportedCopies(Protocol):
    """Files that were made of results for others, pseudonymised ones too."""

    def holding(self, result: StoredResult) -> Sequence[str]:
        """Ids of the exports that hold it, or may hold it, as something else than entered in error."""

    def discard(self, result: StoredResult) -> Sequence[str]:
        """Hand them out no more, remove their files, and say which."""

    def handed_out(self, result: StoredResult) -> Sequence[HandedOut]:
        """Who has fetched it, and cannot unknow it; the oldest first."""


class ResourceStore(Protocol):
    """Finds stored FHIR resources; those of patients who opted out are not there for anybody."""

    def last_moment(self) -> int:
        """Of the last commit: everything up to it can be seen."""

    def read(self, reach: Reach, kind: str, resource_id: str, version: int | None = None) -> ResourceVersion | None:
        """One version; None for the current one."""

    def search(self, search: ResourceSearch, limit: int) -> Found:
        """At most so many, in the order of the search."""

    def count(self, search: ResourceSearch) -> int:
        """How many there are in all."""

    def pick(self, reach: Reach, as_of: int, references: Collection[tuple[str, str]]) -> Found:
        """These resources (type, id) as they stood at a moment; what is out of reach is left out."""

    def opted_out_since(self, tenant: str, moment: datetime) -> bool:
        """Whether a patient of the tenant has opted out since."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access token, and what goes with it."""

    access_token: str = field(repr=False)
    expires_in_s: int
    scope: str
    client_id: str


class TokenRefused(OsteocdsError):
    """No access token; the reason is for log and audit, never for the caller."""

    def __init__(self, error: str, reason: str, client_id: str | None = None) -> None:
        super().__init__(f"no access token: {reason}")
        self.error = error
        """As RFC 6749 names it, such as "invalid_client"."""
        self.reason = reason
        self.client_id = client_id
        """Of the configured registry that it says it is."""


class RegistryAuthentication(Protocol):
    """Finds out which registry calls, and gives it tokens to call with."""

    async def token_for(self, form: Mapping[str, str]) -> IssuedToken:
        """For a signed assertion; raises `TokenRefused`."""

    def client_of(self, credentials: Sequence[str]) -> RegistryClient:
        """From every Authorization header; raises `ClientRefused`."""


class Exports(Protocol):
    """Keeps bulk exports, so that one that was cut off can be carried on by whoever finds it."""

    def begin(self, client_id: str, request: ExportRequest, at_most: int) -> Export | None:
        """A new one, queued, as of now; None where the client has so many unfinished ones already."""

    def read(self, export_id: str) -> Export | None:
        """One of them."""

    def claim(self, export_id: str) -> str | None:
        """A lease, where the export is unfinished and nobody else holds one that is still good."""

    def advance(self, export_id: str, lease: str, files: Sequence[ExportFile], progress: ExportProgress) -> bool:
        """Note complete files and renew the lease; False where it is lost, or the export was cancelled."""

    def end(self, export_id: str, lease: str, state: Literal["queued", "complete", "failed"]) -> bool:
        """Done, failed, or handed back; False where the lease is lost."""

    def cancel(self, export_id: str) -> None:
        """Whoever works on it finds out at its next `advance`."""

    def hand_out(self, export_id: str, kind: str) -> bool:
        """Note that its client fetches files of a type; False where it is not, or no longer, complete."""

    def forget_before(self, moment: datetime) -> Sequence[str]:
        """Delete those that ended, or stopped, before; their ids."""


class Subscriptions(Protocol):
    """Keeps who wants to be told, so that nothing is lost when the service or the other side is away."""

    def begin(self, client_id: str, endpoint: str, seen: int, at_most: int) -> Subscription | None:
        """A new one, requested; None where the client has so many already."""

    def read(self, subscription_id: str) -> Subscription | None:
        """One of them."""

    def due(self) -> Sequence[Subscription]:
        """Requested or active ones whose time has come."""

    def claim(self, subscription: Subscription) -> bool:
        """Whether nobody else is delivering to it; the claim runs out by itself."""

    def delivered(self, subscription: Subscription, seen: int, events: int) -> None:
        """Up to this moment, so many events more; it is active now."""

    def failed(self, subscription: Subscription, again_at: datetime | None) -> None:
        """When to try again; None to give up."""

    def end(self, subscription_id: str) -> None:
        """Forget it."""


class ReportIllustrator(Protocol):
    """Draws what was seen, outlined and measured in a CT."""

    def draw(self, ct: MeasuredCt, used: Collection[VertebralLevel]) -> Sequence[Picture]:
        """In the order in which a reader looks at them; no patient data in any."""


PictureState = Literal["wished-for", "impossible"]


class PictureStore(Protocol):
    """Keeps pictures by result, and which have to be drawn again because they were purged."""

    def put(self, result_id: str, pictures: Sequence[Picture]) -> None:
        """Keep, or replace; whoever wished for them has them."""

    def read(self, result_id: str) -> Sequence[Picture]:
        """In the order in which they were put; empty where there are none."""

    def wish(self, result_id: str) -> PictureState:
        """Have them drawn again; asking twice is asking once."""

    def wishes(self) -> Sequence[str]:
        """Results whose pictures are to be drawn again, the first asked for first."""

    def give_up(self, result_id: str) -> None:
        """They cannot be drawn again."""

    def purge_before(self, moment: datetime) -> int:
        """Delete what was drawn before, and what was drawn a day ago of a CT that has no result; how many results."""


class PatientHistory(Protocol):
    """The measured CTs of one patient."""

    def of(self, patient: PatientKey) -> Sequence[StoredResult]:
        """The newest result of each series that is shown, by scan date; those without a date first."""


class ReaderLaunch(Protocol):
    """Finds out from an EHR who reads, and whose result; raises `LaunchRefused`."""

    async def begin(self, iss: str, launch: str, now: datetime) -> LaunchBegun:
        """For an EHR that the site has listed."""

    async def finish(self, answer: Mapping[str, str], sealed: str, now: datetime) -> Launched:
        """`answer`: what the EHR's authorization server sent the browser back with."""


class ReadingSessions(Protocol):
    """Seals and opens what a reader's browser keeps."""

    def seal(self, session: ReadingSession) -> str:
        """Opaque, and worth nothing after it has expired."""

    def open(self, sealed: str, now: datetime) -> ReadingSession:
        """Raises `LaunchRefused`."""

    def form_token(self, sealed: str) -> str:
        """What a form of this session carries, and no other page can know."""


class StudyIndex(Protocol):
    """What the archive has, without looking into it. Raises `ArchiveUnavailable`."""

    def studies(
        self,
        first: date,
        last: date,
        *,
        patient_id: str | None = None,
        before_request: Callable[[], None] = lambda: None,
    ) -> Iterator[ListedStudy]:
        """Every study with CT of these days, each once; `before_request` may wait before each question."""


class QueueBacklog(Protocol):
    """How much waits that nobody waits for; raises `QueueUnavailable`."""

    def waiting(self, hook: str) -> int:
        """Orders of this origin that are queued, put off, or running."""


class SweepLog(Protocol):
    """Keeps how far sweeps are."""

    def begin(self, request: SweepRequest, now: datetime) -> Sweep:
        """The unfinished sweep of the same request, else a new one."""

    def keep(self, sweep: Sweep) -> None:
        """How far it is now."""


@dataclass(frozen=True, slots=True)
class MetricSample:
    """One time series: a metric's name, and its labels in the order of the metric."""

    metric: str
    labels: tuple[tuple[str, str], ...]


class MetricSource(Protocol):
    """Tells numbers when it is asked."""

    def samples(self) -> Mapping[MetricSample, float]:
        """As they are now."""


class MetricStore(Protocol):
    """Adds up what all processes count."""

    def add(self, counts: Mapping[MetricSample, float], states: Mapping[MetricSample, float], process: str) -> None:
        """Counts are added to those of all, states replace those of this process; all in one transaction."""


class SeenStudies(Protocol):
    """Remembers what the watch over the archive saw, and whose turn it is to look."""

    def take_turn(self, now: datetime, every: timedelta, far_every: timedelta) -> WatchTurn | None:
        """None where it is not time yet, or another process was first."""

    def looked_far(self, now: datetime) -> None:
        """A look far back is done."""

    def oldest_unsettled(self) -> date | None:
        """Day of the oldest study that something is left to do about."""

    def since(self, day: date) -> Mapping[str, SeenStudy]:
        """Those of this day and later, by digest."""

    def keep(self, studies: Sequence[SeenStudy]) -> None:
        """Add, or replace."""

    def forget_before(self, day: date) -> None:
        """They are not asked for any more."""
